#include "devices/drivers/srs_lock_in.hpp"

#include <algorithm>
#include <cmath>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/constants.hpp"
#include "base/errors.hpp"
#include "base/settling.hpp"
#include "devices/wire/text_command.hpp"

namespace halotwin::devices {

namespace {

constexpr double sqrt_2 = 1.41421356237309504880;
constexpr double degree = constants::pi / 180.0;
/// Of a sweep in a world that sleeps on request (SLEEP).
constexpr std::size_t most_lines_together = 256;
constexpr Duration most_slept_together = std::chrono::seconds(10);
constexpr int refused_bits = (1 << 4) + (1 << 5);  // of *ESR?: value, command

std::vector<std::string> split(const std::string& text, char at) {
  std::vector<std::string> out{""};
  for (const char c : text) {
    if (c == at) {
      out.emplace_back();
    } else if (c != '\r') {
      out.back() += c;
    }
  }
  return out;
}

class SrsLockIn final : public LockIn {
 public:
  SrsLockIn(Connect connect,
            Clock& clock,
            std::string role,
            const std::string& address,
            srs::Family family,
            const LineStyle& style)
      : clock_(&clock),
        link_(
            std::move(connect),
            std::move(role),
            address,
            family == srs::Family::sr830 ? "SR830" : "SR860",
            [this, family](const Identity& who) {
              const srs::Model* found = srs::find_model(who.model);
              const bool right = found != nullptr && found->family == family;
              model_ = right ? found : model_;
              return right;
            },
            style) {
    link_.open("open");
    read_back("open");
    const std::vector<double> v = ask("open", old() ? "SLVL?" : "SLVL?;SOFF?");
    const double offset_v = old() ? 0.0 : v[1];
    if (v[0] > 1.001 * model_->min_output_rms_v || offset_v != 0.0) {
      output_ = {.on = true, .amplitude_peak_v = v[0] * sqrt_2, .offset_v = offset_v};
    }
  }

  [[nodiscard]] Identity identity() const override { return link_.identity(); }
  [[nodiscard]] LockInLimits limits() const override { return srs::limits_of(*model_); }
  [[nodiscard]] LockInSettings settings() const override { return settings_; }
  [[nodiscard]] LockInOutput output() const override { return output_; }
  [[nodiscard]] SampleStream* stream() override { return nullptr; }

  void make_safe() override {
    set("make safe", output_commands(model_->min_output_rms_v, 0.0));
    output_.on = false;
  }

  LockInSettings configure(const LockInSettings& wanted) override {
    constexpr const char* operation = "configure";
    for (const double value :
         {wanted.reference_hz, wanted.phase_rad, wanted.time_constant_s, wanted.input_range_v}) {
      if (!std::isfinite(value)) {
        link_.refuse(operation, "a setting is not a number");
      }
    }
    const LockInLimits limit = limits();
    const double hz =
        std::clamp(wanted.reference_hz, limit.reference_hz.low, limit.reference_hz.high);
    const int order = std::clamp(wanted.filter_order, 1, limit.max_filter_order);
    const bool external = wanted.reference == Reference::external;
    std::vector<std::string> lines{
        old() ? fmt::format("FMOD {}", external ? 0 : 1) : fmt::format("RSRC {}", external ? 1 : 0),
        fmt::format("HARM {}", std::clamp(wanted.harmonic, 1, limit.max_harmonic)),
        fmt::format("PHAS {:.6f}", std::remainder(wanted.phase_rad / degree, 360.0)),
        fmt::format("OFLT {}",
                    srs::nearest_index(model_->time_constants_s, wanted.time_constant_s)),
        fmt::format("OFSL {}", order - 1),
        fmt::format("{} {}",
                    old() ? "SENS" : "IRNG",
                    srs::covering_index(model_->input_ranges_v, wanted.input_range_v)),
        fmt::format("ICPL {}", wanted.coupling == Coupling::dc ? 1 : 0)};
    if (!external) {
      lines.insert(lines.begin() + 1, fmt::format("FREQ {:.9e}", hz));
    }
    read_back(operation, lines);
    return settings_;
  }

  double set_reference_hz(double frequency_hz) override {
    constexpr const char* operation = "set reference frequency";
    if (!std::isfinite(frequency_hz)) {
      link_.refuse(operation, "the frequency is not a number");
    }
    const Range range = limits().reference_hz;
    const double hz = std::clamp(frequency_hz, range.low, range.high);
    settings_.reference_hz = set(operation, {fmt::format("FREQ {:.9e}", hz)}, {"FREQ?"})[0];
    return settings_.reference_hz;
  }

