#include "analysis/zone_width.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "analysis/grain_contrast.hpp"
#include "analysis/grains.hpp"
#include "base/constants.hpp"
#include "base/errors.hpp"
#include "base/random.hpp"

namespace halotwin::analysis {
namespace {

constexpr std::size_t n = 96;
constexpr double step_m = 12e-9;

/// Square grains of 12 pixels; boundaries between pixels 11 and 12, 23 and 24 ...
std::vector<std::int32_t> squares() {
  std::vector<std::int32_t> label;
  for (std::size_t p = 0; p < n * n; ++p) {
    label.push_back(static_cast<std::int32_t>((p / n / 12) * 8 + (p % n) / 12));
  }
  return label;
}

std::vector<double> zone_map(const std::vector<double>& distance,
                             double zone_pixels,
                             double noise,
                             std::uint64_t seed) {
  RandomStream draw(seed, Purpose::test_data, 5);
  std::vector<double> out;
  for (const double d : distance) {
    out.push_back(2.0 + std::exp(-d / zone_pixels) + noise * draw.normal());
  }
  return out;
}

TEST(BoundaryDistance, IsHalfAPixelBesideTheBoundaryAndGrowsInwards) {
  const auto d = boundary_distance_pixels(squares(), n, n, 10);
  EXPECT_DOUBLE_EQ(d[17 * n + 12], 0.5);
  EXPECT_DOUBLE_EQ(d[17 * n + 15], 3.5);
  EXPECT_DOUBLE_EQ(d[12 * n + 12], 0.5);
  EXPECT_DOUBLE_EQ(d[0], 10.0);  // the map's edge is no boundary
}

TEST(Grains, AreFoundFromDomesWithGroovesAndNoise) {
  const auto label = squares();
  const auto distance = boundary_distance_pixels(label, n, n, 12);
  RandomStream draw(3, Purpose::test_data, 6);
  std::vector<double> height;
  for (std::size_t p = 0; p < n * n; ++p) {
    const double x = static_cast<double>(p % n % 12) - 5.5;
    const double y = static_cast<double>(p / n % 12) - 5.5;
    height.push_back(12e-9 * (1.0 - (x * x + y * y) / 72.0) + 0.2e-9 * draw.normal());
  }
  const GrainMap found = find_grains({height, n, n});
  EXPECT_EQ(found.grains, 64u);
  std::size_t same = 0;
  for (std::size_t p = 0; p < n * n; ++p) {
    same += std::abs(found.distance_pixels[p] - std::min(distance[p], 10.0)) < 0.6 ? 1 : 0;
  }
  EXPECT_GT(static_cast<double>(same), 0.97 * n * n);
  const std::vector<double> flat(n * n, 1e-9);
  EXPECT_EQ(find_grains({flat, n, n}).grains, 1u);
}

TEST(Grains, AFaintSaddleIsNoBoundary) {
  std::vector<double> height;
  for (std::size_t p = 0; p < n * n; ++p) {
    height.push_back(1e-9 * std::cos(static_cast<double>(p % n) / 12.0 * 6.283185307));
  }
  EXPECT_EQ(find_grains({height, n, n}, {.smoothing_pixels = 0.0, .least_depth_m = 3e-9}).grains,
            1u);
  EXPECT_EQ(find_grains({height, n, n}, {.smoothing_pixels = 0.0, .least_depth_m = 1e-9}).grains,
            9u);
}

TEST(ZoneWidth, FollowsTheZoneAndItsWideningIsKnownBetterThanEachWidth) {
  const auto d = boundary_distance_pixels(squares(), n, n, 10);
  const auto first = zone_map(d, 1.0, 0.1, 1);
  const auto second = zone_map(d, 1.6, 0.1, 2);
  const std::vector<MapView> maps{{first, n, n}, {second, n, n}};
  const ZoneComparison c = compare_zones(maps, d, step_m);
  ASSERT_TRUE(c.zones[0].found() && c.zones[1].found());
  EXPECT_GT(c.widening[1].value, 5.0 * c.widening[1].sigma);
  EXPECT_LT(c.zones[0].half_width_m.value, c.zones[1].half_width_m.value);
  // the first mean distance is about half a pixel: half-way of exp(-d / L) lies ln 2 L further
  EXPECT_NEAR(c.zones[0].half_width_m.value, (0.5 + 0.69) * step_m, 0.25 * step_m);
  EXPECT_DOUBLE_EQ(c.widening[0].value, 0.0);
}

TEST(ZoneWidth, ErrorOfTheWideningIsThatOfRepeats) {
  const auto d = boundary_distance_pixels(squares(), n, n, 10);
  std::vector<double> pulls;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const auto first = zone_map(d, 1.3, 0.3, 2 * seed);
    const auto second = zone_map(d, 1.3, 0.3, 2 * seed + 1);
    const std::vector<MapView> maps{{first, n, n}, {second, n, n}};
    const ZoneComparison c = compare_zones(maps, d, step_m);
    pulls.push_back(c.widening[1].value / c.widening[1].sigma);
  }
  EXPECT_NEAR(mean(pulls), 0.0, 0.45);
  EXPECT_NEAR(standard_deviation(pulls), 1.0, 0.3);
}

TEST(ZoneWidth, SaysWhenNothingStandsOutOrNothingIsThere) {
  const auto d = boundary_distance_pixels(squares(), n, n, 10);
  const auto noise = zone_map(std::vector<double>(n * n, 100.0), 1.0, 1.0, 7);
  EXPECT_EQ(compare_zones(std::vector<MapView>{{noise, n, n}}, d, step_m).zones[0].status,
            ZoneStatus::no_contrast);
  const std::vector<double> missing(n * n, nan);
  EXPECT_EQ(compare_zones(std::vector<MapView>{{missing, n, n}}, d, step_m).zones[0].status,
            ZoneStatus::too_few_pixels);
  EXPECT_TRUE(compare_zones({}, d, step_m).zones.empty());
  EXPECT_THROW((void)compare_zones(std::vector<MapView>{{noise, n, n}}, {}, step_m),
               ParameterError);
}

TEST(GrainContrast, NoiseIsTakenOffAndGrowthIsTheFactorPutIn) {
  const auto label = squares();
  RandomStream draw(4, Purpose::test_data, 7);
  std::vector<double> pattern(n * n);
  for (double& v : pattern) {
    v = draw.normal();
  }
  const auto measured = [&](double contrast, double noise) {
    std::vector<double> out;
    for (std::size_t p = 0; p < n * n; ++p) {
      // grains differ by far more than what is within them
      out.push_back(50.0 * static_cast<double>(label[p] % 7) + contrast * pattern[p] +
                    noise * draw.normal());
    }
    return out;
  };
  const auto before = measured(1.0, 2.0);
  const auto after = measured(5.0, 2.0);
  const auto a = grain_contrast({before, n, n}, label, 64, 2.0);
  const auto b = grain_contrast({after, n, n}, label, 64, 2.0);
  const ContrastGrowth g = contrast_growth(a, b);
  EXPECT_EQ(g.grains, 64u);
  EXPECT_NEAR(g.typical.value, 5.0, 4 * g.typical.sigma + 0.2);
  EXPECT_LT(g.typical.sigma, 1.0);
  EXPECT_GE(g.upper.value, g.typical.value);
  const ContrastGrowth same = contrast_growth(a, a);
  EXPECT_NEAR(same.typical.value, 1.0, 1e-12);
}

TEST(GrainContrast, TwoPassesGiveTheNoise) {
  RandomStream draw(5, Purpose::test_data, 8);
  std::vector<double> forward;
  std::vector<double> backward;
  for (std::size_t p = 0; p < n * n; ++p) {
    const double truth = std::sin(0.1 * static_cast<double>(p));
    forward.push_back(truth + 0.3 * draw.normal());
    backward.push_back(truth + 5.0 + 0.3 * draw.normal());
  }
  EXPECT_NEAR(pass_noise({forward, n, n}, {backward, n, n}), 0.3, 0.01);
}

}  // namespace
}  // namespace halotwin::analysis
