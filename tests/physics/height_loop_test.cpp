#include "physics/height_loop.hpp"

#include <algorithm>
#include <cmath>
#include <complex>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/constants.hpp"
#include "base/errors.hpp"

namespace halotwin::physics {
namespace {

using Complex = std::complex<double>;
using constants::pi;

constexpr double ring_per_s = 2.0 * pi * 75e3 / (2.0 * 150.0);  // g of the lever

// The same equations in small steps of the midpoint rule, over any surface.
template <class Surface>
HeightLoop::State integrated(const HeightLoopParams& p,
                             const HeightGains& gains,
                             double follow,
                             HeightLoop::State s,
                             const Surface& surface,
                             double time_s,
                             double dt) {
  const double wd = 2.0 * pi * p.detector_hz;
  const double wz = 2.0 * pi * p.z_resonance_hz;
  const auto rate = [&](const HeightLoop::State& x, double t) {
    return HeightLoop::State{
        follow * (surface(t) - x[2] - x[0]),
        gains.integral_rate_per_s * x[5],
        x[3],
        wz * wz * (gains.proportional_gain * p.proportional_unit * x[5] + x[1] - x[2]) -
            wz / p.z_quality_factor * x[3],
        wd * (x[0] - x[4]),
        wd * (x[4] - x[5])};
  };
  const auto steps = static_cast<long>(std::llround(time_s / dt));
  for (long i = 0; i < steps; ++i) {
    const double t = static_cast<double>(i) * dt;
    const HeightLoop::State first = rate(s, t);
    HeightLoop::State middle = s;
    for (std::size_t k = 0; k < s.size(); ++k) {
      middle[k] += 0.5 * dt * first[k];
    }
    const HeightLoop::State second = rate(middle, t + 0.5 * dt);
    for (std::size_t k = 0; k < s.size(); ++k) {
      s[k] += dt * second[k];
    }
  }
  return s;
}

TEST(HeightLoop, SlowIntegratorIsAFirstOrderFollower) {
  const HeightGains gains{20.0, 0.0};
  HeightLoop loop({}, gains, ring_per_s);
  EXPECT_TRUE(loop.stable());
  EXPECT_NEAR(loop.slowest_per_s() / 20.0, 1.0, 0.02);
  EXPECT_NEAR(std::abs(loop.error_response(20.0)), std::sqrt(0.5), 0.01);
  HeightLoop::State s = HeightLoop::settled(0.0);
  loop.advance(s, 1e-9, 0.05);
  EXPECT_NEAR(HeightLoop::base_m(s), 1e-9 * -std::expm1(-1.0), 2e-11);
}

TEST(HeightLoop, ExactStepAgreesWithSmallSteps) {
  const HeightLoopParams p;
  for (const HeightGains gains : {HeightGains{300.0, 1.0}, HeightGains{1500.0, 0.0}}) {
    HeightLoop loop(p, gains, ring_per_s);
    HeightLoop::State a = HeightLoop::settled(-2e-9);
    HeightLoop::State b = a;
    for (int i = 0; i < 5; ++i) {
      const double surface = 1e-9 * i;
      loop.advance(a, surface, 1.3e-3);
      b = integrated(
          p, gains, ring_per_s, b, [surface](double) { return surface; }, 1.3e-3, 1e-7);
      EXPECT_NEAR(HeightLoop::base_m(a), HeightLoop::base_m(b), 1e-13);
      EXPECT_NEAR(HeightLoop::error_m(a), HeightLoop::error_m(b), 1e-13);
    }
  }
}

RC_GTEST_PROP(HeightLoop, TwoStepsAreOneLongStep, ()) {
  const double total = *rc::gen::inRange(1, 2000) * 1e-6;
  const double part = total * *rc::gen::inRange(1, 99) / 100.0;
  const double rate = *rc::gen::inRange(1, 3000);
  HeightLoop loop({}, {rate, 1.0}, ring_per_s);
  HeightLoop::State once = HeightLoop::settled(0.0);
  HeightLoop::State twice = once;
  loop.advance(once, 5e-9, total);
  loop.advance(twice, 5e-9, part);
  loop.advance(twice, 5e-9, total - part);
  for (const std::size_t k : {0U, 1U, 2U, 4U, 5U}) {
    RC_ASSERT(std::abs(once[k] - twice[k]) < 1e-17);
  }
}

TEST(HeightLoop, ResponseAgreesWithAWavySurface) {
  const HeightLoopParams p;
  const HeightGains gains{900.0, 1.0};
  const HeightLoop loop(p, gains, ring_per_s);
  for (const double f : {30.0, 150.0, 400.0}) {
    const double w = 2.0 * pi * f;
    const double dt = 2e-7;
    HeightLoop::State s = HeightLoop::settled(0.0);
    const double start = std::ceil(0.1 * f) / f;
    const auto surface = [w](double t) { return 1e-9 * std::cos(w * t); };
    s = integrated(p, gains, ring_per_s, s, surface, start, dt);
    Complex z;
    const int points = 64;
    for (int i = 0; i < points; ++i) {
      const double t = static_cast<double>(i) / (points * f);
      z += 2.0 / points * HeightLoop::base_m(s) * std::polar(1.0, -w * t);
      s = integrated(
          p,
          gains,
          ring_per_s,
          s,
          [&](double u) { return surface(t + u); },
          1.0 / (points * f),
          dt);
    }
    const Complex l = loop.loop_gain(w);
    EXPECT_LT(std::abs(z / 1e-9 - l / (1.0 + l)), 0.01) << f;
  }
}

TEST(HeightLoop, TooMuchGainPeaksAndThenOscillates) {
  const auto peak = [](double rate) {
    const HeightLoop loop({}, {rate, 0.0}, ring_per_s);
    double highest = 0.0;
    for (double f = 1.0; f < 2e3; f *= 1.01) {
      highest = std::max(highest, std::abs(loop.error_response(2.0 * pi * f)));
    }
    return highest;
  };
  EXPECT_LT(peak(100.0), 1.1);
  EXPECT_GT(peak(3000.0), 1.4);
  EXPECT_FALSE(HeightLoop({}, {1e5, 0.0}, ring_per_s).stable());
  EXPECT_TRUE(HeightLoop({}, {}, ring_per_s).stable());
}

TEST(HeightLoop, WithoutGainTheBaseStands) {
  HeightLoop loop({}, {0.0, 0.0}, ring_per_s);
  HeightLoop::State s = HeightLoop::settled(1e-9);
  loop.advance(s, 4e-9, 0.02);
  EXPECT_NEAR(HeightLoop::base_m(s), 1e-9, 1e-15);
  EXPECT_NEAR(HeightLoop::error_m(s), 3e-9, 1e-15);
  EXPECT_EQ(std::abs(loop.loop_gain(100.0)), 0.0);
}

TEST(HeightLoop, BadGainsAreRefused) {
  EXPECT_THROW(HeightLoop({}, {-1.0, 0.0}, 1.0), ParameterError);
  EXPECT_THROW(HeightLoop({}, {1.0, -1.0}, 1.0), ParameterError);
  EXPECT_THROW(validate(HeightLoopParams{.z_resonance_hz = 0.0}), ParameterError);
}

}  // namespace
}  // namespace halotwin::physics
