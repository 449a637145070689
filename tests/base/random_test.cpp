#include "base/random.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "base/errors.hpp"

namespace halotwin {
namespace {

using Words = std::array<std::uint32_t, 4>;

// Salmon, Moraes, Dror, Shaw, SC 2011; kat_vectors of Random123.
TEST(Philox, GivesThePublishedAnswers) {
  EXPECT_EQ(philox({0, 0, 0, 0}, {0, 0}), (Words{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  constexpr std::uint32_t ones = 0xffffffff;
  EXPECT_EQ(philox({ones, ones, ones, ones}, {ones, ones}),
            (Words{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(philox({0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}, {0xa4093822, 0x299f31d0}),
            (Words{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

// Old files replay by this layout: key = seed, counter = (block, step, entity, purpose and step).
TEST(RandomStream, LaysOutItsCounterAsDocumented) {
  RandomStream draw(0x1122334455667788, Purpose::test_data, 77, 0x0000'9abc'0000'0005);
  const std::uint32_t upper = (static_cast<std::uint32_t>(Purpose::test_data) << 16U) | 0x9abcU;
  for (std::uint32_t block = 0; block < 3; ++block) {
    for (const std::uint32_t word : philox({block, 5, 77, upper}, {0x55667788, 0x11223344})) {
      EXPECT_EQ(draw.bits(), word);
    }
  }
}

TEST(RandomStream, KeepsThePurposesOfOldFiles) {
  EXPECT_EQ(static_cast<int>(Purpose::grain_sites), 0x0100);
  EXPECT_EQ(static_cast<int>(Purpose::topography), 0x0105);
  EXPECT_EQ(static_cast<int>(Purpose::height_feedback), 0x0200);
  EXPECT_EQ(static_cast<int>(Purpose::lock_in_noise), 0x0205);
  EXPECT_EQ(static_cast<int>(Purpose::shot_noise), 0x0300);
  EXPECT_EQ(static_cast<int>(Purpose::fault_schedule), 0x0400);
  EXPECT_EQ(static_cast<int>(Purpose::nmf_start), 0x0800);
  EXPECT_EQ(static_cast<int>(Purpose::validation_repeat), 0x0900);
}

TEST(RandomStream, RepeatsItselfAndDiffersFromEveryNeighbour) {
  const auto first =
      [](std::uint64_t seed, Purpose purpose, std::uint32_t entity, std::uint64_t step) {
        RandomStream draw(seed, purpose, entity, step);
        return std::pair(draw.uniform(), draw.uniform());
      };
  std::set<std::pair<double, double>> seen;
  std::size_t made = 0;
  for (const std::uint64_t seed : {1ULL, 2ULL, 1ULL << 32U}) {
    for (const Purpose purpose : {Purpose::shot_noise, Purpose::nmf_start}) {
      for (const std::uint32_t entity : {0U, 1U, 0xffffffffU}) {
        for (const std::uint64_t step : {0ULL, 1ULL, 1ULL << 32U, (1ULL << 48U) - 1}) {
          EXPECT_EQ(first(seed, purpose, entity, step), first(seed, purpose, entity, step));
          seen.insert(first(seed, purpose, entity, step));
          ++made;
        }
      }
    }
  }
  EXPECT_EQ(seen.size(), made);
}

TEST(RandomStream, FillsWithTheSameNumbersAsSingleDraws) {
  RandomStream one(5, Purpose::test_data);
  RandomStream many(5, Purpose::test_data);
  std::vector<double> filled(101);
  many.fill_normal(filled);
  for (const double value : filled) {
    EXPECT_EQ(value, one.normal());
  }
  EXPECT_EQ(many.normal(), one.normal());
}

struct Moments {
  double mean = 0.0;
  double variance = 0.0;
  double skewness = 0.0;
  double kurtosis = 0.0;  // 3 for a normal distribution
};

constexpr std::size_t draws = 200'000;

Moments moments(const std::function<double(RandomStream&)>& draw, std::uint64_t seed) {
  RandomStream stream(seed, Purpose::test_data);
  std::vector<double> values(draws);
  std::generate(values.begin(), values.end(), [&] { return draw(stream); });
  Moments m;
  for (const double v : values) {
    m.mean += v / draws;
  }
  double third = 0.0;
  double fourth = 0.0;
  for (const double v : values) {
    const double d = v - m.mean;
    m.variance += d * d / draws;
    third += d * d * d / draws;
    fourth += d * d * d * d / draws;
  }
  m.skewness = third / std::pow(m.variance, 1.5);
  m.kurtosis = fourth / (m.variance * m.variance);
  return m;
}

// 4 standard errors: of a mean sqrt(var / n), of a variance sqrt((mu4 - var^2) / n).
void expect_moments(const Moments& m, double mean, double variance, double kurtosis) {
  EXPECT_NEAR(m.mean, mean, 4.0 * std::sqrt(variance / draws));
  EXPECT_NEAR(m.variance, variance, 4.0 * variance * std::sqrt((kurtosis - 1.0) / draws));
}

// Wilson and Hilferty 1931: the cube root of chi2 / dof is nearly normal; 4 of its standard
// deviations.
void expect_chi2(double chi2, double dof) {
  const double variance = 2.0 / (9.0 * dof);
  EXPECT_NEAR(std::cbrt(chi2 / dof), 1.0 - variance, 4.0 * std::sqrt(variance));
}

TEST(Uniform, HasTheMomentsOfTheUnitInterval) {
  const Moments m = moments([](RandomStream& s) { return s.uniform(); }, 11);
  expect_moments(m, 0.5, 1.0 / 12.0, 1.8);
}

TEST(Uniform, StaysInsideItsIntervalAndFillsItEvenly) {
  RandomStream draw(3, Purpose::test_data);
  constexpr std::size_t bins = 64;
  std::array<double, bins> count{};
  for (std::size_t i = 0; i < draws; ++i) {
    const double u = draw.uniform(-2.0, 3.0);
    ASSERT_GE(u, -2.0);
    ASSERT_LT(u, 3.0);
    ++count[static_cast<std::size_t>((u + 2.0) / 5.0 * bins)];
  }
  double chi2 = 0.0;
  for (const double c : count) {
    chi2 += std::pow(c - draws / double{bins}, 2) / (draws / double{bins});
  }
  expect_chi2(chi2, bins - 1);
}

TEST(Normal, HasTheMomentsOfAStandardNormal) {
  const Moments m = moments([](RandomStream& s) { return s.normal(); }, 12);
  expect_moments(m, 0.0, 1.0, 3.0);
  EXPECT_NEAR(m.skewness, 0.0, 4.0 * std::sqrt(6.0 / draws));
  EXPECT_NEAR(m.kurtosis, 3.0, 4.0 * std::sqrt(24.0 / draws));
}

TEST(Normal, PairsAndStreamsAreUncorrelated) {
  double within = 0.0;
  double across = 0.0;
  constexpr std::uint32_t streams = 20'000;
  for (std::uint32_t entity = 0; entity < streams; ++entity) {
    RandomStream here(9, Purpose::test_data, entity);
    RandomStream next(9, Purpose::test_data, entity + 1);
    const double first = here.normal();
    within += first * here.normal() / streams;
    across += first * next.normal() / streams;
  }
  EXPECT_NEAR(within, 0.0, 4.0 / std::sqrt(double{streams}));
  EXPECT_NEAR(across, 0.0, 4.0 / std::sqrt(double{streams}));
}

TEST(Exponential, HasMeanAndVarianceOne) {
  expect_moments(moments([](RandomStream& s) { return s.exponential(); }, 13), 1.0, 1.0, 9.0);
}

class PoissonMean : public testing::TestWithParam<double> {};

// Both methods, and both sides of the change from one to the other at 30.
TEST_P(PoissonMean, IsAlsoTheVariance) {
  const double mean = GetParam();
  const Moments m =
      moments([&](RandomStream& s) { return static_cast<double>(s.poisson(mean)); }, 14);
  expect_moments(m, mean, mean, 3.0 + 1.0 / mean);
}

INSTANTIATE_TEST_SUITE_P(SmallAndLarge,
                         PoissonMean,
                         testing::Values(0.01, 0.7, 5.0, 29.9, 30.1, 100.0, 1e4, 1e9));

TEST(Poisson, HasTheProbabilitiesOfItsDistribution) {
  for (const double mean : {3.0, 40.0}) {
    RandomStream draw(21, Purpose::test_data);
    std::array<double, 100> count{};
    for (std::size_t i = 0; i < draws; ++i) {
      ++count.at(std::min<std::uint64_t>(draw.poisson(mean), 99));
    }
    double chi2 = 0.0;
    double bins = 0.0;
    for (std::size_t k = 0; k < 99; ++k) {
      const double x = static_cast<double>(k);
      const double expected = draws * std::exp(x * std::log(mean) - mean - std::lgamma(x + 1.0));
      if (expected > 20.0) {
        chi2 += std::pow(count[k] - expected, 2) / expected;
        bins += 1.0;
      }
    }
    expect_chi2(chi2, bins);
  }
}

TEST(Poisson, OfMeanZeroIsZeroAndRefusesWhatIsNoMean) {
  RandomStream draw(1, Purpose::test_data);
  EXPECT_EQ(draw.poisson(0.0), 0U);
  for (const double bad : {-1.0,
                           1e300,
                           std::numeric_limits<double>::infinity(),
                           std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THROW((void)draw.poisson(bad), ParameterError);
  }
}

TEST(Index, ReachesEveryValueBelowItsBoundAndNoOther) {
  RandomStream draw(1, Purpose::test_data);
  std::set<std::uint32_t> seen;
  for (int i = 0; i < 1000; ++i) {
    seen.insert(draw.index(7));
  }
  EXPECT_EQ(seen, (std::set<std::uint32_t>{0, 1, 2, 3, 4, 5, 6}));
}

}  // namespace
}  // namespace halotwin
