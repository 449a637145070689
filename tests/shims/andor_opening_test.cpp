// What the driver of Andor's cameras says when library or camera are not there or cannot be used.
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include <dlfcn.h>
#include <gtest/gtest.h>

#include "tests/shims/andor_scene.hpp"

namespace halotwin::test {
namespace {

namespace andor = devices::andor;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

std::string failed_open(const AndorParams& params, Retry retry, int index = 0) {
  WallClock wall;
  return complaint(
      [&] { static_cast<void>(devices::open_andor_camera(index, wall, "camera", params)); }, retry);
}

TEST(AndorOpening, SaysWhatIsMissing) {
  std::string text = failed_open({.library = "/nowhere/libandor.so"}, Retry::no);
  EXPECT_TRUE(says(text, "cannot be loaded") && says(text, "/nowhere/libandor.so")) << text;
  EXPECT_TRUE(says(text, "SDK2")) << text;

  if (dlopen("libandor.so.2", RTLD_LAZY) == nullptr &&
      dlopen("libandor.so", RTLD_LAZY) == nullptr) {
    text = failed_open({}, Retry::no);
    EXPECT_TRUE(says(text, "libandor.so.2: ") && says(text, "libandor.so: ")) << text;
  }

  text = failed_open({.library = HALOTWIN_ANDOR_FRAGMENT}, Retry::no);
  EXPECT_TRUE(says(text, "lacks GetAvailableCameras, ") && says(text, "GetImages16")) << text;
  EXPECT_FALSE(says(text, "CoolerON") || says(text, "ShutDown")) << text;

  text = failed_open({.library = HALOTWIN_ANDOR_SHIM}, Retry::yes);
  EXPECT_TRUE(says(text, "no camera 0: the library finds 0")) << text;
}

TEST(AndorOpening, SaysWhichCameraIsNotThere) {
  AndorScene scene;
  for (const int index : {1, -1}) {
    const std::string text = failed_open({.library = HALOTWIN_ANDOR_SHIM}, Retry::yes, index);
    EXPECT_TRUE(says(text, "the library finds 1")) << text;
  }
}

TEST(AndorOpening, ACameraIsOpenOnce) {
  AndorScene scene;
  auto camera = scene.open();
  EXPECT_TRUE(
      says(complaint([&] { static_cast<void>(scene.open()); }, Retry::no), "is open already"));
  camera->start(1);
  EXPECT_TRUE(scene.next(*camera).has_value()) << "the first is not disturbed";
  camera.reset();
  EXPECT_NO_THROW(camera = scene.open());
}

TEST(AndorOpening, InitialisingFails) {
  AndorScene scene;
  const std::string text =
      complaint([&] { static_cast<void>(scene.open({.config = "/elsewhere"})); }, Retry::no);
  EXPECT_TRUE(says(text, "Initialize: DRV_INIERROR (20070)")) << text;
  EXPECT_NO_THROW(static_cast<void>(scene.open())) << "and works the next time";
}

TEST(AndorOpening, AnOpeningThatFailsShutsDown) {
  AndorScene scene;
  scene.answer("SetVSSpeed", andor::p1_invalid);
  const std::string text = complaint([&] { static_cast<void>(scene.open()); }, Retry::no);
  EXPECT_TRUE(says(text, "SetVSSpeed: DRV_P1INVALID (20066)")) << text;
  EXPECT_FALSE(scene.shim().initialised);
}

TEST(AndorOpening, ACameraThatCannotIsNotTaken) {
  for (const auto& [acquisition, read] : std::vector<std::pair<unsigned int, unsigned int>>{
           {0x1d, 0x3f}, {0x17, 0x3f}, {0x1f, 0x3e}}) {
    AndorScene scene;
    scene.shim().capabilities.acquisition_modes = acquisition;
    scene.shim().capabilities.read_modes = read;
    EXPECT_TRUE(
        says(complaint([&] { static_cast<void>(scene.open()); }, Retry::no), "images in series"));
  }
}

TEST(AndorOpening, NumbersThatCannotBeAreRefused) {
  const std::vector<std::pair<std::string, double>> all{{"GetDetector", -5.0},
                                                        {"GetDetector", 1e9},
                                                        {"GetBitDepth", 0.0},
                                                        {"GetMaximumExposure", nan},
                                                        {"GetNumberHSSpeeds", 0.0},
                                                        {"GetNumberHSSpeeds", 1e9},
                                                        {"GetNumberPreAmpGains", 1e9},
                                                        {"GetAcquisitionTimings", nan},
                                                        {"GetAcquisitionTimings", 1e9},
                                                        {"GetEMGainRange", -3.0},
                                                        {"GetSizeOfCircularBuffer", 0.0}};
  for (const auto& [function, value] : all) {
    AndorScene scene;
    scene.give(function, value);
    EXPECT_THROW(static_cast<void>(scene.open()), DeviceError) << function << " " << value;
    EXPECT_FALSE(scene.shim().initialised);
  }
}

}  // namespace
}  // namespace halotwin::test
