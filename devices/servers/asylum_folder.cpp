#include "devices/servers/asylum_folder.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include <fmt/format.h>

#include "base/constants.hpp"
#include "base/require.hpp"
#include "base/text.hpp"

namespace halotwin::devices {

namespace fs = std::filesystem;

namespace {

using asylum::Argument;
using asylum::Call;
using asylum::lower_case;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();
constexpr double degree = constants::pi / 180.0;
constexpr std::size_t most_parameters = 512;
constexpr std::size_t longest_base = 17;  // of a file's name, as the software has it
constexpr double z_sensor_m_per_v = 1.0e-6;
constexpr double xy_sensor_m_per_v = 1.0e-5;

const std::string* text_at(const Call& call, std::size_t index) {
  return index < call.arguments.size() ? std::get_if<std::string>(&call.arguments[index]) : nullptr;
}

const double* number_at(const Call& call, std::size_t index) {
  return index < call.arguments.size() ? std::get_if<double>(&call.arguments[index]) : nullptr;
}

/// "Cypher.PIDSLoop.2.SetPoint" -> "pidsloop.2.setpoint".
std::string register_name(const std::string& name) {
  std::string out = lower_case(name);
  for (const std::string_view head : {"cypher.", "arc."}) {
    if (out.starts_with(head)) {
      out.erase(0, head.size());
    }
  }
  return out;
}

}  // namespace

AsylumFolder::AsylumFolder(ProbeMicroscope& microscope, fs::path folder, Hear hear)
    : microscope_(&microscope), folder_(std::move(folder)), hear_(std::move(hear)) {
  require(microscope.scanner() != nullptr, "the microscope does not scan");
  std::error_code error;
  require(fs::is_directory(folder_, error), fmt::format("{} is no folder", folder_.string()));
  parameters_ = {{"scansize", 1.0e-6},
                 {"fastratio", 1.0},
                 {"slowratio", 1.0},
                 {"scanpoints", 128.0},
                 {"scanlines", 128.0},
                 {"xoffset", 0.0},
                 {"yoffset", 0.0},
                 {"scanangle", 0.0},
                 {"scanrate", 0.5},
                 {"lastscan", 0.0},
                 {"saveimage", 2.0},
                 {"basesuffix", 0.0},
                 {"zlvdtsens", -z_sensor_m_per_v},
                 {"xlvdtsens", xy_sensor_m_per_v},
                 {"ylvdtsens", xy_sensor_m_per_v},
                 {"invols", microscope.drive().sensitivity_m_per_v()},
                 {"ampinvols", microscope.drive().sensitivity_m_per_v()}};
}

void AsylumFolder::tell(const std::string& text) const {
  constexpr std::size_t longest = 200;
  if (hear_) {
    std::string line = text.substr(0, longest);
    std::replace_if(
        line.begin(), line.end(), [](char c) { return c < ' ' || c > '~'; }, ' ');
    hear_(line);
  }
}

// A file that has been written in place may still grow: one without a last line end is executed
// when it has stayed the same from one look to the next. The time of a file may be coarse, so its
// text counts too.
void AsylumFolder::look() {
  const fs::path file = folder_ / asylum::command_file;
  std::error_code error;
  Version now{fs::last_write_time(file, error), {}};
  auto text = error ? std::nullopt : asylum::read_file(file);
  if (!text || text->empty()) {
    return;
  }
  now.text = std::move(*text);
  if (now == executed_file_) {
    return;
  }
  const bool complete = now.text.back() == '\n' || now == seen_;
  seen_ = now;
  if (complete) {
    executed_file_ = now;
    execute(now.text);
  }
}

void AsylumFolder::execute(std::string_view text) {
  ++executed_;
  for (const std::string_view line : lines_of(text)) {
    const std::string_view bare = trimmed(line);
    if (bare.empty() || bare.starts_with("//")) {
      continue;
    }
    if (const auto command = asylum::parse_command(line)) {
      try {
        carry_out(*command);
      } catch (const DeviceError& refused) {
        tell(fmt::format("refused: {}: {}", refused.what(), bare));
      }
    } else {
      tell(fmt::format("not understood: {}", bare));
    }
  }
}

void AsylumFolder::carry_out(const asylum::Command& command) {
  if (const auto* make = std::get_if<asylum::MakeReadout>(&command)) {
    readout_.assign(make->points, 0.0);
  } else if (const auto* fill = std::get_if<asylum::FillReadout>(&command)) {
    const auto* asked = std::get_if<Call>(&fill->value);
    const double value = asked != nullptr ? call(*asked) : std::get<double>(fill->value);
    if (fill->index < readout_.size()) {
      readout_[fill->index] = value;
    } else {
      tell(fmt::format("ReadOut[{}] is beyond its {} points", fill->index, readout_.size()));
    }
  } else if (std::holds_alternative<asylum::SaveReadout>(command)) {
    save(std::string(asylum::readout_file), asylum::readout_text(readout_));
  } else {
    static_cast<void>(call(std::get<Call>(command)));
  }
}

double AsylumFolder::call(const Call& call) {
  const std::string function = lower_case(call.function);
  const std::string* name = text_at(call, 0);
  const double* number = number_at(call, 1);
  const bool one = name != nullptr && call.arguments.size() == 1;
  const bool two = name != nullptr && number != nullptr && call.arguments.size() == 2;
  if (function == "gv" && one) {
    return value(lower_case(*name));
  }
  if ((function == "td_readvalue" || function == "td_rv") && one) {
    return read_register(register_name(*name));
  }
  if (function == "pv" && two) {
    set(lower_case(*name), *number);
  } else if ((function == "td_writevalue" || function == "td_wv") && two) {
    write_register(register_name(*name), *number);
  } else if (function == "arexecutecontrol" && name != nullptr && call.arguments.size() == 4) {
    control(call);
  } else if (function == "doscanfunc" && one) {
    button(*name);
  } else if (function == "changename" && one && !name->empty() && name->size() <= longest_base &&
             std::all_of(name->begin(), name->end(), [](char c) {
               return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_';
             })) {
    base_ = *name;
  } else {
    tell("not executed: " + asylum::text_of(call));
  }
  return nan;
}

void AsylumFolder::control(const Call& call) {
  const std::string name = lower_case(*text_at(call, 0));
  const double* number = number_at(call, 2);
  const std::size_t field = name.find("setvar_");
  if (number == nullptr) {
    tell("not executed: " + asylum::text_of(call));
  } else if (field == std::string::npos) {
    button(name);
  } else if (const std::string key = name.substr(0, field); key == "pointslines") {
    set("scanpoints", *number);
    set("scanlines", *number);
  } else {
    set(key, *number);
  }
}

void AsylumFolder::button(const std::string& name) {
  const std::string which = lower_case(name);
  if (which == "upscan_0" || which == "downscan_0" || which == "doscan_0") {
    start_scan();
  } else if (which == "stopscan_0" || which == "stopengagebutton" || which == "stopengage") {
    stop_scan();
    withdraw();
  } else {
    tell(fmt::format("no such button here: {}", name));
  }
}

void AsylumFolder::set(const std::string& key, double value) {
  if (!takes(key, value) || (!parameters_.contains(key) && parameters_.size() >= most_parameters)) {
    tell(fmt::format("{} = {} is not taken", key, value));
    return;
  }
  if (key == "drivefrequency" || key == "driveamplitude") {
    DriveSettings wanted = microscope_->drive().settings();
    (key == "drivefrequency" ? wanted.frequency_hz : wanted.amplitude_v) = value;
    microscope_->drive().configure(wanted);
    return;
  }
  parameters_[key] = value;
}

double AsylumFolder::value(const std::string& key) const {
  if (key == "scanstatus") {
    return scanning_ ? 1.0 : 0.0;
  }
  if (key == "drivefrequency" || key == "driveamplitude") {
    const DriveSettings drive = microscope_->drive().settings();
    return key == "drivefrequency" ? drive.frequency_hz : drive.amplitude_v;
  }
  const auto found = parameters_.find(key);
  return found == parameters_.end() ? nan : found->second;
}

double AsylumFolder::read_register(const std::string& name) {
  if (name == "pidsloop.2.status") {
    return microscope_->height().engaged() ? 1.0 : 0.0;
  }
  const Point at = microscope_->positioner().position();
  const Point setpoint = target_.value_or(at);
  if (name == "pidsloop.0.setpoint" || name == "xsensor") {
    return (name == "xsensor" ? at : setpoint).x_m / xy_sensor_m_per_v;
  }
  if (name == "pidsloop.1.setpoint" || name == "ysensor") {
    return (name == "ysensor" ? at : setpoint).y_m / xy_sensor_m_per_v;
  }
  struct Source {
    std::string_view name;
    std::string_view signal;
    double per_unit;
  };
  const double per_m = 1.0 / microscope_->drive().sensitivity_m_per_v();
  for (const Source& source : {Source{"zsensor", "z", 1.0 / z_sensor_m_per_v},
                               Source{"amplitude", "amplitude", per_m},
                               Source{"phase", "phase", 1.0 / degree},
                               Source{"deflection", "deflection", per_m}}) {
    const auto signal = source.name == name ? find(source.signal) : std::nullopt;
    if (signal) {
      double value = nan;
      microscope_->signals().read(std::span(&*signal, 1), std::span(&value, 1));
      return source.per_unit * value;
    }
  }
  return nan;
}

// Setpoints of the loops of x and y move the tip, as aespm does.
void AsylumFolder::write_register(const std::string& name, double value) {
  TipPositioner& xy = microscope_->positioner();
  Point target = target_.value_or(xy.position());
  if (name == "pidsloop.0.setpoint") {
    target.x_m = value * xy_sensor_m_per_v;
  } else if (name == "pidsloop.1.setpoint") {
    target.y_m = value * xy_sensor_m_per_v;
  } else {
    tell(fmt::format("no such register here: {}", name));
    return;
  }
  xy.start_move(target, xy.limits().max_speed_m_per_s);
  target_ = target;
}

void AsylumFolder::save(const std::string& name, const std::string& bytes) const {
  if (!asylum::replace_file(folder_ / name, bytes)) {
    tell(fmt::format("{} cannot be written", (folder_ / name).string()));
  }
}

}  // namespace halotwin::devices
