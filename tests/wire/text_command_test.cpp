#include "devices/wire/text_command.hpp"

#include <string>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/errors.hpp"
#include "devices/wire/byte_stream.hpp"

namespace halotwin::devices {
namespace {

TEST(TextCommand, ReadsWhatClientsSend) {
  const auto line =
      parse_commands("*IDN?; freq 1.5e3 ;OUTP?1;SNAP? X, Y;FREQ1.23450e+03;AUXV 1,2\r");
  ASSERT_EQ(line.size(), 6U);
  EXPECT_EQ(line[0], (TextCommand{"*IDN", true, {}}));
  EXPECT_EQ(line[1], (TextCommand{"FREQ", false, {"1.5e3"}}));
  EXPECT_EQ(line[2], (TextCommand{"OUTP", true, {"1"}}));
  EXPECT_EQ(line[3], (TextCommand{"SNAP", true, {"X", "Y"}}));
  EXPECT_EQ(line[4], (TextCommand{"FREQ", false, {"1.23450e+03"}}));
  EXPECT_EQ(line[5], (TextCommand{"AUXV", false, {"1", "2"}}));
}

TEST(TextCommand, EmptyLinesHaveNoCommandsAndBadOnesAreMarked) {
  EXPECT_TRUE(parse_commands("").empty());
  EXPECT_TRUE(parse_commands(" ; ;\r").empty());
  const auto line = parse_commands("12?;*;FREQ?");
  ASSERT_EQ(line.size(), 3U);
  EXPECT_FALSE(line[0]);
  EXPECT_FALSE(line[1]);
  EXPECT_TRUE(line[2]);
}

TEST(TextCommand, NumbersAreWholeTexts) {
  EXPECT_EQ(parse_number(" +1.5e3 "), 1500.0);
  EXPECT_FALSE(parse_number("1.5x"));
  EXPECT_FALSE(parse_number("nan"));
  EXPECT_FALSE(parse_number("1e999"));
  EXPECT_FALSE(parse_number(""));
  EXPECT_EQ(parse_whole("3.0"), 3);
  EXPECT_FALSE(parse_whole("3.5"));
  EXPECT_FALSE(parse_whole("1e300"));
}

TEST(TextCommand, QuantitiesMayHaveUnits) {
  EXPECT_EQ(parse_quantity("10 kHz", "HZ"), 1e4);
  EXPECT_DOUBLE_EQ(*parse_quantity("100mV", "V"), 0.1);
  EXPECT_EQ(parse_quantity("2", "V"), 2.0);
  EXPECT_FALSE(parse_quantity("V", "V"));
  EXPECT_FALSE(parse_quantity("2 A", "V"));
}

TEST(TextCommand, ChoicesAreNumbersOrNames) {
  const std::vector<std::string_view> names{"X", "Y", "R", "THeta"};
  EXPECT_EQ(parse_choice("th", names), 3);
  EXPECT_EQ(parse_choice("Theta", names), 3);
  EXPECT_EQ(parse_choice("2", names), 2);
  EXPECT_FALSE(parse_choice("t", names));
  EXPECT_FALSE(parse_choice("thetas", names));
  EXPECT_FALSE(parse_choice("4", names));
  EXPECT_FALSE(parse_choice("-1", names));
}

RC_GTEST_PROP(TextCommandProperties, AnyBytesAreReadOrMarked, (const std::string& line)) {
  for (const auto& command : parse_commands(line)) {
    if (command) {
      RC_ASSERT(!command->name.empty());
    }
  }
}

TEST(Endpoint, IsHostAndPort) {
  EXPECT_EQ(parse_endpoint("localhost:5025"), (Endpoint{"localhost", 5025}));
  EXPECT_EQ(parse_endpoint("lab-pc", 23), (Endpoint{"lab-pc", 23}));
  EXPECT_EQ(parse_endpoint("[::1]:80"), (Endpoint{"::1", 80}));
  for (const char* bad :
       {"", "host", "host:", ":1", "host:0", "host:70000", "host:1x", "[::1:80"}) {
    EXPECT_THROW(static_cast<void>(parse_endpoint(bad)), ParameterError) << bad;
  }
}

}  // namespace
}  // namespace halotwin::devices
