// Drivers and served devices over a real connection, with a second driver as witness.
#include "devices/drivers/tango_devices.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "tests/tango/server_process.hpp"

namespace halotwin::test {
namespace {

using namespace devices;

class TangoDevices : public testing::Test {
 protected:
  [[nodiscard]] std::string at(const std::string& device) const {
    return "tango://127.0.0.1:" + port_ + "/" + device + "?names=halotwin";
  }

  ServerProcess server_{{HALOTWIN_TANGO_TWIN, "0"}};
  std::string port_ = server_.line();
  WallClock wall_;
};

TEST_F(TangoDevices, ABiasSourceGoesOnAndOff) {
  const auto source = open_tango_bias_source(at("twin/bias/1"), wall_, "bias");
  const auto witness = [&] { return open_tango_bias_source(at("twin/bias/1"), wall_, "witness"); };
  const BiasSettings wanted{
      .on = true, .voltage_v = 2.0, .ramp_v_per_s = 500.0, .compliance_a = 1e-6};
  EXPECT_EQ(source->configure(wanted), wanted);
  EXPECT_EQ(witness()->settings(), wanted);
  BiasSettings off = wanted;
  off.on = false;
  EXPECT_EQ(source->configure(off), off);
  while (source->ramping()) {
    wall_.sleep(std::chrono::milliseconds(1));
  }
  EXPECT_EQ(witness()->settings(), off);
  EXPECT_EQ(source->read().voltage_v, 0.0);
}

TEST_F(TangoDevices, ALightGoesOnAndOff) {
  const auto light = open_tango_light_source(at("twin/light/1"), wall_, "light");
  const auto witness = [&] {
    return open_tango_light_source(at("twin/light/1"), wall_, "witness");
  };
  LightSettings wanted{.on = true, .irradiance_w_per_m2 = 300.0, .wavelength_m = 0.0};
  wanted.wavelength_m = light->limits().wavelength_m.low;
  for (const bool on : {true, false}) {
    wanted.on = on;
    EXPECT_EQ(light->configure(wanted), wanted);
    EXPECT_EQ(witness()->settings(), wanted);
  }
}

TEST_F(TangoDevices, ARotaryAxisIsInRadiansAndReachesItsEnds) {
  const auto stage = open_tango_stage(at("twin/turn/theta"), wall_, "turn");
  const StageAxis axis = stage->axes()[0];
  EXPECT_EQ(axis.name, "theta");
  EXPECT_EQ(axis.unit, "rad");
  EXPECT_NEAR(axis.range.high, 0.7, 1e-12);
  EXPECT_NEAR(axis.max_speed_per_s, 20.0, 1e-9);
  for (const double end : {axis.range.high, axis.range.low}) {
    stage->start_move(0, end);
    EXPECT_TRUE(stage->wait(0, std::chrono::minutes(1), {}));
    EXPECT_NEAR(stage->position(0), end, axis.tolerance);
    EXPECT_EQ(stage->state(0), AxisState::limit);
  }
}

TEST_F(TangoDevices, ANameOfAnAxisAndNarrowerLimitsComeFromTheAddress) {
  const auto stage =
      open_tango_stage(at("twin/stage/x") + "&axis=across&low=-1mm&high=1m", wall_, "stage");
  EXPECT_EQ(stage->axes()[0].name, "across");
  EXPECT_EQ(stage->axes()[0].range.low, -1e-3);
  EXPECT_NEAR(stage->axes()[0].range.high, 12.5e-3, 1e-12) << "not wider than the device's";
}

}  // namespace
}  // namespace halotwin::test
