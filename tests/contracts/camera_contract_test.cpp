// What every camera promises.
#include <vector>

#include "base/errors.hpp"
#include "tests/contracts/implementations.hpp"

namespace halotwin::test {
namespace {

using namespace devices;

class CameraContract : public Contract<Camera> {
 protected:
  CameraContract()
      : pixels_(std::size_t{device().limits().sensor_width} * device().limits().sensor_height) {}

  [[nodiscard]] std::optional<FrameInfo> next(Duration timeout = patience) {
    return device().next_frame(pixels_, timeout, {});
  }

  std::vector<std::uint16_t> pixels_;
};

TEST_P(CameraContract, ConfigureReturnsWhatIsSet) {
  const CameraSettings applied = device().configure({.exposure_s = 0.02});
  EXPECT_EQ(device().settings(), applied);
  EXPECT_GE(applied.frame_period_s, applied.exposure_s);
  EXPECT_GT(applied.region.width, 0U);
  EXPECT_GT(applied.region.height, 0U);
  EXPECT_EQ(device().configure(applied), applied);
}

TEST_P(CameraContract, ExposureAndGainBecomeTheNearest) {
  const CameraLimits limit = device().limits();
  const CameraSettings low = device().configure({.exposure_s = 0.0, .gain = 0.0});
  EXPECT_TRUE(limit.exposure_s.contains(low.exposure_s));
  EXPECT_TRUE(limit.gain.contains(low.gain));
  const CameraSettings high =
      device().configure({.exposure_s = 0.01, .gain = 10.0 * limit.gain.high});
  EXPECT_TRUE(limit.gain.contains(high.gain));
}

TEST_P(CameraContract, RefusesWhatCannotBeAndStays) {
  const CameraSettings before = device().configure({.exposure_s = 0.02});
  const CameraLimits limit = device().limits();
  EXPECT_THROW(device().configure({.exposure_s = nan}), DeviceError);
  EXPECT_THROW(device().configure({.frame_period_s = nan}), DeviceError);
  EXPECT_THROW(device().configure({.gain = nan}), DeviceError);
  EXPECT_THROW(device().configure({.region = {.left = limit.sensor_width}}), DeviceError);
  EXPECT_THROW(device().configure({.region = {.width = limit.sensor_width + 1}}), DeviceError);
  EXPECT_THROW(device().configure({.region = {.height = limit.sensor_height + 1}}), DeviceError);
  EXPECT_EQ(device().settings(), before);
}

TEST_P(CameraContract, GivesTheFramesInOrder) {
  const CameraSettings applied = device().configure({.exposure_s = 0.01});
  const Duration start = clock().now();
  device().start(5);
  Duration last{};
  for (std::uint64_t number = 0; number < 5; ++number) {
    const auto frame = next();
    ASSERT_TRUE(frame.has_value());
    EXPECT_EQ(frame->number, number);
    EXPECT_EQ(frame->width, applied.region.width / applied.region.binning);
    EXPECT_EQ(frame->height, applied.region.height / applied.region.binning);
    EXPECT_GE(frame->exposure_start, number == 0 ? start : last + Duration(1));
    EXPECT_GE(clock().now(), frame->exposure_start + from_seconds(applied.exposure_s));
    last = frame->exposure_start;
  }
  EXPECT_FALSE(next(from_seconds(1.0)).has_value());
}

TEST_P(CameraContract, FrameIsOfTheRegion) {
  const CameraSettings applied = device().configure(
      {.exposure_s = 0.01, .region = {.left = 2, .top = 1, .width = 8, .height = 6, .binning = 2}});
  device().start(1);
  const auto frame = next();
  ASSERT_TRUE(frame.has_value());
  EXPECT_EQ(frame->width, applied.region.width / applied.region.binning);
  EXPECT_EQ(frame->height, applied.region.height / applied.region.binning);
}

TEST_P(CameraContract, ReadingGivesUpAtItsTimeout) {
  device().configure({.exposure_s = 0.5});
  device().start(1);
  EXPECT_FALSE(next(Duration::zero()).has_value());
  EXPECT_FALSE(next(from_seconds(0.1)).has_value());
  EXPECT_TRUE(next().has_value());
}

TEST_P(CameraContract, ReadingEndsOnAStop) {
  device().configure({.exposure_s = 0.5});
  device().start(0);
  EXPECT_THROW(device().next_frame(pixels_, patience, stopped()), Interrupted);
  EXPECT_NO_THROW(device().make_safe());
}

TEST_P(CameraContract, SoftwareTriggerMakesOneFrame) {
  device().configure({.exposure_s = 0.01, .trigger = Trigger::software});
  device().start(0);
  EXPECT_FALSE(next(from_seconds(0.2)).has_value());
  device().software_trigger();
  EXPECT_TRUE(next().has_value());
  EXPECT_FALSE(next(from_seconds(0.2)).has_value());
  device().stop();
}

TEST_P(CameraContract, SoftwareTriggerNeedsItsMode) {
  device().configure({.exposure_s = 0.01});
  device().start(0);
  EXPECT_THROW(device().software_trigger(), DeviceError);
}

TEST_P(CameraContract, RefusesNewSettingsAndASecondStartWhileItRuns) {
  const CameraSettings before = device().configure({.exposure_s = 0.01});
  device().start(0);
  EXPECT_THROW(device().configure({.exposure_s = 0.02}), DeviceError);
  EXPECT_THROW(device().start(1), DeviceError);
  EXPECT_EQ(device().settings(), before);
  device().stop();
  EXPECT_NO_THROW(device().configure({.exposure_s = 0.02}));
}

TEST_P(CameraContract, AFullRingBufferIsAnErrorNotASilentLoss) {
  const CameraSettings applied = device().configure({.exposure_s = 0.001});
  const auto ring = static_cast<double>(device().limits().ring_buffer_frames);
  device().start(0);
  clock().sleep(from_seconds((ring + 5.0) * applied.frame_period_s));
  EXPECT_THROW(static_cast<void>(next()), DeviceError);
  device().stop();
  device().start(1);
  EXPECT_TRUE(next().has_value()) << "a new series starts afresh";
}

TEST_P(CameraContract, NoNewFramesAfterStopAndMakeSafe) {
  for (const bool safe : {false, true}) {
    device().configure({.exposure_s = 0.01});
    device().start(0);
    ASSERT_TRUE(next().has_value());
    if (safe) {
      device().make_safe();
    } else {
      device().stop();
    }
    std::size_t unread = 0;
    while (next(from_seconds(0.5)).has_value()) {
      ASSERT_LE(++unread, device().limits().ring_buffer_frames);
    }
    EXPECT_FALSE(next(from_seconds(1.0)).has_value());
  }
}

TEST_P(CameraContract, TooFewPixelsAreRefused) {
  device().configure({.exposure_s = 0.01});
  device().start(1);
  EXPECT_THROW(device().next_frame(std::span(pixels_).first(1), patience, {}), DeviceError);
}

INSTANTIATE_TEST_SUITE_P(Every, CameraContract, testing::ValuesIn(cameras()), name_of_case<Camera>);

}  // namespace
}  // namespace halotwin::test
