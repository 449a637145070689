// The driver against peers that misbehave; that it keeps the contract of probe microscopes is
// tested with the others (tests/contracts).
#include "devices/drivers/nanonis_probe.hpp"

#include <array>
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "base/errors.hpp"
#include "tests/support/nanonis_peer.hpp"

namespace halotwin::devices {
namespace {

using nanonis::Writer;

constexpr Duration patience = std::chrono::minutes(10);

struct Bench : test::NanonisPeer<test::NanonisWorld> {
  std::unique_ptr<ProbeMicroscope> open() {
    return open_nanonis_probe(connect(), twin.time, "afm", "nanonis://twin");
  }
};

Retry retry_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const DeviceError& error) {
    EXPECT_EQ(error.device(), "afm");
    return error.retry();
  }
  ADD_FAILURE() << "no error";
  return Retry::no;
}

ScanFrame small_frame() {
  return {.width_m = 100e-9, .height_m = 60e-9, .columns = 5, .rows = 3, .line_time_s = 0.1};
}

TEST(NanonisProbe, SeesWhatTheMicroscopeBehindDoes) {
  Bench bench;
  const auto driver = bench.open();
  EXPECT_EQ(driver->identity().model, "Nanonis SPM Control Software");
  EXPECT_EQ(driver->drive().configure({.frequency_hz = 75012.5, .phase_rad = 0.25}).frequency_hz,
            75012.5);
  EXPECT_NEAR(bench.twin.probe.drive().settings().phase_rad, 0.25, 1e-7);
  driver->height().configure(
      {.setpoint_fraction = 0.7, .proportional_gain = 2.0, .integral_rate_per_s = 500.0});
  const FeedbackSettings behind = bench.twin.probe.height().settings();
  EXPECT_NEAR(behind.setpoint_fraction, 0.7, 1e-6);
  EXPECT_EQ(behind.proportional_gain, 2.0);
  EXPECT_EQ(behind.integral_rate_per_s, 500.0);
  driver->height().approach(patience, {});
  const std::size_t z = find_signal(driver->signals(), "afm", "z");
  const ScanFrame applied = driver->scanner()->configure(small_frame(), std::array{z});
  driver->scanner()->start();
  while (driver->scanner()->wait_line(patience, {}) < applied.rows) {
  }
  for (const ScanDirection way : {ScanDirection::forward, ScanDirection::backward}) {
    EXPECT_EQ(driver->scanner()->data(z, way).values,
              bench.twin.probe.scanner()->data(0, way).values);
  }
}

TEST(NanonisProbe, ChangesNothingWhenOpened) {
  Bench bench;
  bench.twin.probe.drive().configure({.frequency_hz = 74e3, .amplitude_v = 0.05});
  bench.twin.probe.height().configure({.setpoint_fraction = 0.65});
  const DriveSettings drive = bench.twin.probe.drive().settings();
  const FeedbackSettings feedback = bench.twin.probe.height().settings();
  const auto driver = bench.open();
  EXPECT_EQ(bench.twin.probe.drive().settings(), drive);
  EXPECT_EQ(bench.twin.probe.height().settings(), feedback);
  for (const std::string& command : bench.commands) {
    EXPECT_TRUE(command.ends_with("Get")) << command;
  }
}

TEST(NanonisProbe, TheSetpointFollowsTheFreeAmplitudeOfTheApproach) {
  Bench bench;
  const auto driver = bench.open();
  driver->height().configure({.setpoint_fraction = 0.7});
  DriveSettings drive = driver->drive().settings();
  drive.amplitude_v *= 0.5;
  driver->drive().configure(drive);
  driver->height().approach(patience, {});
  EXPECT_NEAR(bench.twin.probe.height().settings().setpoint_fraction, 0.7, 1e-6);
  EXPECT_NEAR(driver->height().settings().setpoint_fraction, 0.7, 1e-6);
}

