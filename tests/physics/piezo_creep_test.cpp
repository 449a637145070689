#include "physics/piezo_creep.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "base/errors.hpp"

namespace halotwin::physics {
namespace {

constexpr PiezoCreepParams open_loop{.per_decade = 0.015, .start_s = 0.1, .end_s = 1.0e7};

double after_step(const PiezoCreep& creep, double step_m, double time_s) {
  PiezoCreep::State state{};
  creep.advance(state, step_m, step_m, time_s);
  return creep.deviation_m(state);
}

TEST(PiezoCreep, FollowsTheLogarithmicLawAfterAStep) {
  const PiezoCreep creep(open_loop);
  for (double t = 0.01; t < 1.0e5; t *= 1.7) {
    const double law = 1.0e-6 * open_loop.per_decade * std::log10(1.0 + t / open_loop.start_s);
    EXPECT_NEAR(after_step(creep, 1.0e-6, t), law, 2e-3 * law + 1e-5 * 1e-6 * 0.015) << t;
  }
}

TEST(PiezoCreep, EndsAfterItsSlowestRelaxation) {
  const PiezoCreep creep({.per_decade = 0.015, .start_s = 0.1, .end_s = 1.0e4});
  const double at_end = after_step(creep, 1.0e-6, 1.0e6);
  EXPECT_NEAR(after_step(creep, 1.0e-6, 1.0e9), at_end, 1e-15);
  EXPECT_NEAR(at_end, 1.0e-6 * 0.015 * 5.0, 0.1 * at_end);
  EXPECT_DOUBLE_EQ(creep.deviation_m(creep.settled(1.0e-6)), after_step(creep, 1.0e-6, 1.0e12));
}

TEST(PiezoCreep, WithoutCreepTheScannerIsWhereItShouldBe) {
  EXPECT_EQ(after_step(PiezoCreep({.per_decade = 0.0}), 1.0e-6, 100.0), 0.0);
}

TEST(PiezoCreep, MovesSuperpose) {
  const PiezoCreep creep(open_loop);
  PiezoCreep::State both{};
  creep.advance(both, 0.0, 3.0e-7, 0.2);
  creep.advance(both, 3.0e-7, 3.0e-7, 5.0);
  creep.advance(both, 3.0e-7, -1.0e-7, 1.0);
  creep.advance(both, -1.0e-7, -1.0e-7, 40.0);
  PiezoCreep::State first{};
  creep.advance(first, 0.0, 3.0e-7, 0.2);
  creep.advance(first, 3.0e-7, 3.0e-7, 46.0);
  PiezoCreep::State second{};
  creep.advance(second, 0.0, -4.0e-7, 1.0);
  creep.advance(second, -4.0e-7, -4.0e-7, 40.0);
  EXPECT_NEAR(
      creep.deviation_m(both), creep.deviation_m(first) + creep.deviation_m(second), 1e-9 * 3.0e-7);
}

TEST(PiezoCreep, TimesMayBeSplit) {
  const PiezoCreep creep(open_loop);
  PiezoCreep::State once{};
  creep.advance(once, 0.0, 1.0e-6, 10.0);
  PiezoCreep::State split{};
  for (int i = 0; i < 1000; ++i) {
    creep.advance(split, 1.0e-9 * i, 1.0e-9 * (i + 1), 0.01);
  }
  EXPECT_NEAR(creep.deviation_m(split), creep.deviation_m(once), 1e-10 * 1.0e-6);
}

// An independent judge of the ramp: many small steps, each with the logarithmic law.
TEST(PiezoCreep, ARampIsTheSumOfSmallSteps) {
  const PiezoCreep creep(open_loop);
  PiezoCreep::State ramp{};
  creep.advance(ramp, 0.0, 1.0e-6, 10.0);
  constexpr int steps = 20000;
  double sum = 0.0;
  for (int i = 0; i < steps; ++i) {
    const double ago = 10.0 * (steps - i - 0.5) / steps;
    sum += 1.0e-6 / steps * open_loop.per_decade * std::log10(1.0 + ago / open_loop.start_s);
  }
  EXPECT_NEAR(creep.deviation_m(ramp), sum, 1e-3 * sum);
}

TEST(PiezoCreep, ScalesWithTheMoveAndWithTheUnitOfTime) {
  const PiezoCreep creep(open_loop);
  const PiezoCreep slower({.per_decade = 0.015, .start_s = 10.0, .end_s = 1.0e9});
  EXPECT_NEAR(after_step(creep, 3.0e-6, 50.0), 3.0 * after_step(creep, 1.0e-6, 50.0), 1e-18);
  EXPECT_NEAR(after_step(slower, 1.0e-6, 5000.0), after_step(creep, 1.0e-6, 50.0), 1e-18);
}

TEST(PiezoCreep, RefusesWhatCannotBeMeant) {
  EXPECT_THROW(PiezoCreep({.per_decade = -0.01}), ParameterError);
  EXPECT_THROW(PiezoCreep({.start_s = 0.0}), ParameterError);
  EXPECT_THROW(PiezoCreep({.start_s = 1.0, .end_s = 2.0}), ParameterError);
}

}  // namespace
}  // namespace halotwin::physics
