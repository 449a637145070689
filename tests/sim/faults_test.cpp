#include "sim/faults.hpp"

#include <limits>
#include <optional>

#include <gtest/gtest.h>

#include "base/errors.hpp"

namespace halotwin::sim {
namespace {

Fault nth_read(FaultKind kind, std::int64_t count) {
  return {.device = "lockin", .operation = "read", .kind = kind, .at_count = count};
}

TEST(FaultScheduleTest, WithoutFaultsNothingStrikes) {
  FaultSchedule schedule;
  EXPECT_EQ(schedule.strike("lockin", "read", 0.0), std::nullopt);
}

TEST(FaultScheduleTest, TimeoutStrikesTheNthOperationOnce) {
  FaultSchedule schedule({nth_read(FaultKind::timeout, 3)});
  for (int i = 1; i <= 10; ++i) {
    const auto struck = schedule.strike("lockin", "read", 0.0);
    EXPECT_EQ(struck.has_value(), i == 3) << i;
  }
}

TEST(FaultScheduleTest, OnlyTheNamedOperationOfTheNamedDeviceCounts) {
  FaultSchedule schedule({nth_read(FaultKind::timeout, 2)});
  EXPECT_FALSE(schedule.strike("lockin", "read", 0.0));
  EXPECT_FALSE(schedule.strike("lockin", "configure", 0.0));
  EXPECT_FALSE(schedule.strike("afm", "read", 0.0));
  EXPECT_EQ(schedule.strike("lockin", "read", 0.0), FaultKind::timeout);
}

TEST(FaultScheduleTest, LostLinkStrikesEveryLaterOperationOfItsDevice) {
  FaultSchedule schedule({nth_read(FaultKind::link_lost, 1)});
  EXPECT_FALSE(schedule.strike("lockin", "configure", 0.0));
  EXPECT_EQ(schedule.strike("lockin", "read", 0.0), FaultKind::link_lost);
  for (const char* operation : {"configure", "read", "make safe"}) {
    EXPECT_EQ(schedule.strike("lockin", operation, 1.0e6), FaultKind::link_lost) << operation;
  }
  EXPECT_FALSE(schedule.strike("afm", "read", 1.0e6));
}

TEST(FaultScheduleTest, AnyOperationCountsWithoutAName) {
  FaultSchedule schedule(
      {{.device = "lockin", .operation = "", .kind = FaultKind::timeout, .at_count = 2}});
  EXPECT_FALSE(schedule.strike("lockin", "configure", 0.0));
  EXPECT_TRUE(schedule.strike("lockin", "read", 0.0));
}

TEST(FaultScheduleTest, StrikesAtOrAfterItsTime) {
  FaultSchedule schedule(
      {{.device = "lockin", .operation = "", .kind = FaultKind::timeout, .at_time_s = 10.0}});
  EXPECT_FALSE(schedule.strike("lockin", "read", 9.999));
  EXPECT_TRUE(schedule.strike("lockin", "read", 10.0));
  EXPECT_FALSE(schedule.strike("lockin", "read", 11.0));
}

TEST(FaultScheduleTest, FaultsOfOneDeviceCountApart) {
  FaultSchedule schedule({nth_read(FaultKind::timeout, 1), nth_read(FaultKind::timeout, 3)});
  EXPECT_TRUE(schedule.strike("lockin", "read", 0.0));
  EXPECT_FALSE(schedule.strike("lockin", "read", 0.0));
  EXPECT_TRUE(schedule.strike("lockin", "read", 0.0));
}

TEST(FaultScheduleTest, RefusesWhatCannotBeMeant) {
  Fault nobody = nth_read(FaultKind::timeout, 1);
  nobody.device.clear();
  EXPECT_THROW(FaultSchedule({nobody}), ParameterError);
  EXPECT_THROW(FaultSchedule({nth_read(FaultKind::timeout, -1)}), ParameterError);
  Fault never = nth_read(FaultKind::timeout, 0);
  never.at_time_s = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(FaultSchedule({never}), ParameterError);
}

}  // namespace
}  // namespace halotwin::sim
