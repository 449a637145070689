#include "devices/simulated/simulated_light_source.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/require.hpp"
#include "devices/simulated/simulated_lock_in.hpp"

namespace halotwin::devices::simulated {

void validate(const LightSourceParams& p) {
  require_positive("max_irradiance_w_per_m2", p.max_irradiance_w_per_m2);
  require_range("shortest_wavelength_m", p.shortest_wavelength_m, 1.0e-9, 1.0e-3);
  require_range("longest_wavelength_m", p.longest_wavelength_m, p.shortest_wavelength_m, 1.0e-3);
  require_range("drift_per_s", p.drift_per_s, -1.0, 1.0);
  require_range("fluctuation_rms", p.fluctuation_rms, 0.0, 0.2);
  require_positive("fluctuation_time_s", p.fluctuation_time_s);
}

namespace {

sim::LampWander wander_of(const LightSourceParams& p, const sim::World& world) {
  const bool on = world.surroundings().lamp_noise;
  return {on ? p.drift_per_s : 0.0, on ? p.fluctuation_rms : 0.0, p.fluctuation_time_s};
}

}  // namespace

SimulatedLightSource::SimulatedLightSource(sim::World& world,
                                           const LightSourceParams& params,
                                           std::string role,
                                           std::uint32_t number)
    : world_(&world), params_((validate(params), params)), role_(std::move(role)) {
  lamp_ = &world.install_lamp(wander_of(params_, world), number);
  settings_.wavelength_m = params_.shortest_wavelength_m;
}

Identity SimulatedLightSource::identity() const {
  return {"halotwin", "simulated light source", "twin-" + role_, "", "sim:"};
}

LightLimits SimulatedLightSource::limits() const {
  return {{0.0, params_.max_irradiance_w_per_m2},
          {params_.shortest_wavelength_m, params_.longest_wavelength_m}};
}

LightSettings SimulatedLightSource::configure(const LightSettings& wanted) {
  strike(*world_, role_, "configure");
  const LightLimits limit = limits();
  if (!limit.irradiance_w_per_m2.contains(wanted.irradiance_w_per_m2) ||
      !std::isfinite(wanted.wavelength_m)) {
    throw DeviceError(role_,
                      "configure",
                      fmt::format("{} W/m^2 at {} m (must be 0 to {} W/m^2)",
                                  wanted.irradiance_w_per_m2,
                                  wanted.wavelength_m,
                                  limit.irradiance_w_per_m2.high),
                      Retry::no);
  }
  settings_ = wanted;
  settings_.wavelength_m =
      std::clamp(wanted.wavelength_m, limit.wavelength_m.low, limit.wavelength_m.high);
  lamp_->set(
      world_->now_s(), settings_.on ? settings_.irradiance_w_per_m2 : 0.0, settings_.wavelength_m);
  return settings_;
}

void SimulatedLightSource::make_safe() {
  strike(*world_, role_, "make safe");
  settings_.on = false;
  lamp_->set(world_->now_s(), 0.0, settings_.wavelength_m);
}

double SimulatedLightSource::true_irradiance_w_per_m2() const {
  return lamp_->irradiance_w_per_m2(world_->now_s());
}

std::vector<double> SimulatedLightSource::save() const {
  return {settings_.on ? 1.0 : 0.0, settings_.irradiance_w_per_m2, settings_.wavelength_m};
}

void SimulatedLightSource::load(std::span<const double> state) {
  require(state.size() == 3, "the saved state of the light source is damaged");
  settings_ = {state[0] > 0.5, state[1], state[2]};
}

}  // namespace halotwin::devices::simulated
