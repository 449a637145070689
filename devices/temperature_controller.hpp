// A heated or cooled sample stage with its controller.
#pragma once

#include <stop_token>

#include "base/clock.hpp"
#include "devices/device.hpp"

namespace halotwin::devices {

class TemperatureController : public Device {
 public:
  [[nodiscard]] virtual Range range_k() const = 0;
  /// Fastest change that the controller makes [K/s].
  [[nodiscard]] virtual double max_rate_k_per_s() const = 0;
  /// Starts to go to `temperature_k` and returns; DeviceError outside of range_k().
  virtual void set_target_k(double temperature_k) = 0;
  [[nodiscard]] virtual double target_k() const = 0;
  /// Of the sensor now.
  [[nodiscard]] virtual double temperature_k() = 0;
  /// Waits until the sensor has stayed within `tolerance_k` of the target for `hold`; false if
  /// `timeout` came first. Throws Interrupted on a stop.
  virtual bool wait_stable(double tolerance_k,
                           Duration hold,
                           Duration timeout,
                           const std::stop_token& stop) = 0;
};

}  // namespace halotwin::devices
