#include "physics/pnp_admittance.hpp"

#include <cmath>

#include "base/constants.hpp"
#include "base/require.hpp"
#include "physics/laplace_inversion.hpp"

namespace halotwin::physics {

namespace {

using Complex = std::complex<double>;

struct Coefficients {
  double eps = 0.0;  // [F/m]
  double debye_m = 0.0;
  double diffusivity = 0.0;
  double half_m = 0.0;        // l
  double gap_m2_per_f = 0.0;  // z / eps0
};

Coefficients coefficients(const PnpFilmParams& p) {
  validate(p);
  require(p.site_density_per_m3 == 0.0,
          "the closed small-signal form has no steric limit (site_density_per_m3 must be 0)");
  const PnpSpecies& first = p.species.front();
  const PnpSpecies& last = p.species.back();
  require(p.species.size() == 1 ||
              (first.valence == -last.valence && first.density_per_m3 == last.density_per_m3 &&
               first.diffusivity_m2_per_s == last.diffusivity_m2_per_s),
          "the closed small-signal form needs one species or a symmetric binary electrolyte");
  return {p.relative_permittivity * constants::vacuum_permittivity_f_per_m,
          debye_length_m(p),
          first.diffusivity_m2_per_s,
          0.5 * p.thickness_m,
          p.gap_m / constants::vacuum_permittivity_f_per_m};
}

// tanh without overflow, Re x >= 0.
Complex hyperbolic_tangent(Complex x) {
  const Complex e = std::exp(-2.0 * x);
  return (1.0 - e) / (1.0 + e);
}

// C(s) = Y(s) / s.
Complex capacitance(const Coefficients& k, Complex s) {
  const double lam = k.debye_m;
  const Complex st = s * lam * lam / k.diffusivity;
  const Complex kappa = std::sqrt(1.0 + st) / lam;
  const Complex film = 0.5 * k.eps * kappa * kappa * kappa * lam * lam /
                       (hyperbolic_tangent(kappa * k.half_m) + kappa * k.half_m * st);
  return film / (1.0 + k.gap_m2_per_f * film);
}

}  // namespace

Complex pnp_admittance(const PnpFilmParams& p, Complex s) {
  return s * capacitance(coefficients(p), s);
}

Complex pnp_capacitance(const PnpFilmParams& p, double rad_per_s) {
  require_range("rad_per_s", rad_per_s, 0.0, 1e15);
  return capacitance(coefficients(p), {0.0, rad_per_s});
}

double pnp_step_charge_f_per_m2(const PnpFilmParams& p, double time_s) {
  const Coefficients k = coefficients(p);
  return inverse_laplace([&k](Complex s) { return capacitance(k, s) / s; }, time_s);
}

}  // namespace halotwin::physics
