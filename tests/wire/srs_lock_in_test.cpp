// The driver against peers that misbehave; that it keeps the contract of lock-ins is tested with
// the others (tests/contracts).
#include "devices/drivers/srs_lock_in.hpp"

#include <cmath>
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "devices/servers/srs_service.hpp"
#include "tests/support/service_stream.hpp"
#include "tests/wire/lock_in_world.hpp"

namespace halotwin::devices {
namespace {

/// A served SR860 whose line can be spoilt.
class Bench {
 public:
  /// Called with every line before it is answered.
  std::function<void(std::string_view line)> before = [](std::string_view) {};
  std::function<std::string(std::string answer)> spoil = [](std::string answer) { return answer; };
  int connections = 0;

  /// The clock of a world whose time stands still, as a client of the served twin sees it.
  class StandingClock final : public Clock {
   public:
    explicit StandingClock(Clock& clock) : clock_(&clock) {}
    [[nodiscard]] Duration now() const override { return clock_->now(); }
    void sleep(Duration duration, const std::stop_token& stop) override {
      clock_->sleep(duration, stop);
    }
    [[nodiscard]] ClockKind kind() const override { return clock_->kind(); }
    [[nodiscard]] bool stands_at_instruments() const override { return stands; }
    bool stands = true;

   private:
    Clock* clock_;
  };

  std::unique_ptr<LockIn> open(srs::Family family = srs::Family::sr86x) {
    const Connect connect = [this] {
      ++connections;
      return std::make_unique<test::ServiceStream>([this](std::string_view line) {
        before(line);
        return spoil(service_.answer(line));
      });
    };
    return open_srs_lock_in(connect, clock, "lockin", "sr860://twin", family);
  }
  LockIn& behind() { return world_.lock_in; }
  void sleep_s(double s) { world_.sleep_s(s); }

 private:
  test::LockInWorld world_;
  SrsService service_{world_.lock_in, *srs::find_model("SR860"), &world_.world.clock()};