  LockInOutput set_output(const LockInOutput& wanted) override {
    constexpr const char* operation = "set output";
    const double most = limits().max_output_peak_v;
    if (!std::isfinite(wanted.amplitude_peak_v) || !std::isfinite(wanted.offset_v) ||
        wanted.amplitude_peak_v < 0.0) {
      link_.refuse(operation, "amplitude and offset must be numbers, the amplitude not negative");
    }
    if (wanted.amplitude_peak_v + std::abs(wanted.offset_v) > most * (1.0 + 1e-12)) {
      link_.refuse(operation,
                   fmt::format("{} V with {} V offset (at most {:.4g} V together)",
                               wanted.amplitude_peak_v,
                               wanted.offset_v,
                               most));
    }
    if (old() && wanted.offset_v != 0.0) {
      link_.refuse(operation, "the SR830 has no offset at its sine output");
    }
    const double least = model_->min_output_rms_v;
    const double rms =
        wanted.on ? std::clamp(wanted.amplitude_peak_v / sqrt_2, least, model_->max_output_rms_v)
                  : least;
    set(operation, output_commands(rms, wanted.on ? wanted.offset_v : 0.0));
    output_ = wanted;
    if (wanted.on) {
      const std::vector<double> v = ask(operation, old() ? "SLVL?" : "SLVL?;SOFF?");
      output_.amplitude_peak_v = v[0] * sqrt_2;
      output_.offset_v = old() ? 0.0 : v[1];
    }
    return output_;
  }

  [[nodiscard]] LockInReading read() override {
    const std::string line = link_.ask("read", reading_questions());
    LockInReading reading = reading_of("read", line, line);
    reading.time = clock_->now();
    return reading;
  }

  std::vector<LockInReading> sweep(std::span<const SweepStep> steps,
                                   const std::stop_token& stop) override {
    const bool long_wait = std::any_of(steps.begin(), steps.end(), [](const SweepStep& step) {
      return step.wait > most_slept_together;
    });
    if (!clock_->stands_at_instruments() || settings_.reference == Reference::external ||
        long_wait) {
      return sweep_in_steps(*this, *clock_, steps, stop);
    }
    std::vector<LockInReading> readings;
    readings.reserve(steps.size());
    while (readings.size() < steps.size()) {
      if (stop.stop_requested()) {
        throw Interrupted("stopped on request");
      }
      sweep_together(steps.subspan(readings.size()), readings);
    }
    return readings;
  }

  [[nodiscard]] Duration settling_time(double relative_error) const override {
    return from_seconds(settings_.time_constant_s *
                        settling_time_constants(settings_.filter_order, relative_error));
  }

  AuxOutput set_aux_output(int channel, const AuxOutput& wanted) override {
    constexpr const char* operation = "set auxiliary output";
    if (!std::isfinite(wanted.scale_v_per_unit) || !std::isfinite(wanted.offset_v)) {
      link_.refuse(operation, "a setting is not a number");
    }
    if (wanted.quantity == AuxQuantity::off && channel >= 0 && channel <= 3) {
      return {};
    }
    const bool direct = wanted.quantity == AuxQuantity::x || wanted.quantity == AuxQuantity::y;
    const bool one = wanted.quantity == AuxQuantity::x || wanted.quantity == AuxQuantity::magnitude;
    if (channel != (one ? 0 : 1)) {
      link_.refuse(operation, "X or R leave it at CH1 (channel 0), Y or theta at CH2 (channel 1)");
    }
    const bool phase = wanted.quantity == AuxQuantity::phase;
    const double full_scale_v = old() ? show_sr830(operation, channel, direct, phase)
                                      : show_sr86x(operation, channel, direct, phase, wanted);
    return {.quantity = wanted.quantity,
            .scale_v_per_unit = phase ? srs::theta_v_per_rad : srs::full_output_v / full_scale_v,
            .offset_v = 0.0};
  }

 private:
  [[nodiscard]] std::string reading_questions() const {
    return old() ? "SNAP? 1,2;LIAS?" : "SNAP? 0,1;LIAS?";
  }

