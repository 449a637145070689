#include "devices/drivers/asylum_probe.hpp"

#include <array>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "base/constants.hpp"
#include "base/require.hpp"
#include "base/text.hpp"
#include "devices/drivers/asylum_parts.hpp"
#include "devices/drivers/poll.hpp"

namespace halotwin::devices {

namespace {

using asylum::Call;

/// How a signal is read: a register of the controller, times a sensitivity.
struct Reading {
  std::string_view name;  // of the channel
  std::string_view source;
  std::string_view sensitivity;  // parameter; "": none
  double factor = 1.0;
};
constexpr std::array readings{Reading{"Height", "ZSensor", "ZLVDTSens", -1.0},
                              Reading{"Amplitude", "Amplitude", "AmpInvOLS"},
                              Reading{"Phase", "Phase", "", constants::pi / 180.0},
                              Reading{"Deflection", "Deflection", "InvOLS"}};

const Reading& reading_of(std::string_view channel) {
  std::size_t k = 0;
  while (readings[k].name != channel) {
    ++k;
  }
  return readings[k];
}

class AsylumProbe final : public ProbeMicroscope {
 public:
  AsylumProbe(const AsylumFiles& files,
              Clock& clock,
              const std::string& role,
              std::string address,
              const AsylumParams& params)
      : link_(files, clock, role, params),
        signals_(link_),
        scanner_(link_),
        identity_{"Asylum Research", "microscope behind Igor Pro", "", "", std::move(address)} {
    static_cast<void>(scanner_.frame());
  }

  [[nodiscard]] Identity identity() const override { return identity_; }
  void make_safe() override;
  [[nodiscard]] TipPositioner* find_positioner() override { return nullptr; }
  [[nodiscard]] HeightControl* find_height() override { return nullptr; }
  [[nodiscard]] CantileverDrive* find_drive() override { return nullptr; }
  [[nodiscard]] SignalReader& signals() override { return signals_; }
  [[nodiscard]] ImageScanner* scanner() override { return &scanner_; }
  [[nodiscard]] PointSpectroscopy* spectroscopy() override { return nullptr; }
  [[nodiscard]] KelvinController* kelvin() override { return nullptr; }

 private:
  AsylumLink link_;
  AsylumSignals signals_;
  AsylumScanner scanner_;
  Identity identity_;
};

void AsylumProbe::make_safe() {
  constexpr const char* operation = "make safe";
  constexpr const char* by_hand = "withdraw the tip by hand";
  const std::array questions{asylum::get_value("ScanStatus"),
                             asylum::read_register("PIDSLoop.2.Status")};
  const std::array commands{asylum::press("StopScan_0"),
                            Call{"DoScanFunc", {std::string("StopEngageButton")}}};
  std::vector<double> state;
  const auto is_safe = [&] {
    state = link_.ask(operation, {}, questions);
    return state[0] == 0.0 && state[1] == 0.0;
  };
  try {
    scanner_.halted();
    state = link_.ask(operation, commands, questions);
    const bool safe = (state[0] == 0.0 && state[1] == 0.0) ||
                      poll_until(link_.clock(),
                                 Duration::zero(),
                                 from_seconds(link_.params().withdrawn_within_s),
                                 {},
                                 is_safe);
    if (!safe) {
      link_.refuse(operation,
                   fmt::format("{}: stopped and withdrawn, but ScanStatus is {} and "
                               "PIDSLoop.2.Status {}, not 0",
                               by_hand,
                               state[0],
                               state[1]));
    }
  } catch (const DeviceError& error) {
    if (error.cause().starts_with(by_hand)) {
      throw;
    }
    throw DeviceError(
        error.device(), operation, fmt::format("{}: {}", by_hand, error.cause()), error.retry());
  }
}

}  // namespace

std::vector<Signal> AsylumSignals::signals() const {
  std::vector<Signal> all;
  for (const asylum::Channel& channel : asylum::channels()) {
    all.push_back({std::string(channel.signal), std::string(channel.unit)});
  }
  return all;
}

void AsylumSignals::read(std::span<const std::size_t> indices, std::span<double> values) {
  constexpr const char* operation = "read signals";
  if (indices.size() != values.size()) {
    link_->refuse(operation, "as many values as indices are needed");
  }
  std::vector<Call> questions;
  for (const std::size_t index : indices) {
    if (index >= asylum::channels().size()) {
      link_->refuse(operation, fmt::format("no signal {}", index));
    }
    const Reading& reading = reading_of(asylum::channels()[index].name);
    questions.push_back(asylum::read_register(reading.source));
    questions.push_back(reading.sensitivity.empty() ? questions.back()
                                                    : asylum::get_value(reading.sensitivity));
  }
  if (questions.empty()) {
    return;
  }
  const std::vector<double> answers = link_->ask(operation, {}, questions);
  for (std::size_t k = 0; k < indices.size(); ++k) {
    const Reading& reading = reading_of(asylum::channels()[indices[k]].name);
    const double scale = reading.sensitivity.empty() ? 1.0 : answers[2 * k + 1];
    values[k] = reading.factor * answers[2 * k] * scale;
    if (!std::isfinite(values[k])) {
      link_->refuse(operation, fmt::format("the controller does not know {}", reading.source));
    }
  }
}

AsylumFiles parse_asylum_files(std::string_view text) {
  const std::size_t mark = std::min(text.find('?'), text.size());
  AsylumFiles files;
  files.folder = std::string(text.substr(0, mark));
  require(mark > 0, fmt::format("\"{}\" names no folder", text));
  for (const std::string_view option : split(text.substr(std::min(mark + 1, text.size())), '&')) {
    const std::size_t equals = std::min(option.find('='), option.size());
    const std::string_view key = option.substr(0, equals);
    const std::string value(option.substr(std::min(equals + 1, option.size())));
    require(
        option.empty() || (!value.empty() && (key == "images" || key == "igor" || key == "send")),
        fmt::format("\"{}\": a folder is followed by ?images=FOLDER&igor=PATH&send=PROGRAM, "
                    "any of them",
                    text));
    if (key == "images") {
      files.images = value;
    } else if (key == "igor") {
      files.igor = value;
    } else if (key == "send") {
      files.send = value;
    }
  }
  files.images = files.images.empty() ? files.folder : files.images;
  files.igor = files.igor.empty() ? files.folder.string() : files.igor;
  return files;
}

std::unique_ptr<ProbeMicroscope> open_asylum_probe(const AsylumFiles& files,
                                                   Clock& clock,
                                                   const std::string& role,
                                                   const std::string& address,
                                                   const AsylumParams& params) {
  return std::make_unique<AsylumProbe>(files, clock, role, address, params);
}

}  // namespace halotwin::devices