TEST(NanonisProbe, ContactIsByTheDeflection) {
  Bench bench;
  const auto driver = bench.open();
  const FeedbackSettings applied = driver->height().configure(
      {.quantity = FeedbackQuantity::deflection, .setpoint_deflection_m = 8e-9});
  EXPECT_EQ(applied.quantity, FeedbackQuantity::deflection);
  EXPECT_NEAR(bench.twin.probe.height().settings().setpoint_deflection_m, 8e-9, 1e-15);
  driver->height().approach(patience, {});
  EXPECT_TRUE(bench.twin.probe.height().engaged());
}

TEST(NanonisProbe, AnotherInstrumentIsNotTaken) {
  Bench bench;
  bench.replace("Util.VersionGet",
                Writer().text("Keithley").text("1").u32(1).u32(1).no_error().body());
  EXPECT_EQ(retry_of([&] { static_cast<void>(bench.open()); }), Retry::no);
  bench.replace("Util.VersionGet", "1,2,3\n");
  EXPECT_EQ(retry_of([&] { static_cast<void>(bench.open()); }), Retry::yes);
}

TEST(NanonisProbe, OldSoftwareIsKnownByItsSignals) {
  Bench bench;
  const std::string unknown = Writer().error("unknown command").body();
  bench.replace("Util.VersionGet", unknown);
  const auto driver = bench.open();
  EXPECT_EQ(driver->identity().firmware, "before 2024");
  EXPECT_EQ(driver->scanner(), nullptr) << "its channels are numbered otherwise";
  bench.spoil = [&](const std::string& command, std::string body) {
    return command == "Util.VersionGet" ? unknown
           : command == "Signals.NamesGet"
               ? Writer().texts(std::vector<std::string>{"A"}).no_error().body()
               : body;
  };
  EXPECT_EQ(retry_of([&] { static_cast<void>(bench.open()); }), Retry::no);
}

TEST(NanonisProbe, NewSoftwareSaysMoreOfAScan) {
  Bench bench;
  bench.spoil = [](const std::string& command, std::string body) {
    if (command == "Util.VersionGet") {
      return Writer()
          .text("Nanonis SPM Control Software")
          .text("Generic 6")
          .u32(14718)
          .u32(14718)
          .no_error()
          .body();
    }
    if (command == "Scan.PropsGet") {  // continuous is on
      Writer out;
      out.u32(1).u32(0).u32(2).text("series").text("why").texts(std::vector<std::string>{"Scan"});
      out.i32s(std::vector{2}).i32(1).i32(2).text("a=1").text("b=2").u32(0);
      return out.no_error().body();
    }
    return body;
  };
  const auto driver = bench.open();
  driver->scanner()->configure(small_frame(), std::array<std::size_t, 1>{0});
  EXPECT_EQ(std::count(bench.commands.begin(), bench.commands.end(), "Scan.PropsSet"), 1);
  bench.mend();
  const std::string props =
      bench.twin.answer(nanonis::encode_request("Scan.PropsGet", "")).substr(nanonis::header_bytes);
  EXPECT_EQ(props, Writer().u32(0).u32(0).u32(2).text("series").text("why").no_error().body());
}

TEST(NanonisProbe, SignalsHaveUniqueNamesAndAnglesAreRadians) {
  Bench bench;
  std::vector<std::string> names(128, "Internal 1 (V)");
  names[1] = "LI Demod 1 X (A)";
  names[5] = "Phase (deg)";
  names[7] = "Phase (deg)";
  bench.spoil = [&](const std::string& command, std::string body) {
    return command == "Signals.NamesGet"  ? Writer().texts(names).no_error().body()
           : command == "Signals.ValsGet" ? Writer().f32s(std::vector{180.0F}).no_error().body()
                                          : body;
  };
  const auto driver = bench.open();
  const std::vector<Signal> all = driver->signals().signals();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all[0].name, "li_demod_1_x");
  EXPECT_EQ(all[0].unit, "A");
  EXPECT_EQ(all[1].name, "phase");
  EXPECT_EQ(all[1].unit, "rad");
  EXPECT_EQ(all[2].name, "phase_2");
  std::array<double, 1> value{};
  driver->signals().read(std::array<std::size_t, 1>{1}, value);
  EXPECT_NEAR(value[0], 3.14159265358979, 1e-9);
}

