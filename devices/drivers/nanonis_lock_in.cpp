#include "devices/drivers/nanonis_lock_in.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <optional>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/constants.hpp"
#include "base/settling.hpp"
#include "devices/drivers/nanonis_modulator.hpp"

namespace halotwin::devices {

namespace {

using nanonis::Reader;
using nanonis::Writer;

constexpr double degree = constants::pi / 180.0;
constexpr double turn_deg = 360.0;
constexpr int highest_order = 8;
constexpr double lowest_cutoff_hz = 1e-6;  // what is below cannot be
constexpr double highest_cutoff_hz = 1e7;  // no controller samples so fast

double cutoff_of(double time_constant_s) {
  return 1.0 / (2.0 * constants::pi * time_constant_s);
}

class NanonisLockIn final : public LockIn {
 public:
  NanonisLockIn(Connect connect,
                Clock& clock,
                const std::string& role,
                const std::string& address,
                const NanonisLockInParams& params)
      : link_(std::move(connect), clock, role, address),
        params_(params),
        names_(link_, "open"),
        modulator_(link_, names_, params) {
    constexpr const char* operation = "open";
    constexpr std::string_view signal = "LockIn.DemodSignalGet";
    input_ = params_.input.empty() ? nanonis::ask_whole(link_, operation, signal, self())
                                   : names_.slot_of(operation, params_.input);
    if (!names_.has(input_)) {
      link_.garbled(operation, signal, fmt::format("no signal {}", input_));
    }
    scale_ = ask_scale(operation);
    settings_.input_range_v = nanonis::ask_range(link_, operation, input_) / std::abs(scale_);
    settings_.reference_hz = ask_frequency(operation);
    settings_.harmonic = nanonis::ask_whole(link_, operation, "LockIn.DemodHarmonicGet", self());
    settings_.phase_rad = ask_phase(operation);
    ask_low_pass(operation);
    ask_coupling(operation);
  }

  [[nodiscard]] Identity identity() const override { return link_.identity(); }
  [[nodiscard]] LockInSettings settings() const override { return settings_; }
  [[nodiscard]] LockInOutput output() const override { return modulator_.ask("read output"); }
  [[nodiscard]] SampleStream* stream() override { return nullptr; }

  [[nodiscard]] LockInLimits limits() const override {
    return {
        .reference_hz = params_.reference_hz,
        .time_constant_s = {cutoff_of(params_.cutoff_hz.high), cutoff_of(params_.cutoff_hz.low)},
        .max_harmonic = params_.max_harmonic,
        .max_filter_order = highest_order,
        .input_range_v = {settings_.input_range_v, settings_.input_range_v},
        .max_output_peak_v = modulator_.most_v(),
        .max_output_offset_v = modulator_.most_offset_v()};
  }

  void make_safe() override { modulator_.make_safe("make safe"); }

