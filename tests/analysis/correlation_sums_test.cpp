#include "analysis/correlation_sums.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "analysis/detector_noise.hpp"
#include "base/errors.hpp"
#include "base/random.hpp"

namespace halotwin::analysis {
namespace {

struct Movie {
  std::size_t nx = 0, ny = 0, frames = 0;
  std::vector<std::uint16_t> values;
  [[nodiscard]] double at(std::size_t t, std::size_t p) const { return values[t * nx * ny + p]; }
};

// Neighbours share light of a common source; `largest` counts.
Movie movie(
    std::size_t nx, std::size_t ny, std::size_t frames, double largest, std::uint64_t seed) {
  Movie m{nx, ny, frames, {}};
  RandomStream draw(seed, Purpose::test_data, 4);
  for (std::size_t t = 0; t < frames; ++t) {
    const double common = draw.uniform(0.0, 0.5);
    for (std::size_t p = 0; p < nx * ny; ++p) {
      m.values.push_back(static_cast<std::uint16_t>(largest * (common + draw.uniform(0.0, 0.5))));
    }
  }
  return m;
}

double pearson(const Movie& m, std::size_t p, std::size_t q) {
  double mp = 0.0;
  double mq = 0.0;
  for (std::size_t t = 0; t < m.frames; ++t) {
    mp += m.at(t, p) / static_cast<double>(m.frames);
    mq += m.at(t, q) / static_cast<double>(m.frames);
  }
  double pp = 0.0;
  double qq = 0.0;
  double pq = 0.0;
  for (std::size_t t = 0; t < m.frames; ++t) {
    const double a = m.at(t, p) - mp;
    const double b = m.at(t, q) - mq;
    pp += a * a;
    qq += b * b;
    pq += a * b;
  }
  return pq / std::sqrt(pp * qq);
}

CorrelationMap map_of(const Movie& m,
                      std::size_t portion,
                      Threads threads = {},
                      Instructions which = Instructions::best) {
  CorrelationSums sums(m.nx, m.ny, threads);
  sums.use(which);
  const std::size_t size = m.nx * m.ny;
  for (std::size_t t = 0; t < m.frames; t += portion) {
    const std::size_t n = std::min(portion, m.frames - t);
    sums.add({m.values.data() + t * size, n * size});
  }
  return correlation_map(sums);
}

TEST(CorrelationSums, AreThoseOfTheDefinition) {
  // both the range that the paired rows take and the whole range of 16 bits
  for (const double largest : {900.0, 65535.0}) {
    const Movie m = movie(21, 9, 150, largest, 3);
    const CorrelationMap map = map_of(m, m.frames);
    for (std::size_t y = 0; y < m.ny; ++y) {
      for (std::size_t x = 0; x < m.nx; ++x) {
        double sum = 0.0;
        int count = 0;
        for (std::size_t v = y == 0 ? 0 : y - 1; v <= std::min(y + 1, m.ny - 1); ++v) {
          for (std::size_t u = x == 0 ? 0 : x - 1; u <= std::min(x + 1, m.nx - 1); ++u) {
            if (u != x || v != y) {
              sum += pearson(m, y * m.nx + x, v * m.nx + u);
              ++count;
            }
          }
        }
        EXPECT_NEAR(map.mean_r[y * m.nx + x], sum / count, 1e-11)
            << largest << " " << x << " " << y;
      }
    }
  }
}

RC_GTEST_PROP(CorrelationSumsProperty, PortionsThreadsAndInstructionsGiveTheSameBits, ()) {
  const auto nx = *rc::gen::inRange<std::size_t>(1, 40);
  const auto ny = *rc::gen::inRange<std::size_t>(1, 40);
  const auto frames = *rc::gen::inRange<std::size_t>(2, 140);
  const double largest = *rc::gen::element(50.0, 4000.0, 9000.0, 65535.0);
  const Movie m = movie(nx, ny, frames, largest, *rc::gen::inRange<std::uint64_t>(1, 100));
  const CorrelationMap plain = map_of(m, frames, {1}, Instructions::plain);
  const CorrelationMap other = map_of(m, *rc::gen::inRange<std::size_t>(1, 100), {3});
  for (std::size_t p = 0; p < nx * ny; ++p) {
    RC_ASSERT(plain.intensity[p] == other.intensity[p]);
    RC_ASSERT(plain.variance[p] == other.variance[p]);
    RC_ASSERT(plain.mean_r[p] == other.mean_r[p] ||
              (std::isnan(plain.mean_r[p]) && std::isnan(other.mean_r[p])));
  }
}

TEST(CorrelationSums, ConstantPixelsHaveNoCorrelationAndDoNotHarmTheirNeighbours) {
  Movie m = movie(6, 6, 80, 500.0, 5);
  const std::size_t dead = 2 * 6 + 3;
  for (std::size_t t = 0; t < m.frames; ++t) {
    m.values[t * 36 + dead] = 77;
  }
  const CorrelationMap map = map_of(m, 80);
  EXPECT_TRUE(std::isnan(map.mean_r[dead]));
  EXPECT_EQ(map.variance[dead], 0.0);
  EXPECT_GT(map.mean_r[dead + 1], 0.2);
}

TEST(CorrelationSums, DisattenuationGivesBackWhatNoiseTook) {
  // one source flickers for all pixels: true r = 1; each pixel's shot noise hides it
  constexpr std::size_t side = 12;
  Movie m{side, side, 4000, {}};
  RandomStream draw(8, Purpose::test_data, 5);
  for (std::size_t t = 0; t < m.frames; ++t) {
    const double light = 400.0 + 20.0 * draw.normal();
    for (std::size_t p = 0; p < side * side; ++p) {
      const double electrons = light + std::sqrt(light) * draw.normal();
      m.values.push_back(static_cast<std::uint16_t>(std::lround(100.0 + 5.0 * electrons)));
    }
  }
  const CorrelationMap map = map_of(m, 4000);
  MovieInfo camera;
  camera.counts_per_electron = 5.0;
  camera.excess_factor = 1.0;
  const std::vector<double> background(side * side, 100.0);
  const auto r = reliability(map, camera, background);
  const auto corrected = disattenuated(map, r);
  double measured = 0.0;
  double mean = 0.0;
  for (std::size_t p = 0; p < side * side; ++p) {
    measured += map.mean_r[p] / (side * side);
    mean += corrected[p] / (side * side);
  }
  EXPECT_NEAR(measured, 0.5, 0.02);  // 20^2 / (20^2 + 400)
  EXPECT_NEAR(mean, 1.0, 0.02);
}

TEST(CorrelationSums, BadInput) {
  EXPECT_THROW(CorrelationSums(0, 4, {}), ParameterError);
  CorrelationSums sums(4, 4, {});
  const std::vector<std::uint16_t> part(17);
  EXPECT_THROW(sums.add(part), ParameterError);
  EXPECT_THROW(static_cast<void>(correlation_map(sums)), ParameterError);
}

}  // namespace
}  // namespace halotwin::analysis
