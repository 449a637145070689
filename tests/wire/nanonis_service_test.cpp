#include "devices/servers/nanonis_service.hpp"

#include <array>
#include <cmath>
#include <string>

#include <gtest/gtest.h>
#include <rapidcheck.h>

#include "tests/support/nanonis_world.hpp"

namespace halotwin::devices {
namespace {

using nanonis::Reader;
using nanonis::Writer;

class NanonisServiceTest : public testing::Test {
 protected:
  /// Body of the answer.
  std::string ask(const std::string& command, const Writer& arguments = {}) {
    const std::string answer = twin_.answer(nanonis::encode_request(command, arguments.body()));
    const nanonis::Header header = nanonis::decode_header(answer);
    EXPECT_EQ(header.command, command);
    EXPECT_EQ(answer.size(), nanonis::header_bytes + header.body_bytes);
    return answer.substr(nanonis::header_bytes);
  }
  void tell(const std::string& command, const Writer& arguments = {}) {
    const std::string body = ask(command, arguments);
    EXPECT_EQ(body, Writer().no_error().body()) << command << ": " << body;
  }
  /// The description of the error that stands behind `values` bytes of zeros.
  std::string refusal(const std::string& command, const Writer& arguments, std::size_t values = 0) {
    const std::string body = ask(command, arguments);
    EXPECT_EQ(body.substr(0, values), std::string(values, '\0'));
    return Reader(std::string_view(body).substr(values)).error().value_or("");
  }
  void small_scan(double line_time_s = 0.1) {
    tell("Scan.FrameSet", Writer().f32(0).f32(0).f32(100e-9).f32(60e-9).f32(0));
    tell("Scan.BufferSet", Writer().i32s(std::vector{30}).i32(5).i32(3));
    tell("Scan.SpeedSet", Writer().f32(0).f32(0).f32(line_time_s).f32(line_time_s).u16(2).f32(1));
  }
  void start_scan() {
    small_scan();
    tell("ZCtrl.OnOffSet", Writer().u32(1));
    tell("Scan.Action", Writer().u16(0).u32(1));
  }
  unsigned scanning() {
    const std::string body = ask("Scan.StatusGet");
    return Reader(body).u32();
  }

