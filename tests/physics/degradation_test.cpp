#include "physics/degradation.hpp"

#include <cmath>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/constants.hpp"
#include "base/errors.hpp"

namespace halotwin::physics {
namespace {

TEST(Degradation, NothingHappensWithoutStress) {
  const DegradationParams p;
  EXPECT_EQ(redistributed_share(p, 0.0), 0.0);
  EXPECT_EQ(converted_share(p, 0.0, 1.0), 0.0);
  EXPECT_EQ(converted_share(p, 10.0, 0.0), 0.0);
  EXPECT_EQ(inclusion_share(p, 0.3, 0.0), 0.3);
  EXPECT_EQ(height_change_m(p, 0.0), 0.0);
  EXPECT_EQ(stress_rate(p, 0.0, 300.0), 0.0);
}

TEST(Degradation, StressIsOneAtTheReferenceAndFollowsArrheniusAndBias) {
  const DegradationParams p;
  EXPECT_DOUBLE_EQ(stress_rate(p, 1.0, 300.0), 1.0);
  EXPECT_DOUBLE_EQ(stress_rate(p, -2.0, 300.0), 2.0);
  EXPECT_DOUBLE_EQ(ageing_rate(p, 300.0), p.ageing_per_s);
  // slope of ln rate against 1 / kT is -E_a, between any two temperatures
  const double kb_ev = constants::boltzmann_j_per_k / constants::elementary_charge_c;
  const double slope = std::log(stress_rate(p, 1.0, 340.0) / stress_rate(p, 1.0, 310.0)) /
                       (1.0 / (kb_ev * 340.0) - 1.0 / (kb_ev * 310.0));
  EXPECT_NEAR(slope, -p.activation_energy_ev, 1e-12);
}

TEST(Degradation, EarlyGrowthIsAPowerOfTheStressAndTheFrontGoesWithItsLogarithm) {
  const DegradationParams p;
  EXPECT_NEAR(
      std::log(converted_share(p, 2e-3, 1.0) / converted_share(p, 1e-3, 1.0)) / std::log(2.0),
      p.avrami_exponent,
      1e-5);
  const double zone = 12e-9;
  for (const double stress : {10.0, 100.0, 1000.0}) {  // X = 1 - 1/e at d = zone ln(s / s_g)
    const double front = zone * std::log(stress / p.growth_s);
    EXPECT_NEAR(converted_share(p, stress, std::exp(-front / zone)), 1.0 - std::exp(-1.0), 1e-12);
  }
}

TEST(Degradation, HalfOfTheVolumeLeaves) {
  EXPECT_NEAR(pbi2_volume_ratio, 0.502, 0.001);
  const DegradationParams p;
  EXPECT_NEAR(height_change_m(p, 1.0), -0.498 * p.converted_depth_m, 1e-3 * p.converted_depth_m);
}

RC_GTEST_PROP(DegradationProperty, GrowsWithStressAndStaysWithinItsBounds, ()) {
  const auto part = [](int steps) { return *rc::gen::inRange(0, steps + 1) / double(steps); };
  DegradationParams p;
  p.end_share = part(100);
  p.avrami_exponent = 0.5 + 3.5 * part(100);
  const double fresh = part(100);
  const double defects = 20.0 * part(1000);
  const double stress = 100.0 * part(1000);
  const double later = stress + 100.0 * part(1000);
  const double x = converted_share(p, stress, defects);
  const double y = converted_share(p, later, defects);
  RC_ASSERT(0.0 <= x && x <= y && y <= 1.0);
  const double a = inclusion_share(p, fresh, x);
  const double b = inclusion_share(p, fresh, y);
  RC_ASSERT(fresh <= a && a <= b && b <= 1.0);
  RC_ASSERT(redistributed_share(p, stress) <= redistributed_share(p, later));
  RC_ASSERT(height_change_m(p, b - fresh) <= height_change_m(p, a - fresh));
}

RC_GTEST_PROP(DegradationProperty, OnlyRatiosOfStressCount, ()) {
  // a change of the unit of time
  const double unit = std::pow(10.0, *rc::gen::inRange(-30, 31) / 10.0);
  DegradationParams p;
  DegradationParams q = p;
  q.redistribution_s *= unit;
  q.growth_s *= unit;
  const double stress = *rc::gen::inRange(0, 1000) / 10.0;
  RC_ASSERT(std::abs(redistributed_share(p, stress) - redistributed_share(q, unit * stress)) <
            1e-12);
  RC_ASSERT(std::abs(converted_share(p, stress, 0.7) - converted_share(q, unit * stress, 0.7)) <
            1e-12);
}

TEST(Degradation, RefusesWhatCannotBe) {
  EXPECT_NO_THROW(validate(DegradationParams{}));
  EXPECT_THROW(validate(DegradationParams{.redistribution_s = 0.0}), ParameterError);
  EXPECT_THROW(validate(DegradationParams{.end_share = 1.1}), ParameterError);
  EXPECT_THROW(validate(DegradationParams{.boundary_factor = 0.5}), ParameterError);
}

}  // namespace
}  // namespace halotwin::physics
