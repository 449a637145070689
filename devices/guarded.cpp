// Guarded devices: the same interface with the bench's limits in front.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/require.hpp"
#include "devices/limits.hpp"

namespace halotwin::devices {

void validate(const BenchLimits& p) {
  require_positive("bias_peak_v", p.bias_peak_v);
  require_positive("current_a", p.current_a);
  require_positive("bias_ramp_v_per_s", p.bias_ramp_v_per_s);
  require_positive("frame_half_width_m", p.frame_half_width_m);
  require_positive("irradiance_w_per_m2", p.irradiance_w_per_m2);
  require_positive("exposure_s", p.exposure_s);
  require_positive("stage_travel_m", p.stage_travel_m);
  require_positive("temperature_low_k", p.temperature_low_k);
  require(p.temperature_high_k >= p.temperature_low_k,
          "temperature_high_k",
          p.temperature_high_k,
          fmt::format(">= temperature_low_k = {}", p.temperature_low_k));
}

namespace {

void check(const std::string& role,
           const char* operation,
           const char* limit,
           double value,
           double allowed) {
  if (!(std::abs(value) <= allowed)) {
    throw DeviceError(role,
                      operation,
                      fmt::format("{} is beyond the bench's limit {} = {}", value, limit, allowed),
                      Retry::no);
  }
}

class GuardedLockIn final : public LockIn {
 public:
  GuardedLockIn(std::unique_ptr<LockIn> inner, const BenchLimits& limits, std::string role)
      : inner_(std::move(inner)), limits_(limits), role_(std::move(role)) {}

  [[nodiscard]] Identity identity() const override { return inner_->identity(); }
  void make_safe() override { inner_->make_safe(); }
  [[nodiscard]] LockInLimits limits() const override { return inner_->limits(); }
  LockInSettings configure(const LockInSettings& wanted) override {
    return inner_->configure(wanted);
  }
  [[nodiscard]] LockInSettings settings() const override { return inner_->settings(); }
  double set_reference_hz(double frequency_hz) override {
    return inner_->set_reference_hz(frequency_hz);
  }
  LockInOutput set_output(const LockInOutput& wanted) override {
    if (wanted.on) {
      check(role_,
            "set output",
            "bias_peak_v",
            std::abs(wanted.amplitude_peak_v) + std::abs(wanted.offset_v),
            limits_.bias_peak_v);
    }
    return inner_->set_output(wanted);
  }
  [[nodiscard]] LockInOutput output() const override { return inner_->output(); }
  [[nodiscard]] LockInReading read() override { return inner_->read(); }
  std::vector<LockInReading> sweep(std::span<const SweepStep> steps,
                                   const std::stop_token& stop) override {
    return inner_->sweep(steps, stop);
  }
  [[nodiscard]] Duration settling_time(double error) const override {
    return inner_->settling_time(error);
  }
  AuxOutput set_aux_output(int channel, const AuxOutput& wanted) override {
    return inner_->set_aux_output(channel, wanted);
  }
  [[nodiscard]] SampleStream* stream() override { return inner_->stream(); }

 private:
  std::unique_ptr<LockIn> inner_;
  BenchLimits limits_;
  std::string role_;
};

class GuardedPositioner final : public TipPositioner {
 public:
  GuardedPositioner(TipPositioner* inner, const BenchLimits& limits, std::string role)
      : inner_(inner), half_width_m_(limits.frame_half_width_m), role_(std::move(role)) {}
  [[nodiscard]] Limits limits() const override { return inner_->limits(); }
  [[nodiscard]] Point position() const override { return inner_->position(); }
  Duration start_move(Point target, double speed_m_per_s) override {
    check(role_, "move", "frame_half_width_m", target.x_m, half_width_m_);
    check(role_, "move", "frame_half_width_m", target.y_m, half_width_m_);
    return inner_->start_move(target, speed_m_per_s);
  }
  bool wait_move(Duration timeout, const std::stop_token& stop) override {
    return inner_->wait_move(timeout, stop);
  }
  void stop_move() override { inner_->stop_move(); }

