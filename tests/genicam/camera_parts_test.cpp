// What the drivers of all cameras share.
#include <limits>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "devices/drivers/camera_settings.hpp"
#include "devices/drivers/exposure_times.hpp"

namespace halotwin::devices {
namespace {

using std::chrono::nanoseconds;

constexpr CameraLimits limits{
    .sensor_width = 16, .sensor_height = 12, .exposure_s = {0.001, 10.0}, .gain = {1.0, 100.0}};

TEST(CameraSettings, AreMadeWholeAndClamped) {
  const CameraSettings low = within(limits, {.exposure_s = 0.0, .gain = 0.0}, "camera");
  EXPECT_EQ(low.exposure_s, 0.001);
  EXPECT_EQ(low.gain, 1.0);
  EXPECT_EQ(low.region, (CameraRegion{0, 0, 16, 12, 1}));
  const CameraSettings high = within(
      limits, {.exposure_s = 99.0, .gain = 999.0, .region = {.left = 5, .top = 7}}, "camera");
  EXPECT_EQ(high.exposure_s, 10.0);
  EXPECT_EQ(high.gain, 100.0);
  EXPECT_EQ(high.region, (CameraRegion{5, 7, 11, 5, 1}));
}

TEST(CameraSettings, RegionsThatDoNotFitAreRefused) {
  EXPECT_NO_THROW(static_cast<void>(within(limits, {.region = {0, 0, 16, 12, 12}}, "camera")));
  EXPECT_NO_THROW(static_cast<void>(within(limits, {.region = {15, 11, 1, 1, 1}}, "camera")));
  const std::vector<CameraRegion> wrong{{16, 0, 0, 0, 1},
                                        {0, 12, 0, 0, 1},
                                        {1, 0, 16, 1, 1},
                                        {0, 1, 1, 12, 1},
                                        {0, 0, 16, 12, 0},
                                        {0, 0, 3, 12, 4},
                                        {0, 0, 16, 3, 4},
                                        {0, 10, 0, 0, 4},
                                        {0, 0, ~0U, 1, 1}};
  for (const CameraRegion& region : wrong) {
    EXPECT_THROW(static_cast<void>(within(limits, {.region = region}, "camera")), DeviceError)
        << region.left << " " << region.top << " " << region.width << " " << region.height;
  }
}

TEST(CameraSettings, NumbersMustBeNumbers) {
  constexpr double infinite = std::numeric_limits<double>::infinity();
  for (const CameraSettings& wrong : {CameraSettings{.exposure_s = infinite},
                                      CameraSettings{.frame_period_s = infinite},
                                      CameraSettings{.gain = infinite}}) {
    EXPECT_THROW(static_cast<void>(within(limits, wrong, "camera")), DeviceError);
  }
}

TEST(ExposureTimes, FollowTheCamerasClockFromTheFrameThatCameSoonest) {
  ExposureTimes times(nanoseconds(1000));
  EXPECT_EQ(times.next(nanoseconds(1500), nanoseconds(70)), nanoseconds(1500));
  EXPECT_EQ(times.next(nanoseconds(1900), nanoseconds(170)), nanoseconds(1600)) << "came late";
  EXPECT_EQ(times.next(nanoseconds(1680), nanoseconds(270)), nanoseconds(1680)) << "came soon";
  EXPECT_EQ(times.next(nanoseconds(1999), nanoseconds(370)), nanoseconds(1780));
}

TEST(ExposureTimes, WithoutAClockTheArrivalCounts) {
  ExposureTimes times(nanoseconds(1000));
  EXPECT_EQ(times.next(nanoseconds(900), std::nullopt), nanoseconds(1000)) << "not before it began";
  EXPECT_EQ(times.next(nanoseconds(990), std::nullopt), nanoseconds(1001)) << "one after another";
  EXPECT_EQ(times.next(nanoseconds(2000), std::nullopt), nanoseconds(2000));
}

TEST(ExposureTimes, ACameraWhoseClockStandsIsNotFollowed) {
  ExposureTimes times(nanoseconds(0));
  EXPECT_EQ(times.next(nanoseconds(100), nanoseconds(50)), nanoseconds(100));
  EXPECT_EQ(times.next(nanoseconds(200), nanoseconds(50)), nanoseconds(200));
}

}  // namespace
}  // namespace halotwin::devices
