// What the simulated stage, sources and shutter do beyond their contract: the physics of their
// parameters.
#include <cmath>
#include <limits>
#include <utility>

#include <gtest/gtest.h>

#include "base/errors.hpp"
#include "devices/simulated/simulated_bias_source.hpp"
#include "devices/simulated/simulated_light_source.hpp"
#include "devices/simulated/simulated_shutter.hpp"
#include "devices/simulated/simulated_stage.hpp"
#include "tests/support/small_world.hpp"

namespace halotwin::devices::simulated {
namespace {

class SimulatedPeripheral : public testing::Test {
 protected:
  void pass(double time_s) { world_->clock().sleep(from_seconds(time_s)); }
  std::unique_ptr<sim::World> world_ = test::small_world();
};

TEST_F(SimulatedPeripheral, StageTravelsEvenlyOvershootsAndSettles) {
  SimulatedStage stage(*world_, {}, "stage");
  const StageAxisParams p;
  const double target = 1.0e-3;
  stage.start_move(0, target);
  pass(0.25);
  EXPECT_NEAR(stage.position(0), 0.25 * p.speed_per_s, p.overshoot);
  pass(0.25 + 1.0e-6 / p.speed_per_s);  // at the end of the travel
  EXPECT_NEAR(stage.position(0), target + p.overshoot, 0.5 * p.tolerance + 1.0e-8);
  EXPECT_EQ(stage.state(0), AxisState::moving);
  pass(p.settling_time_s * std::log(2.0 * p.overshoot / p.tolerance) + 1.0e-3);
  EXPECT_EQ(stage.state(0), AxisState::standing);
  EXPECT_NEAR(stage.position(0), target, p.tolerance);
}

TEST_F(SimulatedPeripheral, StageTakesANewSpeedForTheNextMoveOnly) {
  SimulatedStage stage(*world_, {}, "stage");
  const StageAxisParams p;
  stage.start_move(0, 1.0e-3);
  stage.set_speed(0, 0.1 * p.speed_per_s);
  pass(0.25);
  EXPECT_NEAR(stage.position(0), 0.25 * p.speed_per_s, p.overshoot);
  stage.start_move(0, 1.0e-3);
  const double from = stage.position(0);
  pass(0.25);
  EXPECT_NEAR(stage.position(0) - from, 0.025 * p.speed_per_s, p.overshoot);
}

TEST_F(SimulatedPeripheral, StageIsAtALimitAtTheEndsOfItsRangeOnly) {
  SimulatedStage stage(*world_, {}, "stage");
  const StageAxisParams p;
  for (const auto& [target, state] : {std::pair{p.high, AxisState::limit},
                                      std::pair{p.low, AxisState::limit},
                                      std::pair{p.low + 1.0e-3, AxisState::standing}}) {
    stage.start_move(0, target);
    EXPECT_TRUE(stage.wait(0, from_seconds(60.0), {}));
    EXPECT_EQ(stage.state(0), state) << target;
  }
}

TEST_F(SimulatedPeripheral, StageHasBacklashBetweenTheTwoDirections) {
  SimulatedStage stage(*world_, {}, "stage");
  const StageAxisParams p;
  const auto carriage_after_move_from = [&](double start) {
    for (const double target : {start, 1.0e-3}) {
      stage.start_move(0, target);
      EXPECT_TRUE(stage.wait(0, from_seconds(60.0), {}));
    }
    return stage.true_position(0) - stage.position(0);
  };
  EXPECT_NEAR(carriage_after_move_from(2.0e-3) - carriage_after_move_from(0.0), p.backlash, 1e-15);
}

TEST_F(SimulatedPeripheral, StageMovesItsAxesTogether) {
  SimulatedStage stage(*world_, {}, "stage");
  stage.start_move(0, 1.0e-2);
  stage.start_move(1, 1.0e-2);
  EXPECT_TRUE(stage.wait(0, from_seconds(60.0), {}));
  EXPECT_NEAR(stage.position(1), 1.0e-2, StageAxisParams{}.overshoot);
}

TEST_F(SimulatedPeripheral, StageRepeatsWithinItsScatter) {
  SimulatedStage stage(*world_, {}, "stage");
  double sum = 0.0;
  constexpr int repeats = 400;
  for (int i = 0; i < repeats; ++i) {
    const double target = i % 2 == 0 ? 1.0e-4 : 0.0;
    stage.start_move(0, target);
    EXPECT_TRUE(stage.wait(0, from_seconds(60.0), {}));
    sum += std::pow(stage.position(0) - target, 2.0);
  }
  // A normal held within +-a = 5/3 sigma (half the tolerance) has the variance P(|z| < a) -
  // 2 a phi(a) + a^2 P(|z| > a) = 0.838; the rms of n values scatters by less than 1/sqrt(2 n).
  const double expected = std::sqrt(0.838);
  EXPECT_NEAR(std::sqrt(sum / repeats) / StageAxisParams{}.repeatability,
              expected,
              4.0 * expected / std::sqrt(2.0 * repeats));
}

TEST_F(SimulatedPeripheral, BiasSourceObeysOhmAndHoldsItsCompliance) {
  SimulatedBiasSource bias(*world_, {.load_siemens = 1.0e-6, .current_noise_a = 0.0}, "bias");
  bias.configure({.on = true, .voltage_v = -2.0, .compliance_a = 1.0e-5});
  pass(1.0);
  BiasReading reading = bias.read();
  EXPECT_DOUBLE_EQ(reading.voltage_v, -2.0);
  EXPECT_DOUBLE_EQ(reading.current_a, -2.0e-6);
  EXPECT_FALSE(reading.compliance);
  bias.configure({.on = true, .voltage_v = -2.0, .compliance_a = 1.0e-6});
  pass(1.0);
  reading = bias.read();
  EXPECT_DOUBLE_EQ(reading.voltage_v, -1.0);
  EXPECT_DOUBLE_EQ(reading.current_a, -1.0e-6);
  EXPECT_TRUE(reading.compliance);
}

TEST_F(SimulatedPeripheral, BiasSourceTurnsRoundInTheMiddleOfARamp) {
  SimulatedBiasSource bias(*world_, {}, "bias");
  bias.configure({.on = true, .voltage_v = 2.0, .ramp_v_per_s = 1.0});
  pass(1.0);
  bias.configure({.on = true, .voltage_v = -1.0, .ramp_v_per_s = 1.0});
  EXPECT_NEAR(bias.read().voltage_v, 1.0, 1.0e-9);
  pass(1.0);
  EXPECT_NEAR(bias.read().voltage_v, 0.0, 1.0e-9);
  pass(1.0);
  EXPECT_FALSE(bias.ramping());
}

TEST_F(SimulatedPeripheral, BiasSourceIsSafeOnlyAfterItsRamp) {
  SimulatedBiasSource bias(*world_, {}, "bias");
  bias.configure({.on = true, .voltage_v = 2.0, .ramp_v_per_s = 0.5});
  pass(4.0);
  const Duration before = world_->clock().now();
  bias.make_safe();
  EXPECT_NEAR(seconds(world_->clock().now() - before), 4.0, 1.0e-6);
}

TEST_F(SimulatedPeripheral, LightIsDarkWhenOffAndFluctuatesByItsRms) {
  SimulatedLightSource light(*world_, {.drift_per_s = 0.0}, "light");
  EXPECT_EQ(light.true_irradiance_w_per_m2(), 0.0);
  light.configure({.on = true, .irradiance_w_per_m2 = 100.0});
  double sum = 0.0;
  double square = 0.0;
  constexpr int n = 2000;
  for (int i = 0; i < n; ++i) {
    pass(77.0);  // beyond the fluctuation time: nearly independent
    const double x = light.true_irradiance_w_per_m2() / 100.0 - 1.0;
    sum += x;
    square += x * x;
  }
  const double rms = LightSourceParams{}.fluctuation_rms;
  EXPECT_NEAR(sum / n, 0.0, 5.0 * rms / std::sqrt(n));
  EXPECT_NEAR(std::sqrt(square / n), rms, 5.0 * rms * std::sqrt(0.5 * 2.0 / n));
}

TEST_F(SimulatedPeripheral, LightDriftsOnlyWhileItIsLit) {
  SimulatedLightSource light(*world_, {.drift_per_s = -1.0e-5, .fluctuation_rms = 0.0}, "light");
  const LightSettings on{.on = true, .irradiance_w_per_m2 = 100.0};
  light.configure(on);
  pass(1000.0);
  EXPECT_NEAR(light.true_irradiance_w_per_m2(), 99.0, 1.0e-9);
  light.make_safe();
  pass(5000.0);
  light.configure(on);
  EXPECT_NEAR(light.true_irradiance_w_per_m2(), 99.0, 1.0e-9);
}

TEST_F(SimulatedPeripheral, LightDoesNotJump) {
  SimulatedLightSource light(*world_, {}, "light");
  light.configure({.on = true, .irradiance_w_per_m2 = 1.0});
  const LightSourceParams p;
  double last = light.true_irradiance_w_per_m2();
  for (int i = 0; i < 5000; ++i) {
    pass(0.1);
    const double now = light.true_irradiance_w_per_m2();
    // slope of a great-circle arc: at most pi/2 |n| per fluctuation time; 6 sigma
    EXPECT_LT(std::abs(now - last),
              6.0 * p.fluctuation_rms * 1.58 * 0.1 / p.fluctuation_time_s * 2);
    last = now;
  }
}

TEST_F(SimulatedPeripheral, ShutterTurnsRoundWhereItIs) {
  SimulatedShutter shutter(*world_, {.travel_time_s = 0.01}, "shutter");
  shutter.start_open();
  pass(0.004);
  EXPECT_NEAR(shutter.open_fraction(), 0.4, 1.0e-6);
  shutter.start_close();
  EXPECT_NEAR(shutter.open_fraction(), 0.4, 1.0e-6);
  pass(0.003);
  EXPECT_NEAR(shutter.open_fraction(), 0.1, 1.0e-6);
  EXPECT_EQ(shutter.state(), ShutterState::moving);
  pass(0.0011);
  EXPECT_EQ(shutter.state(), ShutterState::closed);
}

TEST(SimulatedPeripheralParams, RefuseWhatCannotBeMeant) {
  const double nan = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(validate(ShutterParams{.travel_time_s = nan}), ParameterError);
  EXPECT_THROW(validate(LightSourceParams{.max_irradiance_w_per_m2 = 0.0}), ParameterError);
  EXPECT_THROW(validate(LightSourceParams{.longest_wavelength_m = 400.0e-9}), ParameterError);
  EXPECT_THROW(validate(BiasSourceParams{.max_voltage_v = -1.0}), ParameterError);
  EXPECT_THROW(validate(BiasSourceParams{.load_siemens = nan}), ParameterError);
  EXPECT_THROW(validate(StageParams{.axes = {}}), ParameterError);
  EXPECT_THROW(validate(StageAxisParams{.unit = "mm"}), ParameterError);
  EXPECT_THROW(validate(StageAxisParams{.low = 1.0, .high = 0.0}), ParameterError);
  EXPECT_THROW(validate(StageAxisParams{.speed_per_s = nan}), ParameterError);
  EXPECT_THROW(validate(StageAxisParams{.repeatability = 1.0e-6}), ParameterError);
}

}  // namespace
}  // namespace halotwin::devices::simulated
