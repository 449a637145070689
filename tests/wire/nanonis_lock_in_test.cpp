// The driver of the lock-in module of a Nanonis controller; that it keeps the contract of lock-ins
// is tested with the others (tests/contracts).
#include "devices/drivers/nanonis_lock_in.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "devices/limits.hpp"
#include "tests/support/nanonis_lock_in_world.hpp"

namespace halotwin::devices {
namespace {

using nanonis::Reader;
using nanonis::Writer;
using Names = std::vector<std::string>;

constexpr double pi = 3.14159265358979323846;

struct Bench : test::NanonisLockInBench {
  /// Another list of signals: what is not named here stays.
  void rename(const std::string& from, const std::string& to) {
    spoil = [=](const std::string& command, std::string body) {
      if (command != "Signals.NamesGet") {
        return body;
      }
      Names names = Reader(body).texts();
      std::replace(names.begin(), names.end(), from, to);
      return Writer().texts(names).no_error().body();
    };
  }
};

Retry retry_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const DeviceError& error) {
    EXPECT_EQ(error.device(), "lockin_electrical");
    return error.retry();
  }
  ADD_FAILURE() << "no error";
  return Retry::no;
}

TEST(NanonisLockIn, SendsWhatTheDocumentSays) {
  Bench bench;
  const auto driver = bench.open();
  bench.requests.clear();
  driver->configure({.reference_hz = 1234.5,
                     .harmonic = 2,
                     .phase_rad = pi / 6.0,
                     .time_constant_s = 1.0 / (2.0 * pi * 200.0),
                     .filter_order = 3,
                     .coupling = Coupling::ac});
  driver->set_output({.on = true, .amplitude_peak_v = 0.5, .offset_v = 0.25});
  static_cast<void>(driver->read());
  const auto sent = [](const std::string& command, const std::string& arguments) {
    return nanonis::encode_request(command, test::bytes_of(arguments));
  };
  const Names expected{sent("LockIn.DemodSignalSet", "00000001 00000028"),
                       sent("LockIn.DemodSignalGet", "00000001"),
                       sent("LockIn.DemodPhasRegSet", "00000001 00000001"),
                       sent("LockIn.DemodPhasRegGet", "00000001"),
                       sent("LockIn.DemodSyncFilterSet", "00000001 00000000"),
                       sent("LockIn.DemodRTSignalsSet", "00000001 00000000"),
                       sent("Signals.NamesGet", ""),
                       sent("LockIn.ModPhasFreqSet", "00000001 40934A0000000000"),
                       sent("LockIn.ModPhasFreqGet", "00000001"),
                       sent("LockIn.DemodHarmonicSet", "00000001 00000002"),
                       sent("LockIn.DemodHarmonicGet", "00000001"),
                       sent("LockIn.DemodPhasSet", "00000001 41F00000"),
                       sent("LockIn.DemodPhasGet", "00000001"),
                       sent("LockIn.DemodLPFilterSet", "00000001 00000003 43480000"),
                       sent("LockIn.DemodLPFilterGet", "00000001"),
                       sent("LockIn.DemodHPFilterSet", "00000001 00000001 3E23D70A"),
                       sent("LockIn.DemodHPFilterGet", "00000001"),
                       // output
                       sent("LockIn.ModSignalGet", "00000001"),
                       sent("LockIn.ModPhasRegSet", "00000001 00000001"),
                       sent("LockIn.ModPhasRegGet", "00000001"),
                       sent("LockIn.ModHarmonicSet", "00000001 00000001"),
                       sent("LockIn.ModHarmonicGet", "00000001"),
                       sent("LockIn.ModPhasSet", "00000001 00000000"),
                       sent("Bias.Get", ""),
                       sent("LockIn.ModOnOffSet", "00000001 00000000"),
                       sent("LockIn.ModOnOffGet", "00000001"),
                       sent("Bias.Set", "3E800000"),
                       sent("LockIn.ModAmpSet", "00000001 3F000000"),
                       sent("LockIn.ModOnOffSet", "00000001 00000001"),
                       sent("LockIn.ModOnOffGet", "00000001"),
                       sent("LockIn.ModOnOffGet", "00000001"),
                       sent("LockIn.ModAmpGet", "00000001"),
                       sent("Bias.Get", ""),
                       sent("Signals.ValsGet", "00000002 00000056 00000057 00000001")};
  EXPECT_EQ(bench.requests, expected);
}

