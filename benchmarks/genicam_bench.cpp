// A camera served over GigE Vision on loopback: how many bytes of frames a second pass through both
// ends? 1024 x 1024 pixels of 16 bits; arguments: bytes of a packet, frames a second asked for.
// Counters: bytes of frames that came whole, and the fraction of frames that did not.
#include <algorithm>
#include <memory>
#include <stop_token>
#include <thread>
#include <vector>

#include <benchmark/benchmark.h>

#include "devices/drivers/genicam_camera.hpp"
#include "devices/servers/genicam_server.hpp"

namespace {

using halotwin::Duration;
using halotwin::from_seconds;
using halotwin::WallClock;
using halotwin::devices::Camera;
using halotwin::devices::CameraLimits;
using halotwin::devices::CameraSettings;
using halotwin::devices::FrameInfo;
using halotwin::devices::GenicamServer;
using halotwin::devices::Identity;
using halotwin::devices::open_genicam_camera;

constexpr std::uint32_t side = 1024;
constexpr std::size_t count = std::size_t{side} * side;

/// Has a frame whenever it is asked.
class Eager final : public Camera {
 public:
  [[nodiscard]] Identity identity() const override { return {}; }
  void make_safe() override {}
  [[nodiscard]] CameraLimits limits() const override {
    return {.sensor_width = side,
            .sensor_height = side,
            .exposure_s = {1e-5, 1.0},
            .gain = {1.0, 1.0},
            .saturation_counts = 65535,
            .ring_buffer_frames = 1};
  }
  CameraSettings configure(const CameraSettings& wanted) override {
    CameraSettings applied = wanted;
    applied.frame_period_s = 1e-3;
    applied.region = {.width = side, .height = side};
    return applied;
  }
  [[nodiscard]] CameraSettings settings() const override { return {}; }
  void start(std::uint64_t) override {}
  void software_trigger() override {}
  std::optional<FrameInfo> next_frame(std::span<std::uint16_t>,
                                      Duration,
                                      const std::stop_token&) override {
    return FrameInfo{number_++, Duration(1), side, side, false};
  }
  void stop() override {}

 private:
  std::uint64_t number_ = 0;
};

void gige_vision_stream(benchmark::State& state) {
  Eager eager;
  GenicamServer server(eager, "127.0.0.1", "BENCH");
  const std::jthread thread([&](const std::stop_token& stop) { server.run(stop); });
  WallClock clock;
  const auto camera = open_genicam_camera(
      "127.0.0.1", clock, "camera", {.packet_bytes = static_cast<int>(state.range(0))});
  camera->configure(
      {.exposure_s = 1e-3, .frame_period_s = 1.0 / static_cast<double>(state.range(1))});
  std::vector<std::uint16_t> pixels(count);
  camera->start(0);
  std::int64_t whole = 0;
  std::int64_t broken = 0;
  for (auto _ : state) {
    const auto frame = camera->next_frame(pixels, from_seconds(1.0), {});
    if (!frame) {
      state.SkipWithError("no frame within a second");
      break;
    }
    (frame->incomplete ? broken : whole) += 1;
  }
  state.SetBytesProcessed(whole * static_cast<std::int64_t>(sizeof(std::uint16_t) * count));
  state.counters["incomplete"] =
      static_cast<double>(broken) / static_cast<double>(std::max<std::int64_t>(whole + broken, 1));
  state.counters["frame_rate"] =
      benchmark::Counter(static_cast<double>(whole), benchmark::Counter::kIsRate);
}
BENCHMARK(gige_vision_stream)
    ->ArgNames({"packet", "asked_hz"})
    ->ArgsProduct({{1400, 9000}, {100, 400}})
    ->UseRealTime()
    ->MinTime(2.0)
    ->Unit(benchmark::kMillisecond);

}  // namespace
