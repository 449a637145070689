// A film with mobile ions between two blocking electrodes: what all Poisson-Nernst-Planck (PNP)
// models share.
#pragma once

#include <vector>

namespace halotwin::physics {

/// One mobile species.
struct PnpSpecies {
  double density_per_m3 = 1e23;  // of the neutral film; 1e21 to 1e25 are reported
  double diffusivity_m2_per_s = 1e-14;
  int valence = 1;  // +1: halide vacancy, -1: halide interstitial
  bool operator==(const PnpSpecies&) const = default;
};
void validate(const PnpSpecies& p);
void visit_fields(auto& visit, PnpSpecies& p) {
  visit("density_per_m3", p.density_per_m3);
  visit("diffusivity_m2_per_s", p.diffusivity_m2_per_s);
  visit("valence", p.valence);
}

/// x from 0 (the electrode with voltage V, behind the gap if there is one) to L (ground).
///
///   dc_i/dt = div { D_i [ grad c_i + z_i c_i grad(phi)/VT + c_i grad(mu) ] },  no flux through the
///             electrodes
///   -div(eps grad phi) = q (sum_i z_i c_i + fixed),  fixed = -sum_i z_i N_i, uniform
///   mu = -ln(1 - sum_i c_i / c_site), the steric part of the chemical potential in kB T
///
/// One species: vacancies on an immobile background. Two with opposite valence and equal density: a
/// binary electrolyte.
/// Sources: bazant2004; steric part kilic2007 (1/c_site = a^3).
struct PnpFilmParams {
  double thickness_m = 500e-9;          // L
  double relative_permittivity = 24.0;  // ions frozen; MAPI 25 to 50, IonMonger's default 24.1
  double temperature_k = 300.0;
  double gap_m = 0.0;                // air between electrode and film; 0 = in contact
  double site_density_per_m3 = 0.0;  // c_site; MAPI 1.2e28; 0 = no limit
  std::vector<PnpSpecies> species = std::vector<PnpSpecies>(1);  // one or two
  bool operator==(const PnpFilmParams&) const = default;
};
void validate(const PnpFilmParams& p);
void visit_fields(auto& visit, PnpFilmParams& p) {
  visit("thickness_m", p.thickness_m);
  visit("relative_permittivity", p.relative_permittivity);
  visit("temperature_k", p.temperature_k);
  visit("gap_m", p.gap_m);
  visit("site_density_per_m3", p.site_density_per_m3);
  visit("species", p.species);
}

/// lam_D = sqrt[ eps VT / (q sum z_i^2 N_i) ] [m].
[[nodiscard]] double debye_length_m(const PnpFilmParams& p);
/// sigma = (q / VT) sum z_i^2 N_i D_i [S/m].
[[nodiscard]] double conductivity_s_per_m(const PnpFilmParams& p);
/// Capacitance per area with frozen ions, 1 / C = z / eps0 + L / eps [F/m^2].
[[nodiscard]] double frozen_capacitance_f_per_m2(const PnpFilmParams& p);

}  // namespace halotwin::physics
