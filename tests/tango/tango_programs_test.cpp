// Other people's programs use the served devices, and our drivers use theirs.
#include <cmath>
#include <filesystem>
#include <string>

#include <gtest/gtest.h>

#include "devices/drivers/tango_devices.hpp"
#include "tests/data/programs.hpp"
#include "tests/tango/server_process.hpp"

namespace halotwin::test {
namespace {

using namespace devices;
using data::testing::run;

TEST(PyTango, DrivesTheServedDevices) {
  if (run("/usr/bin/python3 -c 'import tango' 2>/dev/null").status != 0) {
    GTEST_SKIP() << "python3-tango is not installed";
  }
  ServerProcess twin({HALOTWIN_TANGO_TWIN, "0"});
  const auto outcome =
      run("timeout 120 /usr/bin/python3 " HALOTWIN_SOURCE_DIR "/tests/tango/tango_client.py " +
          twin.line() + " 2>&1");
  EXPECT_EQ(outcome.status, 0) << outcome.output;
  EXPECT_EQ(outcome.output, "ok\n");
  EXPECT_EQ(twin.end(), 0) << "it survived its client";
}

/// The test server of TANGO: attributes of every type, without units and limits, in RUNNING or
/// FAULT.
class TangoTest : public testing::Test {
 protected:
  static constexpr const char* program = "/usr/lib/tango/TangoTest";

  void SetUp() override {
    if (!std::filesystem::exists(program)) {
      GTEST_SKIP() << program << " (tango-test) is not installed";
    }
    const int port = free_port();
    server_ = std::make_unique<ServerProcess>(
        std::vector<std::string>{program,
                                 "test",
                                 "-nodb",
                                 "-dlist",
                                 "sys/tg_test/1",
                                 "-ORBendPoint",
                                 "giop:tcp:127.0.0.1:" + std::to_string(port)});
    EXPECT_EQ(server_->line(), "Ready to accept request");
    place_ = "tango://127.0.0.1:" + std::to_string(port) + "/sys/tg_test/1";
  }
  [[nodiscard]] std::unique_ptr<BiasSource> bias(const std::string& names) {
    return open_tango_bias_source(place_ + names, wall_, "bias");
  }
  /// Why it cannot be opened.
  template <class Open>
  [[nodiscard]] std::string refusal(Open open, const std::string& names) {
    try {
      static_cast<void>(open(place_ + names, wall_, "role", TangoParams{}));
    } catch (const DeviceError& error) {
      EXPECT_EQ(error.retry(), Retry::no);
      EXPECT_EQ(error.operation(), "open");
      return error.cause();
    }
    return "no error";
  }

