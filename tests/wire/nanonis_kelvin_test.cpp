// The Kelvin loop over the wire, on both sides.
#include <array>
#include <cmath>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "devices/drivers/nanonis_probe.hpp"
#include "devices/limits.hpp"
#include "tests/support/nanonis_world.hpp"

namespace halotwin::devices {
namespace {

using nanonis::Reader;
using nanonis::Writer;

class NanonisKelvinTest : public testing::Test {
 protected:
  std::string ask(const std::string& command, const Writer& arguments = {}) {
    return twin_.answer(nanonis::encode_request(command, arguments.body()))
        .substr(nanonis::header_bytes);
  }
  bool refused(const std::string& command, const Writer& arguments) {
    const std::string body = ask(command, arguments);
    return Reader(body).error().has_value();
  }
  std::unique_ptr<ProbeMicroscope> open() {
    const Connect connect = [this] {
      return std::make_unique<test::FrameStream>([this](std::string_view request) {
        const std::string command = nanonis::decode_header(request).command;
        const std::string good = twin_.answer(request);
        return nanonis::encode_response(command,
                                        spoil_(command, good.substr(nanonis::header_bytes)));
      });
    };
    return open_nanonis_probe(connect, twin_.time, "afm", "nanonis://twin");
  }
  static KelvinSettings usual() {
    return {.mode = KelvinMode::sideband,
            .modulation_hz = 3.1e3,
            .modulation_peak_v = 1.0,
            .proportional_gain = 10.0,
            .time_constant_s = 1.0e-3,
            .bias_v = {-1.5, 1.25}};
  }

