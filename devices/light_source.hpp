// A lamp, LED or laser on the sample.
#pragma once

#include "base/clock.hpp"
#include "devices/device.hpp"

namespace halotwin::devices {

struct LightLimits {
  Range irradiance_w_per_m2;
  Range wavelength_m;  // low == high: not tunable
};

struct LightSettings {
  bool on = false;
  double irradiance_w_per_m2 = 0.0;  // at the sample
  double wavelength_m = 0.0;
  bool operator==(const LightSettings&) const = default;
};

class LightSource : public Device {
 public:
  [[nodiscard]] virtual LightLimits limits() const = 0;
  virtual LightSettings configure(const LightSettings& wanted) = 0;
  [[nodiscard]] virtual LightSettings settings() const = 0;
};

}  // namespace halotwin::devices