  WallClock wall_;
  std::unique_ptr<ServerProcess> server_;
  std::string place_;
};

constexpr const char* source =
    "?voltage=double_scalar[mV]&current=float_scalar[uA]&ramp=2&compliance=1mA&on=DevVoid&off="
    "SwitchStates&low=-5&high=5V";

bool has(const std::string& text, const std::string& part) {
  return text.find(part) != std::string::npos;
}

TEST_F(TangoTest, IsABiasSourceByTheNamesOfTheAddress) {
  const auto device = bias(source);
  EXPECT_EQ(device->identity().model, "TangoTest");
  EXPECT_EQ(device->identity().serial, "sys/tg_test/1");
  EXPECT_EQ(device->limits().voltage_v, (Range{-5.0, 5.0}));
  EXPECT_EQ(device->limits().max_compliance_a, 1e-3);
  const BiasSettings applied =
      device->configure({.on = true, .voltage_v = 1.25, .ramp_v_per_s = 7.0, .compliance_a = 1e-4});
  EXPECT_EQ(applied, (BiasSettings{true, 1.25, 2.0, 1e-3})) << "the ramp and compliance are fixed";
  EXPECT_EQ(bias(source)->settings().voltage_v, 1.25) << "it is in the device, 1250 mV";
  EXPECT_THROW(device->configure({.on = true, .voltage_v = 5.01, .compliance_a = 1e-4}),
               DeviceError);
  EXPECT_EQ(device->configure({.on = true, .voltage_v = -0.5, .compliance_a = 1e-4}).voltage_v,
            -0.5);
  const BiasReading reading = device->read();
  EXPECT_TRUE(std::isfinite(reading.voltage_v) && std::isfinite(reading.current_a));
  EXPECT_TRUE(device->ramping() == false);
}

TEST_F(TangoTest, WholeNumbersAreRounded) {
  const auto light = open_tango_light_source(
      place_ +
          "?irradiance=long_scalar_w&irradiance_per_unit=50W/m^2&wavelength=532nm&on=DevVoid&"
          "off=SwitchStates&low=0&high=1000",
      wall_,
      "light");
  EXPECT_EQ(light->limits().wavelength_m, (Range{532e-9, 532e-9}));
  EXPECT_EQ(light->configure({.on = true, .irradiance_w_per_m2 = 420.0}).irradiance_w_per_m2,
            400.0);
}

TEST_F(TangoTest, SaysItWhenADeviceDoesNotBecomeSafe) {
  const auto device = bias(source);
  EXPECT_THROW(device->make_safe(), DeviceError) << "FAULT is neither on nor off";
}

TEST_F(TangoTest, NamesThatAreMissingAreAskedFor) {
  const std::string why = refusal(open_tango_stage, "?position=double_scalar");
  EXPECT_TRUE(has(why, "velocity (attribute, or a number with its unit: speed of the moves)"))
      << why;
  EXPECT_TRUE(has(why, "stop (command: stops a move)")) << why;
  EXPECT_FALSE(has(why, "position (")) << why;
  EXPECT_TRUE(has(why, "double_scalar_rww")) << "what the device offers is told: " << why;
  EXPECT_TRUE(has(why, "SwitchStates")) << why;
}

TEST_F(TangoTest, NamesThatItDoesNotHaveAreTold) {
  const std::string rest = "&velocity=1um/s&tolerance=1nm&stop=";
  std::string why = refusal(open_tango_stage, "?position=Position" + rest + "DevVoid");
  EXPECT_TRUE(has(why, "has no attribute \"Position\"")) << why;
  EXPECT_TRUE(has(why, "double_scalar")) << why;
  why = refusal(open_tango_stage, "?position=double_scalar[um]" + rest + "Halt");
  EXPECT_TRUE(has(why, "has no command \"Halt\"")) << why;
  EXPECT_TRUE(has(why, "DevVoid")) << why;
}

TEST_F(TangoTest, AttributesThatCannotBeAreTold) {
  const std::string rest = "&velocity=1um/s&tolerance=1nm&stop=DevVoid&low=0&high=1mm";
  EXPECT_TRUE(has(refusal(open_tango_stage, "?position=double_scalar" + rest), "unit"));
  EXPECT_TRUE(has(refusal(open_tango_stage, "?position=double_scalar[furlong]" + rest), "furlong"));
  EXPECT_TRUE(has(refusal(open_tango_stage, "?position=double_scalar[V]" + rest), "unit"));
  EXPECT_TRUE(
      has(refusal(open_tango_stage, "?position=string_scalar[um]" + rest), "no scalar number"));
  EXPECT_TRUE(has(refusal(open_tango_stage, "?position=wave[um]" + rest), "no scalar number"));
  EXPECT_TRUE(has(refusal(open_tango_stage, "?position=short_scalar_ro[um]" + rest), "written"));
  EXPECT_TRUE(has(refusal(open_tango_stage,
                          "?position=double_scalar[um]&velocity=1um/s&tolerance=1nm&stop=DevVoid"),
                  "no limits"));
  EXPECT_TRUE(has(refusal(open_tango_stage,
                          "?position=double_scalar[um]&velocity=1um&tolerance=1nm&stop=DevVoid"),
                  "unit"));
  EXPECT_EQ(refusal(open_tango_stage, "?position=double_scalar[um]" + rest), "no error");
}

TEST_F(TangoTest, AnAttributeThatFailsIsAnErrorOfTheDevice) {
  const auto device = open_tango_temperature(
      place_ +
          "?temperature=throw_exception[K]&target=double_scalar[degC]&rate=1&off=SwitchStates&"
          "low=0&high=400",
      wall_,
      "temperature");
  EXPECT_THROW(static_cast<void>(device->temperature_k()), DeviceError);
  device->set_target_k(300.0);
  EXPECT_DOUBLE_EQ(device->target_k(), 300.0);
}

}  // namespace
}  // namespace halotwin::test
