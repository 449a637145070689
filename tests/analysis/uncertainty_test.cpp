#include "analysis/uncertainty.hpp"

#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "base/errors.hpp"
#include "base/random.hpp"

namespace halotwin::analysis {
namespace {

TEST(Percentile, IsTypeSeven) {
  // numpy.percentile([15, 20, 35, 40, 50], p)
  const std::vector<double> v{40, 15, 50, 20, 35};
  EXPECT_DOUBLE_EQ(percentile(v, 0), 15);
  EXPECT_DOUBLE_EQ(percentile(v, 40), 29);
  EXPECT_DOUBLE_EQ(percentile(v, 50), 35);
  EXPECT_DOUBLE_EQ(percentile(v, 95), 48);
  EXPECT_DOUBLE_EQ(percentile(v, 100), 50);
  EXPECT_DOUBLE_EQ(sorted_percentile(std::vector<double>{15, 20, 35, 40, 50}, 40), 29);
  EXPECT_THROW((void)percentile(std::vector<double>{}, 50), ParameterError);
  EXPECT_THROW((void)percentile(v, 101), ParameterError);
}

TEST(WeightedMean, WeighsByInverseVariance) {
  const auto m = weighted_mean(std::vector<double>{0, 5}, std::vector<double>{1, 2});
  EXPECT_DOUBLE_EQ(m.value, 1.0);
  EXPECT_DOUBLE_EQ(m.sigma, std::sqrt(0.8));
  EXPECT_THROW((void)weighted_mean(std::vector<double>{0}, std::vector<double>{0}), ParameterError);
}

TEST(RobustDeviation, IsThatOfANormalAndIgnoresOutliers) {
  RandomStream draw(1, Purpose::test_data);
  std::vector<double> v(20000);
  draw.fill_normal(v);
  for (std::size_t i = 0; i < 200; ++i) {
    v[i] = 1e6;
  }
  EXPECT_NEAR(robust_deviation(v), 1.0, 0.04);
}

TEST(Bootstrap, ErrorOfAMeanIsTheStandardError) {
  RandomStream draw(2, Purpose::test_data);
  std::vector<double> v(400);
  draw.fill_normal(v);
  const auto b = bootstrap(v.size(),
                           [&](std::span<const std::uint32_t> counts) {
                             double sum = 0.0;
                             for (std::size_t i = 0; i < v.size(); ++i) {
                               sum += counts[i] * v[i];
                             }
                             return sum / static_cast<double>(v.size());
                           },
                           {.replicates = 2000});
  EXPECT_NEAR(b.value, mean(v), 1e-12);
  EXPECT_NEAR(b.sigma / (standard_deviation(v) / 20.0), 1.0, 0.06);
  EXPECT_NEAR(b.high - b.low, 2.0 * b.sigma, 0.2 * b.sigma);
}

TEST(Bootstrap, IsTheSameForAnyNumberOfThreadsAndCountsFailures) {
  const auto statistic = [](std::span<const std::uint32_t> counts) {
    return counts[0] == 0 ? std::nan("") : static_cast<double>(counts[0]);
  };
  const auto one = bootstrap(10, statistic, {}, {1});
  const auto three = bootstrap(10, statistic, {}, {3});
  EXPECT_EQ(one.values, three.values);
  EXPECT_GT(one.failed, 0);
  EXPECT_EQ(one.failed + static_cast<int>(one.values.size()), 200);
}

TEST(Bootstrap, CountsAddUpToTheItems) {
  const auto counts = bootstrap_counts(37, 5, 3);
  EXPECT_EQ(std::accumulate(counts.begin(), counts.end(), 0U), 37U);
}

TEST(SpatialBlocks, CoverTheMapWithoutGapsInTheNumbers) {
  std::vector<std::uint8_t> valid(10 * 6, 1);
  for (std::size_t y = 0; y < 6; ++y) {
    for (std::size_t x = 0; x < 4; ++x) {
      valid[y * 10 + x] = 0;
    }
  }
  const auto map = spatial_blocks(10, 6, 4, valid);
  EXPECT_EQ(map.count, 4U);  // columns 4-7 and 8-9, rows 0-3 and 4-5
  EXPECT_EQ(map.block[0], -1);
  EXPECT_EQ(map.block[4], 0);
  EXPECT_EQ(map.block[8], 1);
  EXPECT_EQ(map.block[5 * 10 + 9], 3);
}

}  // namespace
}  // namespace halotwin::analysis
