// Films that several tests of the ion transport use.
#pragma once

#include <cmath>

#include "base/constants.hpp"
#include "physics/dielectric_response.hpp"
#include "physics/pnp_film.hpp"

namespace halotwin::physics {

/// A film in contact with 1e23 negative ions per m^3 on a fixed background, 500 nm, 24, 300 K:
/// lam_D = 18.517 nm.
inline PnpFilmParams golden_film() {
  PnpFilmParams film;
  film.species = {{1e23, 1.00823e-14, -1}};
  return film;
}

/// lam_D L / (2 D).
inline double charging_time_s(const PnpFilmParams& film) {
  return blocking_electrodes_time_s(
      debye_length_m(film), film.thickness_m, film.species.front().diffusivity_m2_per_s);
}

inline PnpFilmParams binary_film(double density_per_m3 = 1e23) {
  PnpFilmParams film;
  film.species = {{density_per_m3, 1e-14, 1}, {density_per_m3, 1e-14, -1}};
  return film;
}

/// 500 nm, 30, 1e-6 S/m whatever the density, 20 nm of air.
inline PnpFilmParams film_behind_gap(double density_per_m3) {
  PnpFilmParams film;
  film.relative_permittivity = 30.0;
  film.gap_m = 20e-9;
  const double d = 1e-6 * thermal_voltage_v(film.temperature_k) /
                   (constants::elementary_charge_c * density_per_m3);
  film.species = {{density_per_m3, d, 1}};
  return film;
}

}  // namespace halotwin::physics
