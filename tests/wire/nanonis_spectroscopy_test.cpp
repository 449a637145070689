// Point spectroscopy over the wire, on both sides.
#include <algorithm>
#include <array>
#include <cmath>
#include <functional>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include <gtest/gtest.h>

#include "base/errors.hpp"
#include "devices/drivers/nanonis_probe.hpp"
#include "devices/limits.hpp"
#include "tests/support/nanonis_world.hpp"

namespace halotwin::devices {
namespace {

using nanonis::Reader;
using nanonis::Writer;

constexpr Duration patience = std::chrono::minutes(1);
const std::vector<std::string> fixed{"X (m)", "Y (m)", "Z (m)"};

class NanonisSpectroscopyTest : public testing::Test {
 protected:
  std::string ask(const std::string& command, const Writer& arguments = {}) {
    return twin_.answer(nanonis::encode_request(command, arguments.body()))
        .substr(nanonis::header_bytes);
  }
  void tell(const std::string& command, const Writer& arguments = {}) {
    EXPECT_EQ(ask(command, arguments), Writer().no_error().body()) << command;
  }
  /// The description of the error that stands behind `values` bytes of zeros.
  std::string refusal(const std::string& command, const Writer& arguments, std::size_t values = 0) {
    const std::string body = ask(command, arguments);
    EXPECT_EQ(body.substr(0, values), std::string(values, '\0'));
    return Reader(std::string_view(body).substr(values)).error().value_or("");
  }
  struct Reply {
    std::vector<std::string> names;
    nanonis::Table table;
    std::vector<float> parameters;
  };
  static Reply read(const std::string& body) {
    Reader in(body);
    Reply out{in.texts(), in.table(), in.f32s()};
    EXPECT_FALSE(in.error().has_value());
    return out;
  }
  std::unique_ptr<ProbeMicroscope> open() {
    const Connect connect = [this] {
      return std::make_unique<test::FrameStream>(
          [this](std::string_view request) -> std::optional<std::string> {
            const std::string command = nanonis::decode_header(request).command;
            commands_.push_back(command);
            if (command == silent_on_) {
              return std::nullopt;
            }
            const std::string good = twin_.answer(request);
            return nanonis::encode_response(command,
                                            spoil_(command, good.substr(nanonis::header_bytes)));
          });
    };
    return open_nanonis_probe(connect, twin_.time, "afm", "nanonis://twin");
  }
  void replace(const std::string& command, const Writer& by) {
    const std::string body = by.body();
    spoil_ = [=](const std::string& to, std::string good) { return to == command ? body : good; };
  }
  [[nodiscard]] std::size_t count(const std::string& command) const {
    return static_cast<std::size_t>(std::count(commands_.begin(), commands_.end(), command));
  }
  /// Amplitude and phase of the twin, there and back.
  static SpectroscopySettings usual() {
    return {.from = -0.5, .to = 1.0, .points = 4, .signal_indices = {1, 2}};
  }
  static Retry retry_of(const std::function<void()>& call) {
    try {
      call();
    } catch (const DeviceError& error) {
      EXPECT_EQ(error.device(), "afm");
      return error.retry();
    }
    ADD_FAILURE() << "no error";
    return Retry::no;
  }

