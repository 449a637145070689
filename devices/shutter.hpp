// A beam or light shutter.
#pragma once

#include <stop_token>

#include "base/clock.hpp"
#include "devices/device.hpp"

namespace halotwin::devices {

enum class ShutterState { closed, open, moving, fault };

class Shutter : public Device {
 public:
  virtual void start_open() = 0;
  virtual void start_close() = 0;
  [[nodiscard]] virtual ShutterState state() = 0;
  /// Waits until it no longer moves; false if `timeout` came first. Throws Interrupted on a stop.
  virtual bool wait(Duration timeout, const std::stop_token& stop) = 0;
};

}  // namespace halotwin::devices