  test::NanonisWorld twin_;
  std::function<std::string(const std::string& command, std::string body)> spoil_ =
      [](const std::string&, std::string body) { return body; };
};

TEST_F(NanonisKelvinTest, SettingsComeOneByOne) {
  EXPECT_TRUE(refused("KelvinCtrl.CtrlOnOffSet", Writer().u32(1))) << "not configured";
  EXPECT_FALSE(refused("KelvinCtrl.BiasLimitsSet", Writer().f32(1.5).f32(-1.5)));
  EXPECT_FALSE(refused("KelvinCtrl.GainSet", Writer().f32(10).f32(1e-3).u16(1)));
  EXPECT_FALSE(refused("KelvinCtrl.ModParamsSet", Writer().f32(395e3).f32(1).f32(30)));
  EXPECT_FALSE(refused("KelvinCtrl.ModOnOffSet", Writer().u16(1).u16(1)));
  EXPECT_FALSE(refused("KelvinCtrl.CtrlOnOffSet", Writer().u32(1)));
  EXPECT_EQ(ask("KelvinCtrl.ModParamsGet"), Writer().f32(395e3).f32(1).f32(30).no_error().body());
  EXPECT_EQ(ask("KelvinCtrl.ModOnOffGet"), Writer().u16(1).u16(1).no_error().body());
  EXPECT_EQ(ask("KelvinCtrl.CtrlOnOffGet"), Writer().u32(1).no_error().body());
}

TEST_F(NanonisKelvinTest, WhatTheMicroscopeRefusesIsNotKept) {
  ask("KelvinCtrl.GainSet", Writer().f32(10).f32(1e-3).u16(1));
  ask("KelvinCtrl.ModParamsSet", Writer().f32(395e3).f32(1).f32(0));
  EXPECT_TRUE(refused("KelvinCtrl.ModParamsSet", Writer().f32(1e9).f32(1).f32(0)));
  EXPECT_TRUE(refused("KelvinCtrl.ModParamsSet", Writer().f32(-1).f32(1).f32(0)));
  EXPECT_TRUE(refused("KelvinCtrl.ModParamsSet", Writer().f32(1e3).f32(std::nan("")).f32(0)));
  EXPECT_EQ(ask("KelvinCtrl.ModParamsGet"), Writer().f32(395e3).f32(1).f32(0).no_error().body());
  EXPECT_TRUE(refused("KelvinCtrl.GainSet", Writer().f32(10).f32(0).u16(1)));
  EXPECT_TRUE(refused("KelvinCtrl.GainSet", Writer().f32(10).f32(1e-3).u16(2))) << "slope";
  EXPECT_TRUE(refused("KelvinCtrl.BiasLimitsSet", Writer().f32(-1).f32(1)));
  EXPECT_TRUE(refused("KelvinCtrl.BiasLimitsSet", Writer().f32(1000).f32(-1000)));
  EXPECT_TRUE(refused("KelvinCtrl.CtrlSignalSet", Writer().i32(30)));
  EXPECT_TRUE(refused("KelvinCtrl.CtrlSignalSet", Writer().i32(-1)));
}

TEST_F(NanonisKelvinTest, TheDriverSetsAllOfIt) {
  const auto driver = open();
  ASSERT_NE(driver->kelvin(), nullptr);
  EXPECT_EQ(driver->kelvin()->configure(usual()), usual());
  EXPECT_EQ(ask("KelvinCtrl.CtrlSignalGet"), Writer().i32(34).no_error().body());
  EXPECT_EQ(ask("KelvinCtrl.BiasLimitsGet"), Writer().f32(1.25).f32(-1.5).no_error().body());
  EXPECT_EQ(ask("KelvinCtrl.GainGet"), Writer().f32(10).f32(1e-3).u16(1).no_error().body());
  driver->kelvin()->set_on(true);
  EXPECT_EQ(ask("KelvinCtrl.ModOnOffGet"), Writer().u16(0).u16(1).no_error().body());
  driver->kelvin()->set_on(false);
  EXPECT_EQ(ask("KelvinCtrl.ModOnOffGet"), Writer().u16(0).u16(0).no_error().body());
}

TEST_F(NanonisKelvinTest, TheDriverReadsTheBiasThatTheLoopHolds) {
  const auto driver = open();
  driver->kelvin()->configure(usual());
  driver->height().approach(std::chrono::minutes(1), {});
  driver->kelvin()->set_on(true);
  twin_.time.sleep(from_seconds(1.0));
  const double held_v = twin_.probe.kelvin()->contact_potential_v();
  EXPECT_GT(std::abs(held_v), 1e-4) << "the film has a contact potential";
  EXPECT_NEAR(driver->kelvin()->contact_potential_v(), held_v, 1e-6);
}

// bias and modulation together must stay below the bench's limit, on the way too
TEST_F(NanonisKelvinTest, FromOneSettingToAnotherNothingIsTooMuch) {
  BenchLimits limits;
  limits.bias_peak_v = 3.0;
  const auto microscope = guard(std::make_unique<simulated::SimulatedProbe>(
                                    twin_.world, twin_.chain, simulated::ProbeParams{}, "afm"),
                                limits,
                                "afm");
  NanonisService service(*microscope);
  const auto driver = open_nanonis_probe(
      [&] {
        return std::make_unique<test::FrameStream>(
            [&](std::string_view request) { return service.answer(request); });
      },
      twin_.time,
      "afm",
      "nanonis://twin");
  KelvinSettings wide = usual();
  wide.bias_v = {-2.5, 2.5};
  wide.modulation_peak_v = 0.5;
  KelvinSettings narrow = usual();
  narrow.bias_v = {-0.5, 0.5};
  narrow.modulation_peak_v = 2.5;
  for (const KelvinSettings& wanted : {wide, narrow, wide}) {
    EXPECT_EQ(driver->kelvin()->configure(wanted), wanted);
    driver->kelvin()->set_on(true);
  }
  narrow.modulation_peak_v = 2.6;
  EXPECT_THROW(driver->kelvin()->configure(narrow), DeviceError);
}

TEST_F(NanonisKelvinTest, AnotherValueThanAskedForIsTold) {
  const auto driver = open();
  spoil_ = [](const std::string& command, std::string body) {
    return command == "KelvinCtrl.ModParamsGet"
               ? Writer().f32(3e3).f32(0.5).f32(0).no_error().body()
               : body;
  };
  EXPECT_EQ(driver->kelvin()->configure(usual()).modulation_hz, 3e3);
  EXPECT_EQ(driver->kelvin()->configure(usual()).modulation_peak_v, 0.5);
}

TEST_F(NanonisKelvinTest, TheBiasThatTheLoopLeavesIsTakenBack) {
  const auto driver = open();
  driver->kelvin()->configure(usual());
  driver->kelvin()->set_on(true);
  int sets = 0;
  spoil_ = [&](const std::string& command, std::string body) {
    sets += command == "Bias.Set" ? 1 : 0;
    return command == "Bias.Get" ? Writer().f32(0.3).no_error().body() : body;
  };
  driver->kelvin()->set_on(false);
  EXPECT_EQ(sets, 1);
}

TEST_F(NanonisKelvinTest, AControllerWithoutTheModuleHasNone) {
  spoil_ = [](const std::string& command, std::string body) {
    return command.starts_with("KelvinCtrl") ? Writer().error("no licence").body() : body;
  };
  const auto driver = open();
  EXPECT_EQ(driver->kelvin(), nullptr);
  EXPECT_NO_THROW(driver->make_safe());
}

TEST_F(NanonisKelvinTest, ALoopThatDoesNotSwitchIsAnError) {
  const auto driver = open();
  driver->kelvin()->configure(usual());
  driver->kelvin()->set_on(true);
  spoil_ = [](const std::string& command, std::string body) {
    return command == "KelvinCtrl.CtrlOnOffGet" ? Writer().u32(1).no_error().body() : body;
  };
  EXPECT_THROW(driver->kelvin()->set_on(false), DeviceError);
  EXPECT_THROW(driver->make_safe(), DeviceError);
  EXPECT_FALSE(twin_.probe.height().engaged());
}

}  // namespace
}  // namespace halotwin::devices
