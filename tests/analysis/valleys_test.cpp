#include "analysis/valleys.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "base/errors.hpp"
#include "tests/analysis/synthetic_traces.hpp"

namespace halotwin::analysis {
namespace {

using synthetic::Film;
using synthetic::only;

constexpr std::size_t pitch = 14;
constexpr std::size_t across = 4;

// Hot spots on a square lattice. Between them pixels follow either the sum of all (what diffusion
// does) or only the nearest, both weakly.
enum class Between { mixed, nearest };
Traces lattice(Between between, double noise = 100.0) {
  Film f{across * pitch, across * pitch, 800};
  f.noise = noise;
  const auto m = synthetic::movie(f, across * across, [&](std::size_t x, std::size_t y) {
    std::vector<double> w(across * across);
    std::size_t nearest = 0;
    double least = 1e9;
    for (std::size_t k = 0; k < w.size(); ++k) {
      const double dx =
          static_cast<double>(x) - static_cast<double>(k % across * pitch + pitch / 2);
      const double dy =
          static_cast<double>(y) - static_cast<double>(k / across * pitch + pitch / 2);
      const double d = std::hypot(dx, dy);
      w[k] = std::exp(-d * d / 50.0);
      if (d < least) {
        least = d;
        nearest = k;
      }
    }
    return between == Between::mixed ? w : std::vector<double>([&] {
      std::vector<double> one = only(nearest, w.size());
      one[nearest] = w[nearest];
      return one;
    }());
  });
  return synthetic::traces(f, m);
}

TEST(Valleys, WherePlacesMixTheirSurroundingsTheGainIsPositive) {
  const Traces t = lattice(Between::mixed);
  const ValleyTest test = test_valleys(t, correlation_map(t));
  ASSERT_GE(test.valleys.size(), 5U);
  EXPECT_GE(test.minima, test.valleys.size());
  EXPECT_GT(test.median_gain.value, 0.05);
  EXPECT_GT(test.median_gain.value, 4.0 * test.median_gain.sigma);
  EXPECT_GT(test.share_positive.value, 0.8);
  ValleyParams one_pixel;
  one_pixel.valley_half_pixels = 0;
  EXPECT_GT(test_valleys(t, correlation_map(t), one_pixel).median_gain.value, 0.03);
  // it is not that the mix holds more pixels
  EXPECT_GT(test.median_gain_over_wide.value, 0.05);
}

TEST(Valleys, WhereEachPlaceFollowsOneRegionThereIsNoGain) {
  const Traces t = lattice(Between::nearest);
  const CorrelationMap map = correlation_map(t);
  ValleyParams one_pixel;
  one_pixel.valley_half_pixels = 0;
  const ValleyTest test = test_valleys(t, map, one_pixel);
  ASSERT_GE(test.valleys.size(), 5U);
  EXPECT_LT(test.median_gain.value, 0.0);
  EXPECT_LT(test.share_positive.value, 0.3);
  // the trap that one pixel avoids: a square across the border of two regions
  EXPECT_GT(test_valleys(t, map).median_gain.value, 0.0);
}

TEST(Valleys, FollowTheRuleOfTheirChoice) {
  const Traces t = lattice(Between::mixed);
  const CorrelationMap map = correlation_map(t);
  const ValleyTest test = test_valleys(t, map);
  std::vector<double> sorted = map.mean_r;
  std::sort(sorted.begin(), sorted.end());
  const double highest = sorted[sorted.size() * 3 / 10 + 1];
  for (const Valley& v : test.valleys) {
    EXPECT_LE(map.mean_r[v.pixel], highest);
    EXPECT_GE(v.maxima.size(), 3U);
    EXPECT_LE(v.maxima.size(), 5U);
    const std::size_t x = v.pixel % t.nx;
    const std::size_t y = v.pixel / t.nx;
    for (std::size_t b = y - 3; b <= y + 3; ++b) {
      for (std::size_t a = x - 3; a <= x + 3; ++a) {
        EXPECT_LE(map.mean_r[v.pixel], map.mean_r[b * t.nx + a]);
      }
    }
    for (const std::size_t m : v.maxima) {
      const double d = std::hypot(static_cast<double>(m % t.nx) - static_cast<double>(x),
                                  static_cast<double>(m / t.nx) - static_cast<double>(y));
      EXPECT_GE(d, 4.0);
      EXPECT_LE(d, 14.0);
    }
    EXPECT_NEAR(v.gain, v.mix_r - v.best_single_r, 1e-12);
  }
}

TEST(Valleys, ThreadsGiveTheSameBits) {
  const Traces t = lattice(Between::mixed, 400.0);
  const CorrelationMap map = correlation_map(t);
  const ValleyTest one = test_valleys(t, map, {}, {}, {1});
  const ValleyTest three = test_valleys(t, map, {}, {}, {3});
  EXPECT_EQ(one.valleys.size(), three.valleys.size());
  EXPECT_EQ(one.median_gain.value, three.median_gain.value);
  EXPECT_EQ(one.median_gain.sigma, three.median_gain.sigma);
}

TEST(Valleys, AFieldTooSmallHasNone) {
  Film f{6, 6, 50};
  const Traces t = synthetic::traces(
      f, synthetic::movie(f, 1, [](std::size_t, std::size_t) { return only(0, 1); }));
  const ValleyTest test = test_valleys(t, correlation_map(t));
  EXPECT_TRUE(test.valleys.empty());
  EXPECT_TRUE(std::isnan(test.median_gain.value));
  ValleyParams wrong;
  wrong.most_maxima = 2;
  EXPECT_THROW(static_cast<void>(test_valleys(t, correlation_map(t), wrong)), ParameterError);
}

}  // namespace
}  // namespace halotwin::analysis
