#include "analysis/transient.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "analysis/uncertainty.hpp"
#include "base/grid.hpp"
#include "base/random.hpp"

namespace halotwin::analysis {
namespace {

const std::vector<double> f = log_spacing(100.0, 8000.0, 64);

struct Lines {
  RowArray means;
  RowArray later;  // spectra that the transient does not touch
};

/// Two components in slowly varying amounts, an ultraslow part that decays, noise of line means.
RowArray make_spectra(
    Eigen::Index count, double amplitude, double decay, double noise, std::uint64_t seed) {
  const auto m = static_cast<Eigen::Index>(f.size());
  RowArray means(count, m);
  RowArray basis(2, m);
  for (Eigen::Index c = 0; c < m; ++c) {
    const double x = f[static_cast<std::size_t>(c)];
    const double a = std::log(x / 1000.0) / 0.5;
    const double b = std::log(x / 2000.0) / 0.4;
    basis(0, c) = std::exp(-0.5 * a * a) + 0.1;
    basis(1, c) = std::exp(-0.5 * b * b);
  }
  for (Eigen::Index y = 0; y < count; ++y) {
    RandomStream draw(seed, Purpose::test_data, static_cast<std::uint32_t>(y));
    const double w0 = 1.0 + 0.05 * draw.normal();
    const double w1 = 0.5 + 0.05 * draw.normal();
    for (Eigen::Index c = 0; c < m; ++c) {
      const double x = f[static_cast<std::size_t>(c)];
      means(y, c) = w0 * basis(0, c) + w1 * basis(1, c) +
                    amplitude * std::exp(-static_cast<double>(y) / decay) / (1.0 + x * x / 1e4) +
                    noise * draw.normal();
    }
  }
  return means;
}

Lines make_lines(
    Eigen::Index count, double amplitude, double decay, double noise, std::uint64_t seed) {
  return {make_spectra(count, amplitude, decay, noise, seed),
          make_spectra(60, 0.0, decay, noise, seed + 1000)};
}

/// Where the noise-free transient falls under 2 % of the main peak, by the definition of the fit.
double true_end(double amplitude, double decay) {
  const auto clean = make_lines(4000, amplitude, decay, 0.0, 1);
  const auto t = find_transient(clean.means, f, clean.later);
  return t.end_line;
}

TEST(Transient, EndIsWithinThreeLinesForTwentySeeds) {
  const double truth = true_end(0.6, 13.0);
  EXPECT_GT(truth, 20.0);
  double pull_squares = 0.0;
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    const auto l = make_lines(128, 0.6, 13.0, 0.01, seed);
    const auto t = find_transient(l.means, f, l.later);
    ASSERT_EQ(t.status, TransientStatus::found);
    EXPECT_NEAR(t.end_line, truth, 3.0);
    EXPECT_NEAR(t.decay_lines, 13.0, 4.0);
    pull_squares += std::pow((t.end_line - truth) / t.end_sigma, 2) / 20.0;
  }
  EXPECT_NEAR(std::sqrt(pull_squares), 1.0, 0.45);  // 20 pulls: 16 % standard error
}

TEST(Transient, NoFalseAlarmIn200Maps) {
  int alarms = 0;
  for (std::uint64_t seed = 1; seed <= 200; ++seed) {
    const auto l = make_lines(96, 0.0, 10.0, 0.02, seed);
    alarms += find_transient(l.means, f, l.later).status == TransientStatus::found ? 1 : 0;
  }
  EXPECT_EQ(alarms, 0);
}

TEST(Transient, OneBelowTheThresholdIsNone) {
  const auto l = make_lines(128, 0.015, 13.0, 1e-4, 3);
  EXPECT_EQ(find_transient(l.means, f, l.later).status, TransientStatus::none);
}

TEST(Transient, UnmeasuredLinesAreLeftOut) {
  auto l = make_lines(128, 0.6, 13.0, 0.005, 4);
  const auto whole = find_transient(l.means, f, l.later);
  l.means.row(3).setConstant(std::numeric_limits<double>::quiet_NaN());
  l.means.bottomRows(20).setConstant(std::numeric_limits<double>::quiet_NaN());
  const auto part = find_transient(l.means, f, l.later);
  ASSERT_EQ(part.status, TransientStatus::found);
  EXPECT_NEAR(part.end_line, whole.end_line, 2.0);
}

TEST(Transient, FewLinesOrChannelsAreAStatus) {
  const auto l = make_lines(5, 0.6, 2.0, 0.005, 5);
  EXPECT_EQ(find_transient(l.means, f, l.later).status, TransientStatus::too_few_lines);
  TransientParams params;
  params.residual_below_hz = 50.0;
  const auto many = make_lines(64, 0.6, 2.0, 0.005, 5);
  EXPECT_EQ(find_transient(many.means, f, many.later, params).status,
            TransientStatus::too_few_lines);
}

}  // namespace
}  // namespace halotwin::analysis
