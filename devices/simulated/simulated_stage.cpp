#include "devices/simulated/simulated_stage.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/random.hpp"
#include "base/require.hpp"
#include "devices/simulated/simulated_lock_in.hpp"

namespace halotwin::devices::simulated {

void validate(const StageAxisParams& p) {
  require(!p.name.empty(), "name of a stage axis is empty (e.g. \"x\")");
  require(p.unit == "m" || p.unit == "rad", "unit of a stage axis must be \"m\" or \"rad\"");
  require(std::isfinite(p.low), "low", p.low, "finite");
  require(std::isfinite(p.high) && p.high > p.low, "high", p.high, "> low");
  require(std::isfinite(p.start), "start", p.start, "finite");
  require_positive("speed_per_s", p.speed_per_s);
  require_range("overshoot", p.overshoot, 0.0, 0.1 * (p.high - p.low));
  require_positive("settling_time_s", p.settling_time_s);
  require_positive("tolerance", p.tolerance);
  require_range("repeatability", p.repeatability, 0.0, 0.5 * p.tolerance);
  require_range("backlash", p.backlash, 0.0, 0.1 * (p.high - p.low));
}

void validate(const StageParams& p) {
  require(!p.axes.empty(), "a stage needs at least one axis");
  require(p.axes.size() <= 64, "a stage has at most 64 axes");
  for (const StageAxisParams& axis : p.axes) {
    validate(axis);
  }
}

SimulatedStage::SimulatedStage(sim::World& world,
                               const StageParams& params,
                               std::string role,
                               std::uint32_t number)
    : world_(&world),
      params_(params),
      role_(std::move(role)),
      number_(number),
      motions_(params.axes.size()) {
  validate(params_);
  for (std::size_t i = 0; i < motions_.size(); ++i) {
    const StageAxisParams& axis = params_.axes[i];
    const double start = std::clamp(axis.start, axis.low, axis.high);
    motions_[i].from = start;
    motions_[i].end = start;
    motions_[i].speed_per_s = params_.axes[i].speed_per_s;
  }
}

Identity SimulatedStage::identity() const {
  return {"halotwin", "simulated stage", "twin-" + role_, "", "sim:"};
}

std::vector<StageAxis> SimulatedStage::axes() const {
  std::vector<StageAxis> all;
  for (const StageAxisParams& p : params_.axes) {
    all.push_back({p.name, p.unit, {p.low, p.high}, p.speed_per_s, p.tolerance});
  }
  return all;
}

const SimulatedStage::Motion& SimulatedStage::motion(std::size_t axis,
                                                     const char* operation) const {
  strike(*world_, role_, operation);
  if (axis >= motions_.size()) {
    throw DeviceError(role_,
                      operation,
                      fmt::format("no axis {} (there are {})", axis, motions_.size()),
                      Retry::no);
  }
  return motions_[axis];
}

double SimulatedStage::encoder(const Motion& m, const StageAxisParams& p) const {
  const Duration now = world_->clock().now();
  if (now >= m.standing) {
    return m.end;
  }
  if (now >= m.travelled) {
    return m.end + m.overshoot * std::exp(-seconds(now - m.travelled) / p.settling_time_s);
  }
  const double part = seconds(now - m.start) / seconds(m.travelled - m.start);
  return m.from + part * (m.end + m.overshoot - m.from);
}

double SimulatedStage::position(std::size_t axis) {
  const Motion& m = motion(axis, "position");  // refuses an axis that is not there
  return encoder(m, params_.axes[axis]);
}

double SimulatedStage::true_position(std::size_t axis) const {
  const Motion& m = motions_.at(axis);
  return encoder(m, params_.axes[axis]) - 0.5 * m.direction * params_.axes[axis].backlash;
}

double SimulatedStage::set_speed(std::size_t axis, double speed_per_s) {
  static_cast<void>(motion(axis, "set speed"));
  if (!(speed_per_s > 0.0)) {
    throw DeviceError(role_, "set speed", fmt::format("{} (must be > 0)", speed_per_s), Retry::no);
  }
  motions_[axis].speed_per_s = std::min(speed_per_s, params_.axes[axis].speed_per_s);
  return motions_[axis].speed_per_s;
}

double SimulatedStage::speed(std::size_t axis) {
  return motion(axis, "speed").speed_per_s;
}

void SimulatedStage::start_move(std::size_t axis, double target) {
  Motion next = motion(axis, "move");
  const StageAxisParams& p = params_.axes[axis];
  if (!(target >= p.low && target <= p.high)) {
    throw DeviceError(
        role_,
        "move",
        fmt::format(
            "{} {} is outside of axis {} ({} to {})", target, p.unit, p.name, p.low, p.high),
        Retry::no);
  }
  RandomStream draw(world_->seed(),
                    Purpose::stage_jitter,
                    number_ * 64U + static_cast<std::uint32_t>(axis),
                    ++next.moves);
  const double error =
      std::clamp(p.repeatability * draw.normal(), -0.5 * p.tolerance, 0.5 * p.tolerance);
  next.from = encoder(next, p);
  next.end = target + error;
  const double way = next.end - next.from;
  next.direction = way < 0.0 ? -1.0 : 1.0;
  next.overshoot = next.direction * std::min(p.overshoot, 0.1 * std::abs(way));
  next.start = world_->clock().now();
  next.travelled = next.start + from_seconds(std::abs(way + next.overshoot) / next.speed_per_s);
  const double excess = std::abs(next.overshoot) / (0.5 * p.tolerance);
  next.standing =
      next.travelled + from_seconds(excess > 1.0 ? p.settling_time_s * std::log(excess) : 0.0);
  motions_[axis] = next;
  tell(axis);
}

void SimulatedStage::tell(std::size_t axis) const {
  const Motion& m = motions_[axis];
  if (listener_) {
    listener_({axis, m.start, m.standing, m.from, m.end, m.direction < 0.0});
  }
}

AxisState SimulatedStage::state(std::size_t axis) {
  const Motion& m = motion(axis, "state");
  if (world_->clock().now() < m.standing) {
    return AxisState::moving;
  }
  const StageAxisParams& p = params_.axes[axis];
  const bool at_end = m.end <= p.low + p.tolerance || m.end >= p.high - p.tolerance;
  return at_end ? AxisState::limit : AxisState::standing;
}

bool SimulatedStage::wait(std::size_t axis, Duration timeout, const std::stop_token& stop) {
  const Duration left =
      std::max(motion(axis, "wait").standing - world_->clock().now(), Duration::zero());
  world_->clock().sleep(std::min(left, timeout), stop);
  return left <= timeout;
}

void SimulatedStage::halt(std::size_t axis) {
  Motion& m = motions_[axis];
  m.end = encoder(m, params_.axes[axis]);
  m.from = m.end;
  m.overshoot = 0.0;
  m.start = m.travelled = m.standing = world_->clock().now();
  tell(axis);
}

void SimulatedStage::stop_move(std::size_t axis) {
  static_cast<void>(motion(axis, "stop"));
  halt(axis);
}

void SimulatedStage::make_safe() {
  strike(*world_, role_, "make safe");
  for (std::size_t axis = 0; axis < motions_.size(); ++axis) {
    halt(axis);
  }
}

std::vector<double> SimulatedStage::save() const {
  std::vector<double> state;
  for (const Motion& m : motions_) {
    state.insert(
        state.end(),
        {m.from, m.end, m.overshoot, m.direction, m.speed_per_s, static_cast<double>(m.moves)});
    for (const Duration moment : {m.start, m.travelled, m.standing}) {
      const std::int64_t whole_s = moment.count() / 1'000'000'000;
      const std::int64_t rest_ns = moment.count() % 1'000'000'000;
      state.push_back(static_cast<double>(whole_s));
      state.push_back(static_cast<double>(rest_ns));
    }
  }
  return state;
}

void SimulatedStage::load(std::span<const double> state) {
  constexpr std::size_t of_axis = 12;
  require(state.size() == of_axis * motions_.size(), "the saved state of a stage is damaged");
  for (std::size_t axis = 0; axis < motions_.size(); ++axis) {
    const auto v = state.subspan(of_axis * axis, of_axis);
    const auto moment = [&](std::size_t i) {
      return Duration(static_cast<std::int64_t>(v[i]) * 1'000'000'000 +
                      static_cast<std::int64_t>(v[i + 1]));
    };
    motions_[axis] = {v[0],
                      v[1],
                      v[2],
                      v[3],
                      v[4],
                      moment(6),
                      moment(8),
                      moment(10),
                      static_cast<std::uint64_t>(v[5])};
  }
}

}  // namespace halotwin::devices::simulated
