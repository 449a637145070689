// The cooler of an Andor camera's sensor.
#pragma once

#include <optional>

#include "devices/drivers/andor_link.hpp"

namespace halotwin::devices::andor {

class Cooler {
 public:
  /// `there`: whether the camera has one. Leaves it as it is.
  Cooler(Link& link, bool there) : link_(link), there_(there) {}

  /// Sets the target, rounded to whole degrees Celsius, and switches the cooler on.
  void set_target_k(double temperature_k);
  [[nodiscard]] double temperature_k();
  [[nodiscard]] bool stable();
  /// Throws (Retry::yes) if a target was set and the sensor is not stable there.
  void require_cold(const char* operation);

 private:
  struct Reading {
    double temperature_k;
    Code state;
  };
  [[nodiscard]] Reading read();
  void require_there(const char* operation) const;

  Link& link_;
  bool there_;
  std::optional<double> target_k_;
};

}  // namespace halotwin::devices::andor
