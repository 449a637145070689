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
  validate(p.creep);
  validate(p.resonance);
  require_range("lever_warming_fraction", p.lever_warming_fraction, 0.0, 1.0);
  require_range("thermal_drift_x_m_per_k", p.thermal_drift_x_m_per_k, -1e-6, 1e-6);
  require_range("thermal_drift_y_m_per_k", p.thermal_drift_y_m_per_k, -1e-6, 1e-6);
  require_range("offset_x_m", p.offset_x_m, -1e-4, 1e-4);
  require_range("offset_y_m", p.offset_y_m, -1e-4, 1e-4);
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
      stage_({}, specimen_.params().film.temperature_k),
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

Point World::drift(double time_s) const {
  const Point offset{surroundings_.offset_x_m, surroundings_.offset_y_m};
  if (!surroundings_.lateral_drift) {
    return offset;
  }
  const double rms = surroundings_.drift_wander_m;
  const double period = surroundings_.drift_period_s;
  const double heated_k = specimen_.temperature_k() - specimen_.params().film.temperature_k;
  return {offset.x_m + surroundings_.drift_x_m_per_s * time_s +
              surroundings_.thermal_drift_x_m_per_k * heated_k +
              rms * wander(time_s, period, wander_phase_rad_.data()),
          offset.y_m + surroundings_.drift_y_m_per_s * time_s +
              surroundings_.thermal_drift_y_m_per_k * heated_k +
              rms * wander(time_s, period, wander_phase_rad_.data() + 4)};
}

double World::relative_resonance_shift() const {
  const double heated = surroundings_.resonance.temperature_coefficient_per_k * lever_warming_k();
  return heated + (surroundings_.resonance_drift
                       ? physics::relative_resonance_shift(surroundings_.resonance, now_s())
                       : 0.0);
}

void World::install_stage(const HeatedStageParams& params) {
  stage_ = HeatedStage(params, specimen_.params().film.temperature_k);
}

Lamp& World::install_lamp(const LampWander& wander, std::uint32_t number) {
  return lamps_.emplace_back(wander, seed_, number);
}

double World::lever_warming_k() const {
  return surroundings_.lever_warming_fraction *
         (specimen_.temperature_k() - specimen_.params().film.temperature_k);
}

void World::advance(Duration duration) {
  specimen_.set_temperature_k(stage_.surface_k(now_s()));
  specimen_.advance({.duration_s = seconds(duration),
                     .at = exposure_.place,
                     .radius_m = exposure_.radius_m,
                     .under_bias = exposure_.under_bias || exposure_.kelvin_bias,
                     .bias_v = exposure_.bias_peak_v});
}

std::vector<double> World::save() const {
  const std::int64_t whole_s = clock_.now().count() / 1'000'000'000;
  const std::int64_t rest_ns = clock_.now().count() % 1'000'000'000;
  std::vector<double> state{static_cast<double>(whole_s), static_cast<double>(rest_ns)};
  const std::vector<double> faults = faults_.save();
  state.push_back(static_cast<double>(faults.size()));
  state.insert(state.end(), faults.begin(), faults.end());
  const std::vector<double> stage = stage_.save();
  state.insert(state.end(), stage.begin(), stage.end());
  for (const Lamp& lamp : lamps_) {
    const std::vector<double> lit = lamp.save();
    state.insert(state.end(), lit.begin(), lit.end());
  }
  if (focus_) {
    const std::vector<double> focus = focus_->save();
    state.insert(state.end(), focus.begin(), focus.end());
  }
  const std::vector<double> specimen = specimen_.save();
  state.insert(state.end(), specimen.begin(), specimen.end());
  return state;
}

void World::load(std::span<const double> state) {
  constexpr std::size_t head = 3;
  const std::size_t of_faults =
      state.size() >= head && state[2] >= 0.0 ? static_cast<std::size_t>(state[2]) : 0;
  const std::size_t of_lamps = lamps_.size() * Lamp::saved_values;
  const std::size_t of_focus = focus_ ? Focus::saved_values : 0;
  require(state.size() >= head + of_faults + HeatedStage::saved_values + of_lamps + of_focus,
          "the saved state of the world is too short");
  clock_.set(Duration(static_cast<std::int64_t>(state[0]) * 1'000'000'000 +
                      static_cast<std::int64_t>(state[1])));
  faults_.load(state.subspan(head, of_faults));
  stage_.load(state.subspan(head + of_faults, HeatedStage::saved_values));
  std::size_t at = head + of_faults + HeatedStage::saved_values;
  for (Lamp& lamp : lamps_) {
    lamp.load(state.subspan(at, Lamp::saved_values));
    at += Lamp::saved_values;
  }
  if (focus_) {
    focus_->load(state.subspan(at, Focus::saved_values));
    at += Focus::saved_values;
  }
  specimen_.load(state.subspan(at));
  specimen_.set_temperature_k(stage_.surface_k(now_s()));
  happenings_.clear();
}

}  // namespace halotwin::sim
