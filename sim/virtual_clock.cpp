#include "sim/virtual_clock.hpp"

#include "base/errors.hpp"
#include "base/require.hpp"

namespace halotwin::sim {

VirtualClock::VirtualClock(std::function<void(Duration)> advance, double pace)
    : advance_(std::move(advance)), pace_(pace) {
  require(pace >= 0.0, "pace", pace, ">= 0 (0 = as fast as possible)");
}

void VirtualClock::sleep(Duration duration, const std::stop_token& stop) {
  if (stop.stop_requested()) {
    throw Interrupted("stopped on request");
  }
  if (duration <= Duration::zero()) {
    return;
  }
  if (pace_ > 0.0) {
    wall_.sleep(from_seconds(seconds(duration) / pace_), stop);
  }
  now_ += duration;
  advance_(duration);
}

}  // namespace halotwin::sim