 private:
  TipPositioner* inner_;
  double half_width_m_;
  std::string role_;
};

class GuardedScanner final : public ImageScanner {
 public:
  GuardedScanner(ImageScanner* inner, const BenchLimits& limits, std::string role)
      : inner_(inner), half_width_m_(limits.frame_half_width_m), role_(std::move(role)) {}
  ScanFrame configure(const ScanFrame& wanted, std::span<const std::size_t> signals) override {
    const double reach = 0.5 * std::hypot(wanted.width_m, wanted.height_m);
    check(role_,
          "set frame",
          "frame_half_width_m",
          std::abs(wanted.centre.x_m) + reach,
          half_width_m_);
    check(role_,
          "set frame",
          "frame_half_width_m",
          std::abs(wanted.centre.y_m) + reach,
          half_width_m_);
    return inner_->configure(wanted, signals);
  }
  [[nodiscard]] ScanFrame frame() const override { return inner_->frame(); }
  [[nodiscard]] bool whole_frames() const override { return inner_->whole_frames(); }
  void start() override { inner_->start(); }
  std::size_t wait_line(Duration timeout, const std::stop_token& stop) override {
    return inner_->wait_line(timeout, stop);
  }
  void stop() override { inner_->stop(); }
  [[nodiscard]] Image<float> data(std::size_t signal, ScanDirection direction) const override {
    return inner_->data(signal, direction);
  }

 private:
  ImageScanner* inner_;
  double half_width_m_;
  std::string role_;
};

class GuardedSpectroscopy final : public PointSpectroscopy {
 public:
  GuardedSpectroscopy(PointSpectroscopy* inner, const BenchLimits& limits, std::string role)
      : inner_(inner), bias_peak_v_(limits.bias_peak_v), role_(std::move(role)) {}
  [[nodiscard]] Duration expected_time(const SpectroscopySettings& settings) const override {
    return inner_->expected_time(settings);
  }
  SpectroscopyCurve run(const SpectroscopySettings& settings,
                        const std::stop_token& stop) override {
    if (settings.swept == SweptQuantity::bias) {
      check(role_, "run spectroscopy", "bias_peak_v", settings.from, bias_peak_v_);
      check(role_, "run spectroscopy", "bias_peak_v", settings.to, bias_peak_v_);
    }
    return inner_->run(settings, stop);
  }

 private:
  PointSpectroscopy* inner_;
  double bias_peak_v_;
  std::string role_;
};

class GuardedKelvin final : public KelvinController {
 public:
  GuardedKelvin(KelvinController* inner, const BenchLimits& limits, std::string role)
      : inner_(inner), bias_peak_v_(limits.bias_peak_v), role_(std::move(role)) {}
  KelvinSettings configure(const KelvinSettings& wanted) override {
    for (const double bias_v : {wanted.bias_v.low, wanted.bias_v.high}) {
      check(role_,
            "configure Kelvin loop",
            "bias_peak_v",
            std::abs(bias_v) + std::abs(wanted.modulation_peak_v),
            bias_peak_v_);
    }
    return inner_->configure(wanted);
  }
  void set_on(bool on) override { inner_->set_on(on); }
  [[nodiscard]] double contact_potential_v() override { return inner_->contact_potential_v(); }

 private:
  KelvinController* inner_;
  double bias_peak_v_;
  std::string role_;
};

class GuardedProbe final : public ProbeMicroscope {
 public:
  GuardedProbe(std::unique_ptr<ProbeMicroscope> inner, const BenchLimits& limits, std::string role)
      : inner_(std::move(inner)),
        positioner_(inner_->find_positioner(), limits, role),
        scanner_(inner_->scanner(), limits, role),
        spectroscopy_(inner_->spectroscopy(), limits, role),
        kelvin_(inner_->kelvin(), limits, std::move(role)) {}
  [[nodiscard]] Identity identity() const override { return inner_->identity(); }
  void make_safe() override { inner_->make_safe(); }
  [[nodiscard]] TipPositioner* find_positioner() override {
    return inner_->find_positioner() == nullptr ? nullptr : &positioner_;
  }
  [[nodiscard]] HeightControl* find_height() override { return inner_->find_height(); }
  [[nodiscard]] CantileverDrive* find_drive() override { return inner_->find_drive(); }
  [[nodiscard]] SignalReader& signals() override { return inner_->signals(); }
  [[nodiscard]] ImageScanner* scanner() override {
    return inner_->scanner() == nullptr ? nullptr : &scanner_;
  }
  [[nodiscard]] PointSpectroscopy* spectroscopy() override {
    return inner_->spectroscopy() == nullptr ? nullptr : &spectroscopy_;
  }
  [[nodiscard]] KelvinController* kelvin() override {
    return inner_->kelvin() == nullptr ? nullptr : &kelvin_;
  }

