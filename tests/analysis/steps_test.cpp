#include "analysis/steps.hpp"

#include <cmath>
#include <limits>
#include <numbers>
#include <utility>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "analysis/two_levels.hpp"
#include "base/errors.hpp"
#include "tests/analysis/telegraph.hpp"

namespace halotwin::analysis {
namespace {

TEST(Steps, NoiseFromDifferencesDoesNotSeeRareSteps) {
  auto trace = noise_trace(4000, 2.0, 1);
  EXPECT_NEAR(noise_from_differences(trace), 2.0, 0.1);
  for (std::size_t t = 0; t < trace.size(); ++t) {
    trace[t] += (t / 200) % 2 == 1 ? 100.0F : 0.0F;
  }
  EXPECT_NEAR(noise_from_differences(trace), 2.0, 0.1);
  EXPECT_EQ(noise_from_differences(std::vector<float>(10, 3.0F)), 0.0);
}

TEST(Steps, FindsThemWhereTheyAre) {
  auto trace = noise_trace(600, 1.0, 2);
  for (std::size_t t = 0; t < trace.size(); ++t) {
    trace[t] += t < 150 ? 10.0F : (t < 400 ? 4.0F : 13.0F);
  }
  const Steps steps = find_steps(trace);
  ASSERT_EQ(steps.segments.size(), 3U);
  EXPECT_NEAR(static_cast<double>(steps.segments[1].first), 150.0, 1.0);
  EXPECT_NEAR(static_cast<double>(steps.segments[2].first), 400.0, 1.0);
  EXPECT_NEAR(steps.segments[0].mean, 10.0, 4.0 / std::sqrt(150.0));
  EXPECT_NEAR(steps.segments[1].mean, 4.0, 4.0 / std::sqrt(250.0));
  EXPECT_NEAR(steps.noise, 1.0, 0.15);
  EXPECT_EQ(steps.segments[2].first + steps.segments[2].count, trace.size());
}

/// As the declaration of step_threshold() says, within the error of 400 traces.
class FalseAlarms : public ::testing::TestWithParam<std::pair<std::size_t, double>> {};

TEST_P(FalseAlarms, AreAsRareAsStated) {
  const auto [frames, rate] = GetParam();
  constexpr std::uint64_t traces = 400;
  double alarms = 0.0;
  for (std::uint64_t seed = 0; seed < traces; ++seed) {
    const auto trace = noise_trace(frames, 5.0, 1000 + seed);
    const Steps steps = find_steps(trace, {.false_alarm = rate, .noise = 5.0});
    alarms += steps.segments.size() > 1 ? 1.0 : 0.0;
  }
  const double expected = rate * static_cast<double>(traces);
  EXPECT_LT(alarms, 1.55 * expected + 2.0 * std::sqrt(expected));
  EXPECT_GT(alarms, 0.5 * expected);
}
INSTANTIATE_TEST_SUITE_P(Lengths,
                         FalseAlarms,
                         ::testing::Values(std::pair{std::size_t{100}, 0.1},
                                           std::pair{std::size_t{500}, 0.1},
                                           std::pair{std::size_t{500}, 0.3},
                                           std::pair{std::size_t{1000}, 0.02}));

TEST(Steps, ThresholdGrowsWithTheRecordAndWithTheDemand) {
  const double u = step_threshold(0.01, 4000);
  EXPECT_GT(step_threshold(0.001, 4000), u);
  EXPECT_GT(step_threshold(0.01, 40000), u);
  EXPECT_GT(u, 3.5);
  EXPECT_LT(u, 4.2);  // continuous time, one step: phi(u) [(u - 1/u) 2 ln 3999 + 4/u] = 0.01
}

/// Least cost over all divisions, without pruning.
double exhaustive(const std::vector<float>& x, double penalty) {
  std::vector<double> best(x.size() + 1, 0.0);
  best[0] = -penalty;
  for (std::size_t end = 1; end <= x.size(); ++end) {
    best[end] = std::numeric_limits<double>::infinity();
    for (std::size_t first = 0; first < end; ++first) {
      double mean = 0.0;
      for (std::size_t t = first; t < end; ++t) {
        mean += static_cast<double>(x[t]) / static_cast<double>(end - first);
      }
      double cost = best[first] + penalty;
      for (std::size_t t = first; t < end; ++t) {
        cost += std::pow(static_cast<double>(x[t]) - mean, 2);
      }
      best[end] = std::min(best[end], cost);
    }
  }
  return best.back();
}

RC_GTEST_PROP(Steps, AreTheBestOfAllDivisions, ()) {
  const auto numbers =
      *rc::gen::container<std::vector<int>>(40, rc::gen::inRange(-60, 60)).as("trace");
  const std::vector<float> trace(numbers.begin(), numbers.end());
  const Steps steps = find_steps(trace, {.false_alarm = 0.3, .noise = 12.0});
  double cost = -steps.penalty * 144.0;
  std::size_t next = 0;
  for (const Segment& s : steps.segments) {
    RC_ASSERT(s.first == next);
    next += s.count;
    cost += steps.penalty * 144.0;
    for (std::size_t t = s.first; t < next; ++t) {
      cost += std::pow(static_cast<double>(trace[t]) - s.mean, 2);
    }
  }
  RC_ASSERT(next == trace.size());
  RC_ASSERT(std::abs(cost - exhaustive(trace, steps.penalty * 144.0)) < 1e-6 * (1.0 + cost));
}

TEST(Steps, ScaleAndOffsetDoNotMatter) {
  const auto trace = telegraph_trace({.frames = 1000}, 3);
  std::vector<float> other;
  for (const float x : trace) {
    other.push_back(512.0F + 64.0F * x);
  }
  const Steps a = find_steps(trace);
  const Steps b = find_steps(other);
  ASSERT_EQ(a.segments.size(), b.segments.size());
  for (std::size_t i = 0; i < a.segments.size(); ++i) {
    EXPECT_EQ(a.segments[i].first, b.segments[i].first);
  }
}

TEST(Steps, OddTraces) {
  EXPECT_TRUE(find_steps({}).segments.empty());
  EXPECT_EQ(find_steps(std::vector<float>(1, 2.0F)).segments.size(), 1U);
  EXPECT_EQ(find_steps(std::vector<float>(500, 7.0F)).segments.size(), 1U);
  std::vector<float> bad(20, 1.0F);
  bad[3] = std::numeric_limits<float>::quiet_NaN();
  EXPECT_THROW((void)find_steps(bad), ParameterError);
  EXPECT_THROW((void)two_level_shape(bad), ParameterError);
  EXPECT_THROW((void)find_steps(std::vector<float>(20, 1.0F), {.false_alarm = 0.0}),
               ParameterError);
}

TEST(Dwells, JoinSegmentsOfOneSideAndKnowTheirEnds) {
  Steps steps;
  steps.segments = {{0, 10, 1.0}, {10, 5, 0.1}, {15, 5, 0.3}, {20, 30, 0.9}, {50, 50, 0.2}};
  const auto dwells = dwells_of(steps, 0.5);
  ASSERT_EQ(dwells.size(), 4U);
  EXPECT_EQ(dwells[1].count, 10U);
  EXPECT_TRUE(dwells[0].censored);
  EXPECT_FALSE(dwells[1].censored);
  EXPECT_TRUE(dwells[3].censored);
  const auto low = mean_dwell(dwells, false);
  EXPECT_EQ(low.ends, 1U);
  EXPECT_DOUBLE_EQ(low.frames, 60.0);  // (10 + 50) / 1: the last one is not over yet
  EXPECT_DOUBLE_EQ(mean_dwell(dwells, true).frames, 20.0);
  EXPECT_TRUE(std::isnan(mean_dwell(dwells_of(steps, 5.0), false).frames));
}

TEST(Dwells, OfASlowTelegraphAreTrue) {
  double ratio_high = 0.0;
  double ratio_low = 0.0;
  constexpr int traces = 10;
  for (std::uint64_t seed = 0; seed < traces; ++seed) {
    const auto trace =
        telegraph_trace({.high_frames = 60.0, .low_frames = 30.0, .frames = 4000}, 70 + seed);
    const auto dwells = dwells_of(find_steps(trace), two_level_shape(trace).threshold);
    ratio_high += mean_dwell(dwells, true).frames / 60.0 / traces;
    ratio_low += mean_dwell(dwells, false).frames / 30.0 / traces;
  }
  // ten traces of about 44 dwells of each level: 5 % is one standard error
  EXPECT_NEAR(ratio_high, 1.0, 0.15);
  EXPECT_NEAR(ratio_low, 1.0, 0.15);
}

TEST(TwoLevelShape, OfKnownDistributions) {
  const auto gaussian = two_level_shape(noise_trace(40000, 3.0, 5), 0.0);
  EXPECT_NEAR(gaussian.explained, 2.0 / std::numbers::pi, 0.01);
  EXPECT_NEAR(gaussian.excess_kurtosis, 0.0, 4.0 * std::sqrt(24.0 / 40000.0));
  EXPECT_NEAR(gaussian.explained_gaussian, 2.0 / std::numbers::pi, 1e-12);
  std::vector<float> uniform;
  for (int i = 0; i < 10000; ++i) {
    uniform.push_back(static_cast<float>(i));
  }
  EXPECT_NEAR(two_level_shape(uniform, 0.0).explained, 0.75, 1e-3);
  EXPECT_NEAR(two_level_shape(uniform, 0.0).excess_kurtosis, -1.2, 1e-3);
  std::vector<float> two;
  for (int i = 0; i < 1000; ++i) {
    two.push_back(i % 4 == 0 ? 10.0F : 2.0F);
  }
  const auto levels = two_level_shape(two, 0.0);
  EXPECT_NEAR(levels.explained, 1.0, 1e-9);
  EXPECT_NEAR(levels.low, 2.0, 1e-9);
  EXPECT_NEAR(levels.high, 10.0, 1e-9);
  EXPECT_DOUBLE_EQ(levels.high_fraction, 0.25);
  // Bernoulli: (1 - 6 p q) / (p q)
  EXPECT_NEAR(levels.excess_kurtosis, (1.0 - 6.0 * 0.1875) / 0.1875, 1e-9);
}

TEST(TwoLevelShape, NoiseIsTakenOff) {
  const Telegraph telegraph{
      .high_frames = 100.0, .low_frames = 100.0, .noise = 0.25, .frames = 20000};
  Telegraph quiet = telegraph;
  quiet.noise = 0.0;
  const auto trace = telegraph_trace(telegraph, 8);
  const auto without = two_level_shape(telegraph_trace(quiet, 8), 0.0);
  const auto known = two_level_shape(trace, 0.0625);
  EXPECT_NEAR(known.reliability, 0.8, 0.02);
  // a step of four standard deviations: the split takes some noise for signal
  EXPECT_NEAR(known.explained, without.explained, 0.03);
  EXPECT_GT(known.explained, known.explained_gaussian + 0.15);
  EXPECT_NEAR(known.excess_kurtosis_of_signal, without.excess_kurtosis, 0.05);
  EXPECT_LT(without.excess_kurtosis, -1.8);
  EXPECT_GT(known.excess_kurtosis, without.excess_kurtosis + 0.5);
  EXPECT_NEAR(two_level_shape(trace).noise_variance, 0.0625, 0.004);
}

TEST(TwoLevelShape, OfPureNoiseIsNotResolved) {
  const auto shape = two_level_shape(noise_trace(4000, 1.0, 9));
  EXPECT_TRUE(std::isnan(shape.explained));
  EXPECT_TRUE(std::isnan(two_level_shape(std::vector<float>(100, 1.0F)).explained));
}

TEST(TwoLevelShape, SummaryTellsLevelsFromFlicker) {
  constexpr std::size_t frames = 2000;
  const Telegraph one{.high_frames = 10.0, .low_frames = 10.0, .frames = frames};
  Telegraph quiet = one;
  quiet.noise = 0.0;
  std::vector<float> levels;
  std::vector<float> flicker;
  for (std::uint64_t seed = 0; seed < 15; ++seed) {
    const auto trace = telegraph_trace(one, 200 + seed);
    levels.insert(levels.end(), trace.begin(), trace.end());
    // many weak telegraphs together: nearly Gaussian, with the same time
    std::vector<float> sum(frames, 0.0F);
    for (std::uint64_t k = 0; k < 20; ++k) {
      const auto part = telegraph_trace(quiet, 1000 + 20 * seed + k);
      for (std::size_t t = 0; t < frames; ++t) {
        sum[t] += part[t];
      }
    }
    flicker.insert(flicker.end(), sum.begin(), sum.end());
  }
  const auto a = summarise_two_levels(levels, frames, std::vector<double>(15, 0.01));
  const auto b = summarise_two_levels(flicker, frames, std::vector<double>(15, 0.0));
  EXPECT_EQ(a.traces, 15U);
  EXPECT_GT(a.explained.median, 0.9);
  EXPECT_LT(a.excess_kurtosis.median, -1.0);
  EXPECT_NEAR(b.explained.median, b.explained_gaussian.median, 0.05);
  EXPECT_GT(b.excess_kurtosis.median, -0.6);
  EXPECT_LE(a.explained.low, a.explained.median);
  EXPECT_THROW((void)summarise_two_levels(levels, 999), ParameterError);
}

}  // namespace
}  // namespace halotwin::analysis
