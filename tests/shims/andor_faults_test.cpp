// What the driver of Andor's cameras does when the library fails or lies; andor_opening_test.cpp:
// when it cannot be opened.
#include <array>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "tests/shims/andor_scene.hpp"

namespace halotwin::test {
namespace {

namespace andor = devices::andor;

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

TEST(AndorFaults, ASettingThatFailsLeavesTheOldOnes) {
  AndorScene scene;
  const auto camera = scene.open();
  const CameraSettings before = camera->configure(
      {.exposure_s = 0.02, .gain = 5.0, .region = {.left = 1, .top = 1, .width = 6, .height = 4}});
  int seen = 0;
  scene.shim().before = [&](std::string_view function) {
    const bool fails = function == "SetKineticCycleTime" && seen++ == 1;
    return fails ? andor::usb_error : ShimCamera::go_on;
  };
  const std::string text = complaint(
      [&] { camera->configure({.exposure_s = 0.03, .gain = 50.0, .region = {.width = 3}}); },
      Retry::yes);
  EXPECT_TRUE(says(text, "configure: SetKineticCycleTime: DRV_USBERROR (20089)")) << text;
  EXPECT_EQ(camera->settings(), before);
  EXPECT_EQ(scene.shim().chosen["SetEMCCDGain"], 5);
  camera->start(1);
  const auto frame = scene.next(*camera);
  ASSERT_TRUE(frame.has_value());
  EXPECT_EQ(frame->width, 6U);
  EXPECT_EQ(scene.pixels[0], 11) << "the old corner";
}

TEST(AndorFaults, WithoutKnownSettingsNothingStarts) {
  AndorScene scene;
  const auto camera = scene.open();
  scene.answer("SetImage", andor::error_ack);
  complaint([&] { camera->configure({.exposure_s = 0.02}); }, Retry::yes);
  scene.shim().before = nullptr;
  EXPECT_TRUE(says(complaint([&] { camera->start(1); }, Retry::no), "not known"));
  camera->configure({.exposure_s = 0.02});
  EXPECT_NO_THROW(camera->start(1));
}

TEST(AndorFaults, AGainThatIsNotSetIsNoticed) {
  AndorScene scene;
  const auto camera = scene.open();
  scene.give("GetEMCCDGain", 299.0);
  const std::string text = complaint([&] { camera->configure({.gain = 30.0}); }, Retry::no);
  EXPECT_TRUE(says(text, "was set to ") && says(text, "but reads 299")) << text;
}

TEST(AndorFaults, AnErrorWhileReadingIsToldAndPasses) {
  for (const std::string function :
       {"GetStatus", "GetNumberNewImages", "GetImages16", "WaitForAcquisitionTimeOut"}) {
    AndorScene scene;
    const auto camera = scene.open();
    camera->configure({.exposure_s = 0.01});
    camera->start(3);
    ASSERT_TRUE(scene.next(*camera).has_value());
    scene.answer(function, andor::usb_error);
    const std::string text = complaint([&] { static_cast<void>(scene.next(*camera)); }, Retry::yes);
    EXPECT_TRUE(says(text, "read frame: " + function + ": DRV_USBERROR (20089)")) << text;
    scene.shim().before = nullptr;
    EXPECT_EQ(scene.next(*camera)->number, 1U) << function;
  }
}

TEST(AndorFaults, ASeriesThatEndsByItselfIsAnError) {
  for (const auto& [status, name] :
       {std::pair{andor::idle, "DRV_IDLE"}, std::pair{andor::acq_buffer, "DRV_ACQ_BUFFER"}}) {
    AndorScene scene;
    const auto camera = scene.open();
    camera->configure({.exposure_s = 0.01});
    camera->start(0);
    ASSERT_TRUE(scene.next(*camera).has_value());
    scene.give("GetStatus", status);
    const std::string text = complaint([&] { static_cast<void>(scene.next(*camera)); }, Retry::yes);
    EXPECT_TRUE(says(text, "ended by itself after 1 frames: ") && says(text, name)) << text;
    EXPECT_FALSE(scene.shim().shutter_open);
    EXPECT_EQ(scene.next(*camera, 0.1), std::nullopt);
    scene.shim().spoil = nullptr;
    camera->start(1);
    EXPECT_TRUE(scene.next(*camera).has_value()) << "a new series starts afresh";
  }
}

TEST(AndorFaults, DataThatStopComingEndAtTheTimeout) {
  for (const andor::Code code : {andor::no_new_data, andor::success}) {  // or images 0 to 0
    AndorScene scene;
    const auto camera = scene.open();
    camera->configure({.exposure_s = 0.01});
    camera->start(0);
    scene.answer("GetNumberNewImages", code);
    const Duration before = scene.clock.now();
    EXPECT_EQ(scene.next(*camera, 0.5), std::nullopt);
    EXPECT_GE(scene.clock.now() - before, from_seconds(0.5));
    EXPECT_LE(scene.clock.now() - before, from_seconds(0.52));
  }
}

TEST(AndorFaults, ALibraryThatDoesNotWaitIsNotAskedWithoutEnd) {
  for (const andor::Code code : {andor::no_new_data, andor::success}) {
    AndorScene scene;
    const auto camera = scene.open();
    camera->configure({.exposure_s = 0.01});
    camera->start(0);
    scene.answer("WaitForAcquisitionTimeOut", code);
    EXPECT_TRUE(scene.next(*camera).has_value());
    EXPECT_LE(scene.called("WaitForAcquisitionTimeOut"), 20);
  }
}

// Whatever single calls answer, and whatever numbers they give: every failure is a DeviceError, and
// when the library is itself again the camera works.
TEST(AndorFaults, AnyFaultIsADeviceErrorAndPasses) {
  constexpr andor::Code go_on = ShimCamera::go_on;
  constexpr std::array answers{go_on,
                               go_on,
                               go_on,
                               andor::success,
                               andor::error_ack,
                               andor::no_new_data,
                               andor::idle,
                               andor::acquiring,
                               andor::p1_invalid,
                               andor::not_supported,
                               andor::invalid_mode,
                               andor::not_initialized,
                               andor::usb_error,
                               andor::Code{12345}};
  constexpr std::array numbers{nan, -1.0, 0.0, 1.0, 7.0, 1e9, -1e9};
  EXPECT_TRUE(rc::check("faults at random", [&] {
    const auto codes = *rc::gen::container<std::vector<andor::Code>>(rc::gen::elementOf(answers));
    const auto spoilt = *rc::gen::inRange<std::size_t>(0, 60);
    const auto number = *rc::gen::elementOf(numbers);
    const auto quiet = *rc::gen::inRange<std::size_t>(0, 120);  // calls before
    AndorScene scene;
    std::size_t calls = 0;
    std::size_t given = 0;
    scene.shim().before = [&](std::string_view function) {
      const std::size_t call = calls++;
      const bool ends = function == "ShutDown" || call < quiet || call - quiet >= codes.size();
      return ends ? go_on : codes[call - quiet];
    };
    scene.shim().spoil = [&](std::string_view, double value) {
      return ++given == spoilt ? number : value;
    };
    std::unique_ptr<AndorCamera> camera;
    const auto attempt = [](const auto& step) {
      try {
        step();
      } catch (const DeviceError&) {  // as it should
      }
    };
    attempt([&] { camera = scene.open({.temperature_k = 293.15}); });
    for (int round = 0; camera && round < 3; ++round) {
      attempt([&] { camera->configure({.exposure_s = 0.01, .region = {.width = 8}}); });
      attempt([&] { camera->start(3); });
      for (int i = 0; i < 4; ++i) {
        attempt([&] { static_cast<void>(scene.next(*camera, 0.1)); });
      }
      attempt([&] { camera->make_safe(); });
    }
    scene.shim().before = nullptr;
    scene.shim().spoil = nullptr;
    if (!camera) {
      scene.shim().initialised = false;
      camera = scene.open();
    }
    camera->make_safe();
    RC_ASSERT(!scene.shim().shutter_open);
    camera->configure({.exposure_s = 0.01});
    camera->start(1);
    RC_ASSERT(scene.next(*camera).has_value());
  }));
}

TEST(AndorFaults, LostFramesAreToldUntilANewSeries) {
  AndorScene scene;
  const auto camera = scene.open();
  const CameraSettings applied = camera->configure({.exposure_s = 0.01});
  camera->start(0);
  ASSERT_TRUE(scene.next(*camera).has_value());
  scene.clock.sleep(from_seconds(6.5 * applied.frame_period_s));  // one too many
  for (int i = 0; i < 2; ++i) {
    EXPECT_TRUE(says(complaint([&] { static_cast<void>(scene.next(*camera)); }, Retry::no),
                     "the ring buffer ran over"));
  }
  camera->stop();
  camera->start(1);
  EXPECT_EQ(scene.next(*camera)->number, 0U);
}

TEST(AndorFaults, AFrameThatIsLostWhileItIsFetchedIsTold) {
  AndorScene scene;
  const auto camera = scene.open();
  camera->configure({.exposure_s = 0.01});
  camera->start(0);
  scene.shim().before = [&](std::string_view function) {
    if (function == "GetImages16") {
      scene.clock.sleep(from_seconds(1.0));
    }
    return ShimCamera::go_on;
  };
  EXPECT_TRUE(says(complaint([&] { static_cast<void>(scene.next(*camera)); }, Retry::no),
                   "the ring buffer ran over"));
}

TEST(AndorFaults, AnotherFrameThanWasAskedForIsNotTaken) {
  AndorScene scene;
  const auto camera = scene.open();
  camera->configure({.exposure_s = 0.01});
  camera->start(0);
  scene.give("GetImages16", 2.0);
  EXPECT_TRUE(says(complaint([&] { static_cast<void>(scene.next(*camera)); }, Retry::no),
                   "the ring buffer ran over"));
}

TEST(AndorFaults, MakingSafeClosesTheShutterEvenIfAbortingFails) {
  AndorScene scene;
  const auto camera = scene.open();
  scene.shim().shutter_open = true;
  scene.answer("AbortAcquisition", andor::usb_error);
  const std::string text = complaint([&] { camera->make_safe(); }, Retry::yes);
  EXPECT_TRUE(says(text, "make safe: AbortAcquisition: DRV_USBERROR (20089)")) << text;
  EXPECT_FALSE(scene.shim().shutter_open);
  EXPECT_NO_THROW(scene.shim().before = nullptr; camera->make_safe());
}

TEST(AndorFaults, ASeriesThatCannotBeEndedIsNotCalledSafe) {
  AndorScene scene;
  const auto camera = scene.open();
  camera->start(0);
  scene.answer("AbortAcquisition", andor::success);
  EXPECT_TRUE(says(complaint([&] { camera->make_safe(); }, Retry::yes), "goes on acquiring"));
  scene.shim().before = nullptr;
  camera->make_safe();
  EXPECT_FALSE(scene.shim().shutter_open);
}

TEST(AndorFaults, AShutterThatDoesNotCloseIsNotCalledSafe) {
  AndorScene scene;
  const auto camera = scene.open();
  scene.answer("SetShutter", andor::error_ack);
  EXPECT_TRUE(says(complaint([&] { camera->make_safe(); }, Retry::yes), "SetShutter"));
  complaint([&] { camera->start(1); }, Retry::yes);
  scene.shim().before = nullptr;
  EXPECT_NO_THROW(camera->start(1)) << "the one that failed does not run";
}

TEST(AndorFaults, AStartThatFailsClosesTheShutter) {
  AndorScene scene;
  const auto camera = scene.open();
  scene.answer("StartAcquisition", andor::error_ack);
  EXPECT_TRUE(says(complaint([&] { camera->start(1); }, Retry::yes), "StartAcquisition"));
  EXPECT_FALSE(scene.shim().shutter_open);
  EXPECT_EQ(scene.next(*camera, 0.1), std::nullopt);
}

TEST(AndorFaults, ACameraThatCannotBeSelectedIsNotCalled) {
  AndorScene scene;
  const auto camera = scene.open();
  AndorScene other;
  const auto beside = other.open();  // is the current one now
  scene.answer("SetCurrentCamera", andor::error_ack);
  EXPECT_THROW(camera->start(1), DeviceError);
  EXPECT_EQ(other.called("StartAcquisition"), 0);
}

TEST(AndorFaults, BinningAndPartsOfTheSensorAreTheCameras) {
  AndorScene scene;
  auto camera = scene.open();
  scene.give("GetMaximumBinning", 2.0);
  EXPECT_TRUE(says(complaint([&] { camera->configure({.region = {.binning = 4}}); }, Retry::no),
                   "binning 4 (at most 2)"));
  camera.reset();
  scene.shim().capabilities.read_modes = andor::can::full_image;
  camera = scene.open();
  EXPECT_TRUE(says(complaint([&] { camera->configure({.region = {.width = 8}}); }, Retry::no),
                   "whole sensor only"));
}

}  // namespace
}  // namespace halotwin::test
