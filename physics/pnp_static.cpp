#include "physics/pnp_static.hpp"

#include <cmath>

#include "base/constants.hpp"
#include "base/require.hpp"
#include "physics/dielectric_response.hpp"

namespace halotwin::physics {

namespace {

// Root of a rising function between low and high.
template <class Function>
double bisect(double low, double high, const Function& rising) {
  for (int k = 0; k < 200 && high - low > 1e-16 * high; ++k) {
    const double middle = 0.5 * (low + high);
    (rising(middle) < 0.0 ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

}  // namespace

double accumulation_charge(double drop) {
  return std::sqrt(2.0 * (std::expm1(drop) - drop));
}

double depletion_charge(double drop) {
  return std::sqrt(2.0 * (std::expm1(-drop) + drop));
}

double gouy_chapman_charge(double drop) {
  return 2.0 * std::sinh(0.5 * drop);
}

double bikerman_charge(double drop, double nu) {
  const double s = std::sinh(0.5 * drop);
  return std::sqrt(2.0 / nu * std::log1p(2.0 * nu * s * s));
}

double one_species_static_charge_c_per_m2(const PnpFilmParams& p, double voltage_v) {
  validate(p);
  require(p.species.size() == 1 && p.gap_m == 0.0 && p.site_density_per_m3 == 0.0,
          "the closed form needs one species, no gap and no steric limit");
  const double vt = thermal_voltage_v(p.temperature_k);
  const double z = std::abs(p.species.front().valence);
  const double v = z * std::abs(voltage_v) / vt;
  const double accumulation = bisect(
      0.0, 0.5 * v, [v](double a) { return accumulation_charge(a) - depletion_charge(v - a); });
  const double eps = p.relative_permittivity * constants::vacuum_permittivity_f_per_m;
  return std::copysign(eps * vt / (z * debye_length_m(p)) * accumulation_charge(accumulation),
                       voltage_v);
}

double binary_static_charge_c_per_m2(const PnpFilmParams& p, double voltage_v) {
  validate(p);
  require(p.species.size() == 2 && p.species[0].valence == -p.species[1].valence &&
              p.species[0].density_per_m3 == p.species[1].density_per_m3 && p.gap_m == 0.0 &&
              p.site_density_per_m3 == 0.0,
          "the closed form needs a symmetric binary electrolyte, no gap and no steric limit");
  const double vt = thermal_voltage_v(p.temperature_k);
  const double z = std::abs(p.species.front().valence);
  const double v = 0.5 * z * std::abs(voltage_v) / vt;
  const double drawn = 4.0 * debye_length_m(p) / p.thickness_m * (std::cosh(0.5 * v) - 1.0);
  // f = c_b / N, lam_b = lam_D / sqrt(f)
  const double f =
      bisect(0.0, 1.0, [drawn](double at) { return at + drawn * std::sqrt(at) - 1.0; });
  const double eps = p.relative_permittivity * constants::vacuum_permittivity_f_per_m;
  return std::copysign(eps * vt / (z * debye_length_m(p)) * std::sqrt(f) * gouy_chapman_charge(v),
                       voltage_v);
}

}  // namespace halotwin::physics
