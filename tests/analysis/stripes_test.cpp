#include "analysis/stripes.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "analysis/levels.hpp"
#include "base/constants.hpp"
#include "base/errors.hpp"
#include "base/random.hpp"

namespace halotwin::analysis {
namespace {

using constants::pi;
constexpr std::size_t side = 128;

double noise(RandomStream& draw, double sigma) {
  return sigma > 0.0 ? sigma * draw.normal() : 0.0;
}

// Two fields of stripes, left and right of a line, at two directions; three levels in all: 1 and 2
// on the left, 2 and 3 on the right.
std::vector<double> two_families(double first_deg, double second_deg, double sigma, unsigned seed) {
  std::vector<double> map(side * side);
  RandomStream draw(seed, Purpose::test_data);
  for (std::size_t y = 0; y < side; ++y) {
    for (std::size_t x = 0; x < side; ++x) {
      const bool left = x + y / 4 < side / 2 + 16;
      const double angle = (left ? first_deg : second_deg) * pi / 180.0;
      const double across = -std::sin(angle) * static_cast<double>(x) +
                            std::cos(angle) * static_cast<double>(y) + 0.3;
      const bool high = std::fmod(across / 12.0 + 100.0, 1.0) < 0.5;
      map[y * side + x] = (left ? 1.0 : 2.0) + (high ? 1.0 : 0.0) + noise(draw, sigma);
    }
  }
  return map;
}

std::vector<double> only_noise(unsigned seed) {
  std::vector<double> map(side * side);
  RandomStream draw(seed, Purpose::test_data);
  for (double& v : map) {
    v = std::hypot(draw.normal(), draw.normal());  // the amplitude of noise: Rayleigh's
  }
  return map;
}

TEST(Levels, ThreeAreFoundWithoutBeingTold) {
  for (const double sigma : {0.05, 0.15, 0.25}) {
    const auto map = two_families(20.0, 90.0, sigma, 3);
    const LevelResult r = find_levels(map, side, side);
    ASSERT_EQ(r.levels.size(), 3U) << sigma;
    EXPECT_GT(r.support, 0.9);
    for (std::size_t k = 0; k < 3; ++k) {
      EXPECT_NEAR(r.levels[k].value.value, 1.0 + static_cast<double>(k), 0.05) << sigma;
      EXPECT_NEAR(r.levels[k].deviation / sigma, 1.0, 0.2) << sigma;
    }
  }
}

TEST(Levels, FollowALinearChangeOfUnits) {
  auto map = two_families(20.0, 90.0, 0.1, 4);
  const LevelResult a = find_levels(map, side, side);
  for (double& v : map) {
    v = -3e-10 + 2e-11 * v;
  }
  const LevelResult b = find_levels(map, side, side);
  ASSERT_EQ(a.levels.size(), b.levels.size());
  for (std::size_t k = 0; k < a.levels.size(); ++k) {
    EXPECT_NEAR(b.levels[k].value.value, -3e-10 + 2e-11 * a.levels[k].value.value, 1e-15);
  }
  EXPECT_EQ(a.labels, b.labels);
}

TEST(Levels, NoiseAloneIsOneLevel) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    EXPECT_EQ(find_levels(only_noise(seed), side, side, {.replicates = 0}).levels.size(), 1U)
        << seed;
  }
}

TEST(Levels, OneTwoAndFiveGaussians) {
  for (const int wanted : {1, 2, 5}) {
    std::vector<double> map(side * side);
    RandomStream draw(7, Purpose::test_data);
    for (std::size_t i = 0; i < map.size(); ++i) {
      map[i] = static_cast<double>(i % static_cast<std::size_t>(wanted)) + 0.12 * draw.normal();
    }
    EXPECT_EQ(find_levels(map, side, side).levels.size(), static_cast<std::size_t>(wanted));
  }
}

TEST(Levels, AWallBetweenTwoLevelsIsNoThird) {
  std::vector<double> map(side * side);
  RandomStream draw(8, Purpose::test_data);
  for (std::size_t i = 0; i < map.size(); ++i) {
    const double along = static_cast<double>(i % side) + 0.37 * static_cast<double>(i / side);
    const double x = std::fmod(along, 17.3) / 17.3;
    const double step = x < 0.45 ? 0.0 : x < 0.55 ? (x - 0.45) / 0.1 : 1.0;
    map[i] = step + 0.05 * draw.normal();
  }
  EXPECT_EQ(find_levels(map, side, side).levels.size(), 2U);
}