TEST(NanonisProbe, ALostConnectionIsOpenedAgain) {
  Bench bench;
  const auto driver = bench.open();
  bool lost = false;
  bench.before = [&](const std::string& command) {
    if (!lost && command == "FolMe.XYPosSet") {
      lost = true;
      throw WireError(WireFault::closed, "the connection was closed");
    }
  };
  driver->positioner().start_move({50e-9, 0.0}, 1e-6);
  EXPECT_TRUE(driver->positioner().wait_move(patience, {}));
  EXPECT_EQ(bench.connections, 2);
  EXPECT_EQ(bench.twin.probe.positioner().position().x_m, 50e-9);
}

TEST(NanonisProbe, AnotherInstrumentAtTheSamePlaceIsNotTaken) {
  Bench bench;
  const auto driver = bench.open();
  bench.before = [&](const std::string& command) {
    if (command == "FolMe.XYPosGet") {
      throw WireError(WireFault::closed, "the connection was closed");
    }
  };
  bench.replace("Util.VersionGet",
                Writer().text("Nanonis Tramea Software").text("x").u32(1).u32(1).no_error().body());
  EXPECT_EQ(retry_of([&] { static_cast<void>(driver->positioner().position()); }), Retry::no);
}

TEST(NanonisProbe, AScanIsNotStartedTwice) {
  Bench bench;
  const auto driver = bench.open();
  driver->scanner()->configure(small_frame(), std::array<std::size_t, 1>{0});
  driver->height().approach(patience, {});
  int starts = 0;
  bench.before = [&](const std::string& command) {
    if (command == "Scan.Action") {
      ++starts;
      throw WireError(WireFault::closed, "the connection was closed");
    }
  };
  EXPECT_EQ(retry_of([&] { driver->scanner()->start(); }), Retry::yes);
  EXPECT_EQ(starts, 1);
}

TEST(NanonisProbe, SilenceIsAnErrorAndTheNextOperationStartsAfresh) {
  Bench bench;
  const auto driver = bench.open();
  bench.silent = true;
  EXPECT_EQ(retry_of([&] { static_cast<void>(driver->positioner().position()); }), Retry::yes);
  bench.silent = false;
  EXPECT_EQ(driver->positioner().position().x_m, 0.0);
  EXPECT_EQ(bench.connections, 2);  // a late answer cannot be taken for the next
}

TEST(NanonisProbe, AStopEndsALongWait) {
  Bench bench;
  const auto driver = bench.open();
  const DriveSettings before = bench.twin.probe.drive().settings();
  std::stop_source stop;
  bench.before = [&](const std::string& command) {
    bench.silent = command == "PLLFreqSwp.Start";
    if (bench.silent) {
      stop.request_stop();
    }
  };
  EXPECT_THROW(driver->drive().tune(76e3, 2e3, 51, stop.get_token()), Interrupted);
  EXPECT_EQ(bench.commands.back(), "PLL.FreqRangeSet") << "what the sweep needed is set back";
  EXPECT_EQ(bench.twin.probe.drive().settings(), before);
}

TEST(NanonisProbe, ASweepWithoutEndIsGivenUp) {
  Bench bench;
  const auto driver = bench.open();
  bench.before = [&](const std::string& command) { bench.silent = command == "PLLFreqSwp.Start"; };
  EXPECT_EQ(retry_of([&] { driver->drive().tune(75e3, 2e3, 51, {}); }), Retry::yes);
}

TEST(NanonisProbe, RefusalsSayWhatTheControllerSays) {
  Bench bench;
  const auto driver = bench.open();
  for (const std::string& body :
       {Writer().f64(0).f64(0).error("Not allowed").body(), Writer().error("Not allowed").body()}) {
    bench.replace("FolMe.XYPosGet", body);
    try {
      static_cast<void>(driver->positioner().position());
      FAIL() << "taken";
    } catch (const DeviceError& error) {
      EXPECT_EQ(error.retry(), Retry::no);
      EXPECT_NE(error.cause().find("Not allowed"), std::string::npos) << error.cause();
    }
  }
}

