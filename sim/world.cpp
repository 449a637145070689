#include "sim/world.hpp"

#include <cmath>

#include "base/constants.hpp"
#include "base/random.hpp"
#include "base/require.hpp"

namespace halotwin::sim {

void validate(const Surroundings& p) {
  require(p.pace >= 0.0, "pace", p.pace, ">= 0 (0 = as fast as possible)");
  require_range("drift_x_m_per_s", p.drift_x_m_per_s, -1e-9, 1e-9);
  require_range("drift_y_m_per_s", p.drift_y_m_per_s, -1e-9, 1e-9);
  require_range("drift_wander_m", p.drift_wander_m, 0.0, 1e-6);
  require_positive("drift_period_s", p.drift_period_s);
  validate(p.resonance);
}

World::World(const Surroundings& surroundings,
             std::vector<Cable> cables,
             std::vector<Fault> faults,
             Specimen specimen,
             std::uint64_t seed)
    : surroundings_(surroundings),
      wiring_(std::move(cables)),
      faults_(std::move(faults)),
      specimen_(std::move(specimen)),
      seed_(seed),
      clock_([this](Duration d) { advance(d); }, surroundings.pace) {
  validate(surroundings_);
  RandomStream draw(seed_, Purpose::lateral_drift);
  for (double& phase : wander_phase_rad_) {
    phase = draw.uniform(0.0, 2.0 * constants::pi);
  }
}

namespace {

// Smooth wandering of unit rms that starts at zero: four incommensurate sines around one period,
// amplitudes equal.
double wander(double time_s, double period_s, const double* phase_rad) {
  constexpr std::array<double, 4> ratio{0.37, 1.0, 1.71, 2.93};
  double sum = 0.0;
  for (std::size_t k = 0; k < ratio.size(); ++k) {
    const double angle = 2.0 * constants::pi * ratio[k] * time_s / period_s;
    sum += std::sin(angle + phase_rad[k]) - std::sin(phase_rad[k]);
  }
  return sum / std::sqrt(2.0);
}

}  // namespace

Point World::drift() const {
  if (!surroundings_.lateral_drift) {
    return {};
  }
  const double t = now_s();
  const double rms = surroundings_.drift_wander_m;
  const double period = surroundings_.drift_period_s;
  return {
      surroundings_.drift_x_m_per_s * t + rms * wander(t, period, wander_phase_rad_.data()),
      surroundings_.drift_y_m_per_s * t + rms * wander(t, period, wander_phase_rad_.data() + 4)};
}

double World::relative_resonance_shift() const {
  return surroundings_.resonance_drift
             ? physics::relative_resonance_shift(surroundings_.resonance, now_s())
             : 0.0;
}

void World::advance(Duration duration) {
  specimen_.advance({.duration_s = seconds(duration),
                     .at = exposure_.place,
                     .radius_m = exposure_.radius_m,
                     .under_bias = exposure_.under_bias});
}

std::vector<double> World::save() const {
  const std::int64_t whole_s = clock_.now().count() / 1'000'000'000;
  const std::int64_t rest_ns = clock_.now().count() % 1'000'000'000;
  std::vector<double> state{static_cast<double>(whole_s), static_cast<double>(rest_ns)};
  const std::vector<double> specimen = specimen_.save();
  state.insert(state.end(), specimen.begin(), specimen.end());
  return state;
}

void World::load(std::span<const double> state) {
  require(state.size() >= 2, "the saved state of the world is too short");
  clock_.set(Duration(static_cast<std::int64_t>(state[0]) * 1'000'000'000 +
                      static_cast<std::int64_t>(state[1])));
  specimen_.load(state.subspan(2));
}

}  // namespace halotwin::sim
