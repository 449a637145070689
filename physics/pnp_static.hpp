// Charge and voltage of space-charge layers at rest, closed forms.
#pragma once

#include "physics/pnp_film.hpp"

namespace halotwin::physics {

// Charge per area [C/m^2] of one layer that screens a drop v (in units of VT, >= 0) against a
// neutral bulk of Debye length lam_D, as a multiple of eps VT / lam_D.

/// One species on a fixed background, where ions gather: sqrt[ 2 (e^v - v - 1) ].
[[nodiscard]] double accumulation_charge(double drop);
/// The same where ions are driven away: sqrt[ 2 (e^-v + v - 1) ]. Depletion width for large v: Q /
/// (q N).
[[nodiscard]] double depletion_charge(double drop);
/// Symmetric binary electrolyte (Gouy, Chapman): 2 sinh(v / 2).
[[nodiscard]] double gouy_chapman_charge(double drop);
/// The same with a steric limit, nu = 2 c_bulk / c_site:
///   sqrt{ (2 / nu) ln[ 1 + 2 nu sinh^2(v / 2) ] }
/// above v = ln(2 / nu) the layer is full and Q grows as sqrt(v). Source: kilic2007.
[[nodiscard]] double bikerman_charge(double drop, double nu);

/// Charge per area [C/m^2] of a film in contact (no gap) with one species on a fixed background
/// under `voltage_v`, both layers charged with the same |Q|, drops added; thick against its layers
/// (lam_D and the depletion width much below L).
[[nodiscard]] double one_species_static_charge_c_per_m2(const PnpFilmParams& p, double voltage_v);

/// The same for a symmetric binary electrolyte with a fixed number of ions: the layers draw
/// 4 c_b lam_b (cosh(v/2) - 1) ions each from the bulk, v = V / (2 VT), so that c_b < N:
///   c_b L + 4 c_b lam_b (cosh(v/2) - 1) = N L
[[nodiscard]] double binary_static_charge_c_per_m2(const PnpFilmParams& p, double voltage_v);

}  // namespace halotwin::physics