 public:
  StandingClock clock{world_.world.clock()};
};

std::vector<SweepStep> sweep_of(std::size_t count) {
  std::vector<SweepStep> steps;
  for (std::size_t k = 0; k < count; ++k) {
    steps.push_back({1e3 + 10.0 * static_cast<double>(k),
                     k % 2 == 0 ? 1e-3 : 3e-3,
                     std::chrono::milliseconds(5 + k % 7)});
  }
  return steps;
}

TEST(SrsLockIn, ReadsWhatTheInstrumentBehindReads) {
  Bench bench;
  const auto driver = bench.open();
  driver->configure({.reference_hz = 2e3, .time_constant_s = 3e-3, .filter_order = 4});
  driver->set_output({.on = true, .amplitude_peak_v = 0.5});
  bench.sleep_s(0.2);
  const LockInReading seen = driver->read();
  const LockInReading there = bench.behind().read();
  EXPECT_NEAR(seen.x_v, there.x_v, 1e-8 * std::abs(there.x_v));
  EXPECT_NEAR(seen.y_v, there.y_v, 1e-8 * std::abs(there.y_v));
  EXPECT_EQ(bench.behind().settings().time_constant_s, 3e-3);
  EXPECT_NEAR(bench.behind().output().amplitude_peak_v, 0.5, 1e-9);
}

TEST(SrsLockIn, ChangesNothingWhenOpened) {
  Bench bench;
  bench.behind().configure({.reference_hz = 4321.0, .harmonic = 3, .time_constant_s = 1e-2});
  const LockInSettings before = bench.behind().settings();
  const auto driver = bench.open();
  EXPECT_EQ(bench.behind().settings(), before);
  EXPECT_EQ(driver->settings().reference_hz, 4321.0);
  EXPECT_EQ(driver->settings().harmonic, 3);
  EXPECT_EQ(driver->identity().model, "SR860");
}

TEST(SrsLockIn, AnotherInstrumentIsNotTaken) {
  Bench bench;
  EXPECT_THROW(static_cast<void>(bench.open(srs::Family::sr830)), DeviceError);
  bench.spoil = [](const std::string&) { return "Keithley,2400,1,1\n"; };
  EXPECT_THROW(static_cast<void>(bench.open()), DeviceError);
}

TEST(SrsLockIn, ALostConnectionIsOpenedAgain) {
  Bench bench;
  const auto driver = bench.open();
  bool lost = false;
  bench.before = [&](std::string_view line) {
    if (!lost && line.starts_with("FREQ")) {
      lost = true;
      throw WireError(WireFault::closed, "the connection was closed");
    }
  };
  EXPECT_NEAR(driver->set_reference_hz(1500.0), 1500.0, 1e-9);
  EXPECT_EQ(bench.connections, 2);
}

TEST(SrsLockIn, ASweepSentTogetherReadsWhatStepsRead) {
  std::vector<LockInReading> found[2];
  for (const bool together : {false, true}) {
    Bench bench;
    bench.clock.stands = together;
    int lines = 0;
    const auto driver = bench.open();
    bench.before = [&](std::string_view) { ++lines; };
    driver->configure({.harmonic = 2, .filter_order = 4});
    driver->set_output({.on = true, .amplitude_peak_v = 0.5});
    lines = 0;
    found[together ? 1 : 0] = driver->sweep(sweep_of(150), {});
    EXPECT_EQ(lines, together ? 150 : 300);
    EXPECT_EQ(driver->settings().reference_hz, bench.behind().settings().reference_hz);
  }
  ASSERT_EQ(found[0].size(), 150U);
  ASSERT_EQ(found[1].size(), 150U);
  for (std::size_t k = 0; k < found[0].size(); ++k) {
    EXPECT_EQ(found[0][k].x_v, found[1][k].x_v) << k;
    EXPECT_EQ(found[0][k].y_v, found[1][k].y_v) << k;
    EXPECT_EQ(found[0][k].time, found[1][k].time) << k;
    EXPECT_EQ(found[0][k].frequency_hz, found[1][k].frequency_hz) << k;
  }
}

TEST(SrsLockIn, ASweepThatIsSpoiltIsAnError) {
  Bench bench;
  const auto driver = bench.open();
  for (const char* nonsense : {"0;1e3;8\n",
                               "0;1e3;8;1,2\n",
                               "0;1e3;99;1,2;0\n",
                               "0;x;8;1,2;0\n",
                               "32;1e3;8;1,2;0\n",
                               "\n"}) {
    bench.spoil = [&](const std::string&) { return std::string(nonsense); };
    EXPECT_THROW(static_cast<void>(driver->sweep(sweep_of(5), {})), DeviceError) << nonsense;
    bench.spoil = [](std::string answer) { return answer; };
    EXPECT_EQ(driver->sweep(sweep_of(5), {}).size(), 5U) << nonsense;
  }
}

TEST(SrsLockIn, AnInstrumentThatCannotSleepSaysSo) {
  test::LockInWorld world;
  SrsService service(world.lock_in, *srs::find_model("SR860"));  // as one that is no twin
  Bench::StandingClock clock(world.world.clock());
  const auto driver = open_srs_lock_in(
      [&] {
        return std::make_unique<test::ServiceStream>(
            [&](std::string_view line) { return service.answer(line); });
      },
      clock,
      "lockin",
      "sr860://lab",
      srs::Family::sr86x);
  EXPECT_THROW(static_cast<void>(driver->sweep(sweep_of(2), {})), DeviceError);
}

TEST(SrsLockIn, SilenceIsAnErrorAndTheNextOperationStartsAfresh) {
  Bench bench;
  const auto driver = bench.open();
  bench.before = [](std::string_view) { throw WireError(WireFault::silent, "no answer in time"); };
  try {
    static_cast<void>(driver->read());
    FAIL() << "read something";
  } catch (const DeviceError& error) {
    EXPECT_EQ(error.device(), "lockin");
    EXPECT_EQ(error.operation(), "read");
    EXPECT_EQ(error.retry(), Retry::yes);
  }
  bench.before = [](std::string_view) {};
  EXPECT_TRUE(std::isfinite(driver->read().x_v));
  EXPECT_EQ(bench.connections, 2);  // a late answer cannot be taken for the next
}

TEST(SrsLockIn, NonsenseIsAnError) {
  Bench bench;
  const auto driver = bench.open();
  for (const char* nonsense :
       {"\n", "1,2\n", "1;2;3\n", "x,y;0\n", "1e999,0;0\n", "\x01\xff;;;\n"}) {
    bench.spoil = [&](const std::string&) { return std::string(nonsense); };
    EXPECT_THROW(static_cast<void>(driver->read()), DeviceError) << nonsense;
    bench.spoil = [](std::string answer) { return answer; };
    EXPECT_TRUE(std::isfinite(driver->read().x_v)) << nonsense;
  }
}

TEST(SrsLockIn, SafeIsTheSmallestOutput) {
  Bench bench;
  const auto driver = bench.open();
  driver->set_output({.on = true, .amplitude_peak_v = 1.0, .offset_v = 0.5});
  EXPECT_TRUE(bench.behind().output().on);
  driver->make_safe();
  EXPECT_FALSE(bench.behind().output().on);
  EXPECT_EQ(bench.behind().output().offset_v, 0.0);
}

}  // namespace
}  // namespace halotwin::devices
