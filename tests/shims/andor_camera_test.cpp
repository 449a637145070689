// The driver of Andor's cameras against the stand-in for the maker's library; that it keeps the
// contract of cameras is tested with the others (tests/contracts), what it does when the library
// fails in andor_faults_test.cpp.
#include <algorithm>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "base/errors.hpp"
#include "tests/shims/andor_scene.hpp"

namespace halotwin::test {
namespace {

TEST(AndorCamera, PixelsArriveAsTheyAre) {
  AndorScene scene;
  const auto camera = scene.open();
  const CameraSettings applied = camera->configure(
      {.exposure_s = 0.01, .region = {.left = 3, .top = 2, .width = 9, .height = 7, .binning = 2}});
  EXPECT_EQ(applied.region, (CameraRegion{3, 2, 8, 6, 2}));
  camera->start(3);
  for (std::uint64_t number = 0; number < 3; ++number) {
    const auto frame = scene.next(*camera);
    ASSERT_TRUE(frame.has_value());
    EXPECT_EQ(frame->number, number);
    EXPECT_EQ(frame->width, 4U);
    EXPECT_EQ(frame->height, 3U);
    for (std::uint32_t y = 0; y < 3; ++y) {
      for (std::uint32_t x = 0; x < 4; ++x) {
        const std::uint64_t corner =
            100 * number + 10 * (2 * std::uint64_t{y} + 2) + 2 * std::uint64_t{x} + 3;
        EXPECT_EQ(scene.pixels[std::size_t{4} * y + x], 4 * corner + 22);
      }
    }
  }
}

TEST(AndorCamera, IsWhoItSays) {
  AndorScene scene;
  EXPECT_EQ(scene.open()->identity(),
            (Identity{"Andor", "DU897_twin", "4321", "4.31", "andor://0"}));
}

TEST(AndorCamera, ChoosesTheReadout) {
  AndorScene scene;
  const auto chosen = [&](const std::string& function) { return scene.shim().chosen.at(function); };
  auto camera = scene.open();
  EXPECT_EQ(chosen("SetHSSpeed"), 0) << "the fastest";
  EXPECT_EQ(chosen("SetPreAmpGain"), 1) << "the highest there is at that speed";
  EXPECT_EQ(chosen("SetVSSpeed"), 1);
  EXPECT_EQ(chosen("SetBaselineClamp"), 1);
  EXPECT_EQ(chosen("SetFrameTransferMode"), 1);
  EXPECT_EQ(chosen("SetEMGainMode"), 3);
  camera->configure({.trigger = Trigger::software});
  EXPECT_EQ(chosen("SetFrameTransferMode"), 0);
  EXPECT_EQ(chosen("SetTriggerMode"), 10);
  camera->configure({.trigger = Trigger::external});
  EXPECT_EQ(chosen("SetFrameTransferMode"), 0);
  EXPECT_EQ(chosen("SetTriggerMode"), 1);
  camera.reset();
  camera = scene.open({.readout_hz = 9e6, .preamp_gain = 1.5});
  EXPECT_EQ(chosen("SetHSSpeed"), 1);
  EXPECT_EQ(chosen("SetPreAmpGain"), 0);
}

TEST(AndorCamera, WithoutAMaskOneExposureComesAfterTheOther) {
  AndorScene scene;
  scene.shim().capabilities.acquisition_modes = 0x0f;
  scene.shim().readout_s = 0.03;
  const auto camera = scene.open();
  EXPECT_EQ(scene.called("SetFrameTransferMode"), 0);
  EXPECT_NEAR(camera->configure({.exposure_s = 0.01}).frame_period_s, 0.04, 1e-8);
}

TEST(AndorCamera, AnOlderOrPlainerLibraryWillDo) {
  AndorScene scene;
  scene.shim().capabilities_bytes = 48;
  for (const std::string missing :
       {"SetCoolerMode", "GetCameraSerialNumber", "GetHardwareVersion", "GetReadOutTime"}) {
    scene.answer(missing, devices::andor::not_supported);
    const auto camera = scene.open();
    camera->start(1);
    EXPECT_TRUE(scene.next(*camera).has_value()) << missing;
  }
}

TEST(AndorCamera, LimitsAreTheCameras) {
  AndorScene scene;
  scene.shim().highest_gain = 250;
  const auto camera = scene.open();
  const auto limits = camera->limits();
  EXPECT_EQ(limits.sensor_width, 16U);
  EXPECT_EQ(limits.sensor_height, 12U);
  EXPECT_EQ(limits.saturation_counts, 65535U);
  EXPECT_EQ(limits.ring_buffer_frames, 5U);
  EXPECT_EQ(limits.gain, (Range{1.0, 250.0}));
  EXPECT_NEAR(limits.exposure_s.low, 1e-5, 1e-11);
  EXPECT_EQ(limits.exposure_s.high, 60.0);
  scene.shim().highest_gain = 200;  // warmer
  EXPECT_EQ(camera->configure({.gain = 240.0}).gain, 200.0);
  EXPECT_EQ(camera->limits().gain.high, 200.0);
}

TEST(AndorCamera, FramesAreAsFarApartAsIsAskedAndPossible) {
  AndorScene scene;
  const auto camera = scene.open();
  EXPECT_NEAR(
      camera->configure({.exposure_s = 0.01, .frame_period_s = 0.05}).frame_period_s, 0.05, 1e-8);
  EXPECT_NEAR(camera->configure({.exposure_s = 0.01}).frame_period_s, 0.012, 1e-8);
}

TEST(AndorCamera, GainOneSwitchesTheRegisterOff) {
  AndorScene scene;
  const auto camera = scene.open();
  const std::vector<std::pair<double, int>> all{
      {1.0, 0}, {0.0, 0}, {1.4, 0}, {2.0, 2}, {17.4, 17}, {300.0, 300}, {5000.0, 300}};
  for (const auto& [wanted, sent] : all) {
    const double applied = camera->configure({.gain = wanted}).gain;
    EXPECT_EQ(scene.shim().chosen["SetEMCCDGain"], sent) << wanted;
    EXPECT_EQ(applied, std::max(sent, 1)) << wanted;
  }
}

TEST(AndorCamera, WithoutRealGainThereIsNone) {
  AndorScene scene;
  scene.shim().capabilities.em_gain = 1;
  const auto camera = scene.open();
  EXPECT_EQ(camera->limits().gain, (Range{1.0, 1.0}));
  EXPECT_EQ(camera->configure({.gain = 100.0}).gain, 1.0);
  EXPECT_EQ(scene.shim().chosen["SetEMCCDGain"], 0);
}

TEST(AndorCamera, ExposuresBeganWhenTheyDid) {
  AndorScene scene;
  const auto camera = scene.open();
  const CameraSettings applied = camera->configure({.exposure_s = 0.01});
  camera->start(0);
  const double began_s = seconds(scene.clock.now());
  for (int number = 0; number < 8; ++number) {
    if (number == 3) {
      scene.clock.sleep(from_seconds(2.5 * applied.frame_period_s));  // not asked for a while
    }
    const auto frame = scene.next(*camera);
    ASSERT_TRUE(frame.has_value());
    EXPECT_NEAR(seconds(frame->exposure_start), began_s + number * applied.frame_period_s, 2e-8);
  }
}

TEST(AndorCamera, TriggeredExposuresBeganAtTheTrigger) {
  AndorScene scene;
  const auto camera = scene.open();
  camera->configure({.exposure_s = 0.01, .trigger = Trigger::software});
  camera->start(2);
  for (const double pause_s : {0.07, 0.35}) {
    scene.clock.sleep(from_seconds(pause_s));
    const double now_s = seconds(scene.clock.now());
    camera->software_trigger();
    const auto frame = scene.next(*camera);
    ASSERT_TRUE(frame.has_value());
    EXPECT_NEAR(seconds(frame->exposure_start), now_s, 2e-8);
  }
  EXPECT_FALSE(scene.shim().shutter_open) << "two were wanted";
  EXPECT_THROW(camera->software_trigger(), DeviceError);
  EXPECT_NO_THROW(camera->configure({}));
}

TEST(AndorCamera, ASeriesHasNoMoreFramesThanWereAskedFor) {
  AndorScene scene;
  const auto camera = scene.open();
  camera->configure({.exposure_s = 0.01, .trigger = Trigger::software});
  camera->start(1);
  scene.give("GetTotalNumberImagesAcquired", 0.0);  // behind what has come
  for (int i = 0; i < 2; ++i) {
    camera->software_trigger();
    scene.clock.sleep(from_seconds(1.0));
  }
  EXPECT_EQ(scene.next(*camera)->number, 0U);
  EXPECT_EQ(scene.next(*camera), std::nullopt);
}

TEST(AndorCamera, TheShutterIsOpenForTheSeriesOnly) {
  AndorScene scene;
  auto camera = scene.open();
  EXPECT_FALSE(scene.shim().shutter_open);
  const Duration before = scene.clock.now();
  camera->start(2);
  EXPECT_TRUE(scene.shim().shutter_open);
  EXPECT_EQ(scene.clock.now() - before, std::chrono::milliseconds(20)) << "it takes its time";
  ASSERT_TRUE(scene.next(*camera).has_value());
  EXPECT_TRUE(scene.shim().shutter_open);
  ASSERT_TRUE(scene.next(*camera).has_value());
  EXPECT_FALSE(scene.shim().shutter_open) << "after the last frame";
  camera->start(0);
  camera->stop();
  EXPECT_FALSE(scene.shim().shutter_open);
  camera->start(0);
  camera->make_safe();
  EXPECT_FALSE(scene.shim().shutter_open);
  camera->start(0);
  camera.reset();
  EXPECT_FALSE(scene.shim().shutter_open) << "what it started it ends";
  EXPECT_FALSE(scene.shim().initialised);
}

TEST(AndorCamera, MakingSafeClosesAShutterThatSomebodyElseOpened) {
  AndorScene scene;
  const auto camera = scene.open();
  scene.shim().shutter_open = true;
  camera->make_safe();
  EXPECT_FALSE(scene.shim().shutter_open);
}

TEST(AndorCamera, ACameraWithoutAShutterIsNotAskedForOne) {
  AndorScene scene;
  scene.shim().capabilities.features = 0;
  const auto camera = scene.open();
  camera->start(1);
  EXPECT_TRUE(scene.next(*camera).has_value());
  EXPECT_EQ(scene.called("SetShutter"), 0);
}

TEST(AndorCamera, ACompleteSeriesNeedsNoStop) {
  AndorScene scene;
  const auto camera = scene.open();
  camera->configure({.exposure_s = 0.01});
  camera->start(3);
  EXPECT_EQ(scene.shim().chosen["SetNumberKinetics"], 3);
  scene.clock.sleep(from_seconds(1.0));
  EXPECT_NO_THROW(camera->configure({.exposure_s = 0.02}));
  EXPECT_FALSE(scene.shim().shutter_open);
  camera->start(3);
  scene.clock.sleep(from_seconds(1.0));
  for (std::uint64_t number = 0; number < 3; ++number) {
    EXPECT_EQ(scene.next(*camera)->number, number) << "they stay";
  }
  EXPECT_THROW(camera->start(std::uint64_t{1} << 31U), DeviceError);
}

TEST(AndorCamera, ATriggeredSeriesIsCompleteAlsoUnread) {
  AndorScene scene;
  const auto camera = scene.open();
  camera->configure({.exposure_s = 0.01, .trigger = Trigger::software});
  camera->start(2);
  for (int i = 0; i < 2; ++i) {
    camera->software_trigger();
    scene.clock.sleep(from_seconds(1.0));
  }
  EXPECT_THROW(camera->software_trigger(), DeviceError);
  EXPECT_FALSE(scene.shim().shutter_open);
  EXPECT_EQ(scene.next(*camera)->number, 0U);
  EXPECT_EQ(scene.next(*camera)->number, 1U);
}

TEST(AndorCamera, AStopCutsAWaitShort) {
  AndorScene scene;
  const auto camera = scene.open();
  camera->configure({.exposure_s = 0.5});
  camera->start(0);
  std::stop_source source;
  scene.shim().before = [&](std::string_view function) {
    if (function == "WaitForAcquisitionTimeOut") {
      source.request_stop();  // in the wait
    }
    return ShimCamera::go_on;
  };
  const Duration before = scene.clock.now();
  EXPECT_THROW(
      static_cast<void>(camera->next_frame(scene.pixels, from_seconds(5.0), source.get_token())),
      Interrupted);
  EXPECT_EQ(scene.clock.now(), before);
}

// The library knows one camera at a time and must not be called twice at once.
TEST(AndorCamera, TwoCamerasTakeTurns) {
  struct Part {
    explicit Part(std::uint16_t brightness)
        : scripted(wall,
                   {.readout_s = 1e-4,
                    .ring_buffer_frames = 1000,
                    .picture = [=](auto, auto, auto) { return brightness; }}),
          bench(scripted, wall) {
      bench.shim().ring_frames = 500;
    }
    WallClock wall;
    ScriptedCamera scripted;
    AndorBench bench;
  };
  Part left(11);
  Part right(22);
  const auto film = [](devices::AndorCamera& camera, std::uint16_t brightness, int& good) {
    std::vector<std::uint16_t> pixels(std::size_t{16} * 12);
    camera.configure({.exposure_s = 1e-3});
    camera.start(0);
    for (int i = 0; i < 30; ++i) {
      const auto frame = camera.next_frame(pixels, from_seconds(10.0), {});
      good += frame && pixels.front() == brightness && pixels.back() == brightness ? 1 : 0;
    }
    camera.stop();
  };
  int good_left = 0;
  int good_right = 0;
  {
    const auto one = left.bench.open();
    const auto other = right.bench.open();
    EXPECT_EQ(other->identity().address, "andor://1");
    std::thread beside([&] { film(*other, 22, good_right); });
    film(*one, 11, good_left);
    beside.join();
  }
  EXPECT_EQ(good_left, 30);
  EXPECT_EQ(good_right, 30);
  EXPECT_FALSE(left.bench.shim().overlapped || right.bench.shim().overlapped);
  EXPECT_FALSE(left.bench.shim().initialised || right.bench.shim().initialised);
}

}  // namespace
}  // namespace halotwin::test