  test::NanonisWorld twin_;
  std::vector<std::string> commands_;
  std::string silent_on_;
  std::function<std::string(const std::string& command, std::string body)> spoil_ =
      [](const std::string&, std::string body) { return body; };
};

TEST_F(NanonisSpectroscopyTest, BiasSettingsAreKept) {
  tell("BiasSpectr.Open");
  tell("BiasSpectr.ChsSet", Writer().i32s(std::vector{2, 24}));
  EXPECT_EQ(ask("BiasSpectr.ChsGet"),
            Writer()
                .i32s(std::vector{2, 24})
                .i32(4 + 11 + 4 + 8)
                .text("Phase (rad)")
                .text("Bias (V)")
                .no_error()
                .body());
  tell("BiasSpectr.PropsSet", Writer().u16(2).i32(1).u16(1).i32(17).f32(5e-9).u16(2).u16(2));
  const std::vector<std::string> none;
  EXPECT_EQ(ask("BiasSpectr.PropsGet"),
            Writer()
                .u16(0)
                .i32(1)
                .u16(1)
                .i32(17)
                .texts(none)
                .texts(fixed)
                .u16(0)
                .u16(0)
                .no_error()
                .body());
  tell("BiasSpectr.PropsSet", Writer().u16(0).i32(0).u16(0).i32(0).f32(6e-9).u16(0).u16(0));
  EXPECT_EQ(ask("BiasSpectr.PropsGet"),
            Writer()
                .u16(0)
                .i32(1)
                .u16(1)
                .i32(17)
                .texts(none)
                .texts(fixed)
                .u16(0)
                .u16(0)
                .no_error()
                .body())
      << "0 is no change";
  tell("BiasSpectr.AdvPropsSet", Writer().u16(1).u16(1).u16(2).u16(0));
  EXPECT_EQ(ask("BiasSpectr.AdvPropsGet"), Writer().u16(1).u16(1).u16(0).u16(0).no_error().body());
  tell("BiasSpectr.LimitsSet", Writer().f32(-1.5).f32(0.5));
  EXPECT_EQ(ask("BiasSpectr.LimitsGet"), Writer().f32(-1.5).f32(0.5).no_error().body());
  const Writer times =
      Writer().f32(0.1).f32(7e-9).f32(0.02).f32(100).f32(3e-3).f32(4e-3).f32(0.3).f32(0.4);
  tell("BiasSpectr.TimingSet", times);
  EXPECT_EQ(ask("BiasSpectr.TimingGet"), Writer(times).no_error().body());
  EXPECT_EQ(ask("BiasSpectr.StatusGet"), Writer().u32(0).no_error().body());
  tell("BiasSpectr.Stop");
}

TEST_F(NanonisSpectroscopyTest, HeightSettingsAreKept) {
  tell("ZSpectr.Open");
  tell("ZSpectr.ChsSet", Writer().i32s(std::vector{1}));
  EXPECT_EQ(ask("ZSpectr.ChsGet"),
            Writer().i32s(std::vector{1}).i32(17).text("Amplitude (m)").no_error().body());
  tell("ZSpectr.PropsSet", Writer().u16(2).i32(9).u16(1).u16(2).u16(2).u16(2));
  const std::vector<std::string> none;
  EXPECT_EQ(ask("ZSpectr.PropsGet"),
            Writer()
                .u16(0)
                .i32(9)
                .texts(none)
                .texts(fixed)
                .u16(1)
                .u16(0)
                .u16(0)
                .u16(0)
                .no_error()
                .body());
  tell("ZSpectr.AdvPropsSet", Writer().f32(0).u16(2).u16(2).u16(1));
  EXPECT_EQ(ask("ZSpectr.AdvPropsGet"), Writer().f32(0).u16(0).u16(0).u16(1).no_error().body());
  tell("ZSpectr.RangeSet", Writer().f32(10e-9).f32(-20e-9));
  EXPECT_EQ(ask("ZSpectr.RangeGet"), Writer().f32(10e-9).f32(-20e-9).no_error().body());
  const Writer times = Writer().f32(0.1).f32(0.02).f32(100).f32(3e-3).f32(4e-3).f32(0.3).f32(0.4);
  tell("ZSpectr.TimingSet", times);
  EXPECT_EQ(ask("ZSpectr.TimingGet"), Writer(times).no_error().body());
}

TEST_F(NanonisSpectroscopyTest, StartAnswersWithTheRowsOfTheCurve) {
  tell("ZCtrl.OnOffSet", Writer().u32(1));
  tell("BiasSpectr.ChsSet", Writer().i32s(std::vector{24, 31}));
  tell("BiasSpectr.PropsSet", Writer().u16(2).i32(1).u16(1).i32(3).f32(0).u16(2).u16(2));
  tell("BiasSpectr.LimitsSet", Writer().f32(-1).f32(1));
  const Reply reply = read(ask("BiasSpectr.Start", Writer().u32(1).text("name")));
  EXPECT_EQ(reply.names,
            (std::vector<std::string>{
                "Bias calc (V)", "Bias (V)", "X (m)", "Bias [bwd] (V)", "X [bwd] (m)"}));
  EXPECT_EQ(reply.table.rows, 5U);
  EXPECT_EQ(reply.table.columns, 3U);
  EXPECT_EQ(reply.table.values,
            (std::vector<float>{-1, 0, 1, -1, 0, 1, 0, 0, 0, -1, 0, 1, 0, 0, 0}));
  EXPECT_EQ(reply.parameters.size(), fixed.size());
  EXPECT_EQ(twin_.probe.height().settings().mode, FeedbackMode::on);
  tell("ZSpectr.ChsSet", Writer().i32s(std::vector{30}));
  tell("ZSpectr.PropsSet", Writer().u16(2).i32(3).u16(1).u16(0).u16(0).u16(0));
  tell("ZSpectr.RangeSet", Writer().f32(1e-9).f32(8e-9));
  const Reply up = read(ask("ZSpectr.Start", Writer().u32(1).text("")));
  EXPECT_EQ(up.names, (std::vector<std::string>{"Z rel (m)", "Z (m)"}));
  ASSERT_EQ(up.table.values.size(), 6U);
  EXPECT_FLOAT_EQ(up.table.values[0], 1e-9F);
  EXPECT_FLOAT_EQ(up.table.values[1], 5e-9F);
  EXPECT_FLOAT_EQ(up.table.values[2], 9e-9F);
  EXPECT_NEAR(up.table.values[5] - up.table.values[3], 8e-9, 1e-9);
  const Reply none = read(ask("BiasSpectr.Start", Writer().u32(0).text("")));
  EXPECT_EQ(none.names.size(), 5U);
  EXPECT_TRUE(none.table.values.empty());
}

TEST_F(NanonisSpectroscopyTest, WhatCannotBeIsRefusedAndNotKept) {
  constexpr double infinity = std::numeric_limits<double>::infinity();
  const double no_number = std::nan("");
  const std::string channels = ask("BiasSpectr.ChsGet");
  std::vector<std::int32_t> many(65);
  for (std::size_t k = 0; k < many.size(); ++k) {
    many[k] = static_cast<std::int32_t>(k);
  }
  for (const auto& bad : std::vector<std::vector<std::int32_t>>{{}, {128}, {-1}, {1, 1}, many}) {
    EXPECT_NE(refusal("BiasSpectr.ChsSet", Writer().i32s(bad)), "");
  }
  EXPECT_EQ(ask("BiasSpectr.ChsGet"), channels);
  const std::string props = ask("BiasSpectr.PropsGet");
  const auto bias_props = [](int sweeps, unsigned backward, int points, double offset_m) {
    return Writer()
        .u16(0)
        .i32(sweeps)
        .u16(static_cast<std::uint16_t>(backward))
        .i32(points)
        .f32(offset_m)
        .u16(0)
        .u16(0);
  };
  EXPECT_NE(refusal("BiasSpectr.PropsSet", bias_props(2, 0, 5, 0.0)), "");
  EXPECT_NE(refusal("BiasSpectr.PropsSet", bias_props(-1, 0, 5, 0.0)), "");
  EXPECT_NE(refusal("BiasSpectr.PropsSet", bias_props(1, 3, 5, 0.0)), "");
  EXPECT_NE(refusal("BiasSpectr.PropsSet", bias_props(1, 0, 1, 0.0)), "");
  EXPECT_NE(refusal("BiasSpectr.PropsSet", bias_props(1, 0, 65537, 0.0)), "");
  EXPECT_NE(refusal("BiasSpectr.PropsSet", bias_props(1, 0, -5, 0.0)), "");
  EXPECT_NE(refusal("BiasSpectr.PropsSet", bias_props(1, 0, 5, no_number)), "");
  EXPECT_EQ(ask("BiasSpectr.PropsGet"), props);
  EXPECT_NE(refusal("BiasSpectr.AdvPropsSet", Writer().u16(2).u16(0).u16(0).u16(0)), "");
  EXPECT_NE(refusal("BiasSpectr.AdvPropsSet", Writer().u16(0).u16(2).u16(0).u16(0)), "");
  EXPECT_NE(refusal("BiasSpectr.LimitsSet", Writer().f32(infinity).f32(0)), "");
  EXPECT_NE(refusal("ZSpectr.AdvPropsSet", Writer().f32(1).u16(0).u16(0).u16(0)), "");
  EXPECT_NE(refusal("ZSpectr.AdvPropsSet", Writer().f32(0).u16(0).u16(0).u16(2)), "");
  EXPECT_NE(refusal("ZSpectr.PropsSet", Writer().u16(0).i32(5).u16(2).u16(0).u16(0).u16(0)), "");
  EXPECT_NE(refusal("ZSpectr.RangeSet", Writer().f32(0).f32(no_number)), "");
  const std::string times = ask("BiasSpectr.TimingGet");
  const auto timing = [](double settling_s, double integration_s) {
    return Writer().f32(0).f32(0).f32(0).f32(0).f32(settling_s).f32(integration_s).f32(0).f32(0);
  };
  EXPECT_NE(refusal("BiasSpectr.TimingSet", timing(-1.0, 1.0)), "");
  EXPECT_NE(refusal("BiasSpectr.TimingSet", timing(0.0, 0.0)), "");
  EXPECT_NE(refusal("BiasSpectr.TimingSet", timing(0.0, infinity)), "");
  EXPECT_EQ(ask("BiasSpectr.TimingGet"), times);
  // what only shows at the start; names, table and parameters are empty
  const Writer start = Writer().u32(1).text("");
  tell("BiasSpectr.TimingSet", timing(0.0, 20.0));
  EXPECT_NE(refusal("BiasSpectr.Start", start, 20), "") << "more than an hour";
  tell("BiasSpectr.TimingSet", timing(0.0, 1e-3));
  tell("BiasSpectr.LimitsSet", Writer().f32(-1).f32(100));
  EXPECT_NE(refusal("BiasSpectr.Start", start, 20), "") << "beyond the output";
  tell("BiasSpectr.LimitsSet", Writer().f32(-1).f32(1));
  tell("BiasSpectr.ChsSet", Writer().i32s(std::vector{100}));
  EXPECT_NE(refusal("BiasSpectr.Start", start, 20), "") << "nothing to be seen";
}

TEST_F(NanonisSpectroscopyTest, NoSweepDuringAScan) {
  tell("Scan.FrameSet", Writer().f32(0).f32(0).f32(100e-9).f32(60e-9).f32(0));
  tell("Scan.BufferSet", Writer().i32s(std::vector{30}).i32(5).i32(3));
  tell("ZCtrl.OnOffSet", Writer().u32(1));
  tell("Scan.Action", Writer().u16(0).u32(1));
  EXPECT_NE(refusal("BiasSpectr.Start", Writer().u32(1).text(""), 20), "");
  tell("Scan.Action", Writer().u16(1).u32(1));
  EXPECT_EQ(read(ask("BiasSpectr.Start", Writer().u32(1).text(""))).table.rows, 3U);
}

// Without noise a curve is a function of where and what: over the wire it is the same but for 32
// bits.
TEST_F(NanonisSpectroscopyTest, TheDriverGivesTheCurveOfTheMicroscope) {
  const auto driver = open();
  driver->height().approach(patience, {});
  ASSERT_NE(driver->spectroscopy(), nullptr);
  SpectroscopySettings bias = usual();
  SpectroscopySettings height = usual();
  height.swept = SweptQuantity::height;
  height.from = 2e-9;
  height.to = -3e-9;
  height.z_offset_m = 5e-9;
  for (const SpectroscopySettings& settings : {bias, height}) {
    const std::vector<Signal> names = driver->signals().signals();
    SpectroscopySettings wire = settings;
    wire.signal_indices = {find_signal(driver->signals(), "afm", "amplitude"),
                           find_signal(driver->signals(), "afm", "phase")};
    const SpectroscopyCurve served = driver->spectroscopy()->run(wire, {});
    const SpectroscopyCurve direct = twin_.probe.spectroscopy()->run(settings, {});
    ASSERT_EQ(served.forward.size(), 2U);
    ASSERT_EQ(served.backward.size(), 2U);
    for (std::size_t k = 0; k < 4; ++k) {
      EXPECT_NEAR(served.swept_forward[k], direct.swept_forward[k], 1e-14);
      EXPECT_NEAR(served.swept_backward[k], direct.swept_backward[k], 1e-14);
      for (std::size_t r = 0; r < 2; ++r) {
        const double f = direct.forward[r][k];
        const double b = direct.backward[r][k];
        EXPECT_NEAR(served.forward[r][k], f, 1e-5 * std::abs(f));
        EXPECT_NEAR(served.backward[r][k], b, 1e-5 * std::abs(b));
      }
    }
    EXPECT_NE(served.forward[1][0], served.forward[1][1]);
    EXPECT_NE(served.forward[1][0], served.backward[1][0]);
  }
  EXPECT_EQ(count("BiasSpectr.Start"), 1U);
  EXPECT_EQ(count("ZSpectr.Start"), 1U);
}

TEST_F(NanonisSpectroscopyTest, WhatWasNotTakenIsTold) {
  const auto driver = open();
  const std::vector<std::string> none;
  const auto refused = [&](const std::string& command, const Writer& by, SweptQuantity swept) {
    replace(command, by);
    SpectroscopySettings settings = usual();
    settings.swept = swept;
    settings.to = swept == SweptQuantity::bias ? 1.0 : 1e-9;
    settings.from = 0.0;
    commands_.clear();
    EXPECT_EQ(retry_of([&] { driver->spectroscopy()->run(settings, {}); }), Retry::no) << command;
    EXPECT_EQ(count("BiasSpectr.Start") + count("ZSpectr.Start"), 0U) << command;
  };
  const auto props = [&](int sweeps, unsigned backward, int points) {
    return Writer()
        .u16(0)
        .i32(sweeps)
        .u16(static_cast<std::uint16_t>(backward))
        .i32(points)
        .texts(none)
        .texts(fixed)
        .u16(0)
        .u16(0)
        .no_error();
  };
  refused("BiasSpectr.PropsGet", props(1, 1, 5), SweptQuantity::bias);
  refused("BiasSpectr.PropsGet", props(1, 0, 4), SweptQuantity::bias);
  refused("BiasSpectr.PropsGet", props(3, 1, 4), SweptQuantity::bias);
  refused("BiasSpectr.LimitsGet", Writer().f32(0).f32(0.9).no_error(), SweptQuantity::bias);
  refused("BiasSpectr.LimitsGet", Writer().f32(0.1).f32(1).no_error(), SweptQuantity::bias);
  const auto timing = [](double offset_m, double initial_s, double settling_s, double mean_s) {
    return Writer()
        .f32(0)
        .f32(offset_m)
        .f32(initial_s)
        .f32(1)
        .f32(settling_s)
        .f32(mean_s)
        .f32(0)
        .f32(0)
        .no_error();
  };
  refused("BiasSpectr.TimingGet", timing(1e-9, 0.05, 1e-3, 1e-3), SweptQuantity::bias);
  refused("BiasSpectr.TimingGet", timing(0.0, 0.06, 1e-3, 1e-3), SweptQuantity::bias);
  refused("BiasSpectr.TimingGet", timing(0.0, 0.05, 2e-3, 1e-3), SweptQuantity::bias);
  refused("BiasSpectr.TimingGet", timing(0.0, 0.05, 1e-3, 2e-3), SweptQuantity::bias);
  refused("ZSpectr.RangeGet", Writer().f32(0).f32(2e-9).no_error(), SweptQuantity::height);
  refused("ZSpectr.ChsSet", Writer().error("no such channel"), SweptQuantity::height);
}

TEST_F(NanonisSpectroscopyTest, TimesThatTheInterfaceDoesNotKnowStay) {
  const auto driver = open();
  const Writer times =
      Writer().f32(0.25).f32(0).f32(0.5).f32(50).f32(0.5).f32(0.5).f32(0.125).f32(0.0625);
  tell("BiasSpectr.TimingSet", times);
  const SpectroscopySettings settings = usual();
  EXPECT_NEAR(seconds(driver->spectroscopy()->expected_time(settings)),
              0.05 + 8 * 2e-3 + 0.25 + 0.125 + 0.0625 + 4 * 1.5 / 50,
              1e-6);
  driver->spectroscopy()->run(settings, {});
  EXPECT_EQ(ask("BiasSpectr.TimingGet"),
            Writer()
                .f32(0.25)
                .f32(0)
                .f32(0.05)
                .f32(50)
                .f32(1e-3)
                .f32(1e-3)
                .f32(0.125)
                .f32(0.0625)
                .no_error()
                .body());
}

TEST_F(NanonisSpectroscopyTest, ACurveThatCannotBeIsAnErrorAndTheSweepIsStopped) {
  const auto driver = open();
  SpectroscopySettings settings = usual();
  settings.signal_indices = {find_signal(driver->signals(), "afm", "amplitude"),
                             find_signal(driver->signals(), "afm", "phase")};
  const auto reply = [](const std::vector<std::string>& names, const nanonis::Table& table) {
    return Writer().texts(names).table(table).f32s({}).no_error();
  };
  const std::vector<std::string> names{
      "Bias calc (V)", "Amplitude (m)", "Phase (rad)", "Amplitude [bwd] (m)", "Phase [bwd] (rad)"};
  const nanonis::Table good{5, 4, std::vector<float>(20, 0.5F)};
  const auto broken = [&](const Writer& by, const char* what) {
    replace("BiasSpectr.Start", by);
    commands_.clear();
    EXPECT_EQ(retry_of([&] { driver->spectroscopy()->run(settings, {}); }), Retry::yes) << what;
    EXPECT_EQ(count("BiasSpectr.Start"), 1U) << what << ": not twice";
    EXPECT_EQ(count("BiasSpectr.Stop"), 1U) << what;
  };
  replace("BiasSpectr.Start", reply(names, good));
  EXPECT_EQ(driver->spectroscopy()->run(settings, {}).forward[1], std::vector<double>(4, 0.5));
  std::vector<std::string> ends = names;  // the mark behind the unit
  ends[3] = "Amplitude (m) [bwd]";
  replace("BiasSpectr.Start", reply(ends, good));
  EXPECT_NO_THROW(driver->spectroscopy()->run(settings, {}));
  broken(reply(names, {5, 3, std::vector<float>(15, 0.5F)}), "a point is missing");
  broken(reply(names, {}), "empty");
  broken(reply({}, good), "no names");
  broken(reply(names, {3, 4, std::vector<float>(12, 0.5F)}), "rows are missing");
  std::vector<std::string> other = names;
  other[4] = "Current [bwd] (A)";
  broken(reply(other, good), "another signal");
  other = names;
  other[3] = "Amplitude (m)";
  broken(reply(other, good), "no backward row");
  nanonis::Table holes = good;
  holes.values[7] = std::numeric_limits<float>::quiet_NaN();
  broken(reply(names, holes), "a value is missing");
  broken(Writer().i32(-5).i32(7), "garbage");
  spoil_ = [](const std::string&, std::string body) { return body; };
  EXPECT_NO_THROW(driver->spectroscopy()->run(settings, {}));
}

TEST_F(NanonisSpectroscopyTest, AnInstrumentThatFallsSilentIsGivenUpAfterTheExpectedTime) {
  const auto driver = open();
  driver->height().approach(patience, {});
  silent_on_ = "BiasSpectr.Start";
  const Duration start = twin_.time.now();
  EXPECT_EQ(retry_of([&] { driver->spectroscopy()->run(usual(), {}); }), Retry::yes);
  EXPECT_LT(seconds(twin_.time.now() - start), 100.0);
  EXPECT_GT(seconds(twin_.time.now() - start),
            seconds(driver->spectroscopy()->expected_time(usual())));
  EXPECT_EQ(count("BiasSpectr.Stop"), 1U);
  silent_on_.clear();
  EXPECT_NO_THROW(driver->spectroscopy()->run(usual(), {}));
}

TEST_F(NanonisSpectroscopyTest, ASweepIsNotStartedAgainOverANewConnection) {
  const auto driver = open_nanonis_probe(
      [&] {
        return std::make_unique<test::FrameStream>(
            [&](std::string_view request) -> std::optional<std::string> {
              commands_.push_back(nanonis::decode_header(request).command);
              if (commands_.back() == "BiasSpectr.Start") {
                throw WireError(WireFault::closed, "pulled out");
              }
              return twin_.answer(request);
            });
      },
      twin_.time,
      "afm",
      "nanonis://twin");
  EXPECT_EQ(retry_of([&] { driver->spectroscopy()->run(usual(), {}); }), Retry::yes);
  EXPECT_EQ(count("BiasSpectr.Start"), 1U);
  EXPECT_EQ(count("BiasSpectr.Stop"), 1U);
}

TEST_F(NanonisSpectroscopyTest, DegreesBecomeRadians) {
  spoil_ = [](const std::string&, std::string body) {
    for (std::size_t at = 0; (at = body.find("(rad)", at)) != std::string::npos;) {
      body.replace(at, 5, "(deg)");
    }
    return body;
  };
  const auto driver = open();
  SpectroscopySettings settings = usual();
  settings.signal_indices = {find_signal(driver->signals(), "afm", "phase")};
  const double degree = std::acos(-1.0) / 180.0;
  const SpectroscopyCurve curve = driver->spectroscopy()->run(settings, {});
  EXPECT_NEAR(curve.forward[0][0], -90.0 * std::pow(degree, 2.0), 1e-6) << "pi / 2 as degrees";
  EXPECT_NEAR(curve.backward[0][0], -90.0 * std::pow(degree, 2.0), 1e-6);
}

/// Requests a stop when somebody has slept that often.
class StoppingClock final : public Clock {
 public:
  StoppingClock(Clock& inner, std::stop_source& stop) : inner_(&inner), stop_(&stop) {}
  [[nodiscard]] Duration now() const override { return inner_->now(); }
  void sleep(Duration duration, const std::stop_token& stop) override {
    inner_->sleep(duration, stop);
    if (++sleeps_ == 5) {
      stop_->request_stop();
    }
  }
  [[nodiscard]] ClockKind kind() const override { return inner_->kind(); }

