#include "sim/faults.hpp"

#include <limits>
#include <optional>
#include <vector>

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

Fault second_approach_changes_tip() {
  return {.device = "afm",
          .operation = "approach",
          .kind = FaultKind::tip_change,
          .at_count = 2,
          .tip_radius_change_m = 10e-9,
          .tip_potential_change_v = 0.3};
}

TEST(FaultScheduleTest, ATipChangeFailsNothingAndStrikesOnce) {
  FaultSchedule schedule({second_approach_changes_tip()});
  for (int i = 1; i <= 4; ++i) {
    EXPECT_EQ(schedule.change_tip("afm", "move", 0.0).strikes, 0);
    const TipChange change = schedule.change_tip("afm", "approach", 0.0);
    EXPECT_EQ(change.strikes, i == 2 ? 1 : 0) << i;
    EXPECT_EQ(change.radius_m, i == 2 ? 10e-9 : 0.0);
    EXPECT_EQ(change.potential_v, i == 2 ? 0.3 : 0.0);
    EXPECT_EQ(schedule.strike("afm", "approach", 0.0), std::nullopt);
  }
}

TEST(FaultScheduleTest, MendingStopsWhatFailsButNotWhatHappensToTheTip) {
  FaultSchedule schedule({nth_read(FaultKind::link_lost, 1), second_approach_changes_tip()});
  EXPECT_TRUE(schedule.strike("lockin", "read", 0.0));
  EXPECT_EQ(schedule.change_tip("afm", "approach", 0.0).strikes, 0);
  FaultSchedule after({nth_read(FaultKind::link_lost, 1), second_approach_changes_tip()});
  after.mend();
  after.load(schedule.save());
  EXPECT_FALSE(after.strike("lockin", "read", 0.0));
  EXPECT_EQ(after.change_tip("afm", "approach", 0.0).strikes, 1) << "its count went on";
  FaultSchedule later({nth_read(FaultKind::link_lost, 1), second_approach_changes_tip()});
  later.load(after.save());
  EXPECT_FALSE(later.strike("lockin", "read", 0.0)) << "still mended";
}

TEST(FaultScheduleTest, CountsGoOnAfterALoad) {
  FaultSchedule schedule({nth_read(FaultKind::timeout, 3)});
  EXPECT_FALSE(schedule.strike("lockin", "read", 0.0));
  EXPECT_FALSE(schedule.strike("lockin", "read", 0.0));
  FaultSchedule again({nth_read(FaultKind::timeout, 3)});
  again.load(schedule.save());
  EXPECT_TRUE(again.strike("lockin", "read", 0.0));
  EXPECT_THROW(again.load(std::vector<double>{1.0}), ParameterError);
}

TEST(FaultScheduleTest, RefusesWhatCannotBeMeant) {
  Fault elsewhere = second_approach_changes_tip();
  elsewhere.device = "lockin_electrical";
  EXPECT_THROW(FaultSchedule({elsewhere}), ParameterError);
  Fault nobody = nth_read(FaultKind::timeout, 1);
  nobody.device.clear();
  EXPECT_THROW(FaultSchedule({nobody}), ParameterError);
  EXPECT_THROW(FaultSchedule({nth_read(FaultKind::timeout, -1)}), ParameterError);
  Fault never = nth_read(FaultKind::timeout, 0);
  never.at_time_s = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(FaultSchedule({never}), ParameterError);
}

TEST(FaultSchedule, FramesAreAskedForByThemselves) {
  FaultSchedule schedule(
      {{.device = "camera", .operation = "", .kind = FaultKind::frame_lost, .at_count = 2},
       {.device = "camera", .operation = "", .kind = FaultKind::frame_incomplete, .at_count = 3},
       {.device = "camera", .operation = "start", .at_count = 1}});
  EXPECT_EQ(schedule.lose_frame("camera", 0.0), std::nullopt);
  EXPECT_EQ(schedule.lose_frame("other", 0.0), std::nullopt);
  EXPECT_EQ(schedule.lose_frame("camera", 0.0), FaultKind::frame_lost);
  EXPECT_EQ(schedule.strike("camera", "read frame", 0.0), std::nullopt);
  EXPECT_EQ(schedule.lose_frame("camera", 0.0), FaultKind::frame_incomplete);
  EXPECT_EQ(schedule.lose_frame("camera", 0.0), std::nullopt);
  EXPECT_EQ(schedule.strike("camera", "start", 0.0), FaultKind::link_lost);
}

}  // namespace
}  // namespace halotwin::sim
