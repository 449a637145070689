#include "base/clock.hpp"

#include <algorithm>
#include <cmath>
#include <thread>

#include <fmt/chrono.h>
#include <fmt/format.h>

#include "base/errors.hpp"
#include "base/require.hpp"

namespace halotwin {

Duration from_seconds(double time_s) {
  require(std::abs(time_s) < 9.2e9, "time_s", time_s, "within 292 years");
  return Duration(static_cast<std::int64_t>(std::llround(time_s * 1e9)));
}

WallClock::WallClock() : start_(std::chrono::steady_clock::now()) {}

Duration WallClock::now() const {
  return std::chrono::duration_cast<Duration>(std::chrono::steady_clock::now() - start_);
}

void WallClock::sleep(Duration duration, const std::stop_token& stop) {
  const auto until = std::chrono::steady_clock::now() + duration;
  constexpr auto slice = std::chrono::milliseconds(20);
  while (true) {
    if (stop.stop_requested()) {
      throw Interrupted("stopped on request");
    }
    const auto now = std::chrono::steady_clock::now();
    if (now >= until) {
      return;
    }
    std::this_thread::sleep_for(std::min<std::chrono::steady_clock::duration>(slice, until - now));
  }
}

std::string iso8601(std::chrono::nanoseconds since_epoch) {
  const auto whole = std::chrono::floor<std::chrono::seconds>(since_epoch);
  const auto micro =
      std::chrono::duration_cast<std::chrono::microseconds>(since_epoch - whole).count();
  const auto instant = std::chrono::sys_seconds(whole);
  return fmt::format("{:%Y-%m-%dT%H:%M:%S}.{:06d}+00:00",
                     fmt::gmtime(std::chrono::system_clock::to_time_t(instant)),
                     micro);
}

std::chrono::nanoseconds time_of_day() {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(
      std::chrono::system_clock::now().time_since_epoch());
}

}  // namespace halotwin