TEST(NanonisProbe, WhatIsNotSetIsNoticed) {
  Bench bench;
  const auto driver = bench.open();
  bench.replace("ZCtrl.SetpntGet", Writer().f32(1e-9).no_error().body());
  EXPECT_EQ(retry_of([&] { driver->height().configure({.setpoint_fraction = 0.7}); }), Retry::no);
  bench.replace("FolMe.SpeedGet", Writer().f32(1e-6).u32(0).no_error().body());
  EXPECT_EQ(retry_of([&] { driver->positioner().start_move({1e-9, 0.0}, 1e-7); }), Retry::no);
  bench.replace("Scan.BufferGet", Writer().i32s(std::vector{7}).i32(5).i32(3).no_error().body());
  EXPECT_EQ(
      retry_of([&] { driver->scanner()->configure(small_frame(), std::array<std::size_t, 1>{0}); }),
      Retry::no);
}

TEST(NanonisProbe, WhatIsNoNumberIsNotTaken) {
  Bench bench;
  const auto driver = bench.open();
  const double inf = std::numeric_limits<double>::infinity();
  for (const double bad : {std::nan(""), inf, -inf}) {
    bench.spoil = [&](const std::string& command, std::string body) {
      return command == "FolMe.XYPosGet"     ? Writer().f64(0).f64(bad).no_error().body()
             : command == "ZCtrl.ZPosGet"    ? Writer().f32(bad).no_error().body()
             : command == "PLL.FreqShiftGet" ? Writer().f32(bad).no_error().body()
             : command == "Scan.SpeedGet"
                 ? Writer().f32(0).f32(0).f32(bad).f32(0).u16(0).f32(1).no_error().body()
                 : body;
    };
    EXPECT_EQ(retry_of([&] { static_cast<void>(driver->positioner().position()); }), Retry::yes);
    EXPECT_EQ(retry_of([&] { static_cast<void>(driver->height().height_m()); }), Retry::yes);
    EXPECT_EQ(retry_of([&] { static_cast<void>(driver->drive().settings()); }), Retry::yes);
    EXPECT_EQ(retry_of([&] { static_cast<void>(driver->scanner()->frame()); }), Retry::yes);
  }
}

TEST(NanonisProbe, WithoutAnAmplitudeThereIsNoFractionOfIt) {
  Bench bench;
  bench.replace("Signals.NamesGet",
                Writer().texts(std::vector<std::string>(128, "Z (m)")).no_error().body());
  const auto driver = bench.open();
  EXPECT_TRUE(std::isnan(driver->height().settings().setpoint_fraction));
  EXPECT_EQ(retry_of([&] { driver->height().configure({.setpoint_fraction = 0.7}); }), Retry::no);
}

TEST(NanonisProbe, AnApproachThatDoesNotArriveIsAnError) {
  Bench bench;
  const auto driver = bench.open();
  bench.replace("AutoApproach.OnOffGet", Writer().u16(1).no_error().body());
  bench.before = [&](const std::string& command) {
    if (command == "AutoApproach.OnOffGet") {  // and the tip is pulled back behind its back
      bench.twin.probe.height().withdraw(1e-6, patience, {});
    }
  };
  EXPECT_EQ(retry_of([&] { driver->height().approach(from_seconds(5.0), {}); }), Retry::yes);
  EXPECT_FALSE(bench.twin.probe.height().engaged());
  bench.replace("AutoApproach.OnOffGet", Writer().u16(0).no_error().body());
  EXPECT_EQ(retry_of([&] { driver->height().approach(patience, {}); }), Retry::yes);
}