TEST(NanonisLockIn, ReadsWhatTheLockInBehindReads) {
  Bench bench;
  const auto driver = bench.open();
  bench.twin.probe.height().approach(std::chrono::minutes(1), {});
  const LockInSettings applied = driver->configure(
      {.reference_hz = 300.0, .harmonic = 2, .time_constant_s = 5e-3, .filter_order = 2});
  EXPECT_EQ(bench.twin.lock_in.settings().reference_hz, 300.0);
  EXPECT_NEAR(bench.twin.lock_in.settings().time_constant_s, 5e-3, 1e-9);
  EXPECT_EQ(applied.input_range_v, 3.0);
  EXPECT_EQ(bench.twin.lock_in.settings().input_range_v, 3.0) << "as it is told";
  driver->set_output({.on = true, .amplitude_peak_v = 1.0, .offset_v = 0.5});
  bench.twin.time.sleep(driver->settling_time(1e-4));
  const LockInReading reading = driver->read();
  const LockInReading behind = bench.twin.lock_in.read();
  EXPECT_GT(std::hypot(behind.x_v, behind.y_v), 1e-4) << "the tip is over a film";
  EXPECT_EQ(reading.x_v, static_cast<double>(static_cast<float>(behind.x_v)));
  EXPECT_EQ(reading.y_v, static_cast<double>(static_cast<float>(behind.y_v)));
  EXPECT_EQ(reading.frequency_hz, 600.0);
  EXPECT_EQ(reading.time, behind.time);
}

TEST(NanonisLockIn, ChangesNothingWhenOpened) {
  Bench bench;
  bench.tell("LockIn.DemodRTSignalsSet", Writer().i32(1).u32(1));
  bench.tell("LockIn.DemodHPFilterSet", Writer().i32(1).i32(0).f32(0));
  bench.tell("LockIn.ModAmpSet", Writer().i32(1).f32(0.25));
  bench.tell("LockIn.ModOnOffSet", Writer().i32(1).u32(1));
  bench.tell("LockIn.DemodHarmonicSet", Writer().i32(1).i32(3));
  const LockInSettings before = bench.twin.lock_in.settings();
  const auto driver = bench.open();
  for (const std::string& command : bench.commands) {
    EXPECT_TRUE(command.ends_with("Get")) << command;
  }
  EXPECT_EQ(bench.twin.lock_in.settings(), before);
  EXPECT_EQ(driver->settings().harmonic, 3);
  EXPECT_EQ(driver->settings().coupling, Coupling::dc);
  EXPECT_EQ(driver->output(),
            (LockInOutput{.on = true, .amplitude_peak_v = 0.25, .offset_v = 0.0}));
}

TEST(NanonisLockIn, LaterOnlyWhatChangesIsSent) {
  Bench bench;
  const auto driver = bench.open();
  LockInSettings settings = driver->configure({.reference_hz = 1e3});
  bench.commands.clear();
  driver->configure(settings);
  EXPECT_EQ(bench.commands, Names{});
  settings.reference_hz = 2e3;
  driver->configure(settings);
  EXPECT_EQ(bench.commands, (Names{"LockIn.ModPhasFreqSet", "LockIn.ModPhasFreqGet"}));
  bench.commands.clear();
  driver->set_output({.on = true, .amplitude_peak_v = 0.5, .offset_v = 0.58});
  bench.commands.clear();
  driver->set_output({.on = true, .amplitude_peak_v = 0.7, .offset_v = 0.58});
  EXPECT_EQ(std::count(bench.commands.begin(), bench.commands.end(), "Bias.Set"), 0);
  EXPECT_EQ(std::count(bench.commands.begin(), bench.commands.end(), "LockIn.ModOnOffSet"), 1)
      << "without a gap";
}

