#include "base/text.hpp"

#include <cmath>
#include <string>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace halotwin {
namespace {

using Parts = std::vector<std::string_view>;

TEST(Text, TrimsBlanksOnBothSidesOnly) {
  EXPECT_EQ(trimmed(" \t a b\r\n"), "a b");
  EXPECT_EQ(trimmed(" \t\n"), "");
  EXPECT_EQ(trimmed(std::string_view("x\0\0", 3)), "x");
}

TEST(Text, SplitsAtEverySeparator) {
  EXPECT_EQ(split("a,,b,", ','), (Parts{"a", "", "b", ""}));
  EXPECT_EQ(split("", ','), (Parts{""}));
}

TEST(Text, NumbersAreWholeTexts) {
  EXPECT_EQ(number_of(" +1.5e3 "), 1500.0);
  EXPECT_EQ(number_of("-293.2E-9"), -293.2e-9);
  EXPECT_TRUE(std::isnan(number_of("NaN").value()));
  for (const char* none : {"", " ", "1 2", "1,5", "+-1", "0x10", "1e", "--1"}) {
    EXPECT_FALSE(number_of(none)) << none;
  }
}

RC_GTEST_PROP(TextProperties, NumbersComeBackWithAllTheirBits, (double value)) {
  RC_PRE(std::isfinite(value));
  RC_ASSERT(number_of(fmt::format("{}", value)) == value);
}

RC_GTEST_PROP(TextProperties, PartsPutTogetherAreTheText, (const std::string& text)) {
  std::string together;
  for (const std::string_view part : split(text, ';')) {
    together += (together.empty() && part.data() == text.data() ? "" : ";") + std::string(part);
  }
  RC_ASSERT(together == text);
}

}  // namespace
}  // namespace halotwin
