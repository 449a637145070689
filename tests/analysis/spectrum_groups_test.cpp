#include "analysis/spectrum_groups.hpp"

#include <array>
#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "analysis/two_lines.hpp"
#include "base/errors.hpp"
#include "base/grid.hpp"
#include "base/random.hpp"

namespace halotwin::analysis {
namespace {

double loss(double f, double at) {
  const double x = f / at;
  return 2.0 * x / (1.0 + x * x);
}

TEST(Otsu, CutsBetweenTwoHeaps) {
  std::vector<float> values;
  RandomStream draw(1, Purpose::test_data);
  for (int k = 0; k < 900; ++k) {
    values.push_back(static_cast<float>((k % 3 == 0 ? 2.0 : 1.0) + 0.05 * draw.normal()));
  }
  EXPECT_NEAR(otsu_threshold(values), 1.5, 0.35);
  EXPECT_THROW(static_cast<void>(otsu_threshold({})), ParameterError);
  const std::vector<float> same(5, 2.0F);
  EXPECT_EQ(otsu_threshold(same), 2.0);
}

TEST(TwoLines, FindsThePairThatMakesOneMaximum) {
  const auto f = log_spacing(100.0, 8000.0, 48);
  std::vector<double> y;
  for (const double x : f) {
    y.push_back(0.02 * loss(x, 620.0) + 0.05 * loss(x, 1900.0));
  }
  const TwoLines t = fit_two_lines({f, y, {}});
  ASSERT_TRUE(t.known);
  EXPECT_NEAR(t.low_hz.value, 620.0, 5.0);
  EXPECT_NEAR(t.high_hz.value, 1900.0, 10.0);
  EXPECT_NEAR(t.ratio.value, 2.5, 0.03);
  EXPECT_LT(t.residual, 1e-4);
}

TEST(TwoLines, HeightsAreNeverNegative) {
  const auto f = log_spacing(100.0, 8000.0, 48);
  std::vector<double> y;
  for (const double x : f) {
    y.push_back(0.05 * loss(x, 2000.0) - 0.01 * loss(x, 600.0));
  }
  const TwoLines t = fit_two_lines({f, y, {}});
  EXPECT_GE(t.low_height.value, 0.0);
  EXPECT_GT(t.high_height.value, 0.0);
}

RowArrayF weights_of(const std::vector<std::array<float, 2>>& rows) {
  RowArrayF w(static_cast<Eigen::Index>(rows.size()), 2);
  for (std::size_t i = 0; i < rows.size(); ++i) {
    w(static_cast<Eigen::Index>(i), 0) = rows[i][0];
    w(static_cast<Eigen::Index>(i), 1) = rows[i][1];
  }
  return w;
}

TEST(Groups, BulkMeshAndGranules) {
  std::vector<std::array<float, 2>> rows;
  for (int k = 0; k < 30; ++k) {
    rows.push_back({1.0F, 0.1F});
    rows.push_back({2.0F, 0.2F});
  }
  rows.push_back({0.2F, 2.0F});
  GroupOptions options;
  options.rule = GroupRule::component_and_intensity;
  const Grouping g = group_by_weights(weights_of(rows), options);
  ASSERT_EQ(g.names.size(), 3U);
  EXPECT_EQ(g.label[0], 0);
  EXPECT_EQ(g.label[1], 1);
  EXPECT_EQ(g.label.back(), 2);
}

TEST(Groups, ShapeAndDim) {
  std::vector<std::array<float, 2>> rows;
  for (int k = 0; k < 20; ++k) {
    rows.push_back({0.8F, 0.2F});
    rows.push_back({0.3F, 0.5F});
  }
  rows.push_back({0.15F, 0.1F});
  GroupOptions options;
  options.rule = GroupRule::shape;
  const Grouping g = group_by_weights(weights_of(rows), options);
  EXPECT_EQ(g.label[0], 0);
  EXPECT_EQ(g.label[1], 1);
  EXPECT_EQ(g.label.back(), 2);
}

// Two groups of known shift and intensity with noise: found within their errors, for any threads.
TEST(Groups, ReadShiftAndIntensityWithErrors) {
  const auto f = log_spacing(100.0, 8000.0, 40);
  const std::size_t pixels = 400;
  std::vector<float> values;
  Grouping grouping{{"a", "b"}, {}};
  std::vector<std::int32_t> block;
  RandomStream draw(2, Purpose::test_data);
  for (std::size_t p = 0; p < pixels; ++p) {
    const bool b = p % 2 == 1;
    grouping.label.push_back(b ? 1 : 0);
    block.push_back(static_cast<std::int32_t>(p / 20));
    for (const double x : f) {
      values.push_back(static_cast<float>((b ? 1.5 : 1.0) * 0.1 * loss(x, b ? 1200.0 : 1000.0) +
                                          0.02 * draw.normal()));
    }
  }
  const std::vector<double> noise(f.size(), 0.02);
  const auto read = [&](Threads threads) {
    return read_groups({values, f.size()}, f, grouping, block, 20, noise, {}, 1, {}, threads);
  };
  const auto groups = read(Threads{1});
  ASSERT_EQ(groups.size(), 2U);
  EXPECT_EQ(groups[0].pixels, 200U);
  const Estimate shift = groups[1].shift;
  EXPECT_GT(shift.sigma, 0.0);
  EXPECT_LT(shift.sigma, 0.05);
  EXPECT_NEAR(shift.value, std::log(1.2), 4.0 * shift.sigma);
  const Estimate ratio = groups[1].intensity_ratio;
  EXPECT_NEAR(ratio.value, 1.5, 0.08);
  EXPECT_GT(ratio.sigma, 0.0);
  const auto again = read(Threads{3});
  EXPECT_EQ(again[1].shift.sigma, shift.sigma);
  EXPECT_EQ(again[1].mean, groups[1].mean);
}

TEST(Groups, NoRuleNoGroups) {
  EXPECT_TRUE(group_by_weights(weights_of({{1.0F, 1.0F}}), {}).names.empty());
}

}  // namespace
}  // namespace halotwin::analysis