TEST(NanonisLockIn, ChoosesXAndYWhateverPairWasThere) {
  Bench bench;
  bench.tell("LockIn.DemodRTSignalsSet", Writer().i32(1).u32(1));
  const auto driver = bench.open();
  EXPECT_EQ(retry_of([&] { static_cast<void>(driver->read()); }), Retry::no) << "R and phi";
  driver->configure({});
  EXPECT_TRUE(std::isfinite(driver->read().x_v));
  EXPECT_EQ(bench.ask("LockIn.DemodRTSignalsGet", Writer().i32(1)),
            Writer().u32(0).no_error().body());
}

// bias and modulation together must stay below the bench's limit, on the way too
TEST(NanonisLockIn, FromOneOutputToAnotherNothingIsTooMuch) {
  test::NanonisWorld twin;
  const auto guarded = guard(std::make_unique<simulated::SimulatedLockIn>(
                                 twin.world, twin.chain, simulated::mfli(), "lockin_electrical"),
                             BenchLimits{.bias_peak_v = 3.0},
                             "lockin_electrical");
  twin.service.add_lock_in(*guarded);
  const auto driver = open_nanonis_lock_in(
      [&] {
        return std::make_unique<test::FrameStream>(
            [&](std::string_view request) { return twin.answer(request); });
      },
      twin.time,
      "lockin_electrical",
      "nanonis://twin");
  const LockInOutput modulated{.on = true, .amplitude_peak_v = 2.5, .offset_v = 0.25};
  const LockInOutput biased{.on = true, .amplitude_peak_v = 0.25, .offset_v = -2.5};
  for (const LockInOutput& wanted : {modulated, biased, modulated, biased}) {
    EXPECT_EQ(driver->set_output(wanted), wanted);
    EXPECT_EQ(guarded->output(), wanted);
  }
  EXPECT_EQ(retry_of([&] { driver->set_output({.on = true, .amplitude_peak_v = 3.25}); }),
            Retry::no);
}

TEST(NanonisLockIn, BiasAloneIsAnOutputToo) {
  Bench bench;
  const auto driver = bench.open();
  const LockInOutput bias{.on = true, .amplitude_peak_v = 0.0, .offset_v = 0.5};
  EXPECT_EQ(driver->set_output(bias), bias);
  EXPECT_EQ(bench.twin.chain.settings().electrical.offset_v, 0.5) << "at the tip";
  EXPECT_EQ(driver->set_output({.on = false, .amplitude_peak_v = 1.0, .offset_v = 0.5}),
            LockInOutput{});
  EXPECT_EQ(bench.twin.chain.settings().electrical.offset_v, 0.0);
  EXPECT_EQ(bench.twin.chain.settings().electrical.amplitude_peak_v, 0.0);
}

