// Waiting for an instrument that only answers when it is asked.
#pragma once

#include <algorithm>
#include <stop_token>

#include "base/clock.hpp"
#include "base/errors.hpp"

namespace halotwin::devices {

/// Asks `done()` now and then every `period` until it is true; false if `timeout` came first.
/// Throws Interrupted on a stop.
template <class Done>
bool poll_until(Clock& clock,
                Duration period,
                Duration timeout,
                const std::stop_token& stop,
                const Done& done) {
  const Duration begin = clock.now();
  for (;;) {
    if (stop.stop_requested()) {
      throw Interrupted("stopped on request");
    }
    if (done()) {
      return true;
    }
    const Duration left = timeout - (clock.now() - begin);
    if (left <= Duration::zero()) {
      return false;
    }
    clock.sleep(std::min(left, period), stop);
  }
}

}  // namespace halotwin::devices
