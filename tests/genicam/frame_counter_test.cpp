#include "devices/drivers/frame_counter.hpp"

#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

namespace halotwin::devices {
namespace {

RC_GTEST_PROP(FrameCounter, WrappingIdsAreTheNumbersOfTheFrames, ()) {
  const auto begin = *rc::gen::inRange<std::uint64_t>(1, 65536);
  const auto steps =
      *rc::gen::container<std::vector<std::uint64_t>>(rc::gen::inRange<std::uint64_t>(1, 65535));
  FrameCounter counter(true);
  RC_ASSERT(counter.number(begin) == 0U);
  std::uint64_t truth = 0;
  for (const std::uint64_t step : steps) {
    truth += step;
    RC_ASSERT(counter.number((begin - 1 + truth) % 65535 + 1) == truth);
  }
}

RC_GTEST_PROP(FrameCounter, WideIdsOnlyGrow, ()) {
  const auto ids = *rc::gen::container<std::vector<std::uint64_t>>(
      rc::gen::inRange<std::uint64_t>(0, 1'000'000));
  FrameCounter counter(false);
  std::optional<std::uint64_t> first;
  std::uint64_t most = 0;
  for (const std::uint64_t id : ids) {
    const auto number = counter.number(id);
    RC_ASSERT(number.has_value() == (!first || id > most));
    if (number) {
      first = first.value_or(id);
      most = id;
      RC_ASSERT(*number == id - *first);
    }
  }
}

TEST(FrameCounter, TheSameFrameTwiceIsNoFrame) {
  FrameCounter counter(true);
  EXPECT_EQ(counter.number(7), 0U);
  EXPECT_EQ(counter.number(7), std::nullopt);
  EXPECT_EQ(counter.number(8), 1U);
}

}  // namespace
}  // namespace halotwin::devices
