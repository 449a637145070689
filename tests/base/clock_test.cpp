#include "base/clock.hpp"

#include <limits>
#include <thread>

#include <gtest/gtest.h>

#include "base/errors.hpp"
#include "base/event_log.hpp"

namespace halotwin {
namespace {

using namespace std::chrono_literals;

TEST(Duration, RoundsSecondsToTheNearestNanosecondAndBack) {
  EXPECT_EQ(from_seconds(1.5e-9), 2ns);
  EXPECT_EQ(from_seconds(-2.5), -2500ms);
  EXPECT_EQ(from_seconds(86400.0), 24h);
  EXPECT_EQ(seconds(from_seconds(0.037)), 0.037);
}

TEST(Duration, RefusesWhatNoClockReaches) {
  for (const double bad : {1e10,
                           -1e300,
                           std::numeric_limits<double>::infinity(),
                           std::numeric_limits<double>::quiet_NaN()}) {
    EXPECT_THROW((void)from_seconds(bad), ParameterError);
  }
}

TEST(WallClock, SleepsAtLeastAsLongAsAskedAndNeverGoesBack) {
  WallClock clock;
  EXPECT_EQ(clock.kind(), ClockKind::wall);
  const Duration before = clock.now();
  clock.sleep(30ms);
  const Duration after = clock.now();
  EXPECT_GE(after - before, 30ms);
  clock.sleep(-1s);
  EXPECT_GE(clock.now(), after);
}

TEST(WallClock, WakesUpWhenAskedToStop) {
  WallClock clock;
  std::stop_source stop;
  const std::jthread other([&] {
    WallClock().sleep(5ms);
    stop.request_stop();
  });
  EXPECT_THROW(clock.sleep(24h, stop.get_token()), Interrupted);
  EXPECT_THROW(clock.sleep(0ns, stop.get_token()), Interrupted);
}

TEST(Iso8601, WritesUtcWithMicroseconds) {
  EXPECT_EQ(iso8601(0ns), "1970-01-01T00:00:00.000000+00:00");
  EXPECT_EQ(iso8601(1767323045s + 123456789ns), "2026-01-02T03:04:05.123456+00:00");
  EXPECT_EQ(iso8601(951782400s), "2000-02-29T00:00:00.000000+00:00");  // a leap day
  EXPECT_EQ(iso8601(-1ns), "1969-12-31T23:59:59.999999+00:00");
  EXPECT_GT(time_of_day(), 1767225600s);  // this test was written in 2026
}

TEST(MemoryLog, KeepsEventsInTheirOrder) {
  MemoryLog log;
  log.write({.time = 1s, .level = Level::warning, .source = "afm", .text = "input clipped"});
  log.write({.time = 2s, .source = "pm_dns_map", .text = "line 3"});
  ASSERT_EQ(log.events.size(), 2U);
  EXPECT_EQ(log.events[0].text, "input clipped");
  EXPECT_EQ(name_of(log.events[0].level), "warning");
  EXPECT_EQ(name_of(log.events[1].level), "info");
  EXPECT_EQ(name_of(Level::debug), "debug");
  EXPECT_EQ(name_of(Level::error), "error");
}

}  // namespace
}  // namespace halotwin
