// What the wires of a served twin do to answers.
#include "devices/servers/wire_faults.hpp"

#include <string>

#include <gtest/gtest.h>

#include "base/errors.hpp"

namespace halotwin::devices {
namespace {

using Answer = std::optional<std::string>;

/// Echoes, and counts what it was asked.
struct Echo {
  int asked = 0;
  MessageServer::Answer answer = [this](std::string_view message, Duration) -> Answer {
    ++asked;
    return "answer to " + std::string(message);
  };
};

WireFaultPlan at(std::int64_t count, WireFaultKind kind) {
  return {.device = "a", .kind = kind, .at_count = count};
}

TEST(FaultyWire, StrikesTheMessageThatItWasToldTo) {
  Echo echo;
  FaultyWire wire({at(2, WireFaultKind::lost),
                   at(3, WireFaultKind::truncated),
                   at(4, WireFaultKind::garbled),
                   at(5, WireFaultKind::disconnected),
                   {.device = "b", .kind = WireFaultKind::lost, .at_count = 1}},
                  "a");
  const auto carry = [&] { return wire.carry(echo.answer, "x", Duration::zero(), 0.0); };
  EXPECT_EQ(carry(), "answer to x");
  EXPECT_EQ(carry(), "");
  EXPECT_EQ(carry(), "answe");
  const Answer garbled = carry();
  ASSERT_TRUE(garbled.has_value());
  EXPECT_EQ(garbled->size(), 11U);
  EXPECT_NE(*garbled, "answer to x");
  EXPECT_THROW(static_cast<void>(carry()), WireError);
  EXPECT_EQ(carry(), "answer to x");
  EXPECT_EQ(echo.asked, 6) << "every command is carried out";
}

TEST(FaultyWire, StrikesForATime) {
  Echo echo;
  FaultyWire wire({{.device = "a", .kind = WireFaultKind::lost, .from_s = 1.0, .until_s = 2.0}},
                  "a");
  const auto at_time = [&](double now_s) {
    return wire.carry(echo.answer, "x", Duration::zero(), now_s);
  };
  EXPECT_EQ(at_time(0.9), "answer to x");
  EXPECT_EQ(at_time(1.0), "");
  EXPECT_EQ(at_time(1.9), "");
  EXPECT_EQ(at_time(2.0), "answer to x");
}

TEST(FaultyWire, ALateAnswerComesLater) {
  Echo echo;
  WireFaultPlan late = at(1, WireFaultKind::late);
  late.late_s = 0.5;
  FaultyWire wire({late}, "a");
  const auto asked_for = [&](double s) {
    return wire.carry(echo.answer, "x", from_seconds(s), 0.0);
  };
  EXPECT_FALSE(asked_for(0.0).has_value());
  EXPECT_FALSE(asked_for(0.4).has_value());
  EXPECT_EQ(wire.carry(echo.answer, "y", Duration::zero(), 0.0), "answer to y") << "others go on";
  EXPECT_EQ(asked_for(0.5), "answer to x");
  EXPECT_EQ(echo.asked, 2);
}

TEST(FaultyWire, AnAnswerThatIsNotThereYetIsSpoiltWhenItComes) {
  int asked = 0;
  const MessageServer::Answer slow = [&](std::string_view, Duration waited) -> Answer {
    ++asked;
    return waited > Duration::zero() ? Answer("done") : std::nullopt;
  };
  FaultyWire wire({at(1, WireFaultKind::truncated)}, "a");
  EXPECT_FALSE(wire.carry(slow, "x", Duration::zero(), 0.0).has_value());
  EXPECT_EQ(wire.carry(slow, "x", from_seconds(0.1), 0.0), "do");
}

TEST(FaultyWire, RefusesWhatCannotBe) {
  EXPECT_THROW(validate(WireFaultPlan{.device = "", .at_count = 1}), ParameterError);
  EXPECT_THROW(validate(WireFaultPlan{.device = "a", .at_count = -1}), ParameterError);
  EXPECT_THROW(validate(WireFaultPlan{.device = "a"}), ParameterError);
  EXPECT_THROW(validate(WireFaultPlan{.device = "a", .at_count = 1, .late_s = 0.0}),
               ParameterError);
  EXPECT_NO_THROW(validate(at(1, WireFaultKind::late)));
}

}  // namespace
}  // namespace halotwin::devices
