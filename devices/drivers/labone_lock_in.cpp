#include "devices/drivers/labone_lock_in.hpp"

#include <algorithm>
#include <cmath>
#include <type_traits>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "base/constants.hpp"
#include "base/settling.hpp"
#include "devices/drivers/labone_link.hpp"
#include "devices/drivers/labone_output.hpp"
#include "devices/drivers/labone_settings.hpp"
#include "devices/drivers/labone_stream.hpp"

namespace halotwin::devices {

namespace {

using labone::DemodSample;
using labone::LinkError;
using labone::whole_wish;
using labone::Wish;

constexpr double sqrt_2 = 1.41421356237309504880;
constexpr double degree = constants::pi / 180.0;
constexpr int aux_channels = 4;
constexpr double slowest_rate_hz = 100.0;
constexpr double fastest_rate_hz = 1e4;

// Time constants of a HF2LI: unverified; those of a MFLI: its data sheet.
constexpr LockInLimits hf2li_limits{.reference_hz = {1e-3, 50e6},
                                    .time_constant_s = {0.8e-6, 80.0},
                                    .max_harmonic = 1023,
                                    .max_filter_order = 8,
                                    .input_range_v = {1e-3, 1.5},
                                    .max_output_peak_v = labone::hf2_output_range_v,
                                    .max_output_offset_v = labone::hf2_output_range_v};
constexpr LockInLimits mfli_limits{.reference_hz = {1e-3, 500e3},
                                   .time_constant_s = {337e-9, 83.0},
                                   .max_harmonic = 1023,
                                   .max_filter_order = 8,
                                   .input_range_v = {1e-3, 3.0},
                                   .max_output_peak_v = labone::mf_output_range_v,
                                   .max_output_offset_v = labone::mf_output_range_v};

class LaboneLockIn final : public LockIn {
 public:
  LaboneLockIn(std::shared_ptr<const labone::Api> api,
               const std::string& host,
               std::uint16_t port,
               const std::string& device,
               Clock& clock,
               std::string role,
               const LaboneParts& parts)
      : link_(std::move(api), host, port, device),
        clock_(&clock),
        role_(std::move(role)),
        parts_(parts),
        demod_(fmt::format("demods/{}/", parts.demodulator)),
        frequency_(fmt::format("oscs/{}/freq", parts.oscillator)),
        input_(fmt::format("sigins/{}/", parts.input)),
        signal_(link_, role_, parts.output),
        stream_(
            link_,
            clock,
            role_,
            demod_,
            [this] { return clips(); },
            [this](const DemodSample& sample) { return describe(sample); }) {
    identity_.address = link_.address();
    with_link("open", [&] {
      if (link_.whole(demod_ + "enable") == 0 || !(link_.number(demod_ + "rate") > 0.0)) {
        link_.set(demod_ + "rate", rate_for(settings_.time_constant_s));
        link_.set(demod_ + "enable", std::int64_t{1});
        link_.sync();
      }
    });
  }

  [[nodiscard]] Identity identity() const override { return identity_; }
  [[nodiscard]] LockInLimits limits() const override { return hf2_ ? hf2li_limits : mfli_limits; }
  [[nodiscard]] LockInSettings settings() const override { return settings_; }
  [[nodiscard]] LockInOutput output() const override { return output_; }
  [[nodiscard]] SampleStream* stream() override { return &stream_; }

  void make_safe() override {
    constexpr const char* operation = "make safe";
    with_link(operation, [&] { output_ = signal_.make_safe(operation); });
  }

