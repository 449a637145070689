// Devices that do nothing but remember which commands reached them, in one common list.
#pragma once

#include <memory>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "devices/bias_source.hpp"
#include "devices/camera.hpp"
#include "devices/light_source.hpp"
#include "devices/lock_in.hpp"
#include "devices/probe_microscope.hpp"
#include "devices/stage.hpp"

namespace halotwin::test {

/// Commands in the order of their arrival, "role: command".
using Heard = std::vector<std::string>;

/// Base of the fakes: a name, and make_safe that may be told to fail.
template <class Interface>
class Recording : public Interface {
 public:
  Recording(std::string role, Heard& heard) : role_(std::move(role)), heard_(&heard) {}
  [[nodiscard]] devices::Identity identity() const override {
    return {"halotwin", "recording fake", role_, "", "test:"};
  }
  void make_safe() override {
    hear("make safe");
    if (fails) {
      throw devices::DeviceError(role_, "make safe", "told to fail", devices::Retry::no);
    }
  }
  bool fails = false;

 protected:
  void hear(const std::string& command) { heard_->push_back(role_ + ": " + command); }

 private:
  std::string role_;
  Heard* heard_;
};

struct RecordingLockIn final : Recording<devices::LockIn> {
  using Recording::Recording;
  [[nodiscard]] devices::LockInLimits limits() const override { return {}; }
  devices::LockInSettings configure(const devices::LockInSettings& wanted) override {
    hear("configure");
    return wanted;
  }
  [[nodiscard]] devices::LockInSettings settings() const override { return {}; }
  double set_reference_hz(double frequency_hz) override {
    hear("set reference");
    return frequency_hz;
  }
  devices::LockInOutput set_output(const devices::LockInOutput& wanted) override {
    hear("set output");
    return wanted;
  }
  [[nodiscard]] devices::LockInOutput output() const override { return {}; }
  [[nodiscard]] devices::LockInReading read() override {
    hear("read");
    return {};
  }
  std::vector<devices::LockInReading> sweep(std::span<const devices::SweepStep>,
                                            const std::stop_token&) override {
    hear("sweep");
    return {};
  }
  [[nodiscard]] Duration settling_time(double) const override { return {}; }
  devices::AuxOutput set_aux_output(int, const devices::AuxOutput& wanted) override {
    hear("set aux output");
    return wanted;
  }
  [[nodiscard]] devices::SampleStream* stream() override { return nullptr; }
};

struct RecordingBias final : Recording<devices::BiasSource> {
  using Recording::Recording;
  [[nodiscard]] devices::BiasLimits limits() const override { return {}; }
  devices::BiasSettings configure(const devices::BiasSettings& wanted) override {
    hear("configure");
    present = wanted;
    return wanted;
  }
  [[nodiscard]] devices::BiasSettings settings() const override { return present; }
  [[nodiscard]] bool ramping() override { return false; }
  [[nodiscard]] devices::BiasReading read() override { return {}; }
  devices::BiasSettings present;
};

struct RecordingLight final : Recording<devices::LightSource> {
  using Recording::Recording;
  [[nodiscard]] devices::LightLimits limits() const override { return {}; }
  devices::LightSettings configure(const devices::LightSettings& wanted) override {
    hear("configure");
    return wanted;
  }
  [[nodiscard]] devices::LightSettings settings() const override { return {}; }
};

struct RecordingCamera final : Recording<devices::Camera> {
  using Recording::Recording;
  [[nodiscard]] devices::CameraLimits limits() const override { return {}; }
  devices::CameraSettings configure(const devices::CameraSettings& wanted) override {
    hear("configure");
    return wanted;
  }
  [[nodiscard]] devices::CameraSettings settings() const override { return {}; }
  void start(std::uint64_t) override { hear("start"); }
  void software_trigger() override { hear("trigger"); }
  std::optional<devices::FrameInfo> next_frame(std::span<std::uint16_t>,
                                               Duration,
                                               const std::stop_token&) override {
    hear("next frame");
    return {};
  }
  void stop() override { hear("stop"); }
};

struct RecordingStage final : Recording<devices::Stage> {
  using Recording::Recording;
  [[nodiscard]] std::vector<devices::StageAxis> axes() const override {
    return {{"x", "m", {-1.0, 1.0}, 1.0, 1e-6}, {"theta", "rad", {-3.0, 3.0}, 1.0, 1e-3}};
  }
  [[nodiscard]] double position(std::size_t) override { return 0.0; }
  double set_speed(std::size_t, double speed_per_s) override {
    hear("set speed");
    return speed_per_s;
  }
  [[nodiscard]] double speed(std::size_t) override { return 1.0; }
  void start_move(std::size_t, double) override { hear("move"); }
  [[nodiscard]] devices::AxisState state(std::size_t) override {
    return devices::AxisState::standing;
  }
  bool wait(std::size_t, Duration, const std::stop_token&) override { return true; }
  void stop_move(std::size_t) override { hear("stop"); }
};

/// The parts that a guard stands before; no height control, drive and signals.
struct RecordingProbe final : Recording<devices::ProbeMicroscope>,
                              devices::TipPositioner,
                              devices::ImageScanner,
                              devices::PointSpectroscopy,
                              devices::KelvinController {
  using Recording::Recording;
  [[nodiscard]] devices::TipPositioner* find_positioner() override { return this; }
  [[nodiscard]] devices::HeightControl* find_height() override { return nullptr; }
  [[nodiscard]] devices::CantileverDrive* find_drive() override { return nullptr; }
  [[nodiscard]] devices::SignalReader& signals() override { throw std::logic_error("no signals"); }
  [[nodiscard]] devices::ImageScanner* scanner() override { return this; }
  [[nodiscard]] devices::PointSpectroscopy* spectroscopy() override { return this; }
  [[nodiscard]] devices::KelvinController* kelvin() override { return this; }

  [[nodiscard]] devices::TipPositioner::Limits limits() const override { return {}; }
  [[nodiscard]] Point position() const override { return {}; }
  Duration start_move(Point, double) override {
    hear("move");
    return {};
  }
  bool wait_move(Duration, const std::stop_token&) override { return true; }
  void stop_move() override { hear("stop move"); }

  devices::ScanFrame configure(const devices::ScanFrame& wanted,
                               std::span<const std::size_t>) override {
    hear("set frame");
    return wanted;
  }
  [[nodiscard]] devices::ScanFrame frame() const override { return {}; }
  void start() override { hear("start scan"); }
  std::size_t wait_line(Duration, const std::stop_token&) override { return 0; }
  void stop() override { hear("stop scan"); }
  [[nodiscard]] Image<float> data(std::size_t, devices::ScanDirection) const override { return {}; }

  [[nodiscard]] Duration expected_time(const devices::SpectroscopySettings&) const override {
    return {};
  }
  devices::SpectroscopyCurve run(const devices::SpectroscopySettings&,
                                 const std::stop_token&) override {
    hear("run spectroscopy");
    return {};
  }

  devices::KelvinSettings configure(const devices::KelvinSettings& wanted) override {
    hear("configure Kelvin loop");
    return wanted;
  }
  void set_on(bool) override { hear("Kelvin loop on or off"); }
  [[nodiscard]] double contact_potential_v() override { return 0.0; }
};

}  // namespace halotwin::test
