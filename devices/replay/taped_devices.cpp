#include "devices/replay/taped_devices.hpp"

#include <algorithm>

#include "devices/replay/taped_part.hpp"

namespace halotwin::devices {

namespace {

class TapedLockIn final : public LockIn {
 public:
  TapedLockIn(std::unique_ptr<LockIn> inner, const TapedPart& part)
      : inner_(std::move(inner)), part_(part) {}
  [[nodiscard]] Identity identity() const override {
    return part_.identity([&] { return inner_->identity(); });
  }
  void make_safe() override {
    part_.make_safe([&] { inner_->make_safe(); });
  }
  [[nodiscard]] LockInLimits limits() const override {
    return part_.call("limits", [&] { return inner_->limits(); });
  }
  LockInSettings configure(const LockInSettings& wanted) override {
    return part_.call(
        "configure", [&] { return inner_->configure(wanted); }, wanted);
  }
  [[nodiscard]] LockInSettings settings() const override {
    return part_.call("settings", [&] { return inner_->settings(); });
  }
  double set_reference_hz(double hz) override {
    return part_.call(
        "set_reference_hz", [&] { return inner_->set_reference_hz(hz); }, hz);
  }
  LockInOutput set_output(const LockInOutput& wanted) override {
    return part_.call(
        "set_output", [&] { return inner_->set_output(wanted); }, wanted);
  }
  [[nodiscard]] LockInOutput output() const override {
    return part_.call("output", [&] { return inner_->output(); });
  }
  [[nodiscard]] LockInReading read() override {
    return part_.call("read", [&] { return inner_->read(); });
  }
  std::vector<LockInReading> sweep(std::span<const SweepStep> steps,
                                   const std::stop_token& stop) override {
    return part_.wait(
        "sweep",
        stop,
        [&] { return inner_->sweep(steps, stop); },
        std::vector<SweepStep>(steps.begin(), steps.end()));
  }
  [[nodiscard]] Duration settling_time(double error) const override {
    return part_.call(
        "settling_time", [&] { return inner_->settling_time(error); }, error);
  }
  AuxOutput set_aux_output(int channel, const AuxOutput& wanted) override {
    return part_.call(
        "set_aux_output", [&] { return inner_->set_aux_output(channel, wanted); }, channel, wanted);
  }
  [[nodiscard]] SampleStream* stream() override { return nullptr; }

 private:
  std::unique_ptr<LockIn> inner_;
  TapedPart part_;
};

class TapedLight final : public LightSource {
 public:
  TapedLight(std::unique_ptr<LightSource> inner, const TapedPart& part)
      : inner_(std::move(inner)), part_(part) {}
  [[nodiscard]] Identity identity() const override {
    return part_.identity([&] { return inner_->identity(); });
  }
  void make_safe() override {
    part_.make_safe([&] { inner_->make_safe(); });
  }
  [[nodiscard]] LightLimits limits() const override {
    return part_.call("limits", [&] { return inner_->limits(); });
  }
  LightSettings configure(const LightSettings& wanted) override {
    return part_.call(
        "configure", [&] { return inner_->configure(wanted); }, wanted);
  }
  [[nodiscard]] LightSettings settings() const override {
    return part_.call("settings", [&] { return inner_->settings(); });
  }

