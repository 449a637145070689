#include "physics/pnp_gap_response.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "base/constants.hpp"
#include "base/errors.hpp"
#include "physics/ion_response.hpp"
#include "physics/pnp_spectrum.hpp"
#include "tests/physics/pnp_films.hpp"

namespace halotwin::physics {
namespace {

using Complex = std::complex<double>;

double peak_hz(const PnpFilmParams& film) {
  return 0.5 / constants::pi / film_behind_gap_time_s(30.0, 1e-6, film.thickness_m, film.gap_m);
}

TEST(PnpGapResponse, OfManyIonsIsThatOfTheConductingFilm) {
  const PnpFilmParams film = film_behind_gap(3e26);  // lam_D far below the film and eps_r z
  IonFilmParams plate;
  plate.thickness_m = film.thickness_m;
  plate.relative_permittivity = 30.0;
  plate.active_share = 1.0;
  const double tau = dielectric_time_s(30.0, 1e-6);
  const IonCoupling coupling = ion_coupling(plate, tau, film.gap_m, 0.0);
  const std::vector<double> f{100.0, 327.0, 1000.0, 8000.0};
  const auto r = pnp_gap_response(film, 0.0, f);
  for (std::size_t k = 0; k < f.size(); ++k) {
    const Complex rs = physical_response(coupling, 2.0 * constants::pi * f[k]);
    EXPECT_LE(std::abs(r[k] - rs * rs), 3e-3 * std::abs(r[k])) << f[k];
  }
}

TEST(PnpGapResponse, WithoutBiasIsTheSquareOfTheLinearOne) {
  const PnpFilmParams film = film_behind_gap(1e22);
  const std::vector<double> f{30.0, 300.0, 3000.0};
  const auto full = pnp_gap_response(film, 0.0, f);
  const auto linear = pnp_gap_linear_response(film, 0.0, f);
  for (std::size_t k = 0; k < f.size(); ++k) {
    EXPECT_LE(std::abs(full[k] - linear[k]), 1e-14 * std::abs(linear[k]));
  }
}

// The second order of the linearised film against a small sine integrated in time.
TEST(PnpGapResponse, UnderABiasIsTheLimitOfASmallSine) {
  for (const double density : {3e21, 1e22, 1e23}) {
    const PnpFilmParams film = film_behind_gap(density);
    for (const double x : {0.2, 2.0}) {
      const std::vector<double> f{x * peak_hz(film)};
      const double bias = 1.5;
      const Complex expected = pnp_gap_response(film, bias, f).front();
      SineOptions options;
      options.samples = 64;
      options.time.relative_tolerance = 1e-8;
      const Complex small =
          pnp_drive_change(
              film, {.bias_v = bias, .amplitude_v = 0.05, .frequency_hz = f[0]}, options)
              .response;
      EXPECT_LE(std::abs(small - expected), 2e-3 * std::abs(expected)) << density << " " << x;
      // the charge's own second harmonic is no small correction where the film is nonlinear
      const Complex linear = pnp_gap_linear_response(film, bias, f).front();
      if (density < 2e22) {
        EXPECT_GT(std::abs(linear - expected), 0.02 * std::abs(expected));
      }
    }
  }
}

TEST(PnpGapResponse, IsEvenInTheBias) {
  const PnpFilmParams film = film_behind_gap(1e22);
  const std::vector<double> f{100.0, 1000.0};
  const auto up = pnp_bias_change(film, 1.0, f);
  const auto down = pnp_bias_change(film, -1.0, f);
  for (std::size_t k = 0; k < f.size(); ++k) {
    EXPECT_LE(std::abs(up[k].response - down[k].response), 1e-8 * std::abs(up[k].response));
  }
}

TEST(PnpGapResponse, ChangesWithTheSquareOfASmallBiasAndLessWithMoreIons) {
  const PnpFilmParams film = film_behind_gap(1e23);
  const std::vector<double> f{peak_hz(film)};
  const double one = std::abs(pnp_bias_change(film, 0.1, f).front().relative());
  const double two = std::abs(pnp_bias_change(film, 0.2, f).front().relative());
  EXPECT_NEAR(two / one, 4.0, 0.1);
  EXPECT_LE(std::abs(pnp_bias_change(film, 0.0, f).front().relative()), 1e-14);
  const double many = std::abs(pnp_bias_change(film_behind_gap(1e24), 0.2, f).front().relative());
  EXPECT_LT(many, 0.1 * two);
}

TEST(PnpGapResponse, SmallDriveWithoutBiasChangesNothing) {
  const PnpFilmParams film = film_behind_gap(1e23);
  const GapResponseChange change =
      pnp_drive_change(film, {.amplitude_v = 0.01, .frequency_hz = peak_hz(film)});
  EXPECT_LE(std::abs(change.relative()), 1e-4);
}

TEST(PnpGapResponse, LossPeakOfManyIonsIsThatOfTheLinearFilm) {
  // r*^2 = (1 + i x)^2 / (1 - b + i x)^2, x = w eps / sigma
  const PnpFilmParams film = film_behind_gap(3e26);
  const LossPeak peak = pnp_gap_loss_peak(film, 0.0);
  const double b = (500.0 / 30.0) / (20.0 + 500.0 / 30.0);
  double best = 0.0;
  double at = 0.0;
  for (double x = 0.01; x < 10.0; x *= 1.0005) {
    const Complex r = Complex(1.0, x) / Complex(1.0 - b, x);
    const double loss = -(r * r).imag();
    at = loss > best ? x : at;
    best = std::max(best, loss);
  }
  const double tau = dielectric_time_s(30.0, 1e-6);
  EXPECT_NEAR(2.0 * constants::pi * peak.frequency_hz * tau / at, 1.0, 5e-3);
  EXPECT_NEAR(peak.height / best, 1.0, 5e-3);
}

TEST(PnpGapResponse, LossPeakFallsAndMovesUpUnderABias) {
  const PnpFilmParams film = film_behind_gap(1e22);
  const LossPeak rest = pnp_gap_loss_peak(film, 0.0);
  LossPeak before = rest;
  for (const double bias : {0.3, 0.6, 1.0, 2.0}) {
    const LossPeak now = pnp_gap_loss_peak(film, bias);
    EXPECT_LT(now.height, before.height);
    EXPECT_GT(now.frequency_hz, before.frequency_hz);
    before = now;
  }
  EXPECT_LT(before.height, 0.2 * rest.height);
  EXPECT_GT(before.frequency_hz, 4.0 * rest.frequency_hz);
  // few ions, all gone from under the tip: nothing left to lose
  EXPECT_TRUE(std::isnan(pnp_gap_loss_peak(film_behind_gap(1e20), 5.0).frequency_hz));
}

TEST(PnpGapResponse, LinearDensityIsWhereTheDriveMovesAllIons) {
  const PnpFilmParams film = film_behind_gap(1e23);
  EXPECT_NEAR(linear_density_per_m3(film, 2.0),
              2.0 * 8.8541878e-12 / (1.602176634e-19 * 20e-9 * 500e-9),
              1e15);
}

TEST(PnpGapResponse, NeedsAGap) {
  const std::vector<double> f{100.0};
  EXPECT_THROW(static_cast<void>(pnp_gap_response(golden_film(), 0.0, f)), ParameterError);
}

}  // namespace
}  // namespace halotwin::physics
