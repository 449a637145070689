#include "devices/simulated/simulated_light_source.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/constants.hpp"
#include "base/random.hpp"
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

SimulatedLightSource::SimulatedLightSource(sim::World& world,
                                           const LightSourceParams& params,
                                           std::string role,
                                           std::uint32_t number)
    : world_(&world), params_(params), role_(std::move(role)), number_(number) {
  validate(params_);
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
  lit_before_s_ = lit_s();
  switched_on_s_ = world_->now_s();
  settings_ = wanted;
  settings_.wavelength_m =
      std::clamp(wanted.wavelength_m, limit.wavelength_m.low, limit.wavelength_m.high);
  return settings_;
}

void SimulatedLightSource::make_safe() {
  strike(*world_, role_, "make safe");
  lit_before_s_ = lit_s();
  settings_.on = false;
}

double SimulatedLightSource::lit_s() const {
  return lit_before_s_ + (settings_.on ? world_->now_s() - switched_on_s_ : 0.0);
}

double SimulatedLightSource::true_irradiance_w_per_m2() const {
  if (!settings_.on) {
    return 0.0;
  }
  const double x = world_->now_s() / params_.fluctuation_time_s;
  const double knot = std::floor(x);
  const auto normal_at = [&](double k) {
    return RandomStream(
               world_->seed(), Purpose::lamp_fluctuation, number_, static_cast<std::uint64_t>(k))
        .normal();
  };
  const double angle = 0.5 * constants::pi * (x - knot);
  const double n = std::cos(angle) * normal_at(knot) + std::sin(angle) * normal_at(knot + 1.0);
  const double relative = 1.0 + params_.drift_per_s * lit_s() + params_.fluctuation_rms * n;
  return settings_.irradiance_w_per_m2 * std::max(relative, 0.0);
}

}  // namespace halotwin::devices::simulated
