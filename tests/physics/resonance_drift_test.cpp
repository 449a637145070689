#include "physics/resonance_drift.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "base/constants.hpp"
#include "base/errors.hpp"

namespace halotwin::physics {
namespace {

TEST(ResonanceDrift, StartsAtZeroAndFollowsTheTemperature) {
  const ResonanceDriftParams p;
  EXPECT_EQ(temperature_change_k(p, 0.0), 0.0);
  EXPECT_NEAR(temperature_change_k(p, 86400.0), 0.2, 1e-5);
  EXPECT_NEAR(relative_resonance_shift(p, 86400.0), -8e-6, 1e-9);
  // one kelvin: 3 Hz at 75 kHz, 0.92 degrees of phase at Q = 200
  const ResonanceDriftParams step{.warm_up_k = 1.0, .warm_up_time_s = 1.0, .daily_peak_k = 0.0};
  EXPECT_NEAR(75e3 * relative_resonance_shift(step, 100.0), -3.0, 1e-9);
}

TEST(ResonanceDrift, FlickerMakesLowPassedPhaseNoise) {
  const ResonanceDriftParams p;
  const CantileverParams lever;
  const double corner = amplitude_decay_per_s(lever) / (2.0 * constants::pi);
  const double q2 = 4.0 * lever.quality_factor * lever.quality_factor;
  EXPECT_NEAR(flicker_phase_psd(p, lever, 1e-3) / (q2 * p.flicker_coefficient / 1e-3), 1.0, 1e-6);
  EXPECT_NEAR(
      flicker_phase_psd(p, lever, corner) / (q2 * p.flicker_coefficient / corner), 0.5, 1e-12);
}

TEST(ResonanceDrift, PartsAddUpToFlicker) {
  const ResonanceDriftParams p;
  const auto parts = flicker_parts(p.flicker_coefficient, 1e-4, 1e3);
  EXPECT_EQ(parts.size(), 15u);
  // a decade inside of both ends: each end lacks 2/pi atan(0.1) = 6 %
  for (double f = 1e-2; f < 10.0; f *= 1.3) {
    EXPECT_NEAR(correlated_psd(parts, f) / flicker_frequency_psd(p, f), 1.0, 0.03);
  }
  EXPECT_NEAR(correlated_psd(parts, 1e-3) / flicker_frequency_psd(p, 1e-3), 1.0, 0.08);
}

TEST(ResonanceDrift, RefusesWhatCannotBe) {
  EXPECT_NO_THROW(validate(ResonanceDriftParams{}));
  EXPECT_THROW(validate(ResonanceDriftParams{.flicker_coefficient = -1.0}), ParameterError);
  EXPECT_THROW((void)flicker_parts(1e-12, 10.0, 1.0), ParameterError);
}

}  // namespace
}  // namespace halotwin::physics