TEST(NanonisLockIn, AnotherOutputThanTheBiasHasNoOffset) {
  Bench bench;
  bench.rename("Internal 41 (V)", "Output 3 (V)");
  const std::map<std::string, Writer> second{{"Signals.RangeGet", Writer().f32(10).f32(-5)},
                                             {"LockIn.ModSignalGet", Writer().i32(41)},
                                             {"LockIn.ModPhasRegGet", Writer().i32(2)},
                                             {"LockIn.ModHarmonicGet", Writer().i32(1)},
                                             {"LockIn.ModPhasFreqGet", Writer().f64(1e3)},
                                             {"LockIn.ModOnOffGet", Writer().u32(1)},
                                             {"LockIn.ModAmpGet", Writer().f32(0.5)}};
  bench.spoil = [&, renamed = bench.spoil](const std::string& command, std::string body) {
    if (const auto found = second.find(command); found != second.end()) {
      return Writer(found->second).no_error().body();
    }
    return command.starts_with("LockIn.Mod") ? Writer().no_error().body()
                                             : renamed(command, std::move(body));
  };
  const auto driver = bench.open({.modulator = 2, .output = "output 3"});
  EXPECT_EQ(driver->limits().max_output_peak_v, 5.0) << "both ways";
  EXPECT_EQ(driver->limits().max_output_offset_v, 0.0);
  bench.commands.clear();
  EXPECT_EQ(retry_of([&] { driver->set_output({.on = true, .offset_v = 0.1}); }), Retry::no);
  EXPECT_EQ(bench.commands, Names{});
  EXPECT_EQ(driver->set_output({.on = true, .amplitude_peak_v = 0.5}).amplitude_peak_v, 0.5);
  driver->set_reference_hz(2e3);
  EXPECT_EQ(std::count(bench.commands.begin(), bench.commands.end(), "Bias.Set"), 0);
  for (const std::string& request :
       {nanonis::encode_request("LockIn.ModAmpSet", Writer().i32(2).f32(0.5).body()),
        nanonis::encode_request("LockIn.ModPhasFreqSet", Writer().i32(2).f64(2e3).body())}) {
    EXPECT_EQ(std::count(bench.requests.begin(), bench.requests.end(), request), 1);
  }
}

TEST(NanonisLockIn, WhatElseIsModulatedIsSwitchedOffFirst) {
  Bench bench;
  const auto driver = bench.open();
  int asked = 0;
  bench.spoil = [&](const std::string& command, const std::string& body) {
    return command == "LockIn.ModSignalGet" && asked++ == 0 ? Writer().i32(30).no_error().body()
                                                            : body;
  };
  bench.commands.clear();
  driver->set_output({.on = true, .amplitude_peak_v = 0.5});
  const auto first = [&](const std::string& command) {
    return std::find(bench.commands.begin(), bench.commands.end(), command);
  };
  ASSERT_NE(first("LockIn.ModSignalSet"), bench.commands.end());
  EXPECT_LT(first("LockIn.ModOnOffSet"), first("LockIn.ModSignalSet"));
}

TEST(NanonisLockIn, SignalsInOtherUnitsAreVoltsAtTheConnector) {
  Bench bench;
  bench.rename("Input 1 (V)", "Deflection (m)");
  const auto renamed = bench.spoil;
  bench.spoil = [=](const std::string& command, std::string body) {
    return command == "Signals.CalibrGet" ? Writer().f32(-4).f32(1).no_error().body()
           : command == "Signals.ValsGet"
               ? Writer().f32s(std::vector{2.0F, -1.0F}).no_error().body()
               : renamed(command, std::move(body));
  };
  const auto driver = bench.open();
  driver->configure({});
  EXPECT_EQ(driver->read().x_v, -0.5);
  EXPECT_EQ(driver->read().y_v, 0.25);
  EXPECT_EQ(driver->settings().input_range_v, 0.75);
  const AuxOutput x =
      driver->set_aux_output(0, {.quantity = AuxQuantity::x, .scale_v_per_unit = 20.0});
  EXPECT_EQ(x, (AuxOutput{.quantity = AuxQuantity::x, .scale_v_per_unit = -4.0}));
  const auto bad = bench.spoil;
  bench.spoil = [=](const std::string& command, std::string body) {
    return command == "Signals.CalibrGet" ? Writer().f32(0).f32(0).no_error().body()
                                          : bad(command, std::move(body));
  };
  EXPECT_EQ(retry_of([&] { static_cast<void>(bench.open()); }), Retry::no);
}