  LockInSettings configure(const LockInSettings& wanted) override {
    constexpr const char* operation = "configure";
    for (const double value :
         {wanted.reference_hz, wanted.phase_rad, wanted.time_constant_s, wanted.input_range_v}) {
      if (!std::isfinite(value)) {
        link_.refuse(operation, "a setting is not a number");
      }
    }
    if (wanted.reference == Reference::external) {
      link_.refuse(operation, "the module has no external reference");
    }
    const LockInLimits limit = limits();
    const bool all = !bound_;
    if (all) {
      bind(operation);
    }
    const double hz =
        std::clamp(wanted.reference_hz, limit.reference_hz.low, limit.reference_hz.high);
    if (all || hz != settings_.reference_hz) {
      settings_.reference_hz = set_frequency(operation, hz);
    }
    const int harmonic = std::clamp(wanted.harmonic, 1, limit.max_harmonic);
    if (all || harmonic != settings_.harmonic) {
      nanonis::set_whole(link_, operation, "LockIn.DemodHarmonic", self(), harmonic);
      settings_.harmonic = harmonic;
    }
    if (all || wanted.phase_rad != settings_.phase_rad) {
      const double phase_deg = std::remainder(wanted.phase_rad / degree, turn_deg);
      link_.tell(operation, "LockIn.DemodPhasSet", self().f32(phase_deg));
      settings_.phase_rad = ask_phase(operation);
    }
    const double time_s =
        std::clamp(wanted.time_constant_s, limit.time_constant_s.low, limit.time_constant_s.high);
    const int order = std::clamp(wanted.filter_order, 1, limit.max_filter_order);
    if (all || time_s != settings_.time_constant_s || order != settings_.filter_order) {
      link_.tell(operation, "LockIn.DemodLPFilterSet", self().i32(order).f32(cutoff_of(time_s)));
      ask_low_pass(operation);
    }
    if (all || wanted.coupling != settings_.coupling) {
      const bool ac = wanted.coupling == Coupling::ac;
      link_.tell(operation,
                 "LockIn.DemodHPFilterSet",
                 self().i32(ac ? 1 : 0).f32(ac ? params_.ac_cutoff_hz : 0.0));
      ask_coupling(operation);
    }
    return settings_;
  }

  double set_reference_hz(double frequency_hz) override {
    constexpr const char* operation = "set reference frequency";
    if (!std::isfinite(frequency_hz)) {
      link_.refuse(operation, "the frequency is not a number");
    }
    const Range range = params_.reference_hz;
    settings_.reference_hz =
        set_frequency(operation, std::clamp(frequency_hz, range.low, range.high));
    return settings_.reference_hz;
  }

  LockInOutput set_output(const LockInOutput& wanted) override {
    return modulator_.set("set output", wanted);
  }

  [[nodiscard]] LockInReading read() override {
    constexpr const char* operation = "read";
    constexpr std::string_view command = "Signals.ValsGet";
    if (!signals_) {
      find_signals(operation);
    }
    constexpr std::uint32_t newest = 1;
    const std::vector<float> read =
        link_.ask(operation, command, Writer().i32s(*signals_).u32(newest), [](Reader& in) {
          return in.f32s();
        });
    if (read.size() != signals_->size() || !std::isfinite(read[0]) || !std::isfinite(read[1])) {
      link_.garbled(operation, command, "not two numbers");
    }
    return {.time = link_.clock().now(),
            .x_v = static_cast<double>(read[0]) / scale_,
            .y_v = static_cast<double>(read[1]) / scale_,
            .frequency_hz = settings_.harmonic * settings_.reference_hz,
            .overload = false};
  }

  std::vector<LockInReading> sweep(std::span<const SweepStep> steps,
                                   const std::stop_token& stop) override {
    return sweep_in_steps(*this, link_.clock(), steps, stop);
  }

  [[nodiscard]] Duration settling_time(double relative_error) const override {
    return from_seconds(settings_.time_constant_s *
                        settling_time_constants(settings_.filter_order, relative_error));
  }

  AuxOutput set_aux_output(int channel, const AuxOutput& wanted) override {
    const bool carried = (channel == 0 && wanted.quantity == AuxQuantity::x) ||
                         (channel == 1 && wanted.quantity == AuxQuantity::y);
    if (!carried || !std::isfinite(wanted.scale_v_per_unit) || !std::isfinite(wanted.offset_v)) {
      link_.refuse("set auxiliary output",
                   "it has none: X (channel 0) and Y (channel 1) are signals of the controller");
    }
    return {.quantity = wanted.quantity, .scale_v_per_unit = scale_, .offset_v = 0.0};
  }

 private:
  [[nodiscard]] Writer generator() const { return Writer().i32(params_.modulator); }
  [[nodiscard]] Writer self() const { return Writer().i32(params_.demodulator); }

