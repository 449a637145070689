#include "devices/simulated/probe_tip.hpp"

#include <algorithm>
#include <cmath>

#include "base/require.hpp"

namespace halotwin::devices::simulated {

namespace {

constexpr double steps_per_doubling = 256.0;
constexpr double cone_heights_per_radius = 12.0;  // validate(TipParams) wants ten

}  // namespace

ProbeTip::ProbeTip(const physics::TipParams& fresh, const physics::TipWearParams& wear)
    : fresh_(fresh), wear_(wear), radius_m_(fresh.apex_radius_m) {}

void ProbeTip::use(double taps, double load_n, double path_m) {
  if (wear_.on) {
    radius_m_ = physics::worn_radius_m(
        fresh_.half_cone_angle_deg,
        radius_m_,
        physics::tapping_wear_m3(wear_, taps) + physics::sliding_wear_m3(wear_, load_n, path_m));
  }
}

void ProbeTip::change(double radius_change_m, double potential_change_v) {
  radius_m_ = std::clamp(radius_m_ + radius_change_m,
                         std::min(least_radius_m, fresh_.apex_radius_m),
                         std::max(fresh_.cone_height_m / cone_heights_per_radius, radius_m_));
  potential_v_ += potential_change_v;
}

double ProbeTip::felt_growth_m() const {
  if (radius_m_ == fresh_.apex_radius_m) {
    return 0.0;
  }
  const double doublings = std::log2(radius_m_ / fresh_.apex_radius_m);
  const double felt = std::round(steps_per_doubling * doublings) / steps_per_doubling;
  return fresh_.apex_radius_m * (std::exp2(felt) - 1.0);
}

double ProbeTip::blunter_by_m() const {
  return std::max(radius_m_ - fresh_.apex_radius_m, 0.0);
}

void ProbeTip::load(std::span<const double> state) {
  require(state.size() == save().size(), "the saved state of the tip has a wrong size");
  radius_m_ = state[0];
  potential_v_ = state[1];
}

}  // namespace halotwin::devices::simulated
