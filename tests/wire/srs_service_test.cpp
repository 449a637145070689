// The served lock-in as a client sees it. Bytes: programming chapters of the manuals, and what
// pymeasure and the maker's package send.
#include "devices/servers/srs_service.hpp"

#include <cmath>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "devices/wire/text_command.hpp"
#include "tests/wire/lock_in_world.hpp"

namespace halotwin::devices {
namespace {

std::vector<double> numbers(const std::string& answer) {
  std::vector<double> out;
  std::string one;
  for (const char c : answer) {
    if (c == ',' || c == '\n' || c == ';') {
      out.push_back(parse_number(one).value());
      one.clear();
    } else {
      one += c;
    }
  }
  return out;
}

class Sr860 : public testing::Test {
 protected:
  test::LockInWorld world_;
  SrsService service_{world_.lock_in, *srs::find_model("SR860")};
};

TEST_F(Sr860, SaysWhoItIs) {
  EXPECT_TRUE(service_.answer("*IDN?").starts_with("Stanford_Research_Systems,SR860,"));
  EXPECT_EQ(service_.answer(""), "SR860 of halotwin\n");
}

TEST_F(Sr860, SetsAndGivesBack) {
  EXPECT_EQ(service_.answer("FREQ 1.234500e+03"), "");
  EXPECT_EQ(service_.answer("FREQ?"), "1234.5\n");
  EXPECT_EQ(service_.answer("FREQ 10 kHz;FREQ?;HARM 2;HARM?;FREQDET?"), "10000;2;20000\n");
  EXPECT_EQ(service_.answer("OFLT 6;OFSL 1;OFLT?;OFSL?"), "6;1\n");
  EXPECT_DOUBLE_EQ(world_.lock_in.settings().time_constant_s, 1e-3);
  EXPECT_EQ(world_.lock_in.settings().filter_order, 2);
  service_.answer("PHAS 190");
  EXPECT_NEAR(numbers(service_.answer("PHAS?"))[0], -170.0, 1e-9);
  EXPECT_EQ(service_.answer("*ESR?"), "128\n");  // power on, nothing refused
}

TEST_F(Sr860, OutputIsRms) {
  service_.answer("SLVL 0.5;SOFF 0.1");
  EXPECT_TRUE(world_.lock_in.output().on);
  EXPECT_NEAR(world_.lock_in.output().amplitude_peak_v, 0.5 * std::sqrt(2.0), 1e-12);
  EXPECT_NEAR(world_.lock_in.output().offset_v, 0.1, 1e-12);
  EXPECT_NEAR(numbers(service_.answer("SLVL?"))[0], 0.5, 1e-9);
}

TEST_F(Sr860, ReadingsOfOneInstantBelongTogether) {
  const auto v = numbers(service_.answer("SNAP? X, Y, R"));
  ASSERT_EQ(v.size(), 3U);
  EXPECT_NEAR(v[2], std::hypot(v[0], v[1]), 1e-8 * v[2]);
  const auto polar = numbers(service_.answer("SNAP? 2,3"));
  EXPECT_LE(std::abs(polar[1]), 180.0);
  EXPECT_EQ(numbers(service_.answer("SNAPD?")).size(), 4U);
}

TEST_F(Sr860, RefusesAsTheInstrumentDoes) {
  service_.answer("*CLS");
  EXPECT_EQ(service_.answer("FREQ 1e9"), "");
  EXPECT_EQ(service_.answer("*ESR?"), "16\n");
  EXPECT_EQ(service_.answer("NOSUCH?"), "");
  EXPECT_EQ(service_.answer("*ESR?"), "32\n");
  EXPECT_EQ(service_.answer("SLVL 3;SNAP? 1;HARM 0;OFLT 22;CDSP 9,1"), "");
  EXPECT_EQ(service_.answer("*ESR?;*ESR?"), "16;0\n");
}

TEST_F(Sr860, PhaseCanBeMadeZero) {
  service_.answer("FREQ 2000;OFLT 6;SLVL 0.5");
  world_.sleep_s(0.1);
  service_.answer("APHS");
  world_.sleep_s(0.1);
  EXPECT_EQ(service_.answer("*ESR?"), "128\n");
}

TEST(Sr830, HasItsOwnCodes) {
  test::LockInWorld world;
  SrsService service(world.lock_in, *srs::find_model("sr830"));
  EXPECT_EQ(service.answer("FREQ1.23450e+03"), "");
  EXPECT_EQ(service.answer("FREQ?"), "1234.5\n");
  service.answer("SENS 26");  // 1 V rms
  EXPECT_NEAR(world.lock_in.settings().input_range_v, std::sqrt(2.0), 1e-12);
  EXPECT_EQ(service.answer("SENS?"), "26\n");
  service.answer("OFLT 4");  // 1 ms
  EXPECT_NEAR(world.lock_in.settings().time_constant_s, 1e-3, 1e-15);
  EXPECT_EQ(numbers(service.answer("SNAP?1,2,3,4,9")).size(), 5U);
  EXPECT_EQ(service.answer("FMOD?"), "1\n");
  EXPECT_EQ(service.answer("OUTP?0"), "");
}

RC_GTEST_PROP(SrsServiceProperties, AnyLineLeavesItAlive, (const std::string& line)) {
  test::LockInWorld world;
  SrsService service(world.lock_in, *srs::find_model("SR860"));
  const std::string first = service.answer(line);
  const bool whole = first.empty() || first.back() == '\n';
  RC_ASSERT(whole);
  RC_ASSERT(service.answer("*IDN?").size() > 10U);
}

}  // namespace
}  // namespace halotwin::devices
