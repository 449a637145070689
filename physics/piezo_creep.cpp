#include "physics/piezo_creep.hpp"

#include <algorithm>
#include <cmath>

#include "base/require.hpp"

namespace halotwin::physics {

namespace {

constexpr double relaxations_per_decade = 2.0;
constexpr double fastest_of_start = 0.1;  // exp(-t0 / tau) is 5e-5 there
constexpr double longest_decades = 10.0;

}  // namespace

void validate(const PiezoCreepParams& p) {
  require_range("per_decade", p.per_decade, 0.0, 0.1);
  require_range("start_s", p.start_s, 1e-4, 1e3);
  require(p.end_s >= 10.0 * p.start_s && p.end_s <= std::pow(10.0, longest_decades) * p.start_s,
          "end_s",
          p.end_s,
          "from 10 to 1e10 times start_s");
}

PiezoCreep::PiezoCreep(const PiezoCreepParams& p) {
  validate(p);
  const double decades = std::log10(p.end_s / (fastest_of_start * p.start_s));
  count_ = 1 + static_cast<std::size_t>(std::floor(relaxations_per_decade * decades + 1e-9));
  for (std::size_t k = 0; k < count_; ++k) {
    const double tau = fastest_of_start * p.start_s *
                       std::pow(10.0, static_cast<double>(k) / relaxations_per_decade);
    time_s_[k] = tau;
    weight_[k] = p.per_decade / relaxations_per_decade * std::exp(-p.start_s / tau);
  }
}

void PiezoCreep::advance(State& state, double from_m, double to_m, double duration_s) const {
  if (!(duration_s > 0.0)) {
    return;
  }
  const double speed = (to_m - from_m) / duration_s;
  for (std::size_t k = 0; k < count_; ++k) {
    // q(t) = q0 + (u0 - q0) (1 - e) + s (t - tau (1 - e)),   e = exp(-t / tau)
    const double gone = -std::expm1(-duration_s / time_s_[k]);
    state[k] += (from_m - state[k]) * gone + speed * (duration_s - time_s_[k] * gone);
  }
}

double PiezoCreep::deviation_m(const State& state) const {
  double sum = 0.0;
  for (std::size_t k = 0; k < count_; ++k) {
    sum += weight_[k] * state[k];
  }
  return sum;
}

PiezoCreep::State PiezoCreep::settled(double position_m) const {
  State state{};
  std::fill_n(state.begin(), count_, position_m);
  return state;
}

}  // namespace halotwin::physics
