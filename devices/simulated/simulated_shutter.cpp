#include "devices/simulated/simulated_shutter.hpp"

#include <algorithm>
#include <cmath>

#include "base/require.hpp"
#include "devices/simulated/simulated_lock_in.hpp"

namespace halotwin::devices::simulated {

void validate(const ShutterParams& p) {
  require_range("travel_time_s", p.travel_time_s, 1.0e-6, 60.0);
}

SimulatedShutter::SimulatedShutter(sim::World& world, const ShutterParams& params, std::string role)
    : world_(&world), params_(params), role_(std::move(role)) {
  validate(params_);
}

Identity SimulatedShutter::identity() const {
  return {"halotwin", "simulated shutter", "twin-" + role_, "", "sim:"};
}

Duration SimulatedShutter::left() const {
  return std::max(end_ - world_->clock().now(), Duration::zero());
}

double SimulatedShutter::open_fraction() const {
  const double to_go = seconds(left()) / params_.travel_time_s;
  return std::clamp(target_fraction_ > 0.5 ? 1.0 - to_go : to_go, 0.0, 1.0);
}

void SimulatedShutter::move_to(double fraction) {
  const double way = std::abs(fraction - open_fraction());
  target_fraction_ = fraction;
  end_ = world_->clock().now() + from_seconds(way * params_.travel_time_s);
}

void SimulatedShutter::start_open() {
  strike(*world_, role_, "open");
  move_to(1.0);
}

void SimulatedShutter::start_close() {
  strike(*world_, role_, "close");
  move_to(0.0);
}

ShutterState SimulatedShutter::state() {
  strike(*world_, role_, "state");
  if (left() > Duration::zero()) {
    return ShutterState::moving;
  }
  return target_fraction_ > 0.5 ? ShutterState::open : ShutterState::closed;
}

bool SimulatedShutter::wait(Duration timeout, const std::stop_token& stop) {
  strike(*world_, role_, "wait");
  const Duration needed = left();
  world_->clock().sleep(std::min(needed, timeout), stop);
  return needed <= timeout;
}

void SimulatedShutter::make_safe() {
  strike(*world_, role_, "make safe");
  move_to(0.0);
  world_->clock().sleep(left());
}

}  // namespace halotwin::devices::simulated