TEST(NanonisProbe, SafeIsWithdrawnAndStillWhateverFails) {
  Bench bench;
  const auto driver = bench.open();
  driver->height().approach(patience, {});
  bench.twin.probe.kelvin()->configure({.modulation_hz = 395e3,
                                        .modulation_peak_v = 1.0,
                                        .proportional_gain = 10.0,
                                        .time_constant_s = 50e-6,
                                        .bias_v = {-1.5, 1.5}});
  static_cast<void>(bench.twin.answer(
      nanonis::encode_request("KelvinCtrl.CtrlOnOffSet", Writer().u32(1).body())));
  driver->positioner().start_move({100e-9, 0.0}, 10e-9);
  bench.before = [](const std::string& command) {
    if (command == "FolMe.Stop") {
      throw WireError(WireFault::silent, "no answer in time");
    }
  };
  bench.commands.clear();
  EXPECT_EQ(retry_of([&] { driver->make_safe(); }), Retry::yes) << "it says what failed";
  EXPECT_FALSE(bench.twin.probe.height().engaged());
  for (const char* command :
       {"Scan.Action", "KelvinCtrl.CtrlOnOffSet", "ZCtrl.Withdraw", "Bias.Set"}) {
    EXPECT_EQ(std::count(bench.commands.begin(), bench.commands.end(), command), 1) << command;
  }
  bench.before = [](const std::string&) {};
  driver->make_safe();
  const Point at = bench.twin.probe.positioner().position();
  bench.twin.time.sleep(from_seconds(1.0));
  EXPECT_EQ(bench.twin.probe.positioner().position(), at);
}

/// A clock that somebody else serves, and that is gone.
class GoneClock final : public Clock {
 public:
  bool gone = false;
  [[nodiscard]] Duration now() const override {
    if (gone) {
      throw DeviceError("clock", "read time", "the connection was closed", Retry::no);
    }
    return Duration::zero();
  }
  void sleep(Duration, const std::stop_token&) override { static_cast<void>(now()); }
  [[nodiscard]] ClockKind kind() const override { return ClockKind::wall; }
};

TEST(NanonisProbe, SafeNeedsNoClock) {
  test::NanonisWorld twin;
  GoneClock clock;
  const auto driver = open_nanonis_probe(
      [&] {
        return std::make_unique<test::FrameStream>(
            [&](std::string_view request) { return twin.answer(request); });
      },
      clock,
      "afm",
      "nanonis://twin");
  twin.probe.height().approach(patience, {});
  clock.gone = true;
  EXPECT_NO_THROW(driver->make_safe());
  EXPECT_FALSE(twin.probe.height().engaged());
}

TEST(NanonisProbe, SpoiltAnswersAreErrorsOrValues) {
  Bench bench;
  const auto driver = bench.open();
  driver->scanner()->configure(small_frame(), std::array<std::size_t, 1>{0});
  const std::vector<std::function<void()>> operations{
      [&] { static_cast<void>(driver->positioner().position()); },
      [&] { static_cast<void>(driver->height().settings()); },
      [&] { static_cast<void>(driver->drive().settings()); },
      [&] { static_cast<void>(driver->scanner()->frame()); },
      [&] { static_cast<void>(driver->scanner()->data(0, ScanDirection::forward)); },
      [&] { driver->scanner()->configure(small_frame(), std::array<std::size_t, 1>{0}); },
      [&] {
        std::array<double, 2> values{};
        driver->signals().read(std::array<std::size_t, 2>{0, 1}, values);
      },
      [&] { driver->drive().tune(75e3, 2e3, 11, {}); },
      [&] { static_cast<void>(bench.open()); }};
  EXPECT_TRUE(rc::check("flips and cuts", [&] {
    const auto at = *rc::gen::arbitrary<std::uint16_t>();
    const auto to = *rc::gen::arbitrary<char>();
    const bool cut = *rc::gen::arbitrary<bool>();
    bench.spoil = [&](const std::string&, std::string body) {
      const std::size_t place = at % body.size();
      body[place] = to;
      return cut ? body.substr(0, place) : body;
    };
    try {
      operations[*rc::gen::inRange<std::size_t>(0, operations.size())]();
    } catch (const DeviceError&) {
    }
    bench.mend();
    RC_ASSERT(std::isfinite(driver->positioner().position().x_m));
  }));
}

}  // namespace
}  // namespace halotwin::devices
