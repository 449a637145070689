#include <cmath>
#include <complex>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "base/constants.hpp"
#include "base/fields.hpp"
#include "physics/pnp_admittance.hpp"
#include "physics/pnp_spectrum.hpp"
#include "physics/pnp_transient.hpp"

namespace halotwin::physics {
namespace {

using Complex = std::complex<double>;

// log-uniform
double draw(double low, double high) {
  const double u = *rc::gen::inRange(0, 1000001) * 1e-6;
  return low * std::pow(high / low, u);
}

PnpFilmParams any_film() {
  PnpFilmParams film;
  film.relative_permittivity = draw(5.0, 80.0);
  film.temperature_k = draw(200.0, 450.0);
  film.species = {{draw(1e21, 1e24), draw(1e-16, 1e-11), *rc::gen::element(-1, 1)}};
  film.thickness_m = debye_length_m(film) * draw(4.0, 80.0);
  film.gap_m = *rc::gen::element(0.0, 1.0) * film.thickness_m * draw(0.001, 0.1);
  return film;
}

RC_GTEST_PROP(PnpScaling, FrequencyScalesWithTheDiffusivity, ()) {
  const PnpFilmParams film = any_film();
  const double s = draw(0.01, 100.0);
  PnpFilmParams faster = film;
  faster.species[0].diffusivity_m2_per_s *= s;
  const double w = draw(0.01, 100.0) * conductivity_s_per_m(film) /
                   (film.relative_permittivity * constants::vacuum_permittivity_f_per_m);
  const double bias = draw(0.01, 1.0);
  const Complex a = PnpSpectrum(film, bias, {100}).capacitance(w);
  const Complex b = PnpSpectrum(faster, bias, {100}).capacitance(s * w);
  RC_ASSERT(std::abs(a - b) <= 1e-9 * std::abs(a));
}

// Lengths x s, densities / s^2: the same in units of lam_D, lam_D^2 / D and VT.
RC_GTEST_PROP(PnpScaling, LengthsScaleWithTheDebyeLength, ()) {
  const PnpFilmParams film = any_film();
  const double s = draw(0.2, 5.0);
  PnpFilmParams large = film;
  large.thickness_m *= s;
  large.gap_m *= s;
  large.species[0].density_per_m3 /= s * s;
  const double bias = draw(0.01, 1.0);
  const double w =
      draw(0.01, 10.0) * film.species[0].diffusivity_m2_per_s / std::pow(debye_length_m(film), 2);
  const PnpSpectrum a(film, bias, {100});
  const PnpSpectrum b(large, bias, {100});
  RC_ASSERT(std::abs(b.bias_charge_c_per_m2() * s - a.bias_charge_c_per_m2()) <=
            1e-8 * std::abs(a.bias_charge_c_per_m2()));
  const Complex ca = a.capacitance(w);
  RC_ASSERT(std::abs(b.capacitance(w / (s * s)) * s - ca) <= 1e-8 * std::abs(ca));
}

RC_GTEST_PROP(PnpScaling, SignOfTheIonsIsSignOfTheVoltage, ()) {
  const PnpFilmParams film = any_film();
  PnpFilmParams mirror = film;
  mirror.species[0].valence = -film.species[0].valence;
  const double bias = draw(0.01, 1.0);
  const double a = PnpSpectrum(film, bias, {100}).bias_charge_c_per_m2();
  const double b = PnpSpectrum(mirror, -bias, {100}).bias_charge_c_per_m2();
  RC_ASSERT(std::abs(a + b) <= 1e-9 * std::abs(a));
}

RC_GTEST_PROP(PnpScaling, IsPassiveBetweenItsLimits, ()) {
  const PnpFilmParams film = any_film();
  const double w = draw(1e-3, 1e3) * conductivity_s_per_m(film) /
                   (film.relative_permittivity * constants::vacuum_permittivity_f_per_m);
  const Complex c = pnp_capacitance(film, w);
  RC_ASSERT(c.imag() <= 0.0);
  RC_ASSERT(c.real() <= pnp_capacitance(film, 0.0).real() * (1.0 + 1e-12));
  RC_ASSERT(c.real() >= frozen_capacitance_f_per_m2(film) * (1.0 - 1e-9));
}

RC_GTEST_PROP(PnpScaling, GapAddsItsSeriesTermToTheBiasedFilmWithTheSameCharge, ()) {
  PnpFilmParams behind = any_film();
  behind.gap_m = behind.thickness_m * draw(0.001, 0.1);
  const double bias = draw(0.01, 1.0);
  const PnpSpectrum a(behind, bias, {100});
  PnpFilmParams film = behind;
  film.gap_m = 0.0;
  const double gap_m2_per_f = behind.gap_m / constants::vacuum_permittivity_f_per_m;
  const PnpSpectrum b(film, bias - a.bias_charge_c_per_m2() * gap_m2_per_f, {100});
  const double w = draw(1e-2, 1e2) * conductivity_s_per_m(film) /
                   (film.relative_permittivity * constants::vacuum_permittivity_f_per_m);
  const Complex series = 1.0 / (gap_m2_per_f + 1.0 / b.capacitance(w));
  RC_ASSERT(std::abs(a.capacitance(w) - series) <= 1e-7 * std::abs(series));
}

RC_GTEST_PROP(PnpScaling, TransientConservesIons, ()) {
  const PnpFilmParams film = any_film();
  PnpTransient transient(film, {60});
  const double v = draw(0.01, 1.0);
  const double tau =
      debye_length_m(film) * debye_length_m(film) / film.species[0].diffusivity_m2_per_s;
  const std::vector<double> times{draw(0.1, 10.0) * tau, 100.0 * tau};
  static_cast<void>(transient.run([v](double) { return v; }, times));
  RC_ASSERT(
      std::abs(transient.ions_per_m2(0) / (film.species[0].density_per_m3 * film.thickness_m) -
               1.0) <= 1e-12);
}

TEST(PnpParams, AreLoadedFromATable) {
  PnpFilmParams film;
  Table table;
  EXPECT_EQ(film.species.size(), 1U);
  EXPECT_NO_THROW(validate(film));
  film.species.clear();
  EXPECT_THROW(validate(film), ParameterError);
  film = {};
  film.site_density_per_m3 = 1e22;
  EXPECT_THROW(validate(film), ParameterError);
}

}  // namespace
}  // namespace halotwin::physics
