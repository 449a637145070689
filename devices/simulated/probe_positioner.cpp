#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "devices/simulated/probe_parts.hpp"
#include "devices/simulated/simulated_lock_in.hpp"

namespace halotwin::devices::simulated {

ProbePositioner::Limits ProbePositioner::limits() const {
  const double half = 0.5 * s_->params.scan_range_m;
  return {{-half, half}, {-half, half}, s_->params.max_speed_m_per_s};
}

Duration ProbePositioner::start_move(Point target, double speed_m_per_s) {
  s_->strike("move");
  const Limits limit = limits();
  if (std::isnan(speed_m_per_s)) {
    throw DeviceError(s_->role, "move", "the speed is not a number", Retry::no);
  }
  if (!limit.x_m.contains(target.x_m) || !limit.y_m.contains(target.y_m)) {
    throw DeviceError(s_->role,
                      "move",
                      fmt::format("({} m, {} m) is outside of the scanner's +-{} m",
                                  target.x_m,
                                  target.y_m,
                                  limit.x_m.high),
                      Retry::no);
  }
  if (!s_->world->specimen().covers(s_->on_sample(target))) {
    throw DeviceError(
        s_->role,
        "move",
        fmt::format(
            "({} m, {} m) is off the modelled film (enlarge specimen.microstructure.width_m, "
            "height_m or margin_m)",
            target.x_m,
            target.y_m),
        Retry::no);
  }
  const double speed = std::min(speed_m_per_s > 0.0 ? speed_m_per_s : limit.max_speed_m_per_s,
                                limit.max_speed_m_per_s);
  const Point start = s_->now_at();
  const Duration needed =
      from_seconds(std::hypot(target.x_m - start.x_m, target.y_m - start.y_m) / speed);
  s_->motion.move(target, s_->world->clock().now(), needed);
  ++s_->place;
  return needed;
}

bool ProbePositioner::wait_move(Duration timeout, const std::stop_token& stop) {
  const Duration left = s_->motion.end() - s_->world->clock().now();
  s_->world->clock().sleep(std::clamp(left, Duration::zero(), timeout), stop);
  s_->settle();
  return left <= timeout;
}

void ProbePositioner::stop_move() {
  s_->motion.stop(s_->world->clock().now());
  s_->settle();
}

}  // namespace halotwin::devices::simulated