 private:
  std::unique_ptr<ProbeMicroscope> inner_;
  GuardedPositioner positioner_;
  GuardedScanner scanner_;
  GuardedSpectroscopy spectroscopy_;
  GuardedKelvin kelvin_;
};

class GuardedBias final : public BiasSource {
 public:
  GuardedBias(std::unique_ptr<BiasSource> inner, const BenchLimits& limits, std::string role)
      : inner_(std::move(inner)), limits_(limits), role_(std::move(role)) {}
  [[nodiscard]] Identity identity() const override { return inner_->identity(); }
  // The ramp of a source belongs to its settings: the bench's rate first, then the way to zero.
  void make_safe() override {
    BiasSettings settings = inner_->settings();
    if (settings.on) {
      settings.voltage_v = 0.0;
      settings.ramp_v_per_s = limits_.bias_ramp_v_per_s;
      try {
        inner_->configure(settings);
      } catch (const DeviceError&) {  // then as fast as the source goes
      }
    }
    inner_->make_safe();
  }
  [[nodiscard]] BiasLimits limits() const override {
    BiasLimits all = inner_->limits();
    all.voltage_v = {std::max(all.voltage_v.low, -limits_.bias_peak_v),
                     std::min(all.voltage_v.high, limits_.bias_peak_v)};
    all.max_compliance_a = std::min(all.max_compliance_a, limits_.current_a);
    return all;
  }
  BiasSettings configure(const BiasSettings& wanted) override {
    check(role_, "set bias", "bias_peak_v", wanted.voltage_v, limits_.bias_peak_v);
    check(role_, "set bias", "current_a", wanted.compliance_a, limits_.current_a);
    return inner_->configure(wanted);
  }
  [[nodiscard]] BiasSettings settings() const override { return inner_->settings(); }
  [[nodiscard]] bool ramping() override { return inner_->ramping(); }
  [[nodiscard]] BiasReading read() override { return inner_->read(); }

 private:
  std::unique_ptr<BiasSource> inner_;
  BenchLimits limits_;
  std::string role_;
};

class GuardedLight final : public LightSource {
 public:
  GuardedLight(std::unique_ptr<LightSource> inner, const BenchLimits& limits, std::string role)
      : inner_(std::move(inner)), limits_(limits), role_(std::move(role)) {}
  [[nodiscard]] Identity identity() const override { return inner_->identity(); }
  void make_safe() override { inner_->make_safe(); }
  [[nodiscard]] LightLimits limits() const override { return inner_->limits(); }
  LightSettings configure(const LightSettings& wanted) override {
    check(role_,
          "set light",
          "irradiance_w_per_m2",
          wanted.irradiance_w_per_m2,
          limits_.irradiance_w_per_m2);
    return inner_->configure(wanted);
  }
  [[nodiscard]] LightSettings settings() const override { return inner_->settings(); }

 private:
  std::unique_ptr<LightSource> inner_;
  BenchLimits limits_;
  std::string role_;
};

class GuardedCamera final : public Camera {
 public:
  GuardedCamera(std::unique_ptr<Camera> inner, const BenchLimits& limits, std::string role)
      : inner_(std::move(inner)), limits_(limits), role_(std::move(role)) {}
  [[nodiscard]] Identity identity() const override { return inner_->identity(); }
  void make_safe() override { inner_->make_safe(); }
  [[nodiscard]] CameraLimits limits() const override { return inner_->limits(); }
  CameraSettings configure(const CameraSettings& wanted) override {
    check(role_, "configure", "exposure_s", wanted.exposure_s, limits_.exposure_s);
    return inner_->configure(wanted);
  }
  [[nodiscard]] CameraSettings settings() const override { return inner_->settings(); }
  void start(std::uint64_t frames) override { inner_->start(frames); }
  void software_trigger() override { inner_->software_trigger(); }
  std::optional<FrameInfo> next_frame(std::span<std::uint16_t> pixels,
                                      Duration timeout,
                                      const std::stop_token& stop) override {
    return inner_->next_frame(pixels, timeout, stop);
  }
  void stop() override { inner_->stop(); }

