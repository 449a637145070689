// Other people's programs drive our served instruments.
#include "tests/interop/served_twin.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "base/errors.hpp"
#include "devices/drivers/served_clock.hpp"
#include "devices/drivers/srs_lock_in.hpp"
#include "devices/drivers/tango_devices.hpp"
#include "session/serve.hpp"
#include "tests/data/programs.hpp"
#include "tests/support/gige_twin.hpp"

namespace halotwin::tests {
namespace {

using data::testing::run;

devices::Connect to(const ServedTwin& twin, const std::string& role) {
  const std::string port = twin.port(role);
  return [port] {
    return devices::connect_tcp({"127.0.0.1", static_cast<std::uint16_t>(std::stoi(port))});
  };
}

class Pymeasure : public testing::TestWithParam<std::pair<const char*, const char*>> {};

TEST_P(Pymeasure, DrivesTheServedLockIn) {
  const std::string python = "/usr/bin/python3";
  if (run(python + " -c 'import pymeasure, pyvisa_py' 2>/dev/null").status != 0) {
    GTEST_SKIP() << "pymeasure with pyvisa-py is not installed";
  }
  const auto [kind, protocol] = GetParam();
  ServedTwin twin({"pm_dns_quick", "--as", std::string("lockin_electrical=") + protocol});
  const auto outcome = run(python + " " HALOTWIN_SOURCE_DIR "/tests/interop/pymeasure_lock_in.py " +
                           kind + " " + twin.port("lockin_electrical") + " 2>&1");
  EXPECT_EQ(outcome.status, 0) << outcome.output;
  EXPECT_EQ(outcome.output, "ok\n");
  EXPECT_EQ(twin.stop(), 0);
  EXPECT_NE(twin.output().find("the instruments are safe"), std::string::npos) << twin.output();
}

INSTANTIATE_TEST_SUITE_P(Models,
                         Pymeasure,
                         testing::Values(std::pair("SR860", "sr860"),
                                         std::pair("SR860", "sr865a"),
                                         std::pair("SR830", "sr830")),
                         [](const auto& test) { return std::string(test.param.second); });

TEST(ServedTwin, PymeasureDrivesItsSourceMeter) {
  const std::string python = "/usr/bin/python3";
  if (run(python + " -c 'import pymeasure, pyvisa_py' 2>/dev/null").status != 0) {
    GTEST_SKIP() << "pymeasure with pyvisa-py is not installed";
  }
  ServedTwin twin({"iv_quick", "--set", "instruments.bias.load_siemens=1e-8"});
  const auto outcome =
      run(python + " " HALOTWIN_SOURCE_DIR "/tests/interop/pymeasure_source_meter.py " +
          twin.port("bias") + " 1e-8 2>&1");
  EXPECT_EQ(outcome.status, 0) << outcome.output;
  EXPECT_EQ(outcome.output, "ok\n");
  EXPECT_EQ(twin.stop(), 0);
  EXPECT_NE(twin.output().find("the instruments are safe"), std::string::npos) << twin.output();
}

TEST(ServedTwin, ArvToolControlsItsCamera) {
  if (!data::testing::has_program("arv-tool-0.8")) {
    GTEST_SKIP() << "arv-tool-0.8 is not installed";
  }
  const test::GigePort alone;
  const ServedTwin twin({"clim_quick"});
  EXPECT_EQ(twin.address("camera"), "genicam://127.0.0.1");
  const auto outcome = run(
      "timeout 20 arv-tool-0.8 -a 127.0.0.1 control Width ExposureTime=20000 ExposureTime 2>&1");
  EXPECT_NE(outcome.output.find("Width = 64"), std::string::npos) << outcome.output;
  EXPECT_NE(outcome.output.find("ExposureTime = 20000"), std::string::npos) << outcome.output;
}

TEST(ServedTwin, TimeIsTheComputersTimesTheSpeed) {
  const ServedTwin twin({"pm_dns_quick", "--speed", "20"});
  const auto clock = devices::open_served_clock(to(twin, "clock"), twin.address("clock"));
  EXPECT_EQ(clock->kind(), ClockKind::paced);
  const WallClock wall;
  const Duration begin = clock->now();
  const Duration wall_begin = wall.now();
  clock->sleep(from_seconds(5.0), {});
  const double passed = seconds(clock->now() - begin);
  EXPECT_GE(passed, 5.0);
  EXPECT_LE(passed, 20.0 * seconds(wall.now() - wall_begin));
}

TEST(ServedTwin, TimeStandsStillUntilAClientSleeps) {
  const ServedTwin twin({"pm_dns_quick", "--speed", "max"});
  const auto clock = devices::open_served_clock(to(twin, "clock"), twin.address("clock"));
  EXPECT_EQ(clock->kind(), ClockKind::virtual_time);
  const auto lock_in = devices::open_srs_lock_in(to(twin, "lockin_electrical"),
                                                 *clock,
                                                 "lockin_electrical",
                                                 twin.address("lockin_electrical"),
                                                 devices::srs::Family::sr86x);
  EXPECT_EQ(clock->now(), Duration::zero());
  EXPECT_EQ(lock_in->read().time, Duration::zero());
  clock->sleep(std::chrono::hours(1), {});
  EXPECT_EQ(clock->now(), Duration(std::chrono::hours(1)));
  EXPECT_EQ(lock_in->read().time, Duration(std::chrono::hours(1)));
}

TEST(ServedTwin, HeatsItsStageOverTangoAsFastAsItCan) {
  ServedTwin twin({"temperature_series", "--speed", "max"});
  const auto clock = devices::open_served_clock(to(twin, "clock"), twin.address("clock"));
  const auto stage =
      devices::open_tango_temperature(twin.address("temperature"), *clock, "temperature");
  stage->set_target_k(310.0);
  EXPECT_TRUE(stage->wait_stable(0.5, from_seconds(60.0), std::chrono::hours(2), {}));
  EXPECT_NEAR(stage->temperature_k(), 310.0, 1.0);
  EXPECT_GE(clock->now(), Duration(std::chrono::minutes(1)));
  EXPECT_EQ(twin.stop(), 0) << "Ctrl-C is the program's, not that of the TANGO library";
  EXPECT_NE(twin.output().find("the instruments are safe"), std::string::npos) << twin.output();
}

TEST(ServedTwin, LightAndFocusAnswerAtOneTangoPort) {
  const test::GigePort alone;
  ServedTwin twin({"clim_quick"});
  WallClock clock;
  const auto light = devices::open_tango_light_source(twin.address("light"), clock, "light");
  EXPECT_TRUE(light->settings().on) << "as the procedure would have it, for who has only a camera";
  light->make_safe();
  EXPECT_FALSE(light->settings().on);
  const auto focus = devices::open_tango_stage(twin.address("focus"), clock, "focus");
  EXPECT_NEAR(focus->position(0), -400e-9, 50e-9);
  focus->start_move(0, 20e-6);
  EXPECT_TRUE(focus->wait(0, std::chrono::minutes(1), {}));
  EXPECT_NEAR(focus->position(0), 20e-6, focus->axes()[0].tolerance);
  const auto place = [](const std::string& address) {
    return address.substr(0, address.find("/twin/"));
  };
  EXPECT_EQ(place(twin.address("light")), place(twin.address("focus")));
  EXPECT_EQ(twin.stop(), 0);
}

TEST(ServedLockInModule, IsOnlyWhereItCanBe) {
  const session::ServeOptions one{.as = {{"lockin_electrical", "nanonis"}}};
  session::ServeOptions both = one;
  both.as["lockin_mechanical"] = "nanonis";
  session::Scenario scenario = session::load_scenario("pm_dns_quick", {});
  EXPECT_THROW(session::serve(scenario, both), ParameterError) << "the controller has one";
  scenario.wire_faults = {{.device = "lockin_electrical", .at_count = 1}};
  EXPECT_THROW(session::serve(scenario, one), ParameterError) << "its wire is that of the afm";
}

}  // namespace
}  // namespace halotwin::tests
