// Follow Me.
#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "base/errors.hpp"
#include "devices/drivers/nanonis_parts.hpp"

namespace halotwin::devices {

namespace {

using nanonis::Reader;
using nanonis::Writer;

constexpr Duration between_looks = std::chrono::milliseconds(20);
constexpr double longest_move_s = 1.0e6;
constexpr double not_known = std::numeric_limits<double>::quiet_NaN();

}  // namespace

NanonisPositioner::NanonisPositioner(NanonisLink& link, const NanonisParams& params)
    : link_(&link), tolerance_m_(params.arrival_tolerance_m) {
  const std::array<double, 3> range_m =
      link.ask("open", "Piezo.RangeGet", Writer(), [](Reader& in) {
        const double x_m = nanonis::finite_f32(in);
        const double y_m = nanonis::finite_f32(in);
        return std::array<double, 3>{x_m, y_m, nanonis::finite_f32(in)};
      });
  for (const double range : range_m) {
    if (!(range > 0.0)) {
      link.garbled("open", "Piezo.RangeGet", fmt::format("a range of {} m", range));
    }
  }
  limits_ = {{-0.5 * range_m[0], 0.5 * range_m[0]},
             {-0.5 * range_m[1], 0.5 * range_m[1]},
             params.max_speed_m_per_s};
}

Point NanonisPositioner::position() const {
  return link_->ask("read position", "FolMe.XYPosGet", Writer().u32(1), [](Reader& in) -> Point {
    const double x_m = nanonis::finite_f64(in);
    return {x_m, nanonis::finite_f64(in)};
  });
}

Duration NanonisPositioner::start_move(Point target, double speed_m_per_s) {
  constexpr const char* operation = "move";
  if (std::isnan(speed_m_per_s)) {
    link_->refuse(operation, "the speed is not a number");
  }
  if (!limits_.x_m.contains(target.x_m) || !limits_.y_m.contains(target.y_m)) {
    link_->refuse(operation,
                  fmt::format("({} m, {} m) is outside of the scanner's +-{} m, +-{} m",
                              target.x_m,
                              target.y_m,
                              limits_.x_m.high,
                              limits_.y_m.high));
  }
  const double wanted = speed_m_per_s > 0.0 ? std::min(speed_m_per_s, limits_.max_speed_m_per_s)
                                            : limits_.max_speed_m_per_s;
  link_->tell(operation, "FolMe.SpeedSet", Writer().f32(wanted).u32(1));
  const double speed = link_->ask(operation, "FolMe.SpeedGet", Writer(), [](Reader& in) {
    const double value = nanonis::finite_f32(in);
    return in.u32() == 1 ? value : not_known;
  });
  if (!(speed > 0.0)) {
    link_->refuse(operation, "the controller does not take the speed");
  }
  const Point from = position();
  const double time_s = std::hypot(target.x_m - from.x_m, target.y_m - from.y_m) / speed;
  if (!(time_s < longest_move_s)) {
    link_->refuse(operation,
                  fmt::format("from ({} m, {} m), with {} m/s, it would take {} s",
                              from.x_m,
                              from.y_m,
                              speed,
                              time_s));
  }
  link_->tell(operation, "FolMe.XYPosSet", Writer().f64(target.x_m).f64(target.y_m).u32(0));
  const Duration needed = from_seconds(time_s);
  target_ = target;
  end_ = link_->clock().now() + needed;
  return needed;
}

bool NanonisPositioner::wait_move(Duration timeout, const std::stop_token& stop) {
  if (stop.stop_requested()) {
    throw Interrupted("stopped on request");
  }
  Clock& clock = link_->clock();
  const Duration start = clock.now();
  while (target_) {
    const Duration now = clock.now();
    if (now >= end_) {
      const Point at = position();
      if (std::hypot(at.x_m - target_->x_m, at.y_m - target_->y_m) <= tolerance_m_) {
        target_.reset();
        break;
      }
    }
    const Duration left = timeout - (now - start);
    if (left <= Duration::zero()) {
      return false;
    }
    clock.sleep(std::min(left, std::max(end_ - now, between_looks)), stop);
  }
  return true;
}

void NanonisPositioner::stop_move() {
  link_->tell("stop move", "FolMe.Stop", Writer());
  target_.reset();
}

}  // namespace halotwin::devices
