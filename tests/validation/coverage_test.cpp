// Shares of intervals that hold the truth.
#include "validation/coverage.hpp"

#include <gtest/gtest.h>

#include "base/random.hpp"

namespace halotwin::validation {
namespace {

std::vector<Reported> normal(double sigma, double claimed, double bias, int count) {
  RandomStream draw(7, Purpose::test_data, 3);
  std::vector<Reported> all;
  for (int k = 0; k < count; ++k) {
    all.push_back({5.0 + bias + sigma * draw.normal(), claimed});
  }
  return all;
}

TEST(Coverage, TrueSigmasAreCalibrated) {
  const Coverage c = coverage(normal(0.3, 0.3, 0.0, 4000), 5.0);
  EXPECT_NEAR(c.within_68, 0.683, 0.03);
  EXPECT_NEAR(c.within_95, 0.95, 0.015);
  EXPECT_NEAR(c.spread, 1.0, 0.04);
  EXPECT_NEAR(c.bias, 0.0, 0.06);
  EXPECT_TRUE(c.calibrated(0.0));
  EXPECT_NEAR(c.within_68_sigma, 0.00736, 1e-4);
}

TEST(Coverage, SmallSigmasLargeSigmasAndBiasAreNot) {
  EXPECT_FALSE(coverage(normal(0.3, 0.2, 0.0, 1000), 5.0).calibrated(2.0));
  EXPECT_FALSE(coverage(normal(0.3, 0.45, 0.0, 1000), 5.0).calibrated(2.0));
  const Coverage biased = coverage(normal(0.3, 0.3, 0.3, 1000), 5.0);
  EXPECT_FALSE(biased.calibrated(2.0));
  EXPECT_NEAR(biased.bias, 1.0, 0.1);
  EXPECT_NEAR(biased.spread, 1.0, 0.1);
}

TEST(Coverage, NoRepeatsAreNotCalibrated) {
  EXPECT_FALSE(coverage({}, 0.0).calibrated(2.0));
}

}  // namespace
}  // namespace halotwin::validation
