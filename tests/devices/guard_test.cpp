// The bench's limits are checked before a command goes out: a recording fake behind the guard hears
// nothing of what is refused, and everything else.
#include <limits>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "base/constants.hpp"
#include "base/errors.hpp"
#include "devices/limits.hpp"
#include "tests/support/recording_devices.hpp"

namespace halotwin::devices {
namespace {

using test::Heard;

class Guard : public testing::Test {
 protected:
  template <class Fake>
  auto guarded() {
    return guard(std::make_unique<Fake>("inner", heard_), limits_, "role");
  }

  // The refusal names role, limit and value and leaves no way to try again.
  template <class Call>
  void expect_refused(Call call, const std::string& limit) {
    try {
      call();
      ADD_FAILURE() << "passed the guard: " << limit;
    } catch (const DeviceError& error) {
      EXPECT_EQ(error.device(), "role");
      EXPECT_EQ(error.retry(), Retry::no);
      EXPECT_NE(std::string(error.what()).find(limit), std::string::npos) << error.what();
    }
    EXPECT_TRUE(heard_.empty()) << heard_.front();
  }

  void expect_heard(const std::string& command) {
    EXPECT_EQ(heard_, Heard{"inner: " + command});
    heard_.clear();
  }

  BenchLimits limits_{.bias_peak_v = 3.0,
                      .current_a = 1.0e-6,
                      .bias_ramp_v_per_s = 10.0,
                      .frame_half_width_m = 50.0e-6,
                      .irradiance_w_per_m2 = 1.0e4,
                      .exposure_s = 10.0,
                      .stage_travel_m = 25.0e-3};
  Heard heard_;
};

TEST_F(Guard, LimitsTheSumOfAmplitudeAndOffsetOfALockInOutput) {
  const auto lock_in = guarded<test::RecordingLockIn>();
  for (const LockInOutput& output : {LockInOutput{true, 3.1, 0.0},
                                     LockInOutput{true, 0.0, -3.1},
                                     LockInOutput{true, 2.0, -1.1},
                                     LockInOutput{true, nan, 0.0},
                                     LockInOutput{true, 0.0, nan}}) {
    expect_refused([&] { lock_in->set_output(output); }, "bias_peak_v");
  }
  lock_in->set_output({true, 2.0, -1.0});
  expect_heard("set output");
  lock_in->configure({});
  expect_heard("configure");
}

TEST_F(Guard, LimitsVoltageAndComplianceOfABiasSource) {
  const auto bias = guarded<test::RecordingBias>();
  expect_refused([&] { bias->configure({.on = true, .voltage_v = -3.1, .compliance_a = 1.0e-7}); },
                 "bias_peak_v");
  expect_refused([&] { bias->configure({.on = true, .voltage_v = nan, .compliance_a = 1.0e-7}); },
                 "bias_peak_v");
  expect_refused([&] { bias->configure({.on = true, .voltage_v = 1.0, .compliance_a = 2.0e-6}); },
                 "current_a");
  bias->configure({.on = true, .voltage_v = -3.0, .compliance_a = 1.0e-6});
  expect_heard("configure");
}

TEST_F(Guard, BringsABiasSourceToZeroAtTheRateOfTheBench) {
  auto inner = std::make_unique<test::RecordingBias>("inner", heard_);
  const test::RecordingBias& source = *inner;
  const auto bias = guard(std::move(inner), limits_, "role");
  bias->configure({.on = true, .voltage_v = 2.0, .ramp_v_per_s = 500.0, .compliance_a = 1.0e-7});
  bias->make_safe();
  EXPECT_EQ(heard_, (Heard{"inner: configure", "inner: configure", "inner: make safe"}));
  EXPECT_EQ(source.present.voltage_v, 0.0);
  EXPECT_EQ(source.present.ramp_v_per_s, limits_.bias_ramp_v_per_s);
}

TEST_F(Guard, LimitsTheIrradiance) {
  const auto light = guarded<test::RecordingLight>();
  expect_refused([&] { light->configure({.on = true, .irradiance_w_per_m2 = 1.1e4}); },
                 "irradiance_w_per_m2");
  expect_refused([&] { light->configure({.on = true, .irradiance_w_per_m2 = nan}); },
                 "irradiance_w_per_m2");
  light->configure({.on = true, .irradiance_w_per_m2 = 1.0e4});
  expect_heard("configure");
}

TEST_F(Guard, LimitsTheExposure) {
  const auto camera = guarded<test::RecordingCamera>();
  expect_refused([&] { camera->configure({.exposure_s = 10.5}); }, "exposure_s");
  expect_refused([&] { camera->configure({.exposure_s = nan}); }, "exposure_s");
  camera->configure({.exposure_s = 10.0});
  expect_heard("configure");
}

TEST_F(Guard, LimitsTheTravelOfLinearAxesOnly) {
  const auto stage = guarded<test::RecordingStage>();
  expect_refused([&] { stage->start_move(0, 0.026); }, "stage_travel_m");
  expect_refused([&] { stage->start_move(0, nan); }, "stage_travel_m");
  stage->start_move(0, -0.025);
  expect_heard("move");
  stage->start_move(1, 3.0);
  expect_heard("move");
}

TEST_F(Guard, LimitsWhereTheTipGoes) {
  const auto probe = guarded<test::RecordingProbe>();
  expect_refused(
      [&] {
        probe->positioner().start_move({51.0e-6, 0.0}, 1.0e-6);
      },
      "frame_half_width_m");
  expect_refused([&] { probe->positioner().start_move({0.0, nan}, 1.0e-6); }, "frame_half_width_m");
  probe->positioner().start_move({50.0e-6, -50.0e-6}, 1.0e-6);
  expect_heard("move");
}

TEST_F(Guard, LimitsAScanFrameWithItsCornersAtAnyAngle) {
  const auto probe = guarded<test::RecordingProbe>();
  const ScanFrame inside{.centre = {20.0e-6, 0.0}, .width_m = 40.0e-6, .height_m = 20.0e-6};
  ScanFrame outside = inside;
  outside.centre.x_m = 31.0e-6;
  expect_refused([&] { probe->scanner()->configure(outside, {}); }, "frame_half_width_m");
  outside = inside;
  outside.width_m = nan;
  expect_refused([&] { probe->scanner()->configure(outside, {}); }, "frame_half_width_m");
  probe->scanner()->configure(inside, {});
  expect_heard("set frame");
}

TEST_F(Guard, LimitsTheBiasOfSpectroscopyAndOfTheKelvinLoop) {
  const auto probe = guarded<test::RecordingProbe>();
  expect_refused([&] { probe->spectroscopy()->run({.from = -1.0, .to = 3.1}, {}); }, "bias_peak_v");
  expect_refused([&] { probe->spectroscopy()->run({.from = nan, .to = 1.0}, {}); }, "bias_peak_v");
  expect_refused(
      [&] {
        probe->kelvin()->configure({.modulation_peak_v = 1.0, .bias_v = {-2.5, 1.0}});
      },
      "bias_peak_v");
  expect_refused([&] { probe->kelvin()->configure({.bias_v = {-1.0, nan}}); }, "bias_peak_v");
  probe->spectroscopy()->run({.from = -1.0, .to = 1.0}, {});
  expect_heard("run spectroscopy");
  probe->spectroscopy()->run({.swept = SweptQuantity::height, .from = 0.0, .to = 5.0}, {});
  expect_heard("run spectroscopy");
  probe->kelvin()->configure({.modulation_peak_v = 0.5, .bias_v = {-2.5, 2.5}});
  expect_heard("configure Kelvin loop");
}

TEST_F(Guard, MakeSafeAndIdentityPass) {
  const auto lock_in = guarded<test::RecordingLockIn>();
  EXPECT_EQ(lock_in->identity().serial, "inner");
  lock_in->make_safe();
  expect_heard("make safe");
}

TEST(BenchLimitsTest, AreValidatedAndLoadedByName) {
  EXPECT_NO_THROW(validate(BenchLimits{}));
  for (double BenchLimits::*field : {&BenchLimits::bias_peak_v,
                                     &BenchLimits::current_a,
                                     &BenchLimits::bias_ramp_v_per_s,
                                     &BenchLimits::frame_half_width_m,
                                     &BenchLimits::irradiance_w_per_m2,
                                     &BenchLimits::exposure_s,
                                     &BenchLimits::stage_travel_m}) {
    for (const double value : {0.0, -1.0, nan, std::numeric_limits<double>::infinity()}) {
      BenchLimits limits;
      limits.*field = value;
      EXPECT_THROW(validate(limits), ParameterError) << value;
    }
  }
}

}  // namespace
}  // namespace halotwin::devices
