#include "physics/degradation.hpp"

#include <algorithm>
#include <cmath>

#include "base/constants.hpp"
#include "base/require.hpp"

namespace halotwin::physics {

namespace {

double arrhenius(const DegradationParams& p, double temperature_k) {
  constexpr double boltzmann_ev_per_k =
      constants::boltzmann_j_per_k / constants::elementary_charge_c;
  return std::exp(-p.activation_energy_ev / boltzmann_ev_per_k *
                  (1.0 / temperature_k - 1.0 / p.reference_temperature_k));
}

}  // namespace

void validate(const DegradationParams& p) {
  require_positive("reference_bias_v", p.reference_bias_v);
  require_range("bias_exponent", p.bias_exponent, 0.0, 10.0);
  require_range("activation_energy_ev", p.activation_energy_ev, 0.0, 3.0);
  require_range("reference_temperature_k", p.reference_temperature_k, 10.0, 1000.0);
  require_range("ageing_per_s", p.ageing_per_s, 0.0, 1.0);
  require_positive("redistribution_s", p.redistribution_s);
  require_range("zone_m", p.zone_m, 1e-10, 1e-4);
  require_range("boundary_factor", p.boundary_factor, 1.0, 1000.0);
  require_range("nucleus_factor", p.nucleus_factor, 0.0, 1000.0);
  require_positive("growth_s", p.growth_s);
  require_range("avrami_exponent", p.avrami_exponent, 0.5, 4.0);
  require_range("end_share", p.end_share, 0.0, 1.0);
  require_range("converted_depth_m", p.converted_depth_m, 0.0, 1e-5);
  require_range("potential_step_v", p.potential_step_v, -2.0, 2.0);
  require_range("nuclei_per_m", p.nuclei_per_m, 0.0, 1e9);
  require_range("hotspot_nuclei_factor", p.hotspot_nuclei_factor, 0.0, 1000.0);
  require_range("nucleus_radius_m", p.nucleus_radius_m, 1e-10, 1e-5);
  require_range("nucleus_radius_sigma_ln", p.nucleus_radius_sigma_ln, 0.0, 2.0);
  require_range("nucleus_depth_m", p.nucleus_depth_m, 0.0, 1e-5);
  require_range("update_s", p.update_s, 1e-3, 1e6);
}

double stress_rate(const DegradationParams& p, double bias_v, double temperature_k) {
  return std::pow(std::abs(bias_v) / p.reference_bias_v, p.bias_exponent) *
         arrhenius(p, temperature_k);
}

double ageing_rate(const DegradationParams& p, double temperature_k) {
  return p.ageing_per_s * arrhenius(p, temperature_k);
}

double redistributed_share(const DegradationParams& p, double stress_s) {
  return -std::expm1(-std::max(stress_s, 0.0) / p.redistribution_s);
}

double end_density(const DegradationParams& p,
                   double boundary_distance_m,
                   double nucleus,
                   bool with_boundaries) {
  const double excess =
      with_boundaries ? (p.boundary_factor - 1.0) * std::exp(-boundary_distance_m / p.zone_m) : 0.0;
  return 1.0 + excess + p.nucleus_factor * nucleus;
}

double converted_share(const DegradationParams& p, double stress_s, double defects) {
  const double progress = std::max(stress_s * defects, 0.0) / p.growth_s;
  return -std::expm1(-std::pow(progress, p.avrami_exponent));
}

double inclusion_share(const DegradationParams& p, double fresh, double converted) {
  return fresh + std::max(p.end_share - fresh, 0.0) * converted;
}

double height_change_m(const DegradationParams& p, double grown) {
  return -(1.0 - pbi2_volume_ratio) * p.converted_depth_m * grown;
}

}  // namespace halotwin::physics