  test::NanonisWorld twin_;
};

TEST_F(NanonisServiceTest, SaysWhoItIs) {
  const std::string body = ask("Util.VersionGet");
  Reader in(body);
  EXPECT_EQ(in.text(), "Nanonis SPM Control Software");
  EXPECT_EQ(in.text(), "halotwin");
  EXPECT_EQ(in.u32(), 13742U);
  EXPECT_EQ(in.u32(), 13742U);
  EXPECT_FALSE(in.error().has_value());
}

TEST_F(NanonisServiceTest, GivesTheSignalsAtTheirUsualPlaces) {
  const std::string names = ask("Signals.NamesGet");
  Reader in(names);
  const std::vector<std::string> all = in.texts();
  ASSERT_EQ(all.size(), 128U);
  EXPECT_EQ(all[24], "Bias (V)");
  EXPECT_EQ(all[30], "Z (m)");
  EXPECT_EQ(all[1], "Amplitude (m)");
  EXPECT_EQ(all[31], "X (m)");
  const std::string values =
      ask("Signals.ValsGet", Writer().i32s(std::vector{1, 24, 31, 100}).u32(1));
  Reader read(values);
  const std::vector<float> all_values = read.f32s();
  EXPECT_FALSE(read.error().has_value());
  std::array<double, 2> there{};
  twin_.probe.signals().read(std::array<std::size_t, 2>{1, 3}, there);
  ASSERT_EQ(all_values.size(), 4U);
  EXPECT_EQ(all_values[0], static_cast<float>(there[0]));
  EXPECT_EQ(all_values[1], static_cast<float>(there[1]));
  EXPECT_EQ(all_values[2], 0.0F);
  EXPECT_EQ(all_values[3], 0.0F);
}

TEST_F(NanonisServiceTest, RefusalsAreZerosAndADescription) {
  EXPECT_EQ(refusal("No.Such", {}), "No.Such: unknown command");
  EXPECT_NE(refusal("Signals.ValGet", Writer().i32(128).u32(1), 4), "");
  EXPECT_NE(refusal("Signals.ValGet", Writer().i32(1), 4), "") << "an argument is missing";
  EXPECT_NE(refusal("Bias.Get", Writer().i32(1), 4), "") << "an argument too many";
  EXPECT_NE(refusal("Bias.Set", Writer().f32(0.5)), "");
  tell("Bias.Set", Writer().f32(0.0));
  EXPECT_NE(refusal("PLL.ExcitationGet", Writer().i32(2), 4), "");
  EXPECT_NE(refusal("FolMe.XYPosSet", Writer().f64(1.0).f64(0.0).u32(0)), "");
  EXPECT_NE(refusal("FolMe.SpeedSet", Writer().f32(std::nan("")).u32(1)), "");
  EXPECT_NE(refusal("ZCtrl.SetpntSet", Writer().f32(-1e-9)), "");
  EXPECT_NE(refusal("Scan.FrameDataGrab", Writer().u32(30).u32(1), 16), "");
}

TEST_F(NanonisServiceTest, AnswersNothingToWhoWantsNothing) {
  EXPECT_EQ(twin_.service.answer(nanonis::encode_request("Bias.Get", "", false)), "");
  EXPECT_EQ(twin_.service.answer(nanonis::encode_request("No.Such", "", false)), "");
  EXPECT_EQ(twin_.service.answer(
                nanonis::encode_request("FolMe.SpeedSet", Writer().f32(1e-6).u32(1).body(), false)),
            "");
  const std::string body = ask("FolMe.SpeedGet");
  EXPECT_EQ(Reader(body).f32(), static_cast<double>(1e-6F));
}

TEST_F(NanonisServiceTest, WaitsForTheEndOfAMove) {
  tell("FolMe.SpeedSet", Writer().f32(100e-9).u32(1));
  const Duration start = twin_.time.now();
  tell("FolMe.XYPosSet", Writer().f64(60e-9).f64(80e-9).u32(1));
  EXPECT_NEAR(seconds(twin_.time.now() - start), 1.0, 0.01);
  EXPECT_EQ(twin_.probe.positioner().position().x_m, 60e-9);
  tell("FolMe.XYPosSet", Writer().f64(0).f64(0).u32(0));
  EXPECT_EQ(twin_.probe.positioner().position().x_m, 60e-9) << "it has only begun";
}

TEST_F(NanonisServiceTest, SetpointsAreMetresOfTheAmplitude) {
  std::array<double, 1> free{};
  twin_.probe.signals().read(std::array<std::size_t, 1>{1}, free);
  tell("ZCtrl.SetpntSet", Writer().f32(0.6 * free[0]));
  EXPECT_NEAR(twin_.probe.height().settings().setpoint_fraction, 0.6, 1e-6);
  // half the drive: the same setpoint is beyond what is left
  tell("PLL.ExcitationSet", Writer().i32(1).f32(0.05));
  EXPECT_NE(refusal("ZCtrl.OnOffSet", Writer().u32(1)), "");
  EXPECT_FALSE(twin_.probe.height().engaged());
  tell("PLL.ExcitationSet", Writer().i32(1).f32(0.2));
  tell("ZCtrl.OnOffSet", Writer().u32(1));
  EXPECT_TRUE(twin_.probe.height().engaged());
  EXPECT_NEAR(twin_.probe.height().settings().setpoint_fraction, 0.3, 1e-6);
}

TEST_F(NanonisServiceTest, ApproachesHoldsAndWithdraws) {
  const auto status = [&] {
    const std::string body = ask("ZCtrl.StatusGet");
    return Reader(body).u16();
  };
  EXPECT_EQ(status(), 1);
  tell("AutoApproach.OnOffSet", Writer().u16(1));
  EXPECT_EQ(status(), 1) << "it takes time";
  twin_.time.sleep(from_seconds(1.0));
  EXPECT_EQ(status(), 2);
  tell("ZCtrl.OnOffSet", Writer().u32(0));
  EXPECT_EQ(status(), 3);
  EXPECT_TRUE(twin_.probe.height().engaged());
  tell("ZCtrl.Withdraw", Writer().u32(1).i32(-1));
  EXPECT_EQ(status(), 1);
  EXPECT_FALSE(twin_.probe.height().engaged());
}

TEST_F(NanonisServiceTest, ScansUpwardsAndShowsTheTopFirst) {
  start_scan();
  EXPECT_EQ(scanning(), 1U);
  twin_.time.sleep(from_seconds(0.25));  // a line takes 0.2 s
  const std::string body = ask("Scan.FrameDataGrab", Writer().u32(30).u32(1));
  Reader in(body);
  EXPECT_EQ(in.text(), "Z (m)");
  const nanonis::Table table = in.table();
  EXPECT_EQ(in.u32(), 1U);
  ASSERT_EQ(table.rows, 3U);
  ASSERT_EQ(table.columns, 5U);
  EXPECT_TRUE(std::isnan(table.values[0]));
  for (std::size_t k = 10; k < 15; ++k) {
    EXPECT_FALSE(std::isnan(table.values[k])) << "the lowest line";
  }
}

TEST_F(NanonisServiceTest, WaitsForTheEndOfAScan) {
  start_scan();
  const auto wait = [&](std::int32_t timeout_ms) {
    const std::string body = ask("Scan.WaitEndOfScan", Writer().i32(timeout_ms));
    Reader in(body);
    const unsigned timed_out = in.u32();
    EXPECT_EQ(in.text(), "");
    EXPECT_FALSE(in.error().has_value());
    return timed_out;
  };
  const Duration start = twin_.time.now();
  EXPECT_EQ(wait(0), 1U);
  EXPECT_EQ(wait(100), 1U);
  EXPECT_NEAR(seconds(twin_.time.now() - start), 0.1, 0.01);
  EXPECT_EQ(wait(-1), 0U);
  EXPECT_NEAR(seconds(twin_.time.now() - start), 0.6, 0.01);
  EXPECT_EQ(scanning(), 0U);
  EXPECT_EQ(twin_.service.answer(
                nanonis::encode_request("Scan.WaitEndOfScan", Writer().i32(-1).body(), false)),
            "");
}

// However its time is portioned, a served scan is that of the microscope, to the bit.
TEST(NanonisServiceScan, IsThatOfTheMicroscope) {
  sim::Surroundings noisy = test::quiet();
  noisy.height_noise = true;
  noisy.lateral_drift = true;
  const ScanFrame frame{.width_m = 100e-9,
                        .height_m = 60e-9,
                        .columns = 5,
                        .rows = 3,
                        .line_time_s = static_cast<double>(0.1F)};
  const auto images = [&](auto run) {
    test::NanonisWorld twin(noisy);
    twin.probe.height().approach(std::chrono::minutes(1), {});
    run(twin);
    return twin.probe.scanner()->data(0, ScanDirection::backward).values;
  };
  const auto direct = images([&](test::NanonisWorld& twin) {
    ScanFrame same = frame;
    same.width_m = static_cast<float>(frame.width_m);
    same.height_m = static_cast<float>(frame.height_m);
    twin.probe.scanner()->configure(same, std::array<std::size_t, 1>{0});
    twin.probe.scanner()->start();
    while (twin.probe.scanner()->wait_line(std::chrono::minutes(1), {}) < 3) {
    }
  });
  const auto served = [&](double step_s) {
    return images([&](test::NanonisWorld& twin) {
      const auto send = [&](const char* command, const Writer& w) {
        static_cast<void>(twin.answer(nanonis::encode_request(command, w.body())));
      };
      send("Scan.FrameSet", Writer().f32(0).f32(0).f32(frame.width_m).f32(frame.height_m).f32(0));
      send("Scan.BufferSet", Writer().i32s(std::vector{30}).i32(5).i32(3));
      send("Scan.SpeedSet", Writer().f32(0).f32(0).f32(0.1).f32(0.1).u16(2).f32(1));
      send("Scan.Action", Writer().u16(0).u32(1));
      for (double time_s = 0.0; time_s < 0.7; time_s += step_s) {
        twin.time.sleep(from_seconds(step_s));
        send("Scan.StatusGet", {});
      }
    });
  };
  EXPECT_EQ(served(10.0), direct);
  EXPECT_EQ(served(0.013), direct);
}

TEST_F(NanonisServiceTest, RefusesScansThatCannotBe) {
  EXPECT_NE(refusal("Scan.Action", Writer().u16(0).u32(1)), "") << "tip not engaged";
  EXPECT_NE(refusal("Scan.Action", Writer().u16(2).u32(1)), "") << "no pause";
  small_scan();
  const std::string frame = ask("Scan.FrameGet");
  EXPECT_NE(refusal("Scan.FrameSet", Writer().f32(1).f32(0).f32(1e-7).f32(1e-7).f32(0)), "");
  EXPECT_EQ(ask("Scan.FrameGet"), frame);
  const std::string buffer = ask("Scan.BufferGet");
  for (const auto& [channels, pixels, lines] :
       std::vector<std::tuple<std::vector<std::int32_t>, std::int32_t, std::int32_t>>{
           {{30}, 0, 3},
           {{30}, -1, 3},
           {{30}, 100'000, 3},
           {{30, 1}, 8192, 8192},
           {{}, 5, 3},
           {{99}, 5, 3},
           {{128}, 5, 3},
           {{-1}, 5, 3}}) {
    EXPECT_NE(refusal("Scan.BufferSet", Writer().i32s(channels).i32(pixels).i32(lines)), "");
    EXPECT_EQ(ask("Scan.BufferGet"), buffer);
  }
  EXPECT_NE(refusal("Scan.PropsSet", Writer().u32(1).u32(2).u32(0).text("").text("")), "");
}

TEST_F(NanonisServiceTest, KeepsSpeedOrTimePerLine) {
  small_scan(0.5);
  tell("Scan.SpeedSet", Writer().f32(50e-9).f32(0).f32(0).f32(0).u16(1).f32(1));
  const auto time_s = [&] {
    const std::string body = ask("Scan.SpeedGet");
    Reader in(body);
    static_cast<void>(in.f32());
    static_cast<void>(in.f32());
    return in.f32();
  };
  EXPECT_NEAR(time_s(), 2.0, 1e-6);
  tell("Scan.FrameSet", Writer().f32(0).f32(0).f32(50e-9).f32(60e-9).f32(0));
  EXPECT_NEAR(time_s(), 1.0, 1e-6);
}

TEST_F(NanonisServiceTest, TakesThePropertiesOfAllVersions) {
  const Writer oldest = Writer().u32(2).u32(0).u32(1).text("series").text("comment");
  tell("Scan.PropsSet", oldest);
  tell("Scan.PropsSet", Writer(oldest).texts(std::vector<std::string>{"module"}));
  tell("Scan.PropsSet", Writer(oldest).texts(std::vector<std::string>{}).u32(1));
  EXPECT_EQ(ask("Scan.PropsGet"),
            Writer().u32(0).u32(0).u32(2).text("series").text("comment").no_error().body());
}

TEST_F(NanonisServiceTest, SweepsTheResonance) {
  tell("PLL.CenterFreqSet", Writer().i32(1).f64(75e3));
  tell("PLL.FreqRangeSet", Writer().i32(1).f32(2000));
  tell("PLLFreqSwp.ParamsSet", Writer().i32(1).i32(51).f32(0.01).f32(0));
  const auto sweep = [&](unsigned data, unsigned up) {
    return ask("PLLFreqSwp.Start", Writer().i32(1).u32(data).u32(up));
  };
  const std::string up = sweep(1, 1);
  const std::string down = sweep(1, 0);
  Reader in(up);
  EXPECT_EQ(in.texts().size(), 3U);
  const nanonis::Table table = in.table();
  ASSERT_EQ(table.rows, 3U);
  ASSERT_EQ(table.columns, 51U);
  EXPECT_LT(table.values[0], table.values[50]);
  EXPECT_NEAR(in.f64(), devices::simulated::ProbeParams{}.cantilever.resonance_hz, 5.0);
  Reader back(down);
  static_cast<void>(back.texts());
  EXPECT_EQ(back.table().values[50], table.values[0]);
  const std::string none = sweep(0, 1);
  Reader empty(none);
  static_cast<void>(empty.texts());
  EXPECT_EQ(empty.table().values.size(), 0U);
}

TEST_F(NanonisServiceTest, AnyBytesAreAnsweredOrRefused) {
  std::vector<std::string> good{
      nanonis::encode_request("Scan.BufferSet",
                              Writer().i32s(std::vector{30}).i32(5).i32(3).body()),
      nanonis::encode_request("Scan.FrameSet",
                              Writer().f32(0).f32(0).f32(1e-7).f32(1e-7).f32(0).body()),
      nanonis::encode_request("Scan.SpeedSet",
                              Writer().f32(0).f32(0).f32(.1).f32(.1).u16(2).f32(1).body()),
      nanonis::encode_request("Signals.ValsGet", Writer().i32s(std::vector{1, 2}).u32(1).body()),
      nanonis::encode_request("Scan.PropsSet",
                              Writer().u32(2).u32(0).u32(1).text("a").text("b").body()),
      nanonis::encode_request("FolMe.XYPosSet", Writer().f64(0).f64(0).u32(0).body()),
      nanonis::encode_request("ZCtrl.Withdraw", Writer().u32(1).i32(100).body()),
      nanonis::encode_request("PLLFreqSwp.ParamsSet",
                              Writer().i32(1).i32(51).f32(0.01).f32(0).body()),
      nanonis::encode_request("ZCtrl.GainSet", Writer().f32(1).f32(1).f32(1).body())};
  EXPECT_TRUE(rc::check("spoilt requests", [&] {
    std::string request = good[*rc::gen::inRange<std::size_t>(0, good.size())];
    const auto flips = *rc::gen::inRange(1, 5);
    for (int k = 0; k < flips; ++k) {
      const auto at = *rc::gen::inRange<std::size_t>(nanonis::header_bytes, request.size());
      request[at] = *rc::gen::arbitrary<char>();
    }
    const auto answer = twin_.service.answer(request);
    if (answer) {
      RC_ASSERT(nanonis::decode_header(*answer).body_bytes >= 8U);
    }
  }));
  for (const std::string& request : good) {
    EXPECT_THROW(static_cast<void>(twin_.service.answer(request.substr(0, request.size() - 1))),
                 WireError);
  }
}

}  // namespace
}  // namespace halotwin::devices