 private:
  Clock* inner_;
  std::stop_source* stop_;
  int sleeps_ = 0;
};

TEST_F(NanonisSpectroscopyTest, AStopDuringTheSweepStopsItAndBringsTheBiasBack) {
  std::stop_source stop;
  StoppingClock clock(twin_.time, stop);
  int connections = 0;
  const auto driver = open_nanonis_probe(
      [&] {
        ++connections;
        return std::make_unique<test::FrameStream>(
            [&](std::string_view request) -> std::optional<std::string> {
              const std::string command = nanonis::decode_header(request).command;
              commands_.push_back(command);
              if (command == "BiasSpectr.Start") {
                return std::nullopt;  // under way
              }
              if (command == "Bias.Get" && count("BiasSpectr.Stop") == 1) {  // where it stopped
                return nanonis::encode_response(command, Writer().f32(0.7).no_error().body());
              }
              return twin_.answer(request);
            });
      },
      clock,
      "afm",
      "nanonis://twin");
  EXPECT_THROW(driver->spectroscopy()->run(usual(), stop.get_token()), Interrupted);
  EXPECT_EQ(connections, 2) << "that of the sweep still waits for its answer";
  EXPECT_EQ(count("BiasSpectr.Stop"), 1U);
  EXPECT_EQ(commands_.back(), "Bias.Set");
}

TEST_F(NanonisSpectroscopyTest, MakeSafeStopsSweeps) {
  const auto driver = open();
  driver->make_safe();
  EXPECT_EQ(count("BiasSpectr.Stop"), 1U);
  EXPECT_EQ(count("ZSpectr.Stop"), 1U);
}

TEST_F(NanonisSpectroscopyTest, AControllerWithoutTheModulesHasNone) {
  spoil_ = [](const std::string& command, std::string body) {
    return command.find("Spectr.") != std::string::npos ? Writer().error("no licence").body()
                                                        : body;
  };
  const auto driver = open();
  EXPECT_EQ(driver->spectroscopy(), nullptr);
  EXPECT_NO_THROW(driver->make_safe());
}

TEST_F(NanonisSpectroscopyTest, SoftwareOf2021HasOtherProperties) {
  const std::vector<std::string> none;
  spoil_ = [&](const std::string& command, std::string body) -> std::string {
    if (command == "Util.VersionGet") {
      return Writer().error("unknown command").body();
    }
    if (command == "BiasSpectr.PropsGet") {
      return Writer()
          .u16(0)
          .i32(1)
          .u16(1)
          .i32(4)
          .texts(none)
          .texts(fixed)
          .texts(none)
          .no_error()
          .body();
    }
    if (command == "ZSpectr.PropsGet") {
      return Writer()
          .u16(1)
          .i32(4)
          .texts(none)
          .texts(fixed)
          .texts(none)
          .u16(0)
          .u16(0)
          .no_error()
          .body();
    }
    return body;
  };
  const auto driver = open();
  SpectroscopySettings settings = usual();
  EXPECT_NO_THROW(driver->spectroscopy()->run(settings, {}));
  settings.swept = SweptQuantity::height;
  settings.from = 0.0;
  settings.to = 1e-9;
  EXPECT_NO_THROW(driver->spectroscopy()->run(settings, {}));
}

TEST_F(NanonisSpectroscopyTest, TheBenchsLimitHoldsForSweeps) {
  BenchLimits limits;
  limits.bias_peak_v = 0.9;
  const auto guarded = guard(open(), limits, "afm");
  SpectroscopySettings settings = usual();
  EXPECT_THROW(guarded->spectroscopy()->run(settings, {}), DeviceError);
  EXPECT_EQ(count("BiasSpectr.Start"), 0U);
  settings.to = 0.9;
  EXPECT_NO_THROW(guarded->spectroscopy()->run(settings, {}));
}

}  // namespace
}  // namespace halotwin::devices
