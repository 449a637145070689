#include "base/grid.hpp"

#include <limits>

#include <gtest/gtest.h>

#include "base/errors.hpp"

namespace halotwin {
namespace {

TEST(Grid, PutsCoordinatesAtPixelCentresBeginningWithTheFirstAcquired) {
  const Grid grid{.nx = 4, .ny = 3, .step_x_m = 2.0, .step_y_m = 5.0, .origin = {-1.0, 10.0}};
  EXPECT_EQ(grid.size(), 12U);
  EXPECT_EQ(grid.centre(0, 0), (Point{-1.0, 10.0}));
  EXPECT_EQ(grid.centre(3, 2), (Point{5.0, 20.0}));
  Grid other = grid;
  EXPECT_EQ(other, grid);
  other.origin.y_m = 0.0;
  EXPECT_NE(other, grid);
}

TEST(Image, IsRowMajor) {
  Image<int> image(3, 2, 7);
  image(2, 1) = 5;
  EXPECT_EQ(image.values, (std::vector{7, 7, 7, 7, 7, 5}));
  EXPECT_EQ(image.row(1)[2], 5);
  EXPECT_EQ(image.row(0).size(), 3U);
  EXPECT_EQ(Image<double>(0, 5).size(), 0U);
}

TEST(Spacing, BeginsAndEndsExactly) {
  for (const std::size_t points : {2U, 3U, 60U, 128U}) {
    const auto linear = linear_spacing(0.1, 0.7, points);
    const auto log = log_spacing(100.0, 8000.0, points);
    ASSERT_EQ(linear.size(), points);
    EXPECT_EQ(linear.front(), 0.1);
    EXPECT_EQ(linear.back(), 0.7);
    EXPECT_EQ(log.front(), 100.0);
    EXPECT_EQ(log.back(), 8000.0);
    const double ratio = log[1] / log[0];
    for (std::size_t i = 1; i < points; ++i) {
      EXPECT_NEAR(log[i] / log[i - 1], ratio, 1e-12 * ratio);
      EXPECT_GT(linear[i], linear[i - 1]);
    }
  }
}

TEST(Spacing, OfOneOrNoPointIsItsBegin) {
  EXPECT_TRUE(linear_spacing(1.0, 2.0, 0).empty());
  EXPECT_TRUE(log_spacing(1.0, 2.0, 0).empty());
  EXPECT_EQ(linear_spacing(1.0, 2.0, 1), std::vector{1.0});
  EXPECT_EQ(log_spacing(1.0, 2.0, 1), std::vector{1.0});
}

TEST(Spacing, InTheLogarithmRefusesWhatHasNone) {
  EXPECT_THROW((void)log_spacing(0.0, 1.0, 3), ParameterError);
  EXPECT_THROW((void)log_spacing(1.0, -1.0, 3), ParameterError);
  EXPECT_THROW((void)log_spacing(std::numeric_limits<double>::quiet_NaN(), 1.0, 3), ParameterError);
}

}  // namespace
}  // namespace halotwin
