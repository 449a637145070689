// The lock-in module of a served Nanonis controller.
#include <cmath>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "tests/support/nanonis_lock_in_world.hpp"

namespace halotwin::devices {
namespace {

using nanonis::Reader;
using nanonis::Writer;
using Names = std::vector<std::string>;

constexpr double pi = 3.14159265358979323846;

struct Bench : test::NanonisLockInBench {
  /// What it refuses is told after zeros.
  bool refused(const std::string& command, const Writer& arguments, std::size_t zeros = 0) {
    const std::string body = ask(command, arguments);
    EXPECT_EQ(body.substr(0, zeros), std::string(zeros, '\0')) << command;
    return Reader(std::string_view(body).substr(zeros)).error().has_value();
  }
};

/// A command with its arguments, and the body of its answer without the error block.
struct Exchange {
  const char* command;
  const char* arguments;
  const char* answer;
};

// Layouts of the maker's document of 2025, byte by byte.
const std::vector<Exchange> exchanges{
    {"LockIn.ModSignalSet", "00000001 00000018", ""},
    {"LockIn.ModSignalGet", "00000001", "00000018"},
    {"LockIn.ModPhasRegSet", "00000001 00000001", ""},
    {"LockIn.ModPhasRegGet", "00000001", "00000001"},
    {"LockIn.ModHarmonicSet", "00000001 00000001", ""},
    {"LockIn.ModHarmonicGet", "00000001", "00000001"},
    {"LockIn.ModPhasSet", "00000001 00000000", ""},
    {"LockIn.ModPhasGet", "00000001", "00000000"},
    {"LockIn.ModAmpSet", "00000001 3F000000", ""},
    {"LockIn.ModAmpGet", "00000001", "3F000000"},
    {"LockIn.ModOnOffSet", "00000001 00000001", ""},
    {"LockIn.ModOnOffGet", "00000001", "00000001"},
    {"Bias.Set", "3E800000", ""},
    {"Bias.Get", "", "3E800000"},
    {"LockIn.ModPhasFreqSet", "00000001 40934A0000000000", ""},
    {"LockIn.ModPhasFreqGet", "00000001", "40934A0000000000"},
    {"LockIn.DemodSignalSet", "00000001 00000028", ""},
    {"LockIn.DemodSignalGet", "00000001", "00000028"},
    {"LockIn.DemodPhasRegSet", "00000001 00000001", ""},
    {"LockIn.DemodPhasRegGet", "00000001", "00000001"},
    {"LockIn.DemodHarmonicSet", "00000001 00000002", ""},
    {"LockIn.DemodHarmonicGet", "00000001", "00000002"},
    {"LockIn.DemodPhasSet", "00000001 41F00000", ""},
    {"LockIn.DemodPhasGet", "00000001", "41F00000"},
    {"LockIn.DemodLPFilterSet", "00000001 00000003 43480000", ""},
    {"LockIn.DemodLPFilterGet", "00000001", "00000003 43480000"},
    {"LockIn.DemodLPFilterSet", "00000001 FFFFFFFF 00000000", ""},  // no change
    {"LockIn.DemodLPFilterGet", "00000001", "00000003 43480000"},
    {"LockIn.DemodHPFilterSet", "00000001 00000000 3F000000", ""},
    {"LockIn.DemodHPFilterGet", "00000001", "00000000 3F000000"},
    {"LockIn.DemodHPFilterSet", "00000001 00000002 00000000", ""},
    {"LockIn.DemodHPFilterGet", "00000001", "00000002 3F000000"},
    {"LockIn.DemodHPFilterSet", "00000001 FFFFFFFF 3F800000", ""},
    {"LockIn.DemodHPFilterGet", "00000001", "00000002 3F800000"},
    {"LockIn.DemodSyncFilterSet", "00000001 00000000", ""},
    {"LockIn.DemodSyncFilterGet", "00000001", "00000000"},
    {"LockIn.DemodRTSignalsSet", "00000001 00000001", ""},
    {"LockIn.DemodRTSignalsGet", "00000001", "00000001"},
    {"Signals.RangeGet", "00000018", "41200000 C1200000"},
    {"Signals.RangeGet", "00000028", "40400000 C0400000"},
    {"Signals.CalibrGet", "00000028", "3F800000 00000000"},
};

TEST(NanonisLockInService, SpeaksTheLayoutsOfTheDocument) {
  Bench bench;
  for (const Exchange& one : exchanges) {
    const std::string body = test::bytes_of(one.arguments);
    const std::string answer = bench.twin.answer(nanonis::encode_request(one.command, body));
    EXPECT_EQ(answer,
              nanonis::encode_response(one.command,
                                       test::bytes_of(one.answer) + Writer().no_error().body()))
        << one.command << " " << one.arguments;
  }
  const LockInSettings behind = bench.twin.lock_in.settings();
  EXPECT_EQ(behind.reference_hz, 1234.5);
  EXPECT_EQ(behind.harmonic, 2);
  EXPECT_NEAR(behind.phase_rad, pi / 6.0, 1e-7);
  EXPECT_EQ(behind.filter_order, 3);
  EXPECT_DOUBLE_EQ(behind.time_constant_s, 1.0 / (2.0 * pi * 200.0));
  EXPECT_EQ(behind.coupling, Coupling::ac);
  EXPECT_EQ(bench.twin.lock_in.output(),
            (LockInOutput{.on = true, .amplitude_peak_v = 0.5, .offset_v = 0.25}));
}

TEST(NanonisLockInService, RefusesWhatItHasNot) {
  Bench bench;
  bench.tell("LockIn.ModAmpSet", Writer().i32(1).f32(0.5));
  bench.tell("LockIn.ModOnOffSet", Writer().i32(1).u32(1));
  const LockInSettings settings = bench.twin.lock_in.settings();
  const LockInOutput output = bench.twin.lock_in.output();
  EXPECT_TRUE(bench.refused("LockIn.ModAmpGet", Writer().i32(2), 4)) << "one modulator";
  EXPECT_TRUE(bench.refused("LockIn.DemodLPFilterGet", Writer().i32(0), 8)) << "one demodulator";
  EXPECT_TRUE(bench.refused("LockIn.ModPhasFreqGet", Writer().i32(2), 8));
  EXPECT_TRUE(bench.refused("LockIn.ModPhasFreqGet", Writer(), 8)) << "an argument is missing";
  EXPECT_TRUE(bench.refused("LockIn.ModAmpGet", Writer().i32(1).i32(1), 4)) << "one too many";
  EXPECT_TRUE(bench.refused("LockIn.ModSignalSet", Writer().i32(1).i32(30)));
  EXPECT_TRUE(bench.refused("LockIn.DemodSignalSet", Writer().i32(1).i32(24)));
  EXPECT_TRUE(bench.refused("LockIn.ModHarmonicSet", Writer().i32(1).i32(2)));
  EXPECT_TRUE(bench.refused("LockIn.ModPhasSet", Writer().i32(1).f32(90)));
  EXPECT_TRUE(bench.refused("LockIn.DemodSyncFilterSet", Writer().i32(1).u32(1)));
  EXPECT_TRUE(bench.refused("LockIn.DemodRTSignalsSet", Writer().i32(1).u32(2)));
  EXPECT_TRUE(bench.refused("Signals.RangeGet", Writer().i32(30), 8));
  const double inf = std::numeric_limits<double>::infinity();
  for (const double bad : {std::nan(""), inf, -inf, -1.0, 1e12}) {
    EXPECT_TRUE(bench.refused("LockIn.ModAmpSet", Writer().i32(1).f32(bad)));
    EXPECT_TRUE(bench.refused("LockIn.ModPhasFreqSet", Writer().i32(1).f64(bad)));
    EXPECT_TRUE(bench.refused("LockIn.DemodLPFilterSet", Writer().i32(1).i32(1).f32(bad)));
    EXPECT_TRUE(bench.refused("Bias.Set", Writer().f32(bad < 0.0 ? -1e12 : bad)));
  }
  EXPECT_TRUE(bench.refused("LockIn.DemodPhasSet", Writer().i32(1).f32(std::nan(""))));
  EXPECT_TRUE(bench.refused("LockIn.DemodHPFilterSet", Writer().i32(1).i32(1).f32(std::nan(""))));
  for (const std::int32_t order : {-2, 0, 9}) {
    EXPECT_TRUE(bench.refused("LockIn.DemodLPFilterSet", Writer().i32(1).i32(order).f32(0)));
  }
  for (const std::int32_t harmonic : {0, -1, 100'000}) {
    EXPECT_TRUE(bench.refused("LockIn.DemodHarmonicSet", Writer().i32(1).i32(harmonic)));
  }
  EXPECT_EQ(bench.twin.lock_in.settings(), settings);
  EXPECT_EQ(bench.twin.lock_in.output(), output);
  EXPECT_EQ(bench.ask("LockIn.ModAmpGet", Writer().i32(1)), Writer().f32(0.5).no_error().body());
  bench.tell("LockIn.ModAmpSet", Writer().i32(1).f32(0.25));  // nothing refused is kept
}

TEST(NanonisLockInService, WithoutTheModuleThereAreNoCommandsAndNoBias) {
  test::NanonisPeer<test::NanonisWorld> bench;
  const auto unknown = [&](const std::string& command, const Writer& arguments) {
    const std::string answer =
        bench.twin.answer(nanonis::encode_request(command, arguments.body()));
    return Reader(std::string_view(answer).substr(nanonis::header_bytes)).error().value_or("");
  };
  EXPECT_EQ(unknown("LockIn.ModOnOffGet", Writer().i32(1)), "LockIn.ModOnOffGet: unknown command");
  EXPECT_NE(unknown("Bias.Set", Writer().f32(0.5)), "");
  EXPECT_THROW(static_cast<void>(open_nanonis_lock_in(
                   bench.connect(), bench.twin.time, "lockin_electrical", "nanonis://twin")),
               DeviceError);
}

TEST(NanonisLockInService, WithoutCablesXAndYAreReadButNotScanned) {
  test::NanonisLockInBench bench;
  test::NanonisWorld alone;
  simulated::SimulatedLockIn lock_in(
      alone.world, alone.chain, simulated::mfli(), "lockin_electrical");
  alone.service.add_lock_in(lock_in);
  const std::string request = nanonis::encode_request(
      "Scan.BufferSet", Writer().i32s(std::vector{86, 87}).i32(4).i32(4).body());
  EXPECT_EQ(bench.twin.answer(request).find("cannot be scanned"), std::string::npos);
  EXPECT_NE(alone.answer(request).find("cannot be scanned"), std::string::npos);
  const std::string value =
      nanonis::encode_request("Signals.ValGet", Writer().i32(86).u32(1).body());
  EXPECT_EQ(nanonis::decode_header(alone.answer(value)).body_bytes, 12U);
}

TEST(NanonisLockInService, ReadsOnceForXAndY) {
  test::NanonisLockInWorld twin(test::quiet(),
                                {{.device = "lockin_electrical",
                                  .operation = "read",
                                  .kind = sim::FaultKind::timeout,
                                  .at_count = 2}});
  const std::string request =
      nanonis::encode_request("Signals.ValsGet", Writer().i32s(std::vector{86, 87}).u32(1).body());
  EXPECT_EQ(nanonis::decode_header(twin.answer(request)).body_bytes, 20U);
  EXPECT_NE(twin.answer(request).find("no answer in time"), std::string::npos);
}

TEST(NanonisLockInService, RAndPhiAreSignalsToo) {
  Bench bench;
  bench.twin.probe.height().approach(std::chrono::minutes(1), {});
  bench.twin.lock_in.set_output({.on = true, .amplitude_peak_v = 1.0, .offset_v = 0.5});
  bench.twin.lock_in.configure({.reference_hz = 300.0, .harmonic = 2});
  bench.twin.time.sleep(from_seconds(0.1));
  bench.tell("LockIn.DemodRTSignalsSet", Writer().i32(1).u32(1));
  const std::string body = bench.ask("Signals.ValsGet", Writer().i32s(std::vector{86, 87}).u32(1));
  const std::vector<float> values = Reader(body).f32s();
  const LockInReading there = bench.twin.lock_in.read();
  EXPECT_NEAR(values.at(0), std::hypot(there.x_v, there.y_v), 1e-6);
  EXPECT_NEAR(values.at(1), std::atan2(there.y_v, there.x_v) * 180.0 / pi, 1e-3);
  const Names names = Reader(bench.ask("Signals.NamesGet", {})).texts();
  EXPECT_EQ(names.at(86), "LI Demod 1 R (V)");
  EXPECT_EQ(names.at(87), "LI Demod 1 Phi (deg)");
}

}  // namespace
}  // namespace halotwin::devices
