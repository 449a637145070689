#include "physics/carrier_film.hpp"

#include <algorithm>
#include <cmath>
#include <complex>
#include <vector>

#include <gtest/gtest.h>

#include "base/constants.hpp"
#include "base/errors.hpp"
#include "base/grid.hpp"
#include "tests/physics/carrier_films.hpp"

namespace halotwin::physics {
namespace {

using constants::pi;

std::vector<double> flat(std::size_t n, double value) {
  return std::vector<double>(n, value);
}

TEST(CarrierFilm, GenerationIsTheSumOfTheLosses) {
  CarrierFilmParams p;
  p.boundary_loss_m_per_s = 0.5;
  p.background_per_m3 = 1e21;
  const auto grains = test::voronoi(32, 5.6, 3);
  for (const bool periodic : {false, true}) {
    p.periodic = periodic;
    const CarrierFilm film = make_carrier_film(p, grains, 50e-9, 3);
    const auto centres = place_centres({}, boundary_nodes(grains, periodic), 2.56e-12, 3);
    const std::vector<double> on = flat(centres.size(), 0.6);
    const auto n = steady_density(film, centres, on);
    const CarrierBalance b = carrier_balance(film, centres, on, n);
    const double losses = b.monomolecular_per_m3_s + b.radiative_per_m3_s + b.centres_per_m3_s;
    EXPECT_NEAR(losses / b.generation_per_m3_s, 1.0, 1e-10);
    for (const double part : {b.monomolecular_per_m3_s, b.radiative_per_m3_s, b.centres_per_m3_s}) {
      EXPECT_GT(part, 0.005 * b.generation_per_m3_s);
    }
    std::vector<double> rate(film.size());
    carrier_rate(film, centres, on, n, rate);
    for (const double r : rate) {
      EXPECT_NEAR(r / b.generation_per_m3_s, 0.0, 1e-9);
    }
  }
}

// n(r) = n0 [1 - B K0(r / L)], B = b / (1 + b K0(a / L)), b = kappa / (2 pi D): a centre of capture
// radius a in an endless film, on two grids. Within a few nodes the density of a grid differs from
// the logarithm by B (step / r)^2 / 9 or less (lattice Green's function), whatever the step.
TEST(CarrierFilm, PointQuencherHasTheBesselProfile) {
  const double d = 5e-5;
  const double k1 = 2e8;  // L = 0.5 um
  const double length = std::sqrt(d / k1);
  const double kappa = 1e-4;
  const double a = 1e-9;
  const double beta = kappa / (2.0 * pi * d);
  const double b = beta / (1.0 + beta * std::cyl_bessel_k(0.0, a / length));
  for (const double step : {50e-9, 25e-9}) {
    const auto n = static_cast<std::size_t>(std::lround(5e-6 / step)) + 1;
    const CarrierFilm film =
        film_of_fields(n, n, step, false, flat(n * n, d), flat(n * n, k1), flat(n * n, 1e28));
    const std::size_t middle = (n / 2) * n + n / 2;
    const std::vector<double> on = {1.0};
    const auto profile = [&](double strength) {
      const RecombinationCentre centre{middle, strength};
      auto density = steady_density(film, std::span(&centre, 1), on);
      for (double& v : density) {
        v *= k1 / 1e28;
      }
      return density;
    };
    const auto exact = [&](double r) { return 1.0 - b * std::cyl_bessel_k(0.0, r / length); };
    const auto corrected = profile(node_strength_m2_per_s(kappa, a, d, step));
    const auto uncorrected = profile(kappa);
    double worst = 0.0;
    double worst_uncorrected = 0.0;
    for (std::size_t i = 4; static_cast<double>(i) * step < 1.5e-6; ++i) {
      const double r = static_cast<double>(i) * step;
      worst = std::max(worst, std::abs(corrected[middle + i] - exact(r)));
      worst_uncorrected = std::max(worst_uncorrected, std::abs(uncorrected[middle + i] - exact(r)));
      // along the diagonal
      if (i % 2 == 0) {
        EXPECT_NEAR(corrected[middle + i + i * n], exact(std::sqrt(2.0) * r), 1e-3);
      }
    }
    EXPECT_LT(worst, 1e-3) << step;
    EXPECT_LT(std::abs(corrected[middle + 2] - exact(2.0 * step)), b / 36.0);
    EXPECT_GT(worst_uncorrected, 1e-2) << step;  // the null
  }
}

/// D of a plane wave of generation: G = g (1 + cos k.r) gives n = (g / k1) (1 + cos(k.r) k1 / (k1 +
/// D k^2)), from the amplitude.
double effective_diffusivity(CarrierFilm film, int waves_x, int waves_y) {
  const double k1 = film.loss_per_s[0];
  const auto phase = [&](std::size_t i) {
    const double x = (static_cast<double>(i % film.nx) + 0.5) / static_cast<double>(film.nx);
    const double y = (static_cast<double>(i / film.nx) + 0.5) / static_cast<double>(film.ny);
    return 2.0 * pi * (waves_x * x + waves_y * y);
  };
  for (std::size_t i = 0; i < film.size(); ++i) {
    film.generation_per_m3_s[i] = 1e28 * (1.0 + 0.5 * std::cos(phase(i)));
  }
  const auto n = steady_density(film, {}, {});
  double amplitude = 0.0;
  for (std::size_t i = 0; i < film.size(); ++i) {
    amplitude += 2.0 * n[i] * std::cos(phase(i)) / static_cast<double>(film.size());
  }
  const double kx = 2.0 * pi * waves_x / (static_cast<double>(film.nx) * film.step_m);
  const double ky = 2.0 * pi * waves_y / (static_cast<double>(film.ny) * film.step_m);
  return (0.5e28 / amplitude - k1) / (kx * kx + ky * ky);
}

CarrierFilmParams plain() {
  CarrierFilmParams p;
  p.loss_sigma_ln = 0.0;
  p.transfer_sigma_ln = 0.0;
  p.bimolecular_m3_per_s = 0.0;
  p.periodic = true;
  return p;
}

// Boundaries a distance d apart: D_eff = D / (1 + D / (v d)).
TEST(CarrierFilm, PeriodicBarriersHaveTheirEffectiveDiffusivity) {
  Image<std::int32_t> stripes(512, 1);
  for (std::size_t i = 0; i < stripes.nx; ++i) {
    stripes.values[i] = static_cast<std::int32_t>(i / 4);
  }
  for (const double v : {15.0, 45.0, 1000.0}) {
    CarrierFilmParams p = plain();
    p.loss_per_s = 1e6;
    p.transfer_m_per_s = v;
    const double d = 4 * 50e-9;
    const double expected = p.diffusivity_m2_per_s / (1.0 + p.diffusivity_m2_per_s / (v * d));
    const double found = effective_diffusivity(make_carrier_film(p, stripes, 50e-9, 1), 1, 0);
    EXPECT_NEAR(found / expected, 1.0, 1e-3) << v;
    EXPECT_LT(found, 0.9 * p.diffusivity_m2_per_s);
  }
}

// The same boundaries at 45 degrees, as staircases: the weights make v a property of the boundary,
// without them a staircase lets through sqrt(2) times as much.
TEST(CarrierFilm, StaircasesPassWhatTheirBoundaryPasses) {
  Image<std::int32_t> stripes(128, 128);
  for (std::size_t iy = 0; iy < 128; ++iy) {
    for (std::size_t ix = 0; ix < 128; ++ix) {
      stripes(ix, iy) = static_cast<std::int32_t>(((ix + iy) % 128) / 8);
    }
  }
  CarrierFilmParams p = plain();
  p.loss_per_s = 1e6;
  p.transfer_m_per_s = 15.0;
  const double d = 8 * 50e-9 / std::sqrt(2.0);
  const auto expected = [&](double v) {
    return p.diffusivity_m2_per_s / (1.0 + p.diffusivity_m2_per_s / (v * d));
  };
  const double corrected = effective_diffusivity(make_carrier_film(p, stripes, 50e-9, 1), 1, 1);
  EXPECT_NEAR(corrected / expected(15.0), 1.0, 0.02);
  p.staircase_corrected = false;
  const double staircase = effective_diffusivity(make_carrier_film(p, stripes, 50e-9, 1), 1, 1);
  EXPECT_NEAR(staircase / expected(15.0 * std::sqrt(2.0)), 1.0, 0.02);
}

TEST(CarrierFilm, BarriersHaveTheirLimits) {
  const auto grains = test::voronoi(16, 4.0, 2);
  CarrierFilmParams p;
  p.bimolecular_m3_per_s = 0.0;
  p.transfer_m_per_s = 0.0;
  const CarrierFilm closed = make_carrier_film(p, grains, 50e-9, 1);
  const auto n = steady_density(closed, {}, {});
  for (std::size_t i = 0; i < n.size(); ++i) {
    EXPECT_NEAR(n[i] * closed.loss_per_s[i] / p.generation_per_m3_s, 1.0, 1e-9);
  }
  p.transfer_m_per_s = 1e9;
  const CarrierFilm open = make_carrier_film(p, grains, 50e-9, 1);
  for (std::size_t i = 0; i + 1 < 16; ++i) {
    EXPECT_NEAR(open.conductance_x_m2_per_s[i] / p.diffusivity_m2_per_s, 1.0, 1e-5);
  }
}

// One grain between recombining boundaries: n = (G / k1) [1 - S cosh(x / L) / (S cosh(w) + (D / L)
// sinh(w))], w = d / (2 L).
TEST(CarrierFilm, BoundaryRecombinationHasTheExactProfileOfAGrain) {
  CarrierFilmParams p = plain();
  p.transfer_m_per_s = 0.0;
  p.boundary_loss_m_per_s = 100.0;
  p.loss_per_s = 2e8;
  const double d = 1e-6;
  const double length = std::sqrt(p.diffusivity_m2_per_s / p.loss_per_s);
  const double half = 0.5 * d / length;
  const double s = p.boundary_loss_m_per_s;
  const auto error = [&](std::size_t cells) {
    Image<std::int32_t> two(2 * cells, 1);
    std::fill(two.values.begin() + static_cast<std::ptrdiff_t>(cells), two.values.end(), 1);
    const double step = d / static_cast<double>(cells);
    const auto n = steady_density(make_carrier_film(p, two, step, 1), {}, {});
    double worst = 0.0;
    for (std::size_t i = 0; i < cells; ++i) {
      const double x = (static_cast<double>(i) + 0.5) * step - 0.5 * d;
      const double exact =
          1.0 - s * std::cosh(x / length) /
                    (s * std::cosh(half) + p.diffusivity_m2_per_s / length * std::sinh(half));
      worst = std::max(worst, std::abs(n[i] * p.loss_per_s / p.generation_per_m3_s - exact));
    }
    return worst;
  };
  EXPECT_LT(error(80), 1e-4);
  EXPECT_NEAR(std::log2(error(20) / error(40)), 2.0, 0.1);
}

// n = n0 (1 + 0.3 cos x sin 2y) with D = d (1 + 0.4 sin x cos y), k2 n^2 included: the generation
// that it needs is given, the error falls with the square of the step.
TEST(CarrierFilm, ManufacturedSolutionConvergesInSecondOrder) {
  const double d = 5e-5;
  const double k1 = 1e9;
  const double k2 = 1e-13;  // half as fast
  const double n0 = 5e21;
  const double width = 4e-6;
  const double w = 2.0 * pi / width;
  const auto error = [&](std::size_t n) {
    const double step = width / static_cast<double>(n);
    std::vector<double> diffusivity(n * n);
    std::vector<double> generation(n * n);
    std::vector<double> exact(n * n);
    for (std::size_t i = 0; i < n * n; ++i) {
      const double x = w * step * (static_cast<double>(i % n) + 0.5);
      const double y = w * step * (static_cast<double>(i / n) + 0.5);
      diffusivity[i] = d * (1.0 + 0.4 * std::sin(x) * std::cos(y));
      exact[i] = n0 * (1.0 + 0.3 * std::cos(x) * std::sin(2.0 * y));
      const double nx = -0.3 * n0 * w * std::sin(x) * std::sin(2.0 * y);
      const double ny = 0.6 * n0 * w * std::cos(x) * std::cos(2.0 * y);
      const double laplacian = -1.5 * n0 * w * w * std::cos(x) * std::sin(2.0 * y);
      const double dx = 0.4 * d * w * std::cos(x) * std::cos(y);
      const double dy = -0.4 * d * w * std::sin(x) * std::sin(y);
      generation[i] = k1 * exact[i] + k2 * exact[i] * exact[i] -
                      (diffusivity[i] * laplacian + dx * nx + dy * ny);
    }
    CarrierFilm film = film_of_fields(n, n, step, true, diffusivity, flat(n * n, k1), generation);
    film.bimolecular_m3_per_s = k2;
    const auto found = steady_density(film, {}, {});
    double worst = 0.0;
    for (std::size_t i = 0; i < n * n; ++i) {
      worst = std::max(worst, std::abs(found[i] - exact[i]) / n0);
    }
    return worst;
  };
  EXPECT_NEAR(std::log2(error(24) / error(48)), 2.0, 0.1);
  EXPECT_NEAR(std::log2(error(48) / error(96)), 2.0, 0.05);
  EXPECT_LT(error(96), 1e-3);
}

// The quasi-steady picture: after a centre switches, the density follows within microseconds. Over
// a frame of 30 ms the lag is below 1e-5 of the density.
TEST(CarrierFilm, DensityFollowsASwitchAtOnce) {
  CarrierFilmParams p;
  const auto grains = test::voronoi(12, 4.0, 5);
  const CarrierFilm film = make_carrier_film(p, grains, 50e-9, 5);
  const RecombinationCentre centre{6 * 12 + 5, 3.6e-6};
  const std::vector<double> off = {0.0};
  const std::vector<double> on = {1.0};
  const auto before = steady_density(film, std::span(&centre, 1), off);
  const auto after = steady_density(film, std::span(&centre, 1), on);
  std::vector<double> times;
  for (int k = 1; k <= 200; ++k) {
    times.push_back(k * 15e-9);
  }
  const auto n = density_in_time(film, std::span(&centre, 1), on, before, times, 1e-8);
  double largest_step = 0.0;
  for (std::size_t i = 0; i < film.size(); ++i) {
    largest_step = std::max(largest_step, 1.0 - after[i] / before[i]);
    EXPECT_NEAR(n.back()[i] / after[i], 1.0, 1e-6);  // 3 us later: 24 lifetimes
    double lag = 0.5 * (before[i] - after[i]);       // trapezoids
    for (const auto& at : n) {
      lag += at[i] - after[i];
    }
    EXPECT_LT(std::abs(lag) * 15e-9 / (30e-3 * after[i]), 1e-5);
  }
  EXPECT_GT(largest_step, 0.3);
}

// And the decay of a flat film without sinks is exponential.
TEST(CarrierFilm, DensityInTimeDecaysWithItsLifetime) {
  const CarrierFilm film =
      film_of_fields(4, 3, 50e-9, true, flat(12, 5e-5), flat(12, 1e7), flat(12, 1e28));
  const std::vector<double> times = {5e-8, 1e-7, 4e-7};
  const auto n = density_in_time(film, {}, {}, flat(12, 3e21), times, 1e-8);
  for (std::size_t k = 0; k < times.size(); ++k) {
    EXPECT_NEAR(n[k][5], 1e21 + 2e21 * std::exp(-1e7 * times[k]), 1e15);
  }
}

TEST(CarrierFilm, CentresLieWhereTheyAreAskedFor) {
  const auto grains = test::voronoi(64, 5.6, 1);
  const auto nodes = boundary_nodes(grains, true);
  EXPECT_LT(nodes.size(), grains.size());
  const double area = 64 * 64 * 2.5e-15;
  double number = 0.0;
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    const auto centres = place_centres({}, nodes, area, seed);
    number += static_cast<double>(centres.size()) / 50.0;
    for (const auto& c : centres) {
      EXPECT_TRUE(std::binary_search(nodes.begin(), nodes.end(), c.node));
    }
  }
  EXPECT_NEAR(number, 5e12 * area, 4.0 * std::sqrt(5e12 * area / 50.0));
}

TEST(CarrierFilm, RefusesWhatCannotBe) {
  EXPECT_NO_THROW(validate(CarrierFilmParams{}));
  EXPECT_THROW(validate(CarrierFilmParams{.diffusivity_m2_per_s = 0.0}), ParameterError);
  EXPECT_THROW(validate(CentreParams{.density_per_m2 = -1.0}), ParameterError);
  EXPECT_THROW((void)film_of_fields(2, 2, 1.0, false, flat(3, 1.0), flat(4, 1.0), flat(4, 1.0)),
               ParameterError);
  EXPECT_THROW((void)film_of_fields(2, 2, 1.0, false, flat(4, 1.0), flat(4, 0.0), flat(4, 1.0)),
               ParameterError);
  // a perfect sink with a radius as large as its cell has no node strength
  EXPECT_THROW((void)node_strength_m2_per_s(1.0, 50e-9, 5e-5, 50e-9), ParameterError);
}

}  // namespace
}  // namespace halotwin::physics
