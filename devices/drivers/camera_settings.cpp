#include "devices/drivers/camera_settings.hpp"

#include <algorithm>
#include <cmath>

namespace halotwin::devices {

CameraSettings within(const CameraLimits& limits,
                      const CameraSettings& wanted,
                      const std::string& role) {
  const auto refuse_unless = [&](bool holds, const char* cause) {
    if (!holds) {
      throw DeviceError(role, "configure", cause, Retry::no);
    }
  };
  refuse_unless(std::isfinite(wanted.exposure_s) && std::isfinite(wanted.frame_period_s) &&
                    std::isfinite(wanted.gain),
                "a setting is not a number");
  CameraSettings all = wanted;
  CameraRegion& r = all.region;
  refuse_unless(r.left < limits.sensor_width && r.top < limits.sensor_height && r.binning >= 1,
                "the region begins outside of the sensor");
  r.width = r.width == 0 ? limits.sensor_width - r.left : r.width;
  r.height = r.height == 0 ? limits.sensor_height - r.top : r.height;
  refuse_unless(r.width <= limits.sensor_width - r.left &&
                    r.height <= limits.sensor_height - r.top && r.width >= r.binning &&
                    r.height >= r.binning,
                "the region does not fit the sensor");
  all.exposure_s = std::clamp(wanted.exposure_s, limits.exposure_s.low, limits.exposure_s.high);
  all.gain = std::clamp(wanted.gain, limits.gain.low, limits.gain.high);
  return all;
}

}  // namespace halotwin::devices
