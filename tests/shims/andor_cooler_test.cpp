// The cooler of Andor's cameras against the stand-in for the maker's library.
#include <limits>

#include <gtest/gtest.h>

#include "tests/shims/andor_scene.hpp"

namespace halotwin::test {
namespace {

TEST(AndorCooler, ASeriesWaitsForTheCold) {
  AndorScene scene;
  const auto camera = scene.open({.temperature_k = 203.4});
  EXPECT_TRUE(scene.shim().cooler_on);
  EXPECT_EQ(scene.shim().target_c, -70);
  EXPECT_FALSE(camera->stable());
  EXPECT_NEAR(camera->temperature_k(), 293.15, 1e-4);
  const std::string text = complaint([&] { camera->start(1); }, Retry::yes);
  EXPECT_TRUE(says(text, "is at 293.1") && says(text, "stable at 203.1")) << text;
  EXPECT_TRUE(says(text, "DRV_TEMPERATURE_NOT_REACHED (20037)")) << text;
  EXPECT_FALSE(scene.shim().shutter_open);
  scene.shim().temperature_c = -70.0F;
  EXPECT_TRUE(camera->stable());
  EXPECT_NO_THROW(camera->start(0));
  complaint([&] { static_cast<void>(camera->temperature_k()); }, Retry::yes);
}

TEST(AndorCooler, ACameraThatNobodyCooledTakesFramesWarm) {
  AndorScene scene;
  const auto camera = scene.open();
  EXPECT_FALSE(scene.shim().cooler_on);
  EXPECT_FALSE(camera->stable());
  EXPECT_NO_THROW(camera->start(1));
}

TEST(AndorCooler, StaysAsItIsWhenTheProgramGoes) {
  AndorScene scene;
  for (const double kelvin : {203.15, 193.15}) {
    auto camera = scene.open();
    camera->set_target_k(kelvin);
    camera->make_safe();
    camera.reset();
    EXPECT_TRUE(scene.shim().cooler_on);
  }
  EXPECT_EQ(scene.shim().target_c, -80);
}

TEST(AndorCooler, RefusesWhatCannotBe) {
  AndorScene scene;
  auto camera = scene.open();
  for (const double kelvin : {100.0, 400.0, -1.0, std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_TRUE(says(complaint([&] { camera->set_target_k(kelvin); }, Retry::no), "-95 to 20"));
  }
  scene.answer("CoolerON", devices::andor::success);
  EXPECT_TRUE(says(complaint([&] { camera->set_target_k(200.0); }, Retry::yes), "not switch on"));
  camera.reset();
  scene.shim().capabilities.set_functions = 0;
  camera = scene.open();
  EXPECT_TRUE(says(complaint([&] { camera->set_target_k(200.0); }, Retry::no), "no cooler"));
}

}  // namespace
}  // namespace halotwin::test
