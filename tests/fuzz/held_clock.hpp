// A clock of its own time: sleeping costs nothing.
#pragma once

#include "base/clock.hpp"
#include "tests/fuzz/target.hpp"

namespace halotwin::fuzz {

class HeldClock final : public Clock {
 public:
  [[nodiscard]] Duration now() const override { return now_; }
  void sleep(Duration duration, const std::stop_token&) override {
    expect(duration < std::chrono::hours(100'000) - now_, "nobody sleeps for years");
    now_ += std::max(duration, Duration::zero());
  }
  [[nodiscard]] ClockKind kind() const override { return ClockKind::virtual_time; }

 private:
  Duration now_{};
};

}  // namespace halotwin::fuzz