 private:
  std::unique_ptr<LightSource> inner_;
  TapedPart part_;
};

class TapedCamera final : public Camera {
 public:
  TapedCamera(std::unique_ptr<Camera> inner, const TapedPart& part)
      : inner_(std::move(inner)), part_(part) {}
  [[nodiscard]] Identity identity() const override {
    return part_.identity([&] { return inner_->identity(); });
  }
  void make_safe() override {
    part_.make_safe([&] { inner_->make_safe(); });
  }
  [[nodiscard]] CameraLimits limits() const override {
    return part_.call("limits", [&] { return inner_->limits(); });
  }
  CameraSettings configure(const CameraSettings& wanted) override {
    return part_.call(
        "configure", [&] { return inner_->configure(wanted); }, wanted);
  }
  [[nodiscard]] CameraSettings settings() const override {
    return part_.call("settings", [&] { return inner_->settings(); });
  }
  void start(std::uint64_t frames) override {
    part_.call(
        "start", [&] { inner_->start(frames); }, frames);
  }
  void software_trigger() override {
    part_.call("software_trigger", [&] { inner_->software_trigger(); });
  }
  std::optional<FrameInfo> next_frame(std::span<std::uint16_t> pixels,
                                      Duration timeout,
                                      const std::stop_token& stop) override {
    const TapedFrame frame = part_.wait(
        "next_frame",
        stop,
        [&] {
          TapedFrame now{inner_->next_frame(pixels, timeout, stop), {}};
          if (now.info) {
            now.pixels = Image<std::uint16_t>(pixels.size(), 1);
            std::copy(pixels.begin(), pixels.end(), now.pixels.values.begin());
          }
          return now;
        },
        timeout,
        pixels.size());
    const std::size_t count = std::min(pixels.size(), frame.pixels.size());
    std::copy_n(frame.pixels.values.begin(), count, pixels.begin());
    return frame.info;
  }
  void stop() override {
    part_.call("stop", [&] { inner_->stop(); });
  }

 private:
  std::unique_ptr<Camera> inner_;
  TapedPart part_;
};

class TapedStage final : public Stage {
 public:
  TapedStage(std::unique_ptr<Stage> inner, const TapedPart& part)
      : inner_(std::move(inner)), part_(part) {}
  [[nodiscard]] Identity identity() const override {
    return part_.identity([&] { return inner_->identity(); });
  }
  void make_safe() override {
    part_.make_safe([&] { inner_->make_safe(); });
  }
  [[nodiscard]] std::vector<StageAxis> axes() const override {
    return part_.call("axes", [&] { return inner_->axes(); });
  }
  [[nodiscard]] double position(std::size_t axis) override {
    return part_.call(
        "position", [&] { return inner_->position(axis); }, axis);
  }
  double set_speed(std::size_t axis, double speed) override {
    return part_.call(
        "set_speed", [&] { return inner_->set_speed(axis, speed); }, axis, speed);
  }
  [[nodiscard]] double speed(std::size_t axis) override {
    return part_.call(
        "speed", [&] { return inner_->speed(axis); }, axis);
  }
  void start_move(std::size_t axis, double target) override {
    part_.call(
        "start_move", [&] { inner_->start_move(axis, target); }, axis, target);
  }
  [[nodiscard]] AxisState state(std::size_t axis) override {
    return part_.call(
        "state", [&] { return inner_->state(axis); }, axis);
  }
  bool wait(std::size_t axis, Duration timeout, const std::stop_token& stop) override {
    return part_.wait(
        "wait", stop, [&] { return inner_->wait(axis, timeout, stop); }, axis, timeout);
  }
  void stop_move(std::size_t axis) override {
    part_.call(
        "stop_move", [&] { inner_->stop_move(axis); }, axis);
  }

 private:
  std::unique_ptr<Stage> inner_;
  TapedPart part_;
};

class TapedTemperature final : public TemperatureController {
 public:
  TapedTemperature(std::unique_ptr<TemperatureController> inner, const TapedPart& part)
      : inner_(std::move(inner)), part_(part) {}
  [[nodiscard]] Identity identity() const override {
    return part_.identity([&] { return inner_->identity(); });
  }
  void make_safe() override {
    part_.make_safe([&] { inner_->make_safe(); });
  }
  [[nodiscard]] Range range_k() const override {
    return part_.call("range_k", [&] { return inner_->range_k(); });
  }
  [[nodiscard]] double max_rate_k_per_s() const override {
    return part_.call("max_rate_k_per_s", [&] { return inner_->max_rate_k_per_s(); });
  }
  void set_target_k(double temperature_k) override {
    part_.call(
        "set_target_k", [&] { inner_->set_target_k(temperature_k); }, temperature_k);
  }
  [[nodiscard]] double target_k() const override {
    return part_.call("target_k", [&] { return inner_->target_k(); });
  }
  [[nodiscard]] double temperature_k() override {
    return part_.call("temperature_k", [&] { return inner_->temperature_k(); });
  }
  bool wait_stable(double tolerance_k,
                   Duration hold,
                   Duration timeout,
                   const std::stop_token& stop) override {
    return part_.wait(
        "wait_stable",
        stop,
        [&] { return inner_->wait_stable(tolerance_k, hold, timeout, stop); },
        tolerance_k,
        hold,
        timeout);
  }

