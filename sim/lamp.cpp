#include "sim/lamp.hpp"

#include <algorithm>
#include <cmath>

#include "base/constants.hpp"
#include "base/random.hpp"
#include "base/require.hpp"

namespace halotwin::sim {

Lamp::Change Lamp::in_force(double time_s) const {
  Change found{};
  for (const Change& change : changes_) {
    if (change.at_s > time_s) {
      break;
    }
    found = change;
  }
  return found;
}

void Lamp::set(double now_s, double irradiance_w_per_m2, double wavelength_m) {
  const Change next{
      now_s, irradiance_w_per_m2, wavelength_m, lit_s(now_s), exposure_j_per_m2(now_s)};
  if (!changes_.empty() && changes_.back().at_s == now_s) {
    changes_.back() = next;
    return;
  }
  changes_.push_back(next);
  if (changes_.size() > kept_changes) {
    changes_.erase(changes_.begin());
  }
}

double Lamp::set_irradiance_w_per_m2(double time_s) const {
  return in_force(time_s).irradiance_w_per_m2;
}

double Lamp::wavelength_m(double time_s) const {
  return in_force(time_s).wavelength_m;
}

double Lamp::lit_s(double time_s) const {
  const Change now = in_force(time_s);
  return now.lit_before_s + (now.irradiance_w_per_m2 > 0.0 ? time_s - now.at_s : 0.0);
}

double Lamp::exposure_j_per_m2(double time_s) const {
  const Change now = in_force(time_s);
  return now.exposure_before_j_per_m2 + now.irradiance_w_per_m2 * (time_s - now.at_s);
}

double Lamp::irradiance_w_per_m2(double time_s) const {
  const Change now = in_force(time_s);
  if (now.irradiance_w_per_m2 == 0.0) {
    return 0.0;
  }
  const double x = time_s / wander_.fluctuation_time_s;
  const double knot = std::floor(x);
  const auto normal_at = [&](double k) {
    return RandomStream(seed_, Purpose::lamp_fluctuation, number_, static_cast<std::uint64_t>(k))
        .normal();
  };
  const double angle = 0.5 * constants::pi * (x - knot);
  const double n = std::cos(angle) * normal_at(knot) + std::sin(angle) * normal_at(knot + 1.0);
  const double relative = 1.0 + wander_.drift_per_s * lit_s(time_s) + wander_.fluctuation_rms * n;
  return now.irradiance_w_per_m2 * std::max(relative, 0.0);
}

double Lamp::mean_irradiance_w_per_m2(double from_s, double to_s) const {
  double sum = 0.0;
  double begin = from_s;
  const auto add_until = [&](double end) {
    sum += (end - begin) * irradiance_w_per_m2(0.5 * (begin + end));
    begin = end;
  };
  for (const Change& change : changes_) {
    if (change.at_s > begin && change.at_s < to_s) {
      add_until(change.at_s);
    }
  }
  add_until(to_s);
  return to_s > from_s ? sum / (to_s - from_s) : irradiance_w_per_m2(from_s);
}

std::vector<double> Lamp::save() const {
  std::vector<double> state(saved_values, 0.0);
  state[0] = static_cast<double>(changes_.size());
  for (std::size_t i = 0; i < changes_.size(); ++i) {
    const Change& c = changes_[i];
    const double values[] = {
        c.at_s, c.irradiance_w_per_m2, c.wavelength_m, c.lit_before_s, c.exposure_before_j_per_m2};
    std::copy(std::begin(values), std::end(values), state.begin() + 1 + 5 * static_cast<long>(i));
  }
  return state;
}

void Lamp::load(std::span<const double> state) {
  require(state.size() == saved_values && state[0] >= 0.0 && state[0] <= kept_changes,
          "the saved state of a lamp is damaged");
  changes_.clear();
  for (std::size_t i = 0; i < static_cast<std::size_t>(state[0]); ++i) {
    const auto v = state.subspan(1 + 5 * i, 5);
    changes_.push_back({v[0], v[1], v[2], v[3], v[4]});
  }
}

}  // namespace halotwin::sim