  LockInSettings configure(const LockInSettings& wanted) override {
    constexpr const char* operation = "configure";
    for (const double value :
         {wanted.reference_hz, wanted.phase_rad, wanted.time_constant_s, wanted.input_range_v}) {
      if (!std::isfinite(value)) {
        refuse(operation, "a setting is not a number");
      }
    }
    if (wanted.reference == Reference::external) {
      refuse(operation, "an external reference of this instrument is not driven");
    }
    const LockInLimits limit = limits();
    const double tau_s =
        std::clamp(wanted.time_constant_s, limit.time_constant_s.low, limit.time_constant_s.high);
    const double range_v =
        std::clamp(wanted.input_range_v, limit.input_range_v.low, limit.input_range_v.high);
    const double rate_hz = rate_for(tau_s);
    std::vector<Wish> wishes{
        whole_wish(demod_ + "adcselect", parts_.input),
        whole_wish(demod_ + "oscselect", parts_.oscillator),
        whole_wish(demod_ + "harmonic", std::clamp(wanted.harmonic, 1, limit.max_harmonic)),
        whole_wish(demod_ + "order", std::clamp(wanted.filter_order, 1, limit.max_filter_order)),
        {.node = demod_ + "timeconstant", .value = tau_s, .tolerance = 0.05 * tau_s},
        {.node = demod_ + "phaseshift",
         .value = std::remainder(wanted.phase_rad / degree, 360.0),
         .tolerance = 1e-3,
         .period = 360.0},
        frequency_wish(wanted.reference_hz),
        {.node = input_ + "range", .value = range_v, .tolerance = 4.0 * range_v},
        whole_wish(input_ + "ac", wanted.coupling == Coupling::ac ? 1 : 0),
        {.node = demod_ + "rate", .value = rate_hz, .tolerance = 0.75 * rate_hz},
        whole_wish(demod_ + "enable", 1)};
    if (parts_.differential) {
      wishes.push_back(whole_wish(input_ + "diff", *parts_.differential ? 1 : 0));
    }
    if (!hf2_) {
      wishes.push_back(whole_wish(input_ + "on", 1));
      wishes.push_back({.node = input_ + "scaling", .value = 1.0});
    }
    with_link(operation, [&] {
      apply(link_, role_, operation, wishes);
      read_settings();
    });
    return settings_;
  }

  double set_reference_hz(double frequency_hz) override {
    constexpr const char* operation = "set reference frequency";
    if (!std::isfinite(frequency_hz)) {
      refuse(operation, "the frequency is not a number");
    }
    with_link(operation, [&] {
      settings_.reference_hz = apply(link_, role_, operation, {frequency_wish(frequency_hz)})[0];
    });
    return settings_.reference_hz;
  }

  LockInOutput set_output(const LockInOutput& wanted) override {
    constexpr const char* operation = "set output";
    const double most = limits().max_output_peak_v;
    if (!std::isfinite(wanted.amplitude_peak_v) || !std::isfinite(wanted.offset_v) ||
        wanted.amplitude_peak_v < 0.0) {
      refuse(operation, "amplitude and offset must be numbers, the amplitude not negative");
    }
    const double peak_v = wanted.amplitude_peak_v + std::abs(wanted.offset_v);
    if (peak_v > most * (1.0 + 1e-12)) {
      refuse(operation,
             fmt::format("{} V with {} V offset (at most {} V together{})",
                         wanted.amplitude_peak_v,
                         wanted.offset_v,
                         most,
                         hf2_ ? ", the range in which this driver keeps a HF2LI" : ""));
    }
    with_link(operation, [&] { output_ = signal_.set(operation, wanted); });
    return output_;
  }

  [[nodiscard]] LockInReading read() override {
    return with_link("read", [&] {
      const Duration asked_at = clock_->now();
      LockInReading reading = describe(link_.sample(demod_ + "sample"));
      reading.time = asked_at;
      reading.overload = reading.overload || clips();
      return reading;
    });
  }

  std::vector<LockInReading> sweep(std::span<const SweepStep> steps,
                                   const std::stop_token& stop) override {
    return sweep_in_steps(*this, *clock_, steps, stop);
  }
  [[nodiscard]] Duration settling_time(double relative_error) const override {
    return from_seconds(settings_.time_constant_s *
                        settling_time_constants(settings_.filter_order, relative_error));
  }

