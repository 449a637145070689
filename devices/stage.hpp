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

class Stage : public Device {
 public:
  [[nodiscard]] virtual std::vector<StageAxis> axes() const = 0;
  [[nodiscard]] virtual double position(std::size_t axis) = 0;
  /// Starts a move and returns.
  virtual void start_move(std::size_t axis, double target) = 0;
  [[nodiscard]] virtual bool moving(std::size_t axis) = 0;
  /// Waits until the axis stands; false if `timeout` came first. Throws Interrupted on a stop.
  virtual bool wait(std::size_t axis, Duration timeout, const std::stop_token& stop) = 0;
  virtual void stop_move(std::size_t axis) = 0;
};

}  // namespace halotwin::devices
