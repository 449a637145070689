// Simulated time: an operation costs what it would cost at the instrument, and no more of the
// computer's.
#pragma once

#include <functional>

#include "base/clock.hpp"

namespace halotwin::sim {

/// Sleeping advances the world by exactly the time slept. With `pace` > 0 it also waits, so that
/// simulated time runs at `pace` times the real one (1 = live, 10 = ten times faster).
class VirtualClock final : public Clock {
 public:
  explicit VirtualClock(std::function<void(Duration)> advance, double pace = 0.0);
  [[nodiscard]] Duration now() const override { return now_; }
  void sleep(Duration duration, const std::stop_token& stop = {}) override;
  [[nodiscard]] ClockKind kind() const override {
    return pace_ > 0.0 ? ClockKind::paced : ClockKind::virtual_time;
  }
  /// For resuming a run.
  void set(Duration now) { now_ = now; }

 private:
  std::function<void(Duration)> advance_;
  double pace_;
  WallClock wall_;
  Duration now_{};
};

}  // namespace halotwin::sim
