#include "devices/wire/scpi.hpp"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace halotwin::devices::scpi {
namespace {

TEST(Scpi, HeadersBeginWhereTheOneBeforeEnded) {
  const auto all =
      parse(":SOUR:VOLT:RANG 2;LEV 1.5;*CLS;mode?;:OUTP ON; ;:SENS:FUNC 'VOLT;x',\"CURR\"");
  const std::vector<Command> expected{{"SOUR:VOLT:RANG", false, {"2"}},
                                      {"SOUR:VOLT:LEV", false, {"1.5"}},
                                      {"*CLS", false, {}},
                                      {"SOUR:VOLT:mode", true, {}},
                                      {"OUTP", false, {"ON"}},
                                      {"SENS:FUNC", false, {"'VOLT;x'", "\"CURR\""}}};
  EXPECT_EQ(all, expected);
  EXPECT_EQ(parse("OUTPUT?\r").front(), (Command{"OUTPUT", true, {}}));
  EXPECT_EQ(parse(":*CLS").front(), (Command{"*CLS", false, {}}));
  EXPECT_TRUE(parse(" ; ;").empty());
}

TEST(Scpi, WhatIsNoHeaderIsNotRead) {
  for (const char* line : {"?", ":", "SOUR:", "SOUR'x'", "*I*DN", "(@1)", "READ??", "\x01"}) {
    ASSERT_EQ(parse(line).size(), 1U) << line;
    EXPECT_EQ(parse(line).front().header, "") << line;
  }
}

TEST(Scpi, WordsAreLongOrShortAndNothingBetween) {
  for (const char* given : {"VOLT", "volt", "Voltage", "VOLTAGE", "VOLT1"}) {
    EXPECT_TRUE(is_word("VOLTage", given)) << given;
  }
  for (const char* given : {"VOL", "VOLTA", "VOLTAGES", "VOLT2", ""}) {
    EXPECT_FALSE(is_word("VOLTage", given)) << given;
  }
}

TEST(Scpi, WordsInBracketsMayBeLeftOut) {
  constexpr const char* pattern = "SENSe:CURRent:[DC]:PROTection:[LEVel]";
  for (const char* header :
       {"SENS:CURR:PROT", "SENSE1:CURR:DC:PROT", "SENS:CURR:PROT:LEV", "sens:curr:dc:prot:level"}) {
    EXPECT_TRUE(is_header(pattern, header)) << header;
  }
  for (const char* header :
       {"SENS:CURR", "CURR:PROT", "SENS:CURR:PROT:DC", "SENS:CURR:PROT:LEV:LEV", ""}) {
    EXPECT_FALSE(is_header(pattern, header)) << header;
  }
}

TEST(Scpi, ErrorsAreANumberAndATextThatMayHoldAnything) {
  EXPECT_EQ(parse_error("0,\"No error\""), (Error{0, "No error"}));
  EXPECT_EQ(parse_error("+803,\"off; now, really\"\r"), (Error{803, "off; now, really"}));
  for (const char* text : {"", "0", "x,\"y\"", "1,2,3", "1.5,\"y\""}) {
    EXPECT_EQ(parse_error(text), std::nullopt) << text;
  }
}

RC_GTEST_PROP(ScpiProperties, AnyLineIsRead, (const std::string& line)) {
  for (const Command& command : parse(line)) {
    RC_ASSERT(!command.header.starts_with(':'));
    static_cast<void>(is_header("SOURce:VOLTage:[LEVel]:[IMMediate]", command.header));
  }
}

}  // namespace
}  // namespace halotwin::devices::scpi
