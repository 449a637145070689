// A short series of frames that is looked at as a whole: dark frames, a position of a focus check.
#pragma once

#include <cstdint>
#include <functional>
#include <span>
#include <stop_token>
#include <vector>

#include "devices/camera.hpp"

namespace halotwin::scenarios {

/// How long beyond some frame periods a frame may take [s].
inline constexpr double frame_patience_s = 10.0;
[[nodiscard]] Duration frame_timeout(double frame_period_s);

/// Takes `count` frames with the camera's present settings and hands on those that come whole; how
/// many these were. `buffer` holds one frame.
int take_frames(devices::Camera& camera,
                int count,
                std::span<std::uint16_t> buffer,
                const std::stop_token& stop,
                const std::function<void(std::span<const std::uint16_t>)>& whole_frame);

}  // namespace halotwin::scenarios
