// Tapes that are written by hand, whose points are played in another order.
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>

#include "base/errors.hpp"
#include "base/random.hpp"
#include "devices/device.hpp"
#include "devices/replay/tape_types.hpp"
#include "tests/support/hand_made_tape.hpp"

namespace halotwin::devices {
namespace {

using test::Laboratory;
using TapePointsTest = test::HandMadeTape;

constexpr double nm = 1e-9;

TEST_F(TapePointsTest, AreFoundByPlaceInAnyOrderAndAgain) {
  record([](Laboratory& l) {
    for (const double x : {0.0, 10.0, 20.0, 30.0}) {
      l.visit(x * nm);
    }
  });
  replay([](Laboratory& l) {
    EXPECT_EQ(l.visit(20 * nm), 3.0);
    EXPECT_EQ(l.visit(0.4 * nm), 1.0);
    EXPECT_EQ(l.visit(29.5 * nm), 4.0);
    EXPECT_EQ(l.visit(10 * nm), 2.0);
    EXPECT_EQ(l.visit(10 * nm), 2.0) << "a point may be played more than once";
  });
  const auto elsewhere = [](Laboratory& l) { l.visit(15 * nm); };
  EXPECT_EQ(refusal(elsewhere, 5.001 * nm), "none");
  EXPECT_NE(refusal(elsewhere, 4.9 * nm).find("5e-09 m from"), std::string::npos);
}

TEST_F(TapePointsTest, VisitsOfOnePlaceComeInTheirOrder) {
  record([](Laboratory& l) {
    for (const double x : {0.0, 10.0, 1e-6, 20.0, 2e-6}) {  // closer than a scanner can repeat
      l.visit(x * nm);
    }
  });
  replay([](Laboratory& l) {
    for (const double x : {0.0, 0.4, -0.4}) {
      EXPECT_EQ(l.visit(x * nm), 1.0);
      EXPECT_EQ(l.visit(x * nm), 3.0);
      EXPECT_EQ(l.visit(x * nm), 5.0);
    }
    EXPECT_EQ(l.visit(10 * nm), 2.0);
    EXPECT_EQ(l.visit(0.0), 3.0);
  });
}

TEST_F(TapePointsTest, AreReachedAsFastAsOnTheTape) {
  record([](Laboratory& l) { l.move(0.0, 1e-6); });
  EXPECT_NE(refusal([](Laboratory& l) { l.move(0.0, 2e-6); }).find("on the tape 1e-06"),
            std::string::npos);
}

TEST_F(TapePointsTest, StandForPointsWithTheSameSettingsOnly) {
  record([](Laboratory& l) {
    l.set_channel(1, 5.0);
    for (const double bias : {0.1, 0.2}) {
      l.set_bias(bias);
      l.visit(0.0);
      l.visit(10 * nm);
    }
    l.set_channel(2, 7.0);
    l.visit(0.0);
  });
  const auto begin = [](Laboratory& l) {
    l.set_channel(1, 5.0);
    l.set_bias(0.1);
  };
  replay([&](Laboratory& l) {
    begin(l);
    EXPECT_EQ(l.visit(10 * nm), 2.0);
    l.set_bias(0.2);
    EXPECT_EQ(l.visit(10 * nm), 4.0);
    EXPECT_EQ(l.visit(0.0), 3.0) << "not 5, where another channel was set";
  });
  const std::string refused = refusal([&](Laboratory& l) {
    begin(l);
    l.visit(10 * nm);
    l.set_bias(0.2);
    l.visit(10 * nm);
    l.set_channel(2, 7.0);
    l.visit(10 * nm);
  });
  EXPECT_NE(refused.find("lies 1e-08 m from"), std::string::npos) << refused;
}

TEST_F(TapePointsTest, HaveSettingsOfEachChannel) {
  const auto set = [](Laboratory& l, double first, double second) {
    l.set_channel(1, first);
    l.set_channel(2, second);
  };
  record([&](Laboratory& l) {
    set(l, 5.0, 7.0);
    l.visit(0.0);
    set(l, 6.0, 7.0);
    l.visit(10 * nm);
  });
  EXPECT_NE(refusal([&](Laboratory& l) {
              set(l, 5.0, 7.0);
              l.visit(10 * nm);
            }).find("lies 1e-08 m from"),
            std::string::npos);
}

TEST_F(TapePointsTest, SayWhatWasSetOtherwise) {
  record([](Laboratory& l) {
    l.set_bias(0.1);
    l.visit(0.0);
    l.set_bias(0.2);
  });
  const std::string refused = refusal([](Laboratory& l) {
    l.set_bias(0.1);
    l.visit(0.0);
    l.set_bias(0.2);
    l.visit(0.0);
  });
  EXPECT_NE(refused.find("/lockin set_output/0 is 0.2, on the tape 0.1"), std::string::npos)
      << refused;
}

TEST_F(TapePointsTest, MayMakeTheirSettingsThemselves) {
  // every point leaves another bias behind than the first one found
  const Work sweep = [](Laboratory& l) {
    l.set_gain(2.0);
    for (const double bias : {0.1, 0.2}) {
      l.set_bias(bias);
      l.read();
    }
  };
  record([&](Laboratory& l) {
    l.set_bias(0.0);
    l.set_gain(1.0);
    for (const double x : {0.0, 10.0}) {
      l.move(x * nm);
      sweep(l);
    }
  });
  replay([&](Laboratory& l) {
    l.set_bias(0.0);
    l.set_gain(1.0);
    l.move(10 * nm);
    sweep(l);
    l.move(0.0);
    sweep(l);
  });
}

TEST_F(TapePointsTest, AreNotReachedInContactUnlessTheyWere) {
  record([](Laboratory& l) {
    for (const double x : {0.0, 10.0}) {
      l.move(x * nm);
      l.approach();
      l.read();
      l.withdraw();
    }
  });
  const auto half = [](Laboratory& l, double x_m) {
    l.move(x_m);
    l.approach();
    EXPECT_EQ(l.read().x_v, x_m > 0.0 ? 2.0 : 1.0);
  };
  replay([&](Laboratory& l) {
    half(l, 10 * nm);
    l.withdraw();
    half(l, 0.0);
  });
  const std::string refused = refusal([&](Laboratory& l) {
    half(l, 10 * nm);
    half(l, 0.0);
  });
  EXPECT_NE(refused.find("no point was recorded with these settings: /afm contact"),
            std::string::npos)
      << refused;
}

TEST_F(TapePointsTest, WhatFollowsALastPointIsFoundAndPlayedStrictly) {
  record([](Laboratory& l) {
    l.set_bias(0.5);
    for (const double x : {0.0, 10.0, 20.0}) {
      l.visit(x * nm);
      l.withdraw();
    }
    l.set_bias(0.0);
    l.read();
  });
  const Work one_point = [](Laboratory& l) {
    l.set_bias(0.5);
    l.visit(10 * nm);
    l.withdraw();
  };
  replay([&](Laboratory& l) {
    one_point(l);
    l.set_bias(0.0);
    EXPECT_EQ(l.read().x_v, 4.0);
  });
  EXPECT_NE(refusal([&](Laboratory& l) {
              one_point(l);
              l.set_bias(0.3);
            }).find("not recorded here"),
            std::string::npos);
  EXPECT_NE(refusal([](Laboratory& l) {
              l.set_bias(0.5);
              l.visit(10 * nm);
              l.set_bias(0.0);
            }).find("operation 11: not recorded here; the tape has afm: height.withdraw"),
            std::string::npos)
      << "within a point nothing is looked up";
}

TEST_F(TapePointsTest, BeforeTheFirstEverythingIsPlayedStrictly) {
  record([](Laboratory& l) {
    l.set_bias(0.5);
    l.visit(0.0);
    l.set_bias(0.5);
    l.read();
  });
  EXPECT_NE(refusal([](Laboratory& l) { l.set_bias(0.0); }).find("on the tape 0.5"),
            std::string::npos);
  EXPECT_NE(refusal([](Laboratory& l) {
              l.set_bias(0.5);
              l.read();
            }).find("the tape has afm: positioner.start_move"),
            std::string::npos);
}

TEST_F(TapePointsTest, WhatFollowsAnyPointIsFound) {
  record([](Laboratory& l) {
    l.set_bias(0.5);
    l.visit(0.0);
    l.withdraw();
    l.set_bias(0.3);
    l.set_bias(0.5);
    l.visit(10 * nm);
    l.withdraw();
    l.visit(20 * nm);
    l.withdraw();
    EXPECT_EQ(l.read().x_v, 4.0);
  });
  replay([](Laboratory& l) {
    l.set_bias(0.5);
    l.visit(10 * nm);
    l.withdraw();
    EXPECT_EQ(l.read().x_v, 4.0) << "after a withdrawal, not on the way to the next point";
  });
  replay([](Laboratory& l) {
    l.set_bias(0.5);
    l.visit(20 * nm);
    l.withdraw();
    EXPECT_EQ(l.read().x_v, 4.0);
    l.visit(10 * nm);
    l.withdraw();
    l.set_bias(0.3);
    l.set_bias(0.5);
  });
}

TEST_F(TapePointsTest, TimeGoesOnAndReadingsAreOfTheirTime) {
  record([](Laboratory& l) {
    for (const double x : {0.0, 10.0, 20.0}) {
      l.visit(x * nm);
      const FrameInfo frame{.exposure_start = l.clock.now()};
      l.tape.call("camera", "next_frame", [&] { return TapedFrame{frame, {}}; });
    }
  });
  replay([](Laboratory& l) {
    int visits = 0;
    for (const double x : {20.0, 0.0, 10.0, 0.0}) {
      l.move(x * nm);
      EXPECT_EQ(l.clock.now(), from_seconds(++visits));
      EXPECT_EQ(l.read().time, l.clock.now());
      const auto frame = l.tape.call("camera", "next_frame", [] { return TapedFrame{}; });
      EXPECT_EQ(frame.info->exposure_start, l.clock.now());
    }
  });
}

TEST_F(TapePointsTest, FailAgainWhereTheyFailed) {
  const auto fails = [](Laboratory& l) -> std::string {
    try {
      l.fail();
    } catch (const DeviceError& error) {
      EXPECT_EQ(error.retry(), Retry::yes);
      return error.cause();
    }
    return {};
  };
  std::vector<std::string> causes;
  record([&](Laboratory& l) {
    for (const double x : {0.0, 10.0}) {
      l.visit(x * nm);
      causes.push_back(fails(l));
    }
  });
  replay([&](Laboratory& l) {
    for (const std::size_t point : {1, 0}) {
      l.visit(10 * nm * static_cast<double>(point));
      EXPECT_EQ(fails(l), causes[point]);
    }
  });
}

TEST_F(TapePointsTest, NeedNotBe) {
  record([](Laboratory& l) { l.read(); });
  replay([](Laboratory& l) { EXPECT_EQ(l.read().x_v, 1.0); });
  EXPECT_NE(refusal([](Laboratory& l) { l.visit(0.0); }).find("the tape holds no point"),
            std::string::npos);
}

TEST_F(TapePointsTest, AreNotLookedForWhereThereIsNoTape) {
  using nlohmann::json;
  for (const json& head : {json{{"format", 3}},
                           json{{"format", "halotwin tape"}, {"version", "one"}},
                           json::array({"halotwin tape", 1})}) {
    std::ofstream out(file(), std::ios::binary);
    json::to_cbor(head, out);
    out.close();
    EXPECT_THROW(replay([](Laboratory&) {}), ParameterError) << head;
  }
}

TEST_F(TapePointsTest, DamageNeverDoesMoreThanEndTheRun) {
  const Work work = [](Laboratory& l) {
    Duration last{};
    for (const double x : {20.0, 0.0, 10.0, 0.0}) {
      l.set_bias(0.5);
      l.visit(x * nm);
      l.withdraw();
      EXPECT_THROW(l.fail(), DeviceError);
      EXPECT_GE(l.clock.now(), last);
      last = l.clock.now();
    }
  };
  record(work);
  std::ifstream in(file(), std::ios::binary);
  const std::string whole{std::istreambuf_iterator<char>(in), {}};
  RandomStream draw(1, Purpose::test_data);
  int ended = 0;
  for (int repeat = 0; repeat < 500; ++repeat) {
    std::string damaged = whole;
    for (int k = 0; k < 2; ++k) {
      damaged[draw.index(static_cast<std::uint32_t>(damaged.size()))] =
          static_cast<char>(draw.index(256));
    }
    std::ofstream(file(), std::ios::binary) << damaged;
    try {
      ended += refusal(work) != "none" ? 1 : 0;
    } catch (const ParameterError&) {
      ++ended;
    }
  }
  EXPECT_GT(ended, 100);
}

}  // namespace
}  // namespace halotwin::devices
