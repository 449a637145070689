#include "analysis/map_correlation.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "base/errors.hpp"
#include "base/random.hpp"

namespace halotwin::analysis {
namespace {

constexpr std::size_t n = 60;

/// White noise of unit variance, averaged over squares of `side` pixels; each map one realisation.
std::vector<double> moving_average(std::size_t side, std::uint64_t repeat) {
  RandomStream draw(3, Purpose::test_data, 11, repeat);
  const std::size_t wide = n + side - 1;
  std::vector<double> white(wide * wide);
  draw.fill_normal(white);
  std::vector<double> map(n * n, 0.0);
  for (std::size_t y = 0; y < n; ++y) {
    for (std::size_t x = 0; x < n; ++x) {
      for (std::size_t k = 0; k < side * side; ++k) {
        map[y * n + x] += white[(y + k / side) * wide + x + k % side];
      }
    }
  }
  return map;
}

TEST(MapCorrelation, CovarianceOfAMovingAverage) {
  std::vector<double> mean(13, 0.0);
  for (std::uint64_t r = 0; r < 30; ++r) {
    const auto c = radial_covariance(moving_average(6, r), n, 12);
    for (std::size_t k = 0; k < mean.size(); ++k) {
      mean[k] += c[k] / 30.0;
    }
  }
  EXPECT_NEAR(mean[0], 36.0, 2.0);          // 6 x 6 values
  EXPECT_NEAR(mean[1], 36.0 * 0.764, 2.0);  // 5/6 along the axes, (5/6)^2 along the diagonals
  EXPECT_NEAR(mean[10], 0.0, 2.0);
}

TEST(MapCorrelation, TheErrorOfTheMeanIsTheExactOneOrALittleMore) {
  for (const std::size_t side : {1U, 3U, 6U}) {
    double claimed = 0.0;
    constexpr std::uint64_t repeats = 60;
    for (std::uint64_t r = 0; r < repeats; ++r) {
      const Estimate e = correlated_mean(moving_average(side, r), n);
      claimed += e.sigma * e.sigma / repeats;
    }
    // a white value in column k is in min(k + 1, side, n + side - 1 - k) columns of the map
    double squares = 0.0;
    for (std::size_t k = 0; k < n + side - 1; ++k) {
      squares += std::pow(std::min({k + 1, side, n + side - 1 - k}), 2.0);
    }
    const double exact = squares / static_cast<double>(n * n);
    EXPECT_GE(std::sqrt(claimed), 0.97 * exact) << side;
    EXPECT_LE(std::sqrt(claimed), 1.25 * exact) << side;
  }
}

TEST(MapCorrelation, MissingPixelsAreLeftOut) {
  auto map = moving_average(3, 1);
  const Estimate whole = correlated_mean(map, n);
  for (std::size_t p = 0; p < map.size(); p += 7) {
    map[p] = std::numeric_limits<double>::quiet_NaN();
  }
  const Estimate part = correlated_mean(map, n);
  EXPECT_NEAR(part.value, whole.value, 2.0 * whole.sigma);
  EXPECT_NEAR(part.sigma, whole.sigma, 0.3 * whole.sigma);
}

TEST(MapCorrelation, LargeBlocksSeeAllAndSmallOnesLittle) {
  const auto c = radial_covariance(moving_average(6, 2), n, 15);
  const CovarianceSums large = sum_covariance(c, 1e6);
  const CovarianceSums small = sum_covariance(c, 6.0);
  EXPECT_NEAR(large.in_blocks, large.whole, 1e-4 * large.whole);
  EXPECT_LT(small.in_blocks, 0.7 * small.whole);
  EXPECT_GT(small.in_blocks, 0.2 * small.whole);
}

TEST(MapCorrelation, WrongSizesAreRefused) {
  const std::vector<double> map(12, 1.0);
  EXPECT_THROW(static_cast<void>(radial_covariance(map, 5, 1)), ParameterError);
  EXPECT_THROW(static_cast<void>(radial_covariance(map, 4, 3)), ParameterError);
  const std::vector<double> nothing(12, std::numeric_limits<double>::quiet_NaN());
  EXPECT_THROW(static_cast<void>(radial_covariance(nothing, 4, 1)), ParameterError);
  EXPECT_EQ(correlated_mean(map, 4).sigma, 0.0);
}

}  // namespace
}  // namespace halotwin::analysis
