// When exposures began, from when their frames came.
#pragma once

#include <algorithm>
#include <optional>

#include "base/clock.hpp"

namespace halotwin::devices {

/// Times of one series. The camera's own times are exact but of a clock of its own; when a frame
/// came says when its exposure began at the latest. So the camera's times are shifted such that the
/// frame that came soonest came at once.
class ExposureTimes {
 public:
  explicit ExposureTimes(Duration started_at) : last_(started_at - Duration(1)) {}

  /// Start of the next frame's exposure: `latest` by its arrival, `camera` by the camera's clock,
  /// where it tells. Never before the series, always after the frame before.
  Duration next(Duration latest, std::optional<Duration> camera) {
    Duration begin = latest;
    if (camera && (!shift_ || *camera > camera_last_)) {
      shift_ = shift_ ? std::min(*shift_, latest - *camera) : latest - *camera;
      begin = *camera + *shift_;
    }
    camera_last_ = camera.value_or(Duration::zero());
    last_ = std::max(begin, last_ + Duration(1));
    return last_;
  }

 private:
  Duration last_;
  Duration camera_last_{};
  std::optional<Duration> shift_;  // from the camera's clock to ours
};

}  // namespace halotwin::devices
