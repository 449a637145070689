#include "physics/dielectric_response.hpp"

#include <cmath>

#include "base/constants.hpp"
#include "base/require.hpp"

namespace halotwin::physics {

using Complex = std::complex<double>;
using constants::boltzmann_j_per_k;
using constants::elementary_charge_c;
constexpr double eps0 = constants::vacuum_permittivity_f_per_m;

void validate(const RelaxationParams& p) {
  require_range("high_frequency_permittivity", p.high_frequency_permittivity, 1.0, 1e6);
  require_range("strength", p.strength, 0.0, 1e9);
  require_positive("relaxation_time_s", p.relaxation_time_s);
  require(p.width_exponent > 0.0 && p.width_exponent <= 1.0,
          "width_exponent",
          p.width_exponent,
          "above 0 and at most 1");
  require(p.skew_exponent > 0.0 && p.skew_exponent * p.width_exponent <= 1.0,
          "skew_exponent",
          p.skew_exponent,
          "above 0, and its product with width_exponent at most 1");
}

void validate(const MobileIonParams& p) {
  require_range("density_per_m3", p.density_per_m3, 1e15, 1.2e28);
  require_positive("diffusivity_prefactor_m2_per_s", p.diffusivity_prefactor_m2_per_s);
  require_range("activation_energy_ev", p.activation_energy_ev, 0.0, 3.0);
  require_range("relative_permittivity", p.relative_permittivity, 1.0, 1e6);
}

Complex debye(const RelaxationParams& p, double rad_per_s) {
  return p.high_frequency_permittivity + p.strength / Complex(1.0, rad_per_s * p.relaxation_time_s);
}

namespace {

// (i x)^a for x >= 0, principal branch
Complex power_of_imaginary(double x, double a) {
  return std::polar(std::pow(x, a), 0.5 * constants::pi * a);
}

}  // namespace

Complex cole_cole(const RelaxationParams& p, double rad_per_s) {
  return p.high_frequency_permittivity +
         p.strength / (1.0 + power_of_imaginary(rad_per_s * p.relaxation_time_s, p.width_exponent));
}

Complex havriliak_negami(const RelaxationParams& p, double rad_per_s) {
  const Complex base = 1.0 + power_of_imaginary(rad_per_s * p.relaxation_time_s, p.width_exponent);
  return p.high_frequency_permittivity + p.strength / std::pow(base, p.skew_exponent);
}

Complex conductive_permittivity(double relative_permittivity,
                                double conductivity_s_per_m,
                                double rad_per_s) {
  return {relative_permittivity, -conductivity_s_per_m / (eps0 * rad_per_s)};
}

double thermal_voltage_v(double temperature_k) {
  return boltzmann_j_per_k * temperature_k / elementary_charge_c;
}

double arrhenius_diffusivity_m2_per_s(double prefactor_m2_per_s,
                                      double activation_energy_ev,
                                      double temperature_k) {
  return prefactor_m2_per_s * std::exp(-activation_energy_ev / thermal_voltage_v(temperature_k));
}

double ionic_conductivity_s_per_m(double density_per_m3,
                                  double diffusivity_m2_per_s,
                                  double temperature_k) {
  return elementary_charge_c * density_per_m3 * diffusivity_m2_per_s /
         thermal_voltage_v(temperature_k);
}

double ionic_conductivity_s_per_m(const MobileIonParams& p, double temperature_k) {
  const double d = arrhenius_diffusivity_m2_per_s(
      p.diffusivity_prefactor_m2_per_s, p.activation_energy_ev, temperature_k);
  return ionic_conductivity_s_per_m(p.density_per_m3, d, temperature_k);
}

double dielectric_time_s(double relative_permittivity, double conductivity_s_per_m) {
  return eps0 * relative_permittivity / conductivity_s_per_m;
}

double debye_length_m(double relative_permittivity, double density_per_m3, double temperature_k) {
  return std::sqrt(eps0 * relative_permittivity * thermal_voltage_v(temperature_k) /
                   (elementary_charge_c * density_per_m3));
}

double film_behind_gap_time_s(double relative_permittivity,
                              double conductivity_s_per_m,
                              double thickness_m,
                              double gap_m) {
  return eps0 / conductivity_s_per_m * (relative_permittivity + thickness_m / gap_m);
}

double half_space_time_s(double relative_permittivity, double conductivity_s_per_m) {
  return eps0 / conductivity_s_per_m * (relative_permittivity + 1.0);
}

double blocking_electrodes_time_s(double debye_length_m,
                                  double thickness_m,
                                  double diffusivity_m2_per_s) {
  return debye_length_m * thickness_m / (2.0 * diffusivity_m2_per_s);
}

}  // namespace halotwin::physics
