#include "base/require.hpp"

#include <functional>
#include <limits>

#include <gtest/gtest.h>

#include "base/constants.hpp"
#include "base/errors.hpp"

namespace halotwin {
namespace {

std::string message_of(const std::function<void()>& call) {
  try {
    call();
  } catch (const ParameterError& error) {
    return error.what();
  }
  return "";
}

constexpr double infinity = std::numeric_limits<double>::infinity();

TEST(Require, NamesFieldValueAndRule) {
  EXPECT_EQ(message_of([] { require_positive("quality_factor", -3.0); }),
            "quality_factor = -3 (must be > 0)");
  EXPECT_EQ(message_of([] { require_range("angle_rad", 7.5, 0.0, 6.25); }),
            "angle_rad = 7.5 (must be between 0 and 6.25)");
  EXPECT_EQ(message_of([] { require(false, "two sinks at one input"); }), "two sinks at one input");
}

TEST(Require, LetsValidValuesPass) {
  EXPECT_EQ(message_of([] { require_positive("a", 1e-300); }), "");
  EXPECT_EQ(message_of([] { require_range("a", 0.0, 0.0, 1.0); }), "");
  EXPECT_EQ(message_of([] { require_range("a", 1.0, 0.0, 1.0); }), "");
}

TEST(Require, RefusesNanAndInfinity) {
  EXPECT_NE(message_of([] { require_positive("a", nan); }), "");
  EXPECT_NE(message_of([] { require_positive("a", infinity); }), "");
  EXPECT_NE(message_of([] { require_positive("a", 0.0); }), "");
  EXPECT_NE(message_of([] { require_range("a", nan, 0.0, 1.0); }), "");
  EXPECT_NE(message_of([] { require_range("a", infinity, 0.0, infinity); }), "");
}

}  // namespace
}  // namespace halotwin