TEST(NanonisLockIn, XAndYAreScannedByTheController) {
  Bench bench;
  const auto driver = bench.open();
  const auto afm = open_nanonis_probe(bench.connect(), bench.twin.time, "afm", "nanonis://twin");
  driver->configure(
      {.reference_hz = 3e3, .harmonic = 2, .time_constant_s = 1e-3, .filter_order = 2});
  driver->set_output({.on = true, .amplitude_peak_v = 1.0, .offset_v = 0.5});
  for (const AuxQuantity quantity : {AuxQuantity::x, AuxQuantity::y}) {
    EXPECT_EQ(driver->set_aux_output(quantity == AuxQuantity::x ? 0 : 1,
                                     {.quantity = quantity, .scale_v_per_unit = 20.0}),
              (AuxOutput{.quantity = quantity, .scale_v_per_unit = 1.0}));
  }
  EXPECT_EQ(retry_of([&] { driver->set_aux_output(0, {.quantity = AuxQuantity::y}); }), Retry::no);
  afm->height().approach(std::chrono::minutes(1), {});
  const std::array<std::size_t, 2> both{find_signal(afm->signals(), "afm", "li_demod_1_x"),
                                        find_signal(afm->signals(), "afm", "li_demod_1_y")};
  const ScanFrame frame = afm->scanner()->configure(
      {.width_m = 100e-9, .height_m = 60e-9, .columns = 5, .rows = 3, .line_time_s = 0.1}, both);
  afm->scanner()->start();
  while (afm->scanner()->wait_line(std::chrono::minutes(1), {}) < frame.rows) {
  }
  ImageScanner& behind = *bench.twin.probe.scanner();
  const std::size_t aux_1 = find_signal(bench.twin.probe.signals(), "afm", "aux_1");
  const Image<float> x = afm->scanner()->data(both[0], ScanDirection::forward);
  EXPECT_EQ(x.values, behind.data(aux_1, ScanDirection::forward).values);
  const Image<float> y = afm->scanner()->data(both[1], ScanDirection::forward);
  EXPECT_NE(x.values, y.values);
  EXPECT_EQ(y.values, behind.data(aux_1 + 1, ScanDirection::forward).values);
  const LockInReading last = driver->read();
  EXPECT_GT(std::hypot(last.x_v, last.y_v), 1e-6);
  EXPECT_GT(std::hypot(x(4, 2), y(4, 2)), 0.1 * std::hypot(last.x_v, last.y_v));
}

TEST(NanonisLockIn, SignalsThatAreNotThereAreNamed) {
  const auto cause = [](Bench& bench, const NanonisLockInParams& params) {
    try {
      static_cast<void>(bench.open(params)->read());
    } catch (const DeviceError& error) {
      EXPECT_EQ(error.retry(), Retry::no);
      return error.cause();
    }
    return std::string("none");
  };
  Bench bench;
  EXPECT_NE(cause(bench, {.output = "Output 9"}).find("\"Output 9\""), std::string::npos);
  EXPECT_NE(cause(bench, {.input = "Input 9 (V)"}).find("\"Input 9 (V)\""), std::string::npos);
  EXPECT_NE(cause(bench, {.output = "Bias (A)"}).find("\"Bias (A)\""), std::string::npos);
  EXPECT_NE(cause(bench, {.output = "Z"}).find("no voltage"), std::string::npos);
  EXPECT_EQ(cause(bench, {.output = " bias (V)", .input = "INPUT 1"}), "none");
  bench.rename("LI Demod 1 Y (V)", "Something (V)");
  EXPECT_NE(cause(bench, {}).find("\"LI Demod 1 Y\""), std::string::npos);
  bench.rename("", "");
  EXPECT_NE(cause(bench, {.demodulator = 2}).find("only 1"), std::string::npos);
}

TEST(NanonisLockIn, RangesThatCannotBeAreRefused) {
  for (const Writer& range : {Writer().f32(10).f32(0), Writer().f32(-10).f32(10)}) {
    Bench bench;
    bench.replace("Signals.RangeGet", Writer(range).no_error().body());
    EXPECT_EQ(retry_of([&] { static_cast<void>(bench.open()); }), Retry::no);
  }
}

TEST(NanonisLockIn, AnExternalReferenceIsRefused) {
  Bench bench;
  const auto driver = bench.open();
  EXPECT_EQ(retry_of([&] { driver->configure({.reference = Reference::external}); }), Retry::no);
}

