#include "analysis/classify.hpp"

#include <algorithm>

#include <gtest/gtest.h>

#include "analysis/uncertainty.hpp"
#include "base/errors.hpp"

namespace halotwin::analysis {
namespace {

RowArrayF table(const std::vector<std::pair<float, float>>& rows) {
  RowArrayF w(static_cast<Eigen::Index>(rows.size()), 2);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    w(static_cast<Eigen::Index>(i), 0) = rows[i].first;
    w(static_cast<Eigen::Index>(i), 1) = rows[i].second;
  }
  return w;
}

/// 100 pixels: 80 grains with low weight 1.00 ... 1.79 and high 0.5; 15 boundaries; 5 hot.
RowArrayF sample() {
  std::vector<std::pair<float, float>> rows;
  for (int i = 0; i < 80; ++i) {
    rows.emplace_back(1.0F + 0.01F * static_cast<float>(i), 0.5F);
  }
  for (int i = 0; i < 15; ++i) {
    rows.emplace_back(0.6F, 1.5F + 0.01F * static_cast<float>(i));
  }
  for (int i = 0; i < 5; ++i) {
    rows.emplace_back(3.0F, 0.5F);
  }
  return table(rows);
}

constexpr ClassificationParams keep_all{.total_low_percentile = 0.0,
                                        .total_high_percentile = 100.0};

TEST(Classify, FindsTheClassesOfAHandMadeTable) {
  auto params = keep_all;
  params.boundary_high_percentile = 85.0;
  params.grain_high_percentile = 90.0;
  const auto c = classify(sample(), params);
  EXPECT_EQ(std::count(c.begin() + 80, c.begin() + 95, PixelClass::boundary), 15);
  EXPECT_EQ(std::count(c.begin() + 95, c.end(), PixelClass::hotspot), 5);
  EXPECT_EQ(std::count(c.begin(), c.begin() + 80, PixelClass::boundary), 0);
  // Grains above the 20th percentile of the low weight: the 15 boundaries and 5 grains lie below.
  EXPECT_EQ(std::count(c.begin(), c.begin() + 80, PixelClass::grain), 75);
}

TEST(Classify, IsInvariantUnderTheScaleOfTheWeights) {
  RowArrayF w = sample();
  const auto before = classify(w);
  w *= 1024.0F;
  EXPECT_EQ(classify(w), before);
}

TEST(Classify, ExtremeTotalsAreNotConsidered) {
  const auto c = classify(sample(), {.total_low_percentile = 0.0, .total_high_percentile = 94.0});
  EXPECT_EQ(std::count(c.begin() + 95, c.end(), PixelClass::not_considered), 5);
}

TEST(Classify, RatioRuleKeepsHotPixelsWithRaisedHighWeight) {
  RowArrayF w = sample();
  w.block(95, 1, 5, 1) = 1.0F;  // above P75 of the high weight once boundaries are few
  auto params = keep_all;
  params.hotspot_high_percentile = 60.0;
  const auto strict = classify(w, params);
  EXPECT_EQ(std::count(strict.begin(), strict.end(), PixelClass::hotspot), 0);
  params.hotspot_rule = HotspotRule::ratio;
  const auto ratio = classify(w, params);
  EXPECT_EQ(std::count(ratio.begin() + 95, ratio.end(), PixelClass::hotspot), 5);
}

TEST(Classify, OneComponentMakesGrains) {
  const RowArrayF w = sample().leftCols(1);
  const auto c = classify(w, keep_all);
  EXPECT_EQ(std::count(c.begin(), c.end(), PixelClass::grain), 100);
}

TEST(Classify, WrongPercentilesAreRefused) {
  EXPECT_THROW((void)classify(sample(), {.total_low_percentile = -1.0}), ParameterError);
  EXPECT_THROW((void)classify(sample(), {.total_low_percentile = 99.9}), ParameterError);
}

TEST(DominantComponent, IsRelativeToTheMeanOfEachComponent) {
  // Means 2 and 10.
  const auto d = dominant_component(table({{1, 15}, {3, 5}}));
  EXPECT_EQ(d, (std::vector<int>{1, 0}));
}

TEST(ClassSums, MeansAreThoseOfThePixelsAndCountsRepeatBlocks) {
  const std::vector<float> x{1, 2, 3, 4, 5, 6, 7, 8};  // 4 pixels, 2 channels
  const std::vector<std::int32_t> block{0, 0, 1, -1};
  const std::vector<std::uint8_t> label{0, 1, 1, 1};
  const ClassSums sums({x, 2}, block, 2, label, 2);
  EXPECT_EQ(sums.pixels(1), 2U);
  EXPECT_EQ(sums.mean(1), (std::vector<double>{4, 5}));
  EXPECT_EQ(sums.mean(1, std::vector<std::uint32_t>{1, 3}), (std::vector<double>{4.5, 5.5}));
  EXPECT_TRUE(sums.mean(0, std::vector<std::uint32_t>{0, 2}).empty());
}

}  // namespace
}  // namespace halotwin::analysis
