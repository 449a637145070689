#include "physics/pnp_film.hpp"

#include <cmath>

#include "base/constants.hpp"
#include "base/require.hpp"
#include "physics/dielectric_response.hpp"

namespace halotwin::physics {

void validate(const PnpSpecies& p) {
  require_range("density_per_m3", p.density_per_m3, 1e15, 1e29);
  require_range("diffusivity_m2_per_s", p.diffusivity_m2_per_s, 1e-30, 1e-3);
  require_range("valence", p.valence, -4, 4);
  require(p.valence != 0, "valence", p.valence, "other than 0");
}

void validate(const PnpFilmParams& p) {
  require_range("thickness_m", p.thickness_m, 1e-10, 1e-2);
  require_range("relative_permittivity", p.relative_permittivity, 1.0, 1e4);
  require_range("temperature_k", p.temperature_k, 1.0, 3000.0);
  require_range("gap_m", p.gap_m, 0.0, 1e-3);
  require_range("site_density_per_m3", p.site_density_per_m3, 0.0, 1e30);
  const auto count = static_cast<double>(p.species.size());
  require(count >= 1.0 && count <= 2.0, "species", count, "one or two");
  double filled = 0.0;
  for (const PnpSpecies& s : p.species) {
    validate(s);
    filled += s.density_per_m3;
  }
  require(p.site_density_per_m3 == 0.0 || p.site_density_per_m3 > filled,
          "site_density_per_m3",
          p.site_density_per_m3,
          "0 or above the density of the ions");
}

double debye_length_m(const PnpFilmParams& p) {
  double n = 0.0;
  for (const PnpSpecies& s : p.species) {
    n += s.valence * s.valence * s.density_per_m3;
  }
  return debye_length_m(p.relative_permittivity, n, p.temperature_k);
}

double conductivity_s_per_m(const PnpFilmParams& p) {
  double sigma = 0.0;
  for (const PnpSpecies& s : p.species) {
    sigma += s.valence * s.valence *
             ionic_conductivity_s_per_m(s.density_per_m3, s.diffusivity_m2_per_s, p.temperature_k);
  }
  return sigma;
}

double frozen_capacitance_f_per_m2(const PnpFilmParams& p) {
  return constants::vacuum_permittivity_f_per_m /
         (p.gap_m + p.thickness_m / p.relative_permittivity);
}

}  // namespace halotwin::physics