  AuxOutput set_aux_output(int channel, const AuxOutput& wanted) override {
    constexpr const char* operation = "set auxiliary output";
    if (!std::isfinite(wanted.scale_v_per_unit) || !std::isfinite(wanted.offset_v)) {
      refuse(operation, "a setting is not a number");
    }
    if (channel < 0 || channel >= aux_channels) {
      refuse(operation, fmt::format("no auxiliary output {}", channel));
    }
    const std::string node = fmt::format("auxouts/{}/", channel);
    const auto volts = [&](const std::string& name, double value) {
      return Wish{node + name, value, 1e-3 * std::abs(value) + 1e-3};
    };
    if (wanted.quantity == AuxQuantity::off) {  // "manual": the offset alone
      with_link(operation, [&] {
        apply(
            link_, role_, operation, {volts("offset", 0.0), whole_wish(node + "outputselect", -1)});
      });
      return {};
    }
    // The instrument scales V rms and degrees (degrees: unverified).
    const double unit = wanted.quantity == AuxQuantity::phase ? degree : sqrt_2;
    const double scale = wanted.scale_v_per_unit * unit;
    const std::vector<Wish> wishes{
        whole_wish(node + "demodselect", parts_.demodulator),
        {.node = node + "scale", .value = scale, .tolerance = 1e-3 * std::abs(scale)},
        volts("offset", wanted.offset_v),
        whole_wish(node + "outputselect", static_cast<int>(wanted.quantity) - 1)};
    AuxOutput applied = wanted;
    with_link(operation, [&] {
      const std::vector<double> got = apply(link_, role_, operation, wishes);
      applied.scale_v_per_unit = got[1] == scale ? wanted.scale_v_per_unit : got[1] / unit;
      applied.offset_v = got[2];
    });
    return applied;
  }

 private:
  static_assert(static_cast<int>(AuxQuantity::x) == 1 && static_cast<int>(AuxQuantity::y) == 2 &&
                static_cast<int>(AuxQuantity::magnitude) == 3 &&
                static_cast<int>(AuxQuantity::phase) == 4);  // nodes: 0 X, 1 Y, 2 R, 3 theta

  [[noreturn]] void refuse(const char* operation, const std::string& cause) const {
    throw DeviceError(role_, operation, cause, Retry::no);
  }

  static double rate_for(double time_constant_s) {
    return std::clamp(10.0 / time_constant_s, slowest_rate_hz, fastest_rate_hz);
  }

  [[nodiscard]] Wish frequency_wish(double hz) const {
    const Range range = limits().reference_hz;
    const double wanted = std::clamp(hz, range.low, range.high);
    return {.node = frequency_, .value = wanted, .tolerance = 1e-6 * wanted + 1e-5};
  }

  /// Runs an operation; a connection that was lost before or during it is opened once more.
  template <class Operation>
  std::invoke_result_t<Operation> with_link(const char* operation, Operation run) {
    for (int left = 1;; --left) {
      try {
        if (!link_.is_open()) {
          open(operation);
        }
        return run();
      } catch (const LinkError& failure) {
        if (failure.lost()) {
          link_.close();
        }
        if (!failure.lost() || left == 0) {
          throw DeviceError(
              role_, operation, failure.what(), failure.passing() ? Retry::yes : Retry::no);
        }
      }
    }
  }

  /// Connects, asks who is there and reads all settings.
  void open(const char* operation) {
    stream_.forget();
    link_.open();
    const std::string model = link_.text("features/devtype");
    if (model != "HF2LI" && model != "MFLI") {
      link_.close();
      constexpr std::size_t shown = 60;
      refuse(
          operation,
          fmt::format(
              "{} is neither HF2LI nor MFLI but \"{}\"", link_.address(), model.substr(0, shown)));
    }
    hf2_ = model == "HF2LI";
    const std::string options = link_.text("features/options");
    const bool multi = options.find(hf2_ ? "MF" : "MD") != std::string::npos;
    signal_.identify(hf2_, parts_.mixer_channel.value_or(multi ? 0 : hf2_ ? 6 + parts_.output : 1));
    identity_.vendor = "Zurich Instruments";
    identity_.model = model;
    identity_.serial = link_.text("features/serial");
    identity_.firmware = "LabOne " + link_.text("/zi/about/version");
    read_settings();
    output_ = signal_.read();
    clip_nodes_ = hf2_ ? std::vector{fmt::format("status/flags/adcclip/{}", parts_.input)}
                       : std::vector{input_ + "max", input_ + "min"};
    try {
      static_cast<void>(clips());
    } catch (const LinkError& failure) {
      if (failure.lost()) {
        throw;
      }
      clip_nodes_.clear();  // other firmware: the magnitude alone tells
    }
  }

