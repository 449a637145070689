#include "analysis/score.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "base/errors.hpp"
#include "base/random.hpp"

namespace halotwin::analysis {
namespace {

TEST(RocAuc, HandCheckedVectors) {
  // Positives 0.35, 0.8 against negatives 0.1, 0.4: 3 of 4 pairs in order.
  EXPECT_DOUBLE_EQ(
      roc_auc(std::vector<double>{0.1, 0.4, 0.35, 0.8}, std::vector<std::uint8_t>{0, 0, 1, 1})
          .value,
      0.75);
  // One tie of two pairs counts half.
  EXPECT_DOUBLE_EQ(roc_auc(std::vector<double>{1, 1, 0}, std::vector<std::uint8_t>{1, 0, 0}).value,
                   0.75);
  EXPECT_DOUBLE_EQ(
      roc_auc(std::vector<double>{2, 2, 2, 2}, std::vector<std::uint8_t>{1, 0, 1, 0}).value, 0.5);
}

TEST(RocAuc, DeLongErrorIsTheScatterOverSamples) {
  std::vector<double> values;
  double stated = 0.0;
  for (std::uint32_t trial = 0; trial < 400; ++trial) {
    RandomStream draw(1, Purpose::test_data, trial);
    std::vector<double> scores;
    std::vector<std::uint8_t> positive;
    for (int i = 0; i < 120; ++i) {
      positive.push_back(i < 40 ? 1 : 0);
      scores.push_back(draw.normal() + (i < 40 ? 1.0 : 0.0));
    }
    const auto auc = roc_auc(scores, positive);
    values.push_back(auc.value);
    stated += auc.sigma / 400.0;
  }
  EXPECT_NEAR(mean(values), 0.5 * std::erfc(-0.5), 0.01);  // Phi(1 / sqrt 2)
  EXPECT_NEAR(standard_deviation(values) / stated, 1.0, 0.12);
}

TEST(RocAuc, NeedsBothKinds) {
  EXPECT_THROW((void)roc_auc(std::vector<double>{1, 2}, std::vector<std::uint8_t>{1, 1}),
               ParameterError);
}

TEST(CompareLabels, MatchesTheReferenceVector) {
  const std::vector<int> a{0, 0, 0, 1, 1, 1, 2, 2, 2, 2};
  const std::vector<int> b{0, 0, 1, 1, 1, 1, 2, 2, 2, 0};
  const auto r = compare_labels(a, b);
  EXPECT_NEAR(r.adjusted_rand, 0.4318181818, 1e-10);
  EXPECT_NEAR(r.normalised_information, 0.6180656463, 1e-10);
  EXPECT_NEAR(r.variation_bits, 1.2, 0.01);
}

TEST(CompareLabels, RenamingChangesNothing) {
  const std::vector<int> a{0, 0, 1, 1, 2};
  const std::vector<int> b{7, 7, -3, -3, 0};
  const auto r = compare_labels(a, b);
  EXPECT_DOUBLE_EQ(r.adjusted_rand, 1.0);
  EXPECT_DOUBLE_EQ(r.normalised_information, 1.0);
  EXPECT_NEAR(r.variation_bits, 0.0, 1e-12);
}

TEST(SpectralAngle, KnownAngles) {
  const std::vector<double> a{1, 0};
  const std::vector<double> b{2, 2};
  EXPECT_NEAR(spectral_angle(a, b), std::atan(1.0), 1e-14);
  EXPECT_EQ(spectral_angle(b, b), 0.0);
}

TEST(MatchBases, UndoesAPermutation) {
  RowArray truth(3, 3);
  truth << 1, 0, 0, 0, 1, 0, 0, 0, 1;
  RowArray found(3, 3);
  found << 0, 0.1, 2, 3, 0, 0, 0, 5, 0;
  const auto m = match_bases(truth, found);
  EXPECT_EQ(m.found_row, (std::vector<std::size_t>{1, 2, 0}));
  EXPECT_NEAR(m.angle_rad[2], std::atan(0.05), 1e-12);
}

TEST(Correlation, HandCheckedVectors) {
  const std::vector<double> x{1, 2, 3, 4, 5};
  const std::vector<double> y{2, 1, 4, 3, 5};
  EXPECT_NEAR(pearson(x, y), 0.8, 1e-14);
  EXPECT_NEAR(spearman(x, y), 0.8, 1e-14);
  // Ranks of ties are shared: 1, 2.5, 2.5, 4 against 1, 2, 3, 4: r = 4.5 / sqrt(4.5 * 5).
  EXPECT_NEAR(spearman(std::vector<double>{1, 2, 2, 9}, std::vector<double>{1, 2, 3, 4}),
              4.5 / std::sqrt(22.5),
              1e-14);
  EXPECT_THROW((void)pearson(x, std::vector<double>(5, 1.0)), ParameterError);
}

TEST(BlockPearson, ErrorGrowsWithTheCorrelationOfNeighbours) {
  constexpr std::size_t side = 32;
  std::vector<double> x(side * side);
  std::vector<double> y(side * side);
  for (std::size_t p = 0; p < x.size(); ++p) {
    const auto cell = static_cast<std::uint32_t>((p / side / 8) * 4 + p % side / 8);
    RandomStream draw(2, Purpose::test_data, cell);
    x[p] = draw.normal();
    y[p] = x[p] + draw.normal();
  }
  const std::vector<std::uint8_t> valid(x.size(), 1);
  const auto pixels = block_pearson(x, y, spatial_blocks(side, side, 1, valid));
  const auto blocks = block_pearson(x, y, spatial_blocks(side, side, 8, valid));
  EXPECT_NEAR(pixels.value, blocks.value, 1e-12);
  EXPECT_NEAR(pixels.value, pearson(x, y), 1e-12);
  EXPECT_GT(blocks.sigma, 4.0 * pixels.sigma);  // 8 for 64 copies of each value, few blocks
}

TEST(Coverage, CountsIntervalsThatHoldTheTruth) {
  const auto c = coverage(std::vector<double>{0, 2, -3, 0.5},
                          std::vector<double>{1, 1, 1, 1},
                          std::vector<double>{0, 0, 0, 0});
  EXPECT_DOUBLE_EQ(c.share, 0.5);
  EXPECT_DOUBLE_EQ(c.pull_mean, -0.125);
}

}  // namespace
}  // namespace halotwin::analysis
