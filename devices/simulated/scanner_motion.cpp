#include "devices/simulated/scanner_motion.hpp"

#include <algorithm>

#include "base/require.hpp"

namespace halotwin::devices::simulated {

namespace {

constexpr std::size_t relaxations = physics::PiezoCreep::max_relaxations;
constexpr std::size_t saved_values = 8 + 2 * relaxations;
constexpr std::int64_t ns_per_s = 1'000'000'000;

}  // namespace

ScannerMotion::ScannerMotion(const physics::PiezoCreepParams* creep)
    : creeps_(creep != nullptr && creep->per_decade > 0.0),
      creep_(creep != nullptr ? *creep : physics::PiezoCreepParams{}) {}

Point ScannerMotion::told(Duration now) const {
  if (now >= end_) {
    return to_;
  }
  const double part = seconds(now - start_) / seconds(end_ - start_);
  return {from_.x_m + part * (to_.x_m - from_.x_m), from_.y_m + part * (to_.y_m - from_.y_m)};
}

// The relaxations now: the part of the move that is done, then standing still.
ScannerMotion::Axes ScannerMotion::relaxed(Duration now) const {
  if (now >= end_) {
    Axes axes = at_end_;
    creep_.advance(axes.x, to_.x_m, to_.x_m, seconds(now - end_));
    creep_.advance(axes.y, to_.y_m, to_.y_m, seconds(now - end_));
    return axes;
  }
  Axes axes = at_start_;
  const Point here = told(now);
  creep_.advance(axes.x, from_.x_m, here.x_m, seconds(now - start_));
  creep_.advance(axes.y, from_.y_m, here.y_m, seconds(now - start_));
  return axes;
}

void ScannerMotion::finish_move() {
  at_end_ = at_start_;
  creep_.advance(at_end_.x, from_.x_m, to_.x_m, seconds(end_ - start_));
  creep_.advance(at_end_.y, from_.y_m, to_.y_m, seconds(end_ - start_));
}

void ScannerMotion::move(Point target, Duration now, Duration duration) {
  const Point here = told(now);
  if (creeps_) {
    at_start_ = relaxed(now);
  }
  from_ = here;
  to_ = target;
  start_ = now;
  end_ = now + duration;
  if (creeps_) {
    finish_move();
  }
}

Point ScannerMotion::creep(Duration now) const {
  if (!creeps_) {
    return {};
  }
  const Axes axes = relaxed(now);
  return {creep_.deviation_m(axes.x), creep_.deviation_m(axes.y)};
}

std::vector<double> ScannerMotion::save() const {
  std::vector<double> state{from_.x_m, from_.y_m, to_.x_m, to_.y_m};
  for (const Duration time : {start_, end_}) {
    const std::int64_t whole_s = time.count() / ns_per_s;
    const std::int64_t rest_ns = time.count() % ns_per_s;
    state.push_back(static_cast<double>(whole_s));
    state.push_back(static_cast<double>(rest_ns));
  }
  state.insert(state.end(), at_start_.x.begin(), at_start_.x.end());
  state.insert(state.end(), at_start_.y.begin(), at_start_.y.end());
  return state;
}

void ScannerMotion::load(std::span<const double> state) {
  require(state.size() == saved_values, "the saved state of the scanner has a wrong size");
  from_ = {state[0], state[1]};
  to_ = {state[2], state[3]};
  const auto time = [&](std::size_t i) {
    return Duration(static_cast<std::int64_t>(state[i]) * ns_per_s +
                    static_cast<std::int64_t>(state[i + 1]));
  };
  start_ = time(4);
  end_ = time(6);
  const auto axes = state.subspan(8);
  std::copy_n(axes.begin(), relaxations, at_start_.x.begin());
  std::copy_n(axes.begin() + relaxations, relaxations, at_start_.y.begin());
  if (creeps_) {
    finish_move();
  }
}

}  // namespace halotwin::devices::simulated
