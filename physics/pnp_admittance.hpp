// Exact small-signal response of a film with mobile ions between blocking electrodes.
#pragma once

#include <complex>

#include "physics/pnp_film.hpp"

namespace halotwin::physics {

/// Admittance per area [S/m^2] at complex frequency s, unbiased, gap in series:
///
///   K = sqrt(1 + s lam_D^2 / D) / lam_D
///   Y_film(s) = (eps s / 2) K^3 lam_D^2 / [ tanh(K l) + K l s lam_D^2 / D ],  l = L / 2
///   1 / Y = z / (eps0 s) + 1 / Y_film
///
/// One species on a fixed background, or a symmetric binary electrolyte (equal density, |valence|
/// and diffusivity; only lam_D differs); others throw. Independent of the steric limit in one
/// species only to first order in N / c_site, so a limit throws too.
/// Source: bazant2004 (equal to Macdonald 1953).
[[nodiscard]] std::complex<double> pnp_admittance(const PnpFilmParams& p, std::complex<double> s);

/// C*(w) = Y(i w) / (i w) [F/m^2]; w = 0 gives the limit (eps / 2 lam_D) coth(l / lam_D) with gap.
[[nodiscard]] std::complex<double> pnp_capacitance(const PnpFilmParams& p, double rad_per_s);

/// Charge per area and volt [F/m^2] at `time_s` > 0 after a small voltage step, by fixed Talbot
/// inversion of Y(s) / s^2.
[[nodiscard]] double pnp_step_charge_f_per_m2(const PnpFilmParams& p, double time_s);

}  // namespace halotwin::physics