  /// The answer to reading_questions(), without the time; `line` is all that was answered.
  LockInReading reading_of(const char* operation,
                           const std::string& text,
                           const std::string& line) {
    const std::vector<std::string> parts = split(text, ';');
    const std::vector<std::string> values = split(parts[0], ',');
    const auto x = parse_number(values[0]);
    const auto y = values.size() == 2 ? parse_number(values[1]) : std::nullopt;
    const auto status = parts.size() == 2 ? parse_whole(parts[1]) : std::nullopt;
    if (!x || !y || !status) {
      link_.garbled(operation, line);
    }
    return {.x_v = *x * sqrt_2,
            .y_v = *y * sqrt_2,
            .frequency_hz = settings_.harmonic * settings_.reference_hz,
            .overload = ((*status >> srs::overload_bit(model_->family)) & 1) != 0};
  }

  /// As many of the steps as may be under way at once, a line each, the wait among its commands.
  void sweep_together(std::span<const SweepStep> steps, std::vector<LockInReading>& readings) {
    constexpr const char* operation = "sweep";
    const Range range = limits().reference_hz;
    std::vector<std::string> lines;
    int set_filter = 0;  // by the line before
    Duration total{};
    for (const SweepStep& step : steps) {
      total += step.wait;
      if (lines.size() == most_lines_together || total > most_slept_together) {
        break;
      }
      if (!std::isfinite(step.reference_hz) || !std::isfinite(step.time_constant_s)) {
        link_.refuse(operation, "a setting is not a number");
      }
      const int filter = srs::nearest_index(model_->time_constants_s, step.time_constant_s);
      const bool stays = !lines.empty() && filter == set_filter;
      set_filter = filter;
      lines.push_back(fmt::format("FREQ {:.9e};{}SLEEP {};*ESR?;FREQ?;OFLT?;{}",
                                  std::clamp(step.reference_hz, range.low, range.high),
                                  stays ? "" : fmt::format("OFLT {};", filter),
                                  step.wait.count(),
                                  reading_questions()));
    }
    Duration time = clock_->now();
    const std::vector<std::string> answers = link_.ask(operation, lines);
    for (std::size_t k = 0; k < lines.size(); ++k) {
      const std::string& line = answers[k];
      std::size_t end = 0;  // of the first three answers
      for (int part = 0; part < 3 && end != std::string::npos; ++part) {
        end = line.find(';', part == 0 ? 0 : end + 1);
      }
      const std::vector<double> v = numbers(operation, line.substr(0, end));
      if (end == std::string::npos || v.size() != 3) {
        link_.garbled(operation, line);
      }
      check_refused(operation, v[0], lines[k]);
      settings_.reference_hz = v[1];
      settings_.time_constant_s =
          model_->time_constants_s[code_of(operation, v[2], model_->time_constants_s.size())];
      time += steps[k].wait;
      readings.push_back(reading_of(operation, line.substr(end + 1), line));
      readings.back().time = time;
    }
  }

  void check_refused(const char* operation, double event_status, const std::string& line) {
    if ((std::lround(event_status) & refused_bits) != 0) {
      link_.refuse(operation, fmt::format("{} refuses \"{}\"", model_->name, line));
    }
  }

  [[nodiscard]] std::size_t code_of(const char* operation, double value, std::size_t count) const {
    if (!(value >= 0.0) || !(value < static_cast<double>(count))) {
      link_.refuse(operation,
                   fmt::format("{} answers with an unknown code {}", model_->name, value));
    }
    return static_cast<std::size_t>(value);
  }

  [[nodiscard]] bool old() const { return model_->family == srs::Family::sr830; }

  /// Shows X or Y (direct), or R or theta, at an output; the signal that gives 10 V there, peak.
  double show_sr830(const char* operation, int channel, bool direct, bool phase) {
    const int bnc = channel + 1;
    std::vector<std::string> lines;
    if (!direct) {
      lines.push_back(fmt::format("DDEF {},1,0", bnc));
    }
    lines.push_back(fmt::format("FPOP {},{}", bnc, direct ? 1 : 0));
    if (!phase) {
      lines.push_back(fmt::format("OEXP {},0,0", direct ? bnc : 3));
    }
    set(operation, lines);
    return settings_.input_range_v;
  }

