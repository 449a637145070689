#include "physics/pnp_admittance.hpp"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "base/constants.hpp"
#include "base/errors.hpp"
#include "physics/laplace_inversion.hpp"
#include "physics/pnp_spectrum.hpp"
#include "tests/physics/pnp_films.hpp"

namespace halotwin::physics {
namespace {

using Complex = std::complex<double>;
constexpr double eps0 = constants::vacuum_permittivity_f_per_m;

void expect_near_relative(Complex value, Complex expected, double tolerance) {
  EXPECT_LE(std::abs(value - expected), tolerance * std::abs(expected))
      << value << " instead of " << expected;
}

TEST(LaplaceInversion, GivesExponentialsPowersAndDiffusion) {
  for (const double t : {0.01, 1.0, 30.0}) {
    EXPECT_NEAR(
        inverse_laplace([](Complex s) { return 1.0 / (s + 0.3); }, t), std::exp(-0.3 * t), 1e-9);
    EXPECT_NEAR(inverse_laplace([](Complex s) { return 1.0 / (s * s); }, t), t, 1e-9 * t);
    EXPECT_NEAR(inverse_laplace([](Complex s) { return std::exp(-std::sqrt(s)) / s; }, t),
                std::erfc(0.5 / std::sqrt(t)),
                1e-9);
  }
}

TEST(LaplaceInversion, RefusesTimeZero) {
  EXPECT_THROW(static_cast<void>(inverse_laplace([](Complex s) { return 1.0 / s; }, 0.0)),
               ParameterError);
}

TEST(PnpAdmittance, HasTheLimitsOfADoubleLayerAndOfADielectric) {
  const PnpFilmParams film = golden_film();
  const double eps = film.relative_permittivity * eps0;
  const double lam = debye_length_m(film);
  const double half = 0.5 * film.thickness_m;
  EXPECT_NEAR(pnp_capacitance(film, 0.0).real(),
              eps / (2.0 * lam) / std::tanh(half / lam),
              1e-14 * eps / lam);
  expect_near_relative(pnp_capacitance(film, 1e9), frozen_capacitance_f_per_m2(film), 1e-6);
}

TEST(PnpAdmittance, IsAConductorBetweenItsCorners) {
  // far above lam_D L / D and far below D / lam_D^2 the ions are an ohmic bulk
  PnpFilmParams film = golden_film();
  film.thickness_m = 1e-3;
  const double sigma = conductivity_s_per_m(film);
  const double tau_m = debye_length_m(film) * debye_length_m(film) / 1.00823e-14;
  const Complex y = pnp_admittance(film, Complex(0.0, 1e-3 / tau_m));
  EXPECT_NEAR(y.real() * film.thickness_m / sigma, 1.0, 1e-2);
}

TEST(PnpAdmittance, TakesTheGapInSeries) {
  const PnpFilmParams film = golden_film();
  PnpFilmParams behind = film;
  behind.gap_m = 20e-9;
  for (const double w : {0.1, 2.0, 50.0, 1e4}) {
    const Complex series = 1.0 / (behind.gap_m / eps0 + 1.0 / pnp_capacitance(film, w));
    expect_near_relative(pnp_capacitance(behind, w), series, 1e-13);
  }
}

TEST(PnpAdmittance, OfABinaryElectrolyteDiffersInTheDebyeLengthOnly) {
  const PnpFilmParams one = golden_film();
  PnpFilmParams two = binary_film(0.5e23);
  two.species[0].diffusivity_m2_per_s = two.species[1].diffusivity_m2_per_s = 1.00823e-14;
  for (const double w : {0.1, 2.0, 50.0}) {
    expect_near_relative(pnp_capacitance(two, w), pnp_capacitance(one, w), 1e-14);
  }
}

TEST(PnpAdmittance, RefusesWhatItsFormulaDoesNotCover) {
  PnpFilmParams film = binary_film();
  film.species[1].diffusivity_m2_per_s *= 2.0;
  EXPECT_THROW(static_cast<void>(pnp_capacitance(film, 1.0)), ParameterError);
  film = golden_film();
  film.site_density_per_m3 = 1e28;
  EXPECT_THROW(static_cast<void>(pnp_capacitance(film, 1.0)), ParameterError);
}

TEST(PnpAdmittance, BehindAGapRelaxesAtTheMaxwellWagnerTime) {
  // line 2 of the three regimes: tau = (eps0 / sigma)(eps_r + h / z); thick against lam_D
  const PnpFilmParams film = film_behind_gap(1e25);
  const double tau = film_behind_gap_time_s(30.0, 1e-6, film.thickness_m, film.gap_m);
  double best = 0.0;
  double best_w = 0.0;
  for (int k = -300; k <= 300; ++k) {
    const double w = std::pow(10.0, k / 300.0) / tau;
    const double loss = -pnp_capacitance(film, w).imag();
    best_w = loss > best ? w : best_w;
    best = std::max(best, loss);
  }
  EXPECT_NEAR(best_w * tau, 1.0, 0.02);
}

TEST(PnpStepCharge, BeginsFrozenAndEndsAtTheDoubleLayers) {
  const PnpFilmParams film = golden_film();
  EXPECT_NEAR(pnp_step_charge_f_per_m2(film, 1e-9) / frozen_capacitance_f_per_m2(film), 1.0, 1e-6);
  EXPECT_NEAR(pnp_step_charge_f_per_m2(film, 60.0) / pnp_capacitance(film, 0.0).real(), 1.0, 1e-8);
}

TEST(PnpSpectrum, AgreesWithTheClosedForm) {
  for (PnpFilmParams film : {golden_film(), binary_film(), film_behind_gap(1e23)}) {
    const PnpSpectrum spectrum(film);
    for (const double w : {0.0, 0.1, 1.0, 10.0, 1e3, 1e5}) {
      expect_near_relative(spectrum.capacitance(w), pnp_capacitance(film, w), 1e-4);
    }
  }
}

TEST(PnpSpectrum, IsSecondOrderInSpace) {
  const PnpFilmParams film = golden_film();
  const Complex exact = pnp_capacitance(film, 2.0);
  PnpGridParams grid{50};
  double before = 0.0;
  for (int level = 0; level < 4; ++level) {
    const double error = std::abs(PnpSpectrum(film, 0.0, grid).capacitance(2.0) - exact);
    if (level > 0) {
      EXPECT_NEAR(std::log2(before / error), 2.0, 0.05) << level;
    }
    before = error;
    grid = halved(film, grid);
  }
}

TEST(PnpSpectrum, GivesTheSameForManyFrequenciesAndForOne) {
  const PnpSpectrum spectrum(film_behind_gap(1e22), 1.5);
  const std::vector<double> w{1.0, 30.0, 2e3, 4e3, 5e3, 6e3, 7e3, 8e3, 9e3, 1e4, 1e6};
  const auto all = spectrum.capacitance(w);
  for (std::size_t k = 0; k < w.size(); ++k) {
    EXPECT_EQ(all[k], spectrum.capacitance(w[k]));
  }
}

TEST(PnpSpectrum, OfTwoSpeciesWithOneInvisibleIsThatOfTheOther) {
  // the general two-species elimination against the one-species sweep
  PnpFilmParams film = film_behind_gap(1e22);
  const PnpSpectrum one(film, 1.0);
  film.species.push_back({1e15, 1e-14, -1});
  const PnpSpectrum two(film, 1.0);
  for (const double w : {10.0, 1e3, 1e4, 1e5}) {
    expect_near_relative(two.capacitance(w), one.capacitance(w), 2e-6);
  }
}

TEST(PnpSpectrum, UnderABiasAtRestIsTheSlopeOfTheStaticCharge) {
  for (PnpFilmParams film : {golden_film(), film_behind_gap(1e22), binary_film()}) {
    const double bias = 0.4;
    const double dv = 1e-4;
    const double slope = (PnpSpectrum(film, bias + dv).bias_charge_c_per_m2() -
                          PnpSpectrum(film, bias - dv).bias_charge_c_per_m2()) /
                         (2.0 * dv);
    EXPECT_NEAR(PnpSpectrum(film, bias).capacitance(1e-6).real() / slope, 1.0, 2e-6);
  }
}

TEST(PnpSpectrum, WithManySitesIsThatWithoutALimit) {
  PnpFilmParams film = golden_film();
  const Complex free = PnpSpectrum(film, 0.5).capacitance(1.0);
  film.site_density_per_m3 = 1e30;
  expect_near_relative(PnpSpectrum(film, 0.5).capacitance(1.0), free, 1e-5);
  film.site_density_per_m3 = 2e23;  // half full: stiffer
  EXPECT_GT(std::abs(PnpSpectrum(film, 0.5).capacitance(1.0) / free - 1.0), 0.05);
}

}  // namespace
}  // namespace halotwin::physics