 private:
  std::unique_ptr<Camera> inner_;
  BenchLimits limits_;
  std::string role_;
};

class GuardedStage final : public Stage {
 public:
  GuardedStage(std::unique_ptr<Stage> inner, const BenchLimits& limits, std::string role)
      : inner_(std::move(inner)), limits_(limits), role_(std::move(role)) {}
  [[nodiscard]] Identity identity() const override { return inner_->identity(); }
  void make_safe() override { inner_->make_safe(); }
  [[nodiscard]] std::vector<StageAxis> axes() const override { return inner_->axes(); }
  [[nodiscard]] double position(std::size_t axis) override { return inner_->position(axis); }
  double set_speed(std::size_t axis, double speed_per_s) override {
    return inner_->set_speed(axis, speed_per_s);
  }
  [[nodiscard]] double speed(std::size_t axis) override { return inner_->speed(axis); }
  void start_move(std::size_t axis, double target) override {
    const std::vector<StageAxis> all = inner_->axes();
    if (axis < all.size() && all[axis].unit == "m") {
      check(role_, "move", "stage_travel_m", target, limits_.stage_travel_m);
    }
    inner_->start_move(axis, target);
  }
  [[nodiscard]] AxisState state(std::size_t axis) override { return inner_->state(axis); }
  bool wait(std::size_t axis, Duration timeout, const std::stop_token& stop) override {
    return inner_->wait(axis, timeout, stop);
  }
  void stop_move(std::size_t axis) override { inner_->stop_move(axis); }

 private:
  std::unique_ptr<Stage> inner_;
  BenchLimits limits_;
  std::string role_;
};

class GuardedTemperature final : public TemperatureController {
 public:
  GuardedTemperature(std::unique_ptr<TemperatureController> inner,
                     const BenchLimits& limits,
                     std::string role)
      : inner_(std::move(inner)), limits_(limits), role_(std::move(role)) {}

  [[nodiscard]] Identity identity() const override { return inner_->identity(); }
  void make_safe() override { inner_->make_safe(); }
  [[nodiscard]] Range range_k() const override { return inner_->range_k(); }
  [[nodiscard]] double max_rate_k_per_s() const override { return inner_->max_rate_k_per_s(); }
  void set_target_k(double temperature_k) override {
    if (!(temperature_k >= limits_.temperature_low_k &&
          temperature_k <= limits_.temperature_high_k)) {
      throw DeviceError(role_,
                        "set target",
                        fmt::format("{} K is beyond the bench's limits temperature_low_k = {} and "
                                    "temperature_high_k = {}",
                                    temperature_k,
                                    limits_.temperature_low_k,
                                    limits_.temperature_high_k),
                        Retry::no);
    }
    inner_->set_target_k(temperature_k);
  }
  [[nodiscard]] double target_k() const override { return inner_->target_k(); }
  [[nodiscard]] double temperature_k() override { return inner_->temperature_k(); }
  bool wait_stable(double tolerance_k,
                   Duration hold,
                   Duration timeout,
                   const std::stop_token& stop) override {
    return inner_->wait_stable(tolerance_k, hold, timeout, stop);
  }

 private:
  std::unique_ptr<TemperatureController> inner_;
  BenchLimits limits_;
  std::string role_;
};

}  // namespace

std::unique_ptr<TemperatureController> guard(std::unique_ptr<TemperatureController> device,
                                             const BenchLimits& limits,
                                             std::string role) {
  return std::make_unique<GuardedTemperature>(std::move(device), limits, std::move(role));
}
std::unique_ptr<LockIn> guard(std::unique_ptr<LockIn> device,
                              const BenchLimits& limits,
                              std::string role) {
  return std::make_unique<GuardedLockIn>(std::move(device), limits, std::move(role));
}
std::unique_ptr<ProbeMicroscope> guard(std::unique_ptr<ProbeMicroscope> device,
                                       const BenchLimits& limits,
                                       std::string role) {
  return std::make_unique<GuardedProbe>(std::move(device), limits, std::move(role));
}
std::unique_ptr<BiasSource> guard(std::unique_ptr<BiasSource> device,
                                  const BenchLimits& limits,
                                  std::string role) {
  return std::make_unique<GuardedBias>(std::move(device), limits, std::move(role));
}
std::unique_ptr<LightSource> guard(std::unique_ptr<LightSource> device,
                                   const BenchLimits& limits,
                                   std::string role) {
  return std::make_unique<GuardedLight>(std::move(device), limits, std::move(role));
}
std::unique_ptr<Camera> guard(std::unique_ptr<Camera> device,
                              const BenchLimits& limits,
                              std::string role) {
  return std::make_unique<GuardedCamera>(std::move(device), limits, std::move(role));
}
std::unique_ptr<Stage> guard(std::unique_ptr<Stage> device,
                             const BenchLimits& limits,
                             std::string role) {
  return std::make_unique<GuardedStage>(std::move(device), limits, std::move(role));
}

}  // namespace halotwin::devices
