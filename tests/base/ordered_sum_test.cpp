#include "base/ordered_sum.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

namespace halotwin {
namespace {

TEST(OrderedSum, KeepsWhatPlainAdditionLoses) {
  // Neumaier 1974: the plain sum of these is 0, Kahan's too
  EXPECT_EQ(ordered_sum(std::vector{1.0, 1e100, 1.0, -1e100}), 2.0);
  EXPECT_EQ(ordered_sum(std::vector<double>(10'000'000, 0.1)), 1e6);
}

TEST(OrderedSum, OfNothingIsZeroAndOfOneIsThatOne) {
  EXPECT_EQ(ordered_sum({}), 0.0);
  EXPECT_EQ(ordered_sum(std::vector{-3.5}), -3.5);
}

TEST(OrderedSum, DoesNotDependOnAlignment) {
  std::vector<double> shifted(1001);
  for (std::size_t i = 0; i < shifted.size(); ++i) {
    shifted[i] = std::sin(static_cast<double>(i)) * std::pow(10.0, static_cast<double>(i % 30));
  }
  const std::vector<double> aligned(shifted.begin() + 1, shifted.end());
  EXPECT_EQ(ordered_sum(std::span(shifted).subspan(1)), ordered_sum(aligned));
}

TEST(OrderedSum, ShowsNan) {
  EXPECT_TRUE(std::isnan(ordered_sum(std::vector{1.0, std::numeric_limits<double>::quiet_NaN()})));
}

}  // namespace
}  // namespace halotwin
