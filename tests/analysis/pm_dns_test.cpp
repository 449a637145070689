#include "analysis/pipelines/pm_dns.hpp"

#include <algorithm>
#include <limits>

#include <gtest/gtest.h>

#include "analysis/score.hpp"
#include "base/errors.hpp"
#include "tests/analysis/synthetic_map.hpp"

namespace halotwin::analysis {
namespace {

PmDnsOptions quick_options() {
  PmDnsOptions options;
  options.replicates = 60;
  options.null_repeats = 6;
  options.max_rank_scanned = 3;
  return options;
}

double auc_of(const PmDnsResult& r, const SyntheticMap& map, std::size_t component, PixelClass of) {
  std::vector<double> scores;
  std::vector<std::uint8_t> positive;
  for (std::size_t p = 0; p < map.truth.size(); ++p) {
    const float w = r.weight_maps[component * map.truth.size() + p];
    if (std::isfinite(w)) {
      scores.push_back(static_cast<double>(w));
      positive.push_back(map.truth[p] == of ? 1 : 0);
    }
  }
  return roc_auc(scores, positive).value;
}

TEST(PmDns, FindsLinesComponentsAndClassesOfASyntheticMap) {
  const auto map = make_map({});
  const auto r = analyse_pm_dns(map.input(), quick_options(), {2});
  ASSERT_EQ(r.status, PmDnsStatus::complete);
  EXPECT_EQ(r.transient.status, TransientStatus::none);
  EXPECT_EQ(r.used_pixels, map.truth.size());
  ASSERT_TRUE(r.all.peaks[0].usable());
  ASSERT_TRUE(r.all.peaks[1].usable());
  EXPECT_NEAR(r.all.peaks[0].position_hz, 1050.0, 80.0);  // between grain and boundary lines
  EXPECT_NEAR(r.all.peaks[1].position_hz, 1950.0, 100.0);
  EXPECT_GT(auc_of(r, map, 1, PixelClass::boundary), 0.95);
  EXPECT_GT(auc_of(r, map, 0, PixelClass::hotspot), 0.95);
}

TEST(PmDns, BoundaryShiftAndRatioStandAboveTheirNulls) {
  const auto map = make_map({});
  const auto r = analyse_pm_dns(map.input(), quick_options(), {2});
  ASSERT_EQ(r.comparisons.size(), 2U);
  const auto& boundary = r.comparisons[0];
  ASSERT_TRUE(boundary.shift.known);
  EXPECT_GT(boundary.shift.sigma, 0.0);
  EXPECT_NEAR(boundary.shift.value, std::log(1.12), 0.05);
  ASSERT_TRUE(boundary.ratio_contrast.known);
  ASSERT_EQ(r.shuffled_null.size(), 2U);
  ASSERT_TRUE(r.shuffled_null[0].ratio_contrast.known);
  EXPECT_NEAR(r.shuffled_null[0].ratio_contrast.value, 1.0, 0.1);
  EXPECT_GT(boundary.ratio_contrast.value,
            r.shuffled_null[0].ratio_contrast.value + 5 * r.shuffled_null[0].ratio_contrast.sigma);
  ASSERT_TRUE(r.selection_null[0].ratio_contrast.known);
  EXPECT_GT(boundary.ratio_contrast.value, r.selection_null[0].ratio_contrast.value);
  const auto& hotspot = r.comparisons[1];
  ASSERT_TRUE(hotspot.enhancement.known);
  EXPECT_GT(hotspot.enhancement.value, 1.3);
}

TEST(PmDns, TransientLinesAreFoundAndLeftOut) {
  SyntheticParams p;
  p.transient = 0.1;
  p.decay_lines = 6.0;
  const auto map = make_map(p);
  const auto r = analyse_pm_dns(map.input(), quick_options(), {2});
  ASSERT_EQ(r.transient.status, TransientStatus::found);
  EXPECT_EQ(r.excluded_lines, r.transient.lines_to_exclude());
  EXPECT_EQ(r.class_map.front(), PixelClass::excluded);
  EXPECT_EQ(r.used_pixels, (p.ny - r.excluded_lines) * p.nx);
}

TEST(PmDns, SameBitsForAnyNumberOfThreads) {
  const auto map = make_map({.nx = 20, .ny = 24});
  const auto a = analyse_pm_dns(map.input(), quick_options(), {1});
  const auto b = analyse_pm_dns(map.input(), quick_options(), {3});
  EXPECT_TRUE((a.nmf.basis == b.nmf.basis).all());
  EXPECT_TRUE((a.nmf.weights == b.nmf.weights).all());
  EXPECT_EQ(a.class_map, b.class_map);
  EXPECT_EQ(a.all.sigma, b.all.sigma);
  EXPECT_EQ(a.comparisons[0].shift.sigma, b.comparisons[0].shift.sigma);
  EXPECT_EQ(a.selection_null[0].ratio_contrast.value, b.selection_null[0].ratio_contrast.value);
}

TEST(PmDns, NoiseOfEachChannelIsThatOfTheMeanOfTwoSweeps) {
  const auto map = make_map({});
  const auto r = analyse_pm_dns(map.input(), quick_options());
  for (std::size_t f = 0; f < map.frequencies_hz.size(); f += 10) {
    const double expected = 0.01 * (1.0 + map.frequencies_hz[f] / 2000.0) / std::sqrt(2.0);
    // 2304 pixels: standard error of a standard deviation 1.5 %; fast response within 1 %.
    EXPECT_NEAR(r.response.noise_sigma[f] / expected, 1.0, 0.06);
  }
}

TEST(PmDns, ErrorOfTheReferenceIsCommonToAllPixelsAndDoesNotAverageAway) {
  auto map = make_map({});
  const std::size_t length = 2 * map.frequencies_hz.size();
  for (std::size_t i = 0; i < map.reference.size(); ++i) {
    map.reference[i] *= 0.97F + 0.02F * static_cast<float>(i / length);  // 4 repeats
  }
  const auto r = analyse_pm_dns(map.input(), quick_options(), {2});
  // Scatter 0.02 x 1.29 of four repeats, half for the mean, 1/sqrt 2 for one component.
  const double expected = 0.02 * 1.291 / 2.0 / std::sqrt(2.0);
  for (std::size_t f = 5; f < map.frequencies_hz.size(); f += 10) {
    EXPECT_NEAR(
        r.response.common_sigma[f] / expected / std::abs(r.response.mean_response[f]), 1.0, 0.05);
    EXPECT_GE(r.all.sigma[f], r.response.common_sigma[f]);
  }
}

TEST(PmDns, UnmeasuredAndOverloadedPixelsStayOut) {
  auto map = make_map({.nx = 24, .ny = 24});
  for (std::size_t p = 24 * 12 + 5; p < 24 * 24; ++p) {
    forget_pixel(map, p);  // stopped in the middle of a line
  }
  std::vector<std::uint8_t> overload(24 * 24, 0);
  overload[30] = 1;
  auto in = map.input();
  in.overload = overload;
  const auto r = analyse_pm_dns(in, quick_options());
  EXPECT_EQ(r.status, PmDnsStatus::complete);
  EXPECT_EQ(r.used_pixels, 24U * 12 + 5 - 1);
  EXPECT_EQ(r.class_map.back(), PixelClass::unmeasured);
  EXPECT_EQ(r.class_map[30], PixelClass::excluded);
  EXPECT_TRUE(std::isnan(r.weight_maps[30]));
  for (const auto& s : r.classes) {
    for (const double v : s.mean) {
      EXPECT_TRUE(std::isfinite(v));
    }
  }
}

void expect_no_silent_nan(const PmDnsResult& r) {
  for (const double v : r.all.mean) {
    EXPECT_TRUE(std::isfinite(v));
  }
  for (const double v : r.all.sigma) {
    EXPECT_TRUE(std::isfinite(v));
  }
  for (const auto& c : r.comparisons) {
    EXPECT_TRUE(!c.shift.known || std::isfinite(c.shift.value + c.shift.sigma));
    EXPECT_TRUE(!c.ratio_contrast.known ||
                std::isfinite(c.ratio_contrast.value + c.ratio_contrast.sigma));
  }
}

TEST(PmDns, OnePixelHasASpectrumAndSaysTooFew) {
  const auto map = make_map({.nx = 1, .ny = 1});
  const auto r = analyse_pm_dns(map.input(), quick_options());
  EXPECT_EQ(r.status, PmDnsStatus::too_few_pixels);
  EXPECT_EQ(r.all.pixels, 1U);
  EXPECT_GT(r.all.sigma.front(), 0.0);
  expect_no_silent_nan(r);
}

TEST(PmDns, OneLineIsAnalysedWithoutATransient) {
  const auto map = make_map({.nx = 200, .ny = 1});
  const auto r = analyse_pm_dns(map.input(), quick_options());
  EXPECT_EQ(r.status, PmDnsStatus::complete);
  EXPECT_EQ(r.transient.status, TransientStatus::too_few_lines);
  expect_no_silent_nan(r);
}

TEST(PmDns, ConstantMapHasNoContrast) {
  auto map = make_map({.nx = 10, .ny = 10});
  const std::size_t length = 2 * map.frequencies_hz.size();
  for (std::size_t p = 1; p < 100; ++p) {
    std::copy_n(map.demodulated.begin(),
                length,
                map.demodulated.begin() + static_cast<std::ptrdiff_t>(p * length));
  }
  const auto r = analyse_pm_dns(map.input(), quick_options());
  EXPECT_EQ(r.status, PmDnsStatus::no_contrast);
  expect_no_silent_nan(r);
}

TEST(PmDns, AnyRankAndAnySmallShapeIsAnswered) {
  auto options = quick_options();
  options.replicates = 10;
  options.null_repeats = 2;
  for (const int rank : {1, 3, 5}) {
    options.nmf.rank = rank;
    const auto r = analyse_pm_dns(make_map({.nx = 16, .ny = 16}).input(), options);
    EXPECT_EQ(r.status, PmDnsStatus::complete) << rank;
    expect_no_silent_nan(r);
  }
  options.nmf.rank = 2;
  for (const std::size_t nx : {2U, 3U, 5U}) {
    for (const std::size_t ny : {1U, 2U, 13U}) {
      for (const std::size_t channels : {1U, 2U, 3U, 20U}) {
        expect_no_silent_nan(
            analyse_pm_dns(make_map({.nx = nx, .ny = ny, .channels = channels}).input(), options));
      }
    }
  }
}

TEST(PmDns, ResponseOfTheWrongSignHasNoContrast) {
  auto map = make_map({.nx = 8, .ny = 8});
  for (auto& z : map.demodulated) {
    z = std::conj(z);
  }
  for (auto& z : map.reference) {
    z = std::conj(z);
  }
  auto options = quick_options();
  const auto r = analyse_pm_dns(map.input(), options);
  // Loss is negative nearly everywhere: kept in the cube, zero for the factorisation.
  EXPECT_LT(r.all.mean[20], 0.0);
  expect_no_silent_nan(r);
}

TEST(PmDns, NothingMeasuredIsAStatus) {
  auto map = make_map({.nx = 4, .ny = 4});
  for (std::size_t p = 0; p < 16; ++p) {
    forget_pixel(map, p);
  }
  EXPECT_EQ(analyse_pm_dns(map.input(), quick_options()).status, PmDnsStatus::no_measured_pixel);
}

TEST(PmDns, AllLinesExcludedIsAStatus) {
  const auto map = make_map({.nx = 8, .ny = 8});
  auto options = quick_options();
  options.exclude_lines = 40;
  EXPECT_EQ(analyse_pm_dns(map.input(), options).status, PmDnsStatus::too_few_pixels);
}

TEST(PmDns, WhiteningKeepsUnitsAndOrder) {
  const auto map = make_map({});
  auto options = quick_options();
  options.whitening = true;
  const auto r = analyse_pm_dns(map.input(), options);
  ASSERT_EQ(r.status, PmDnsStatus::complete);
  EXPECT_NEAR(r.nmf.basis.row(0).maxCoeff(), 1.0, 1e-12);
  EXPECT_GT(auc_of(r, map, 1, PixelClass::boundary), 0.9);
}

TEST(PmDns, EveryChannelNamesItsOwnPeaks) {
  const auto map = make_map({});
  auto options = quick_options();
  options.max_rank_scanned = 0;
  options.null_repeats = 0;
  for (const auto channel :
       {ResponseChannel::in_phase, ResponseChannel::modulus, ResponseChannel::sum}) {
    options.channel = channel;
    EXPECT_EQ(analyse_pm_dns(map.input(), options, {2}).status, PmDnsStatus::complete);
  }
}

TEST(PmDns, WrongSizesAndMissingReferenceAreRefused) {
  const auto map = make_map({.nx = 4, .ny = 4});
  auto in = map.input();
  in.reference = {};
  EXPECT_THROW((void)analyse_pm_dns(in), ParameterError);
  in = map.input();
  in.ny = 5;
  EXPECT_THROW((void)analyse_pm_dns(in), ParameterError);
  auto options = quick_options();
  options.nmf.rank = 0;
  EXPECT_THROW((void)analyse_pm_dns(map.input(), options), ParameterError);
}

}  // namespace
}  // namespace halotwin::analysis
