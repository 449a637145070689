// What the tests of Andor's driver share: a scripted camera behind the stand-in for the library.
#pragma once

#include <algorithm>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include <gtest/gtest.h>

#include "sim/virtual_clock.hpp"
#include "tests/support/andor_bench.hpp"
#include "tests/support/scripted_camera.hpp"

namespace halotwin::test {

using devices::AndorCamera;
using devices::AndorParams;
using devices::CameraRegion;
using devices::CameraSettings;
using devices::DeviceError;
using devices::FrameInfo;
using devices::Identity;
using devices::Range;
using devices::Retry;
using devices::Trigger;

struct AndorScene {
  AndorScene() : camera(clock, {.ring_buffer_frames = 1000}), bench(camera, clock) {
    shim().readout_s = CameraScript{}.readout_s;
  }
  [[nodiscard]] std::unique_ptr<AndorCamera> open(const AndorParams& params = {}) {
    return bench.open(params);
  }
  [[nodiscard]] ShimCamera& shim() { return bench.shim(); }
  [[nodiscard]] std::optional<FrameInfo> next(AndorCamera& from, double timeout_s = 5.0) {
    return from.next_frame(pixels, from_seconds(timeout_s), {});
  }
  [[nodiscard]] std::ptrdiff_t called(const std::string& function) {
    return std::count(shim().calls.begin(), shim().calls.end(), function);
  }
  /// From now on a function answers so, whatever it is asked.
  void answer(const std::string& function, devices::andor::Code code) {
    shim().before = [=](std::string_view called) {
      return called == function ? code : ShimCamera::go_on;
    };
  }
  /// From now on the first number that a function gives is this.
  void give(const std::string& function, double number) {
    shim().spoil = [=](std::string_view called, double value) {
      return called == function ? number : value;
    };
  }

  sim::VirtualClock clock{[](Duration) {}};
  ScriptedCamera camera;
  AndorBench bench;
  std::vector<std::uint16_t> pixels = std::vector<std::uint16_t>(std::size_t{16} * 12);
};

/// What the driver says when it fails.
inline std::string complaint(const std::function<void()>& call, Retry retry) {
  try {
    call();
  } catch (const DeviceError& error) {
    EXPECT_EQ(error.retry(), retry) << error.what();
    return error.what();
  }
  ADD_FAILURE() << "no DeviceError";
  return {};
}

inline bool says(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

}  // namespace halotwin::test