  void read_settings() {
    settings_ = {.reference = Reference::internal,
                 .reference_hz = link_.number(frequency_),
                 .harmonic = static_cast<int>(link_.whole(demod_ + "harmonic")),
                 .phase_rad = link_.number(demod_ + "phaseshift") * degree,
                 .time_constant_s = link_.number(demod_ + "timeconstant"),
                 .filter_order = static_cast<int>(link_.whole(demod_ + "order")),
                 .input_range_v = link_.number(input_ + "range"),
                 .coupling = link_.whole(input_ + "ac") != 0 ? Coupling::ac : Coupling::dc};
    scaling_ = hf2_ ? 1.0 : link_.number(input_ + "scaling");
    const bool usable = settings_.time_constant_s > 0.0 && settings_.filter_order >= 1 &&
                        settings_.filter_order <= 8 && scaling_ != 0.0;
    if (!usable) {
      throw DeviceError(role_,
                        "read settings",
                        fmt::format("time constant {} s, order {}, input scaling {}",
                                    settings_.time_constant_s,
                                    settings_.filter_order,
                                    scaling_),
                        Retry::yes);
    }
  }

  /// HF2LI: a flag; MFLI: extremes of the input in units of its range. Nodes unverified.
  [[nodiscard]] bool clips() const {
    return std::any_of(clip_nodes_.begin(), clip_nodes_.end(), [&](const std::string& node) {
      return hf2_ ? link_.whole(node) != 0 : std::abs(link_.number(node)) >= 1.0;
    });
  }

  [[nodiscard]] LockInReading describe(const DemodSample& sample) const {
    const double peak = sqrt_2 / scaling_;
    LockInReading reading{.x_v = sample.x * peak,
                          .y_v = sample.y * peak,
                          .frequency_hz = settings_.harmonic * settings_.reference_hz};
    if (!std::isfinite(reading.x_v) || !std::isfinite(reading.y_v)) {
      throw DeviceError(role_, "read", "the sample is not a number", Retry::yes);
    }
    reading.overload = std::hypot(reading.x_v, reading.y_v) > settings_.input_range_v;
    return reading;
  }

  labone::Link link_;
  Clock* clock_;
  std::string role_;
  LaboneParts parts_;
  std::string demod_;  // nodes
  std::string frequency_;
  std::string input_;
  std::vector<std::string> clip_nodes_;
  labone::SignalOutput signal_;
  labone::DemodStream stream_;
  bool hf2_ = false;
  double scaling_ = 1.0;  // of the samples, by the input
  Identity identity_;
  LockInSettings settings_;
  LockInOutput output_;
};

}  // namespace

std::unique_ptr<LockIn> open_labone_lock_in(const std::string& library,
                                            const std::string& host,
                                            std::uint16_t port,
                                            const std::string& device,
                                            Clock& clock,
                                            const std::string& role,
                                            const LaboneParts& parts) {
  const bool named = device.starts_with("dev") && device.size() > 3 && device.size() < 16 &&
                     device.find_first_not_of("0123456789", 3) == std::string::npos;
  if (!named) {
    throw DeviceError(role,
                      "open",
                      fmt::format("\"{}\" is no instrument's name (e.g. \"dev1234\")", device),
                      Retry::no);
  }
  return std::make_unique<LaboneLockIn>(
      labone::load(library, role), host, port, device, clock, role, parts);
}

}  // namespace halotwin::devices