  double show_sr86x(
      const char* operation, int channel, bool direct, bool phase, const AuxOutput& wanted) {
    std::vector<std::string> lines{fmt::format("COUT {},{}", channel, direct ? 0 : 1)};
    if (!phase) {
      const int quantity = direct ? channel : 2;
      for (const char* command : {"CEXP", "COFA", "CRAT"}) {
        lines.push_back(fmt::format("{} {},0", command, quantity));
      }
      const double full_rms_v =
          srs::full_output_v / std::max(std::abs(wanted.scale_v_per_unit), 1e-300) / sqrt_2;
      lines.push_back(
          fmt::format("SCAL {}", srs::covering_index(srs::sr86x_sensitivities_v(), full_rms_v)));
    }
    const double code = set(operation, lines, {"SCAL?"})[0];
    return srs::sr86x_full_scale_v(
        static_cast<int>(code_of(operation, code, srs::sr86x_sensitivities_v().size())));
  }

  /// Sends commands, and asks in the same line whether they were refused, and more.
  std::vector<double> set(const char* operation,
                          const std::vector<std::string>& commands,
                          const std::vector<std::string>& questions = {}) {
    const std::string line = fmt::format("{}", fmt::join(commands, ";"));
    std::string ask_too = line + ";*ESR?";
    for (const std::string& question : questions) {
      ask_too += ";" + question;
    }
    const std::string answer = link_.ask(operation, ask_too);
    std::vector<double> values = numbers(operation, answer);
    if (values.empty()) {
      link_.garbled(operation, answer);
    }
    check_refused(operation, values[0], line);
    values.erase(values.begin());
    if (values.size() != questions.size()) {
      link_.garbled(operation, answer);
    }
    return values;
  }

  std::vector<double> numbers(const char* operation, const std::string& line) {
    std::vector<double> out;
    for (const std::string& part : split(line, ';')) {
      const auto value = parse_number(part);
      if (!value) {
        link_.garbled(operation, line);
      }
      out.push_back(*value);
    }
    return out;
  }

  std::vector<double> ask(const char* operation, const std::string& questions) {
    const std::string line = link_.ask(operation, questions);
    std::vector<double> out = numbers(operation, line);
    if (out.size() != split(questions, ';').size()) {
      link_.garbled(operation, line);
    }
    return out;
  }

  [[nodiscard]] std::vector<std::string> output_commands(double rms_v, double offset_v) const {
    std::vector<std::string> out{fmt::format("SLVL {:.9e}", rms_v)};
    if (!old()) {
      out.push_back(fmt::format("SOFF {:.9e}", offset_v));
    }
    return out;
  }

  /// Applies the commands, if any, and reads all settings.
  void read_back(const char* operation, const std::vector<std::string>& commands = {}) {
    const std::vector<std::string> questions{old() ? "FMOD?" : "RSRC?",
                                             "FREQ?",
                                             "HARM?",
                                             "PHAS?",
                                             "OFLT?",
                                             "OFSL?",
                                             old() ? "SENS?" : "IRNG?",
                                             "ICPL?"};
    const std::vector<double> v = commands.empty()
                                      ? ask(operation, fmt::format("{}", fmt::join(questions, ";")))
                                      : set(operation, commands, questions);
    const auto code = [&](std::size_t k, std::size_t count) {
      return code_of(operation, v[k], count);
    };
    const bool internal = old() ? v[0] == 1.0 : v[0] == 0.0;
    settings_ = {
        .reference = internal ? Reference::internal : Reference::external,
        .reference_hz = v[1],
        .harmonic = static_cast<int>(code(2, 100000)),
        .phase_rad = v[3] * degree,
        .time_constant_s = model_->time_constants_s[code(4, model_->time_constants_s.size())],
        .filter_order = static_cast<int>(code(5, 4)) + 1,
        .input_range_v = model_->input_ranges_v[code(6, model_->input_ranges_v.size())],
        .coupling = v[7] == 1.0 ? Coupling::dc : Coupling::ac};
  }

  Clock* clock_;
  const srs::Model* model_ = nullptr;
  TextLink link_;
  LockInSettings settings_;
  LockInOutput output_;
};

}  // namespace

LineStyle srs_serial_style(srs::Family family) {
  return family == srs::Family::sr830 ? LineStyle{'\r', "OUTX 0"} : LineStyle{};
}

std::unique_ptr<LockIn> open_srs_lock_in(Connect connect,
                                         Clock& clock,
                                         const std::string& role,
                                         const std::string& address,
                                         srs::Family family,
                                         const LineStyle& style) {
  try {
    return std::make_unique<SrsLockIn>(std::move(connect), clock, role, address, family, style);
  } catch (const WireError& error) {
    throw DeviceError(role, "open", error.what(), Retry::yes);
  }
}

}  // namespace halotwin::devices
