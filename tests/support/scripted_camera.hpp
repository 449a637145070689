// A camera in memory that keeps every promise of the interface and shows a scripted picture: the
// second implementation that the contract suite wants, and a fake for procedures.
#pragma once

#include <cstdint>
#include <deque>
#include <functional>
#include <set>

#include "devices/camera.hpp"

namespace halotwin::test {

struct CameraScript {
  std::uint32_t sensor_width = 16;
  std::uint32_t sensor_height = 12;
  double readout_s = 2.0e-3;
  std::size_t ring_buffer_frames = 8;
  std::set<std::uint64_t> dropped{};     // numbers of frames that never arrive
  std::set<std::uint64_t> incomplete{};  // numbers of frames that arrive in part
  /// Counts of sensor pixel (x, y) in frame `number`, before binning.
  std::function<std::uint16_t(std::uint64_t number, std::uint32_t x, std::uint32_t y)> picture =
      [](std::uint64_t number, std::uint32_t x, std::uint32_t y) {
        return static_cast<std::uint16_t>(100 * number + 10 * y + x);
      };
};

class ScriptedCamera final : public devices::Camera {
 public:
  ScriptedCamera(Clock& clock, CameraScript script) : clock_(&clock), script_(std::move(script)) {}

  [[nodiscard]] devices::Identity identity() const override;
  void make_safe() override { running_ = false; }
  [[nodiscard]] devices::CameraLimits limits() const override;
  devices::CameraSettings configure(const devices::CameraSettings& wanted) override;
  [[nodiscard]] devices::CameraSettings settings() const override { return settings_; }
  void start(std::uint64_t frames) override;
  void software_trigger() override;
  std::optional<devices::FrameInfo> next_frame(std::span<std::uint16_t> pixels,
                                               Duration timeout,
                                               const std::stop_token& stop) override;
  void stop() override;
  /// What a cable does at the trigger input.
  void external_trigger();

 private:
  void expose();
  void catch_up();
  void fill(const devices::FrameInfo& frame, std::span<std::uint16_t> pixels) const;
  [[nodiscard]] Duration arrival(const devices::FrameInfo& frame) const;
  [[nodiscard]] bool more() const { return wanted_frames_ == 0 || exposed_ < wanted_frames_; }

  Clock* clock_;
  CameraScript script_;
  devices::CameraSettings settings_{.exposure_s = 0.03, .frame_period_s = 0.032, .region = {}};
  bool running_ = false;
  bool overrun_ = false;
  std::uint64_t wanted_frames_ = 0;
  std::uint64_t exposed_ = 0;
  Duration next_exposure_{};
  std::deque<devices::FrameInfo> frames_;  // exposed and not read, oldest first
};

}  // namespace halotwin::test