TEST(Levels, BadInput) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  std::vector<double> map(side * side, nan);
  EXPECT_TRUE(find_levels(map, side, side).levels.empty());
  map.assign(side * side, 1.0);
  EXPECT_EQ(find_levels(map, side, side).levels.size(), 1U);
  EXPECT_THROW(static_cast<void>(find_levels(map, side, side + 1)), ParameterError);
  EXPECT_THROW(validate(LevelParams{.bins = 2}), ParameterError);
}

TEST(Stripes, BothDirectionsAndTheAngleBetween) {
  for (const double first : {3.0, 20.0, 64.0, 111.0, 170.0}) {
    const auto map = two_families(first, first + 70.0, 0.2, 5);
    const StripeResult r = find_stripes(map, side, side, 1e-8, 1e-8);
    ASSERT_EQ(r.families.size(), 2U) << first;
    const Estimate angle = r.angle_deg();
    EXPECT_NEAR(angle.value, 70.0, 2.0) << first;
    EXPECT_LT(angle.sigma, 2.0);
    for (const StripeFamily& family : r.families) {
      const double to_first = std::abs(std::remainder(family.direction_deg.value - first, 180.0));
      const double to_second =
          std::abs(std::remainder(family.direction_deg.value - first - 70.0, 180.0));
      EXPECT_LT(std::min(to_first, to_second), 2.0) << first;
    }
  }
}

TEST(Stripes, PixelsNeedNotBeSquare) {
  const auto map = two_families(30.0, 30.0, 0.1, 6);
  const StripeResult r = find_stripes(map, side, side, 1e-8, 2e-8);
  ASSERT_EQ(r.families.size(), 1U);
  const double expected =
      std::atan2(2.0 * std::sin(30.0 * pi / 180.0), std::cos(30.0 * pi / 180.0));
  EXPECT_NEAR(r.families[0].direction_deg.value, expected * 180.0 / pi, 1.5);
}

TEST(Stripes, NoiseAloneHasNone) {
  for (unsigned seed = 1; seed <= 20; ++seed) {
    const StripeResult r = find_stripes(only_noise(seed), side, side, 1e-8, 1e-8);
    EXPECT_TRUE(r.families.empty()) << seed;
    EXPECT_TRUE(std::isnan(r.angle_deg().value));
  }
}

TEST(Stripes, ErrorsAreNotTooSmall) {
  double squares = 0.0;
  double sigma = 0.0;
  const int seeds = 20;
  for (int seed = 1; seed <= seeds; ++seed) {
    const auto map =
        two_families(20.0 + 3.7 * seed, 90.0 + 3.7 * seed, 0.5, static_cast<unsigned>(seed));
    const StripeResult r = find_stripes(map, side, side, 1e-8, 1e-8);
    ASSERT_GE(r.families.size(), 2U) << seed;
    squares += std::pow(r.angle_deg().value - 70.0, 2.0) / seeds;
    sigma += r.angle_deg().sigma / seeds;
  }
  EXPECT_GT(sigma, 0.5 * std::sqrt(squares));
  EXPECT_LT(sigma, 1.5);
}

TEST(Stripes, BadInput) {
  const std::vector<double> flat(side * side, 2.0);
  EXPECT_TRUE(find_stripes(flat, side, side, 1e-8, 1e-8).families.empty());
  const std::vector<double> unknown(side * side, std::numeric_limits<double>::quiet_NaN());
  EXPECT_TRUE(find_stripes(unknown, side, side, 1e-8, 1e-8).families.empty());
  EXPECT_TRUE(find_stripes(std::vector<double>(4, 1.0), 2, 2, 1e-8, 1e-8).families.empty());
  EXPECT_THROW(static_cast<void>(find_stripes(flat, side, side, 0.0, 1e-8)), ParameterError);
}

}  // namespace
}  // namespace halotwin::analysis