TEST(NanonisLockIn, WhatIsNotSetIsNoticed) {
  for (const auto& [command, answer] :
       std::vector<std::pair<std::string, Writer>>{{"LockIn.DemodSignalGet", Writer().i32(7)},
                                                   {"LockIn.DemodPhasRegGet", Writer().i32(7)},
                                                   {"LockIn.DemodHarmonicGet", Writer().i32(7)},
                                                   {"LockIn.ModPhasRegGet", Writer().i32(7)},
                                                   {"LockIn.ModHarmonicGet", Writer().i32(7)},
                                                   {"LockIn.ModSignalGet", Writer().i32(7)},
                                                   {"LockIn.ModOnOffGet", Writer().u32(0)}}) {
    Bench bench;
    const auto driver = bench.open();
    bench.replace(command, Writer(answer).no_error().body());
    EXPECT_EQ(retry_of([&] {
                driver->configure({});
                driver->set_output({.on = true, .amplitude_peak_v = 0.5});
              }),
              Retry::no)
        << command;
  }
  Bench bench;
  const auto driver = bench.open();
  bench.replace("LockIn.ModPhasFreqGet", Writer().f64(999.0).no_error().body());
  EXPECT_EQ(driver->configure({.reference_hz = 1e3}).reference_hz, 999.0) << "the nearest it has";
  bench.replace("LockIn.DemodLPFilterGet", Writer().i32(2).f32(100).no_error().body());
  const LockInSettings applied = driver->configure({.filter_order = 5});
  EXPECT_EQ(applied.filter_order, 2);
  EXPECT_DOUBLE_EQ(applied.time_constant_s, 1.0 / (2.0 * pi * 100.0));
}

TEST(NanonisLockIn, AnswersThatCannotBeAreNotTaken) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  for (const auto& [command, answer] : std::vector<std::pair<std::string, Writer>>{
           {"LockIn.DemodSignalGet", Writer().i32(128)},
           {"LockIn.DemodSignalGet", Writer().i32(-1)},
           {"LockIn.ModPhasFreqGet", Writer().f64(nan)},
           {"LockIn.DemodPhasGet", Writer().f32(nan)},
           {"LockIn.DemodLPFilterGet", Writer().i32(9).f32(100)},
           {"LockIn.DemodLPFilterGet", Writer().i32(1).f32(0)},
           {"LockIn.DemodLPFilterGet", Writer().i32(1).f32(1e-40)},
           {"LockIn.DemodLPFilterGet", Writer().i32(1)},
           {"LockIn.ModAmpGet", Writer().f32(nan)},
           {"Bias.Get", Writer().f32(nan)},
           {"Signals.RangeGet", Writer().f32(nan).f32(-1)},
           {"Signals.NamesGet", Writer().i32(-1).i32(3)},
           {"Signals.ValsGet", Writer().f32s(std::vector{1.0F})},
           {"Signals.ValsGet", Writer().f32s(std::vector{1.0F, nan})},
           {"Signals.ValsGet", Writer().f32s(std::vector{1.0F, 1.0F, 1.0F})}}) {
    Bench bench;
    bench.replace(command, Writer(answer).no_error().body());
    EXPECT_EQ(retry_of([&] { static_cast<void>(bench.open()->read()); }), Retry::yes) << command;
    EXPECT_TRUE(command != "Signals.ValsGet" || bench.connections == 1);
  }
}