  void bind(const char* operation) {
    nanonis::set_whole(link_, operation, "LockIn.DemodSignal", self(), input_);
    nanonis::set_whole(link_, operation, "LockIn.DemodPhasReg", self(), params_.modulator);
    link_.tell(operation, "LockIn.DemodSyncFilterSet", self().u32(0));
    link_.tell(operation, "LockIn.DemodRTSignalsSet", self().u32(0));  // X, Y
    find_signals(operation);
    bound_ = true;
  }

  // The names change with the pair that the demodulator offers.
  void find_signals(const char* operation) {
    names_ = nanonis::SignalNames(link_, operation);
    const auto slot = [&](std::string_view quantity) {
      return names_.slot_of(operation,
                            fmt::format("LI Demod {} {}", params_.demodulator, quantity));
    };
    signals_ = {slot("X"), slot("Y")};
  }

  [[nodiscard]] double ask_frequency(const char* operation) {
    return link_.ask(operation, "LockIn.ModPhasFreqGet", generator(), nanonis::finite_f64);
  }

  double set_frequency(const char* operation, double frequency_hz) {
    link_.tell(operation, "LockIn.ModPhasFreqSet", generator().f64(frequency_hz));
    return ask_frequency(operation);
  }

  [[nodiscard]] double ask_phase(const char* operation) {
    return degree * link_.ask(operation, "LockIn.DemodPhasGet", self(), nanonis::finite_f32);
  }

  /// Order, cutoff.
  [[nodiscard]] std::pair<int, double> ask_filter(const char* operation, std::string_view command) {
    return link_.ask(operation, command, self(), [](Reader& in) {
      const int order = in.i32();
      return std::pair(order, nanonis::finite_f32(in));
    });
  }

  // Switched off it is told as one of first order: the first configure() switches it on.
  void ask_low_pass(const char* operation) {
    constexpr std::string_view command = "LockIn.DemodLPFilterGet";
    const auto [order, cutoff_hz] = ask_filter(operation, command);
    if (order < 0 || order > highest_order || !(cutoff_hz >= lowest_cutoff_hz) ||
        cutoff_hz > highest_cutoff_hz) {
      link_.garbled(operation, command, fmt::format("order {}, {} Hz", order, cutoff_hz));
    }
    settings_.filter_order = std::max(order, 1);
    settings_.time_constant_s = cutoff_of(cutoff_hz);
  }

  void ask_coupling(const char* operation) {
    const bool ac = ask_filter(operation, "LockIn.DemodHPFilterGet").first > 0;
    settings_.coupling = ac ? Coupling::ac : Coupling::dc;
  }

  /// The signal's unit per volt at the connector.
  [[nodiscard]] double ask_scale(const char* operation) {
    constexpr std::string_view command = "Signals.CalibrGet";
    if (names_.unit(input_) == "V") {
      return 1.0;
    }
    const double per_volt = link_.ask(operation, command, Writer().i32(input_), [](Reader& in) {
      const double calibration = nanonis::finite_f32(in);
      static_cast<void>(in.f32());  // offset
      return calibration;
    });
    if (!std::isnormal(static_cast<float>(per_volt))) {
      link_.refuse(operation, fmt::format("\"{}\" has no calibration", names_.name(input_)));
    }
    return per_volt;
  }

  NanonisLink link_;
  NanonisLockInParams params_;
  nanonis::SignalNames names_;
  NanonisModulator modulator_;
  std::int32_t input_ = 0;
  double scale_ = 1.0;  // unit of the input per volt
  bool bound_ = false;
  std::optional<std::array<std::int32_t, 2>> signals_;  // X, Y
  LockInSettings settings_;
};

}  // namespace

std::unique_ptr<LockIn> open_nanonis_lock_in(Connect connect,
                                             Clock& clock,
                                             const std::string& role,
                                             const std::string& address,
                                             const NanonisLockInParams& params) {
  return std::make_unique<NanonisLockIn>(std::move(connect), clock, role, address, params);
}

}  // namespace halotwin::devices
