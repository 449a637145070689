#include "sim/virtual_clock.hpp"

#include <limits>
#include <stdexcept>
#include <stop_token>
#include <vector>

#include <gtest/gtest.h>

#include "base/errors.hpp"

namespace halotwin::sim {
namespace {

class VirtualClockTest : public testing::Test {
 protected:
  std::vector<Duration> steps_;
  VirtualClock clock_{[this](Duration step) { steps_.push_back(step); }};
};

TEST_F(VirtualClockTest, SleepingAdvancesTheWorldByExactlyTheTimeSlept) {
  clock_.sleep(from_seconds(1.5));
  clock_.sleep(Duration(1));
  EXPECT_EQ(clock_.now(), Duration(1'500'000'001));
  EXPECT_EQ(steps_, (std::vector<Duration>{Duration(1'500'000'000), Duration(1)}));
}

TEST_F(VirtualClockTest, WorldAdvancesWhenTheNewTimeHolds) {
  std::vector<Duration> seen;
  const VirtualClock* self = nullptr;
  VirtualClock clock([&](Duration) { seen.push_back(self->now()); });
  self = &clock;
  clock.sleep(from_seconds(2.0));
  EXPECT_EQ(seen, std::vector<Duration>{from_seconds(2.0)});
}

TEST_F(VirtualClockTest, NothingPassesInNoTime) {
  clock_.sleep(Duration::zero());
  clock_.sleep(Duration(-5));
  EXPECT_EQ(clock_.now(), Duration::zero());
  EXPECT_TRUE(steps_.empty());
}

TEST_F(VirtualClockTest, ADayCostsNoTime) {
  clock_.sleep(std::chrono::hours(24));
  EXPECT_EQ(clock_.now(), std::chrono::hours(24));
  EXPECT_EQ(clock_.kind(), ClockKind::virtual_time);
}

TEST_F(VirtualClockTest, AStopEndsSleepBeforeItBegins) {
  std::stop_source stop;
  stop.request_stop();
  EXPECT_THROW(clock_.sleep(from_seconds(1.0), stop.get_token()), Interrupted);
  EXPECT_THROW(clock_.sleep(Duration::zero(), stop.get_token()), Interrupted);
  EXPECT_EQ(clock_.now(), Duration::zero());
}

TEST_F(VirtualClockTest, GoesOnFromWhereARunWasLeft) {
  clock_.set(from_seconds(3600.0));
  clock_.sleep(from_seconds(1.0));
  EXPECT_EQ(clock_.now(), from_seconds(3601.0));
}

TEST(PacedClock, SaysThatItIsPacedAndKeepsSimulatedTime) {
  VirtualClock clock([](Duration) {}, 1.0e6);
  EXPECT_EQ(clock.kind(), ClockKind::paced);
  clock.sleep(from_seconds(1.0));
  EXPECT_EQ(clock.now(), from_seconds(1.0));
}

TEST(PacedClock, RefusesAPaceThatCannotBe) {
  const auto nothing = [](Duration) {};
  EXPECT_THROW(VirtualClock(nothing, -1.0), ParameterError);
  EXPECT_THROW(VirtualClock(nothing, std::numeric_limits<double>::quiet_NaN()), ParameterError);
}

}  // namespace
}  // namespace halotwin::sim
