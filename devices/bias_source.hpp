// A voltage source with current reading: source meters, beamline supplies.
#pragma once

#include "base/clock.hpp"
#include "devices/device.hpp"

namespace halotwin::devices {

struct BiasLimits {
  Range voltage_v;
  double max_compliance_a = 0.0;
  double max_ramp_v_per_s = 0.0;  // 0 = steps at once
};

struct BiasSettings {
  bool on = false;
  double voltage_v = 0.0;     // of the sample against ground
  double ramp_v_per_s = 0.0;  // 0 = as fast as the source goes
  double compliance_a = 1.0e-3;
  bool operator==(const BiasSettings&) const = default;
};

struct BiasReading {
  Duration time{};
  double voltage_v = 0.0;
  double current_a = 0.0;
  bool compliance = false;  // the current limit holds the voltage down
};

class BiasSource : public Device {
 public:
  [[nodiscard]] virtual BiasLimits limits() const = 0;
  /// Starts the change and returns the applied settings; ramping() says whether it still goes on.
  virtual BiasSettings configure(const BiasSettings& wanted) = 0;
  [[nodiscard]] virtual BiasSettings settings() const = 0;
  [[nodiscard]] virtual bool ramping() = 0;
  [[nodiscard]] virtual BiasReading read() = 0;
};

}  // namespace halotwin::devices