 private:
  std::unique_ptr<TemperatureController> inner_;
  TapedPart part_;
};

class TapedBias final : public BiasSource {
 public:
  TapedBias(std::unique_ptr<BiasSource> inner, const TapedPart& part)
      : inner_(std::move(inner)), part_(part) {}
  [[nodiscard]] Identity identity() const override {
    return part_.identity([&] { return inner_->identity(); });
  }
  void make_safe() override {
    part_.make_safe([&] { inner_->make_safe(); });
  }
  [[nodiscard]] BiasLimits limits() const override {
    return part_.call("limits", [&] { return inner_->limits(); });
  }
  BiasSettings configure(const BiasSettings& wanted) override {
    return part_.call(
        "configure", [&] { return inner_->configure(wanted); }, wanted);
  }
  [[nodiscard]] BiasSettings settings() const override {
    return part_.call("settings", [&] { return inner_->settings(); });
  }
  [[nodiscard]] bool ramping() override {
    return part_.call("ramping", [&] { return inner_->ramping(); });
  }
  [[nodiscard]] BiasReading read() override {
    return part_.call("read", [&] { return inner_->read(); });
  }

 private:
  std::unique_ptr<BiasSource> inner_;
  TapedPart part_;
};

class TapedClock final : public Clock {
 public:
  TapedClock(Clock* inner, Tape& tape) : inner_(inner), tape_(&tape), part_(tape, "clock") {}
  [[nodiscard]] Duration now() const override {
    return inner_ != nullptr ? inner_->now() : tape_->time();
  }
  void sleep(Duration duration, const std::stop_token& stop) override {
    part_.wait(
        "sleep", stop, [&] { inner_->sleep(duration, stop); }, duration);
  }
  [[nodiscard]] ClockKind kind() const override {
    return inner_ != nullptr ? inner_->kind() : tape_->head().clock;
  }
  [[nodiscard]] bool stands_at_instruments() const override {
    return inner_ != nullptr && inner_->stands_at_instruments();
  }

 private:
  Clock* inner_;
  Tape* tape_;
  TapedPart part_;
};

}  // namespace

std::unique_ptr<LockIn> taped(std::unique_ptr<LockIn> device, Tape& tape, const std::string& role) {
  return std::make_unique<TapedLockIn>(std::move(device), TapedPart(tape, role));
}

std::unique_ptr<LightSource> taped(std::unique_ptr<LightSource> device,
                                   Tape& tape,
                                   const std::string& role) {
  return std::make_unique<TapedLight>(std::move(device), TapedPart(tape, role));
}

std::unique_ptr<Camera> taped(std::unique_ptr<Camera> device, Tape& tape, const std::string& role) {
  return std::make_unique<TapedCamera>(std::move(device), TapedPart(tape, role));
}

std::unique_ptr<Stage> taped(std::unique_ptr<Stage> device, Tape& tape, const std::string& role) {
  return std::make_unique<TapedStage>(std::move(device), TapedPart(tape, role));
}

std::unique_ptr<TemperatureController> taped(std::unique_ptr<TemperatureController> device,
                                             Tape& tape,
                                             const std::string& role) {
  return std::make_unique<TapedTemperature>(std::move(device), TapedPart(tape, role));
}

std::unique_ptr<BiasSource> taped(std::unique_ptr<BiasSource> device,
                                  Tape& tape,
                                  const std::string& role) {
  return std::make_unique<TapedBias>(std::move(device), TapedPart(tape, role));
}

std::unique_ptr<Clock> taped_clock(Clock* clock, Tape& tape) {
  return std::make_unique<TapedClock>(clock, tape);
}

}  // namespace halotwin::devices
