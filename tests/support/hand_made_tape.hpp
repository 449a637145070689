// Tapes that are written by hand, of a laboratory of the little that is asked here.
#pragma once

#include <filesystem>
#include <functional>
#include <string>

#include <gtest/gtest.h>
#include <unistd.h>

#include "devices/device.hpp"
#include "devices/replay/taped_devices.hpp"
#include "sim/virtual_clock.hpp"

namespace halotwin::test {

/// A tip and a lock-in that counts its readings.
struct Laboratory {
  devices::Tape& tape;
  Clock& clock;  // the tape's
  double counted = 0.0;

  void move(double x_m, double speed_m_per_s = 1e-6) {
    tape.call(
        "afm", "positioner.start_move", [] { return Duration(5); }, Point{x_m, 0.0}, speed_m_per_s);
    clock.sleep(from_seconds(1.0));
    tape.call(
        "afm", "positioner.wait_move", [] { return true; }, Duration(9));
  }
  void set_gain(double gain) {
    tape.call(
        "afm", "height.configure", [] {}, gain);
  }
  void approach() {
    tape.call(
        "afm", "height.approach", [] {}, Duration(1));
  }
  void withdraw() {
    tape.call(
        "afm", "height.withdraw", [] {}, 1e-7, Duration(1));
  }
  void set_bias(double bias_v) {
    tape.call(
        "lockin", "set_output", [] {}, bias_v);
  }
  void set_channel(int channel, double bias_v) {
    tape.call(
        "lockin", "set_aux_output", [] {}, channel, bias_v);
  }
  devices::LockInReading read() {
    return tape.call("lockin", "read", [&] {
      counted += 1.0;
      return devices::LockInReading{.time = clock.now(), .x_v = counted};
    });
  }
  void fail() {
    tape.call("afm", "height.engaged", [&]() -> bool {
      throw devices::DeviceError(
          "afm", "engaged", "cold at " + std::to_string(counted), devices::Retry::yes);
    });
  }
  double visit(double x_m) {
    move(x_m);
    return read().x_v;
  }
};

class HandMadeTape : public testing::Test {
 protected:
  HandMadeTape() { std::filesystem::create_directories(folder_); }
  ~HandMadeTape() override { std::filesystem::remove_all(folder_); }

  using Work = std::function<void(Laboratory&)>;
  [[nodiscard]] std::filesystem::path file() const { return folder_ / "a.tape"; }
  void record(const Work& work) const {
    std::filesystem::remove(file());
    sim::VirtualClock clock([](Duration) {});
    const auto tape = devices::Tape::record(file(), {}, clock);
    const auto taped = devices::taped_clock(&clock, *tape);
    Laboratory laboratory{*tape, *taped};
    work(laboratory);
  }
  void replay(const Work& work, double nearest_m = 1e-9) const {
    const auto tape = devices::Tape::replay(file(), {.nearest_m = nearest_m});
    const auto taped = devices::taped_clock(nullptr, *tape);
    Laboratory laboratory{*tape, *taped};
    work(laboratory);
  }
  [[nodiscard]] std::string refusal(const Work& work, double nearest_m = 1e-9) const {
    try {
      replay(work, nearest_m);
    } catch (const devices::DeviceError& error) {
      return error.what();
    }
    return "none";
  }

 private:
  std::filesystem::path folder_ =
      std::filesystem::temp_directory_path() / ("halotwin_tape_points_" + std::to_string(getpid()));
};

}  // namespace halotwin::test
