// Time as devices and procedures see it. Only a Clock knows what time it is.
#pragma once

#include <chrono>
#include <cstdint>
#include <stop_token>
#include <string>

namespace halotwin {

/// Time since the start of the run; 64 bits of nanoseconds reach 292 years.
using Duration = std::chrono::nanoseconds;

[[nodiscard]] constexpr double seconds(Duration d) {
  return std::chrono::duration<double>(d).count();
}

/// Nearest nanosecond to `time_s`; throws ParameterError beyond 292 years and for NaN.
[[nodiscard]] Duration from_seconds(double time_s);

enum class ClockKind { virtual_time, paced, wall };

/// The clock of a bench: virtual (as fast as the processor allows), paced (a multiple of real time)
/// or the wall clock.
class Clock {
 public:
  virtual ~Clock() = default;
  /// Time since the start of the run.
  [[nodiscard]] virtual Duration now() const = 0;
  /// Returns after `duration` of this clock, or throws Interrupted as soon as `stop` is requested.
  virtual void sleep(Duration duration, const std::stop_token& stop = {}) = 0;
  [[nodiscard]] virtual ClockKind kind() const = 0;
  /// Whether time stands still until somebody sleeps and the instruments can do that themselves,
  /// among their commands (devices/drivers/served_clock.hpp): of a served twin only.
  [[nodiscard]] virtual bool stands_at_instruments() const { return false; }

 protected:
  Clock() = default;
  Clock(const Clock&) = default;
  Clock& operator=(const Clock&) = default;
};

/// The computer's monotonic clock, for real instruments.
class WallClock final : public Clock {
 public:
  WallClock();
  [[nodiscard]] Duration now() const override;
  void sleep(Duration duration, const std::stop_token& stop = {}) override;
  [[nodiscard]] ClockKind kind() const override { return ClockKind::wall; }

 private:
  std::chrono::steady_clock::time_point start_;
};

/// ISO 8601 text in UTC with microseconds, e.g. "2026-01-02T03:04:05.123456+00:00".
[[nodiscard]] std::string iso8601(std::chrono::nanoseconds since_epoch);

/// The time of day of the computer, since 1970-01-01 UTC. For file stamps only: nothing computed
/// may depend on it.
[[nodiscard]] std::chrono::nanoseconds time_of_day();

}  // namespace halotwin
