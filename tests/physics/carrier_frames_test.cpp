#include "physics/carrier_frames.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "base/errors.hpp"
#include "physics/telegraph.hpp"
#include "tests/physics/carrier_films.hpp"

namespace halotwin::physics {
namespace {

constexpr double step = 50e-9;
constexpr std::size_t frames = 12;

struct Case {
  CarrierFilm film;
  std::vector<RecombinationCentre> centres;
  std::vector<double> mean;
  std::vector<float> occupations;
};

/// n x n nodes of the methylammonium film, or of the triple-cation film with rare strong centres.
Case make_case(std::size_t n, bool triple_cation, std::uint64_t seed) {
  CarrierFilmParams p;
  p.periodic = true;
  CentreParams weak;
  TelegraphEnsembleParams rates;
  rates.times = TimeDistribution::log_normal;
  rates.median_time_s = 2.2;
  if (triple_cation) {
    p.diffusivity_m2_per_s = 2e-5;
    p.loss_per_s = 9.2e6;
    p.transfer_m_per_s = 15.0;
    weak = {4.75e12, 0.5e-6, 0.5};
    rates.times = TimeDistribution::power_law;
    rates.exponent = 0.1;
  }
  const auto grains = test::voronoi(n, triple_cation ? 3.0 : 5.6, seed);
  const double area = static_cast<double>(n * n) * step * step;
  const auto nodes = boundary_nodes(grains, true);
  Case c;
  c.film = make_carrier_film(p, grains, step, seed);
  c.centres = place_centres(weak, nodes, area, seed);
  if (triple_cation) {
    const auto strong = place_centres({0.25e12, 8e-6, 0.3}, nodes, area, seed, 100'000);
    c.centres.insert(c.centres.end(), strong.begin(), strong.end());
  }
  std::vector<TelegraphParams> defects;
  for (std::uint32_t i = 0; i < c.centres.size(); ++i) {
    defects.push_back(draw_telegraph(rates, seed, i));
    c.mean.push_back(duty(defects.back()));
  }
  c.occupations = frame_occupations(defects, seed, 0, 0.03, frames);
  return c;
}

struct Error {
  double rms = 0.0;
  double largest = 0.0;
};
Error difference(std::span<const float> found, std::span<const double> judge) {
  double sum = 0.0;
  double norm = 0.0;
  Error e;
  for (std::size_t i = 0; i < judge.size(); ++i) {
    const double d = found[i] - judge[i];
    sum += d * d;
    norm += judge[i] * judge[i];
    e.largest = std::max(e.largest, std::abs(d) / judge[i]);
  }
  e.rms = std::sqrt(sum / norm);
  return e;
}

std::vector<double> judge(const Case& c, std::size_t frame) {
  const auto first = c.occupations.begin() + static_cast<std::ptrdiff_t>(frame * c.centres.size());
  const std::vector<double> on(first, first + static_cast<std::ptrdiff_t>(c.centres.size()));
  return steady_density(c.film, c.centres, on);
}

TEST(CarrierFrames, AgreeWithTheFullSolution) {
  for (const bool triple_cation : {false, true}) {
    for (const std::uint64_t seed : {1, 2}) {
      const Case c = make_case(64, triple_cation, seed);
      const CarrierFrames solver(c.film, c.centres, c.mean);
      std::vector<float> n(frames * c.film.size());
      solver.densities(c.occupations, n);
      for (const std::size_t k : {std::size_t{0}, std::size_t{1}, frames - 1}) {
        const auto exact = judge(c, k);
        const Error e = difference(std::span(n).subspan(k * c.film.size(), c.film.size()), exact);
        EXPECT_LT(e.rms, 5e-4) << triple_cation << seed << k;
        EXPECT_LT(e.largest, 1e-2) << triple_cation << seed << k;
        // the null: the mean state is far away
        EXPECT_GT(difference(solver.mean_density(), exact).rms, 0.02);
      }
    }
  }
}

TEST(CarrierFrames, ErrorFollowsTheTolerance) {
  const Case c = make_case(64, true, 3);
  double last = 1.0;
  for (const double tolerance : {1e-2, 1e-3, 1e-4}) {
    CarrierFrameOptions options;
    options.tolerance = tolerance;
    const CarrierFrames solver(c.film, c.centres, c.mean, options);
    std::vector<float> n(frames * c.film.size());
    solver.densities(c.occupations, n);
    const double error = difference(std::span(n).last(c.film.size()), judge(c, frames - 1)).rms;
    EXPECT_LT(error, tolerance);
    EXPECT_LT(error, 0.5 * last);
    last = error;
  }
}

// The mean state starts far away and is solved more sharply: frames that need few cycles must not
// fail for it.
TEST(CarrierFrames, MeanStateMayTakeLongerThanAFrame) {
  const Case c = make_case(64, true, 3);
  CarrierFrameOptions options;
  options.maximum_cycles = 12;
  const CarrierFrames solver(c.film, c.centres, c.mean, options);
  std::vector<float> n(frames * c.film.size());
  solver.densities(c.occupations, n);
  EXPECT_LT(difference(std::span(n).last(c.film.size()), judge(c, frames - 1)).rms, 5e-4);
}

// Without barriers, with one grain, closed, odd sizes, no centres, a wrong mean: slower, not wrong.
TEST(CarrierFrames, HoldForOtherFilms) {
  const std::size_t nx = 45;
  const std::size_t ny = 37;
  const std::vector<double> ones(nx * ny, 1.0);
  std::vector<double> k1 = ones;
  std::vector<double> d = ones;
  std::vector<double> g = ones;
  for (std::size_t i = 0; i < nx * ny; ++i) {
    k1[i] = 1e7;
    d[i] = i % nx < 20 ? 5e-5 : 1e-6;
    g[i] = 3e28;
  }
  CarrierFilm film = film_of_fields(nx, ny, step, false, d, k1, g);
  film.bimolecular_m3_per_s = 1e-15;  // strongly bimolecular
  film.background_per_m3 = 1e21;
  const std::vector<RecombinationCentre> centres = {{800, 1e-5}, {801, 1e-5}, {801, 2e-6}};
  const std::vector<double> mean = {0.0, 1.0, 0.0};
  const CarrierFrames solver(film, centres, mean);
  const std::vector<float> on = {1.0F, 0.0F, 1.0F};
  std::vector<float> n(film.size());
  solver.densities(on, n);
  const auto exact = steady_density(film, centres, std::vector<double>{1.0, 0.0, 1.0});
  EXPECT_LT(difference(n, exact).rms, 5e-4);

  const CarrierFrames bare(film, {}, {});
  bare.densities({}, n);
  EXPECT_LT(difference(n, steady_density(film, {}, {})).rms, 1e-4);
}

TEST(CarrierFrames, EmissionIsTheMeanOverAPixel) {
  Case c = make_case(32, false, 4);
  c.film.background_per_m3 = 1e21;
  const CarrierFrames solver(c.film, c.centres, c.mean);
  std::vector<float> n(frames * 1024);
  std::vector<float> light(frames * 256);
  solver.densities(c.occupations, n);
  solver.emission(c.occupations, 2, light);
  for (const std::size_t frame : {std::size_t{0}, std::size_t{7}}) {
    for (const std::size_t pixel : {std::size_t{0}, std::size_t{37}, std::size_t{255}}) {
      double sum = 0.0;
      for (std::size_t k = 0; k < 4; ++k) {
        const std::size_t node = (2 * (pixel / 16) + k / 2) * 32 + 2 * (pixel % 16) + k % 2;
        const double v = n[frame * 1024 + node];
        sum += 0.25 * c.film.bimolecular_m3_per_s * v * (v + 1e21);
      }
      EXPECT_NEAR(light[frame * 256 + pixel] / sum, 1.0, 1e-5);
    }
  }
}

TEST(CarrierFrames, SameBitsForAnyNumberOfThreadsAndCalls) {
  const Case c = make_case(32, true, 6);
  CarrierFrameOptions options;
  options.chunk_frames = 4;
  const CarrierFrames solver(c.film, c.centres, c.mean, options);
  std::vector<float> one(frames * 1024);
  std::vector<float> three(frames * 1024);
  std::vector<float> parts(frames * 1024);
  solver.densities(c.occupations, one, Threads{1});
  solver.densities(c.occupations, three, Threads{3});
  EXPECT_EQ(one, three);
  const std::size_t half = 8 * c.centres.size();
  solver.densities(std::span(c.occupations).first(half), std::span(parts).first(8 * 1024));
  solver.densities(std::span(c.occupations).subspan(half), std::span(parts).subspan(8 * 1024));
  EXPECT_EQ(one, parts);
}

TEST(CarrierFrames, RefuseWhatCannotBe) {
  const Case c = make_case(16, false, 1);
  EXPECT_THROW(CarrierFrames(c.film, c.centres, std::vector<double>{}), ParameterError);
  const CarrierFrames solver(c.film, c.centres, c.mean);
  std::vector<float> n(16 * 16 * 2);
  EXPECT_THROW(solver.densities(c.occupations, n), ParameterError);
  EXPECT_THROW(solver.emission(c.occupations, 3, n), ParameterError);
  CarrierFrameOptions hasty;
  hasty.maximum_cycles = 1;
  hasty.tolerance = 1e-6;
  const Case large = make_case(64, true, 3);
  const CarrierFrames in_haste(large.film, large.centres, large.mean, hasty);
  std::vector<float> all(frames * large.film.size());
  EXPECT_THROW(in_haste.densities(large.occupations, all), std::runtime_error);
}

}  // namespace
}  // namespace halotwin::physics
