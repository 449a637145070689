// Complex permittivity of a relaxing, ion-conducting solid, and what its conductivity follows from.
#pragma once

#include <complex>

namespace halotwin::physics {

/// A relaxation in eps* = eps' - i eps'' (time factor exp(+i w t); both parts positive for a
/// passive solid).
struct RelaxationParams {
  double high_frequency_permittivity = 30.0;  // relative; MAPI, kHz range without ions: 25 to 50
  double strength = 20.0;                     // relative; eps(0) - eps_inf
  double relaxation_time_s = 1.6e-4;          // loss peak near 1 kHz
  double width_exponent = 1.0;                // a in (i w tau)^a, 0 < a <= 1; Cole-Cole: 1 - alpha
  double skew_exponent = 1.0;                 // b in (1 + ...)^b, 0 < b, a b <= 1
  bool operator==(const RelaxationParams&) const = default;
};
void validate(const RelaxationParams& p);
void visit_fields(auto& visit, RelaxationParams& p) {
  visit("high_frequency_permittivity", p.high_frequency_permittivity);
  visit("strength", p.strength);
  visit("relaxation_time_s", p.relaxation_time_s);
  visit("width_exponent", p.width_exponent);
  visit("skew_exponent", p.skew_exponent);
}

/// Relative permittivity:
///   Havriliak-Negami  eps* = eps_inf + De / [1 + (i w tau)^a]^b
///   Cole-Cole         b = 1 (a = 1 - alpha);  Debye  a = b = 1
/// Debye: loss maximum De/2 at w tau = 1, full width at half maximum 1.144 decades. Each passive
/// generalisation is wider.
[[nodiscard]] std::complex<double> debye(const RelaxationParams& p, double rad_per_s);
[[nodiscard]] std::complex<double> cole_cole(const RelaxationParams& p, double rad_per_s);
[[nodiscard]] std::complex<double> havriliak_negami(const RelaxationParams& p, double rad_per_s);

/// eps* = eps_r - i sigma / (eps0 w): a lossless lattice with mobile ions (w > 0).
[[nodiscard]] std::complex<double> conductive_permittivity(double relative_permittivity,
                                                           double conductivity_s_per_m,
                                                           double rad_per_s);

/// One mobile ionic species (halide vacancies) on an immobile background.
struct MobileIonParams {
  double density_per_m3 = 1e24;  // 1e21 to 1e25; 1e24: default of common drift-diffusion codes
  double diffusivity_prefactor_m2_per_s =
      2.1e-8;  // with the energy below 2.8e-13 m^2/s at 300 K: 1 kHz (half-space)
  double activation_energy_ev = 0.29;  // iodide in MAPI, transient ion drift: 0.29 +- 0.06
  double relative_permittivity = 30.0;
  bool operator==(const MobileIonParams&) const = default;
};
void validate(const MobileIonParams& p);
void visit_fields(auto& visit, MobileIonParams& p) {
  visit("density_per_m3", p.density_per_m3);
  visit("diffusivity_prefactor_m2_per_s", p.diffusivity_prefactor_m2_per_s);
  visit("activation_energy_ev", p.activation_energy_ev);
  visit("relative_permittivity", p.relative_permittivity);
}

/// kB T / q [V].
[[nodiscard]] double thermal_voltage_v(double temperature_k);
/// D = D0 exp(-Ea / kB T) [m^2/s].
[[nodiscard]] double arrhenius_diffusivity_m2_per_s(double prefactor_m2_per_s,
                                                    double activation_energy_ev,
                                                    double temperature_k);
/// sigma = q^2 N D / (kB T) [S/m], monovalent.
[[nodiscard]] double ionic_conductivity_s_per_m(double density_per_m3,
                                                double diffusivity_m2_per_s,
                                                double temperature_k);
[[nodiscard]] double ionic_conductivity_s_per_m(const MobileIonParams& p, double temperature_k);

/// Dielectric (Maxwell) time eps0 eps_r / sigma [s] = lam_D^2 / D.
[[nodiscard]] double dielectric_time_s(double relative_permittivity, double conductivity_s_per_m);
/// lam_D = sqrt(eps kB T / (q^2 N)) [m], one species on a fixed background.
[[nodiscard]] double debye_length_m(double relative_permittivity,
                                    double density_per_m3,
                                    double temperature_k);

/// Relaxation times [s]; the loss peaks at 1 / (2 pi tau).
/// Film of thickness h behind a gap z (plates, Maxwell-Wagner): (eps0 / sigma)(eps_r + h / z).
[[nodiscard]] double film_behind_gap_time_s(double relative_permittivity,
                                            double conductivity_s_per_m,
                                            double thickness_m,
                                            double gap_m);
/// Thick sample under a small apex: (eps0 / sigma)(eps_r + 1), whatever its thickness.
[[nodiscard]] double half_space_time_s(double relative_permittivity, double conductivity_s_per_m);
/// Film between two blocking electrodes, L >> lam_D: lam_D L / (2 D). Not what a tip with a gap
/// sees. Source: Bazant, Thornton, Ajdari, Phys. Rev. E 70, 021506 (2004).
[[nodiscard]] double blocking_electrodes_time_s(double debye_length_m,
                                                double thickness_m,
                                                double diffusivity_m2_per_s);

}  // namespace halotwin::physics