TEST(NanonisLockIn, SpoiltAnswersAreErrorsOrNumbers) {
  Bench bench;
  const auto driver = bench.open();
  EXPECT_TRUE(rc::check("flips and cuts", [&] {
    const auto at = *rc::gen::arbitrary<std::uint16_t>();
    const auto to = *rc::gen::arbitrary<char>();
    const bool cut = *rc::gen::arbitrary<bool>();
    bench.spoil = [&](const std::string&, std::string body) {
      const std::size_t place = at % body.size();
      body[place] = to;
      return cut ? body.substr(0, place) : body;
    };
    const std::vector<std::function<void()>> operations{
        [&] { driver->configure({.reference_hz = 2e3, .harmonic = 3}); },
        [&] { driver->set_output({.on = true, .amplitude_peak_v = 0.5, .offset_v = 0.1}); },
        [&] { RC_ASSERT(std::isfinite(driver->read().x_v)); },
        [&] { driver->make_safe(); },
        [&] { RC_ASSERT(std::isfinite(bench.open()->read().y_v)); }};
    for (const auto& operation : operations) {
      try {
        operation();
      } catch (const DeviceError&) {  // typed, as it must be
      }
    }
    RC_ASSERT(driver->settling_time(0.01) > Duration::zero());
  }));
}

TEST(NanonisLockIn, ALostConnectionIsOpenedAgain) {
  Bench bench;
  const auto driver = bench.open();
  driver->configure({});
  bool lost = false;
  bench.before = [&](const std::string& command) {
    if (!lost && command == "Signals.ValsGet") {
      lost = true;
      throw WireError(WireFault::closed, "the connection was closed");
    }
  };
  EXPECT_TRUE(std::isfinite(driver->read().x_v));
  EXPECT_EQ(bench.connections, 2);
  bench.before = [](const std::string& command) {
    if (command == "Signals.ValsGet") {
      throw WireError(WireFault::closed, "the connection was closed");
    }
  };
  EXPECT_EQ(retry_of([&] { static_cast<void>(driver->read()); }), Retry::yes);
}

TEST(NanonisLockIn, ASilentControllerIsAnError) {
  Bench bench;
  const auto driver = bench.open();
  bench.silent = true;
  EXPECT_EQ(retry_of([&] { static_cast<void>(driver->read()); }), Retry::yes);
  EXPECT_EQ(retry_of([&] { driver->set_reference_hz(1e3); }), Retry::yes);
  EXPECT_EQ(retry_of([&] { static_cast<void>(bench.open()); }), Retry::yes);
  bench.silent = false;
  EXPECT_EQ(driver->set_reference_hz(1.5e3), 1.5e3);
}

TEST(NanonisLockIn, AnotherInstrumentIsNotTaken) {
  Bench bench;
  bench.replace("Util.VersionGet",
                Writer().text("Keithley").text("1").u32(1).u32(1).no_error().body());
  EXPECT_EQ(retry_of([&] { static_cast<void>(bench.open()); }), Retry::no);
}

TEST(NanonisLockIn, SafeIsWithoutModulationAndBiasWhateverFails) {
  Bench bench;
  const auto driver = bench.open();
  const LockInOutput on{.on = true, .amplitude_peak_v = 0.5, .offset_v = 0.25};
  driver->set_output(on);
  bench.before = [](const std::string& command) {
    if (command == "LockIn.ModOnOffSet") {
      throw WireError(WireFault::silent, "no answer in time");
    }
  };
  EXPECT_EQ(retry_of([&] { driver->make_safe(); }), Retry::yes) << "it says what failed";
  EXPECT_EQ(bench.twin.lock_in.output().offset_v, 0.0);
  bench.before = [](const std::string& command) {
    if (command == "Bias.Set") {
      throw WireError(WireFault::silent, "no answer in time");
    }
  };
  EXPECT_EQ(retry_of([&] { driver->make_safe(); }), Retry::yes);
  EXPECT_EQ(bench.twin.lock_in.output().amplitude_peak_v, 0.0);
  bench.before = [](const std::string&) {};
  driver->set_output(on);
  driver->make_safe();
  EXPECT_FALSE(bench.twin.lock_in.output().on);
  driver->set_output(on);
  bench.replace("LockIn.ModOnOffGet", Writer().u32(1).no_error().body());
  EXPECT_EQ(retry_of([&] { driver->make_safe(); }), Retry::no) << "it stays on";
}

}  // namespace
}  // namespace halotwin::devices
