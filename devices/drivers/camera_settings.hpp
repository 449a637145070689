// What every camera's driver checks before it sets anything.
#pragma once

#include <string>

#include "devices/camera.hpp"

namespace halotwin::devices {

/// The settings with the region's size in numbers, exposure and gain clamped to the limits. Throws
/// DeviceError, for `role`, if a setting is not a number or the region does not fit the sensor.
[[nodiscard]] CameraSettings within(const CameraLimits& limits,
                                    const CameraSettings& wanted,
                                    const std::string& role);

}  // namespace halotwin::devices
