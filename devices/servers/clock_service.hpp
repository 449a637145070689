// The clock of a served twin, over lines of text: so that a client may drive its time.
//
//   *IDN?         halotwin,clock,0,0
//   SPEED?        times real time at which it runs by itself; 0 = only when a client sleeps
//   TIME?         ns since the start
//   SLEEP <ns>    lets so much time pass; answers TIME? then (at SPEED 0 only)
//
// Anything else is answered by "?".
#pragma once

#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace halotwin::devices {

class ClockService {
 public:
  /// `clock` must outlive it. `speed` >= 0.
  ClockService(Clock& clock, double speed);

  /// What goes back for one line, its end included; "" for an empty one.
  std::string answer(std::string_view line);

 private:
  Clock* clock_;
  double speed_;
};

/// A client may not let more time pass at once [ns]: 1 d.
inline constexpr Duration longest_served_sleep = std::chrono::hours(24);

}  // namespace halotwin::devices
