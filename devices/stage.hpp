// A motorised stage of one or more axes (TANGO motors, piezo stages).
#pragma once

#include <cstddef>
#include <stop_token>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "devices/device.hpp"

namespace halotwin::devices {

struct StageAxis {
  std::string name;  // "x", "y", "z", "theta"
  std::string unit;  // "m" or "rad"
  Range range;
  double max_speed_per_s = 0.0;
  double tolerance = 0.0;  // a move ends this close to its target
};

/// limit: stands at an end of its range or at a switch there; fault: needs a person.
enum class AxisState { standing, moving, limit, fault };

class Stage : public Device {
 public:
  [[nodiscard]] virtual std::vector<StageAxis> axes() const = 0;
  [[nodiscard]] virtual double position(std::size_t axis) = 0;
  /// Speed of the moves that start from now on; the applied value, at most the axis' maximum.
  virtual double set_speed(std::size_t axis, double speed_per_s) = 0;
  [[nodiscard]] virtual double speed(std::size_t axis) = 0;
  /// Starts a move and returns.
  virtual void start_move(std::size_t axis, double target) = 0;
  [[nodiscard]] virtual AxisState state(std::size_t axis) = 0;
  /// Waits until the axis no longer moves; false if `timeout` came first. Throws Interrupted on a
  /// stop.
  virtual bool wait(std::size_t axis, Duration timeout, const std::stop_token& stop) = 0;
  virtual void stop_move(std::size_t axis) = 0;
};

}  // namespace halotwin::devices
