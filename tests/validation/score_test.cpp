// Scores against the truth: what a perfect, a blind and an inverted analysis must get.
#include "validation/score.hpp"

#include <cmath>
#include <limits>

#include <gtest/gtest.h>

#include "base/errors.hpp"
#include "base/random.hpp"

namespace halotwin::validation {
namespace {

// Square grains of 8 pixels; every third one is a hotspot.
PmDnsTruth chequered(std::size_t n) {
  PmDnsTruth truth;
  truth.step_m = 10e-9;
  truth.boundary_distance_m = Image<double>(n, n);
  truth.hotspot = Image<double>(n, n);
  truth.grain = Image<double>(n, n);
  for (std::size_t y = 0; y < n; ++y) {
    for (std::size_t x = 0; x < n; ++x) {
      const auto edge = [](std::size_t i) {
        return std::min(static_cast<double>(i % 8) + 0.5, 7.5 - static_cast<double>(i % 8));
      };
      truth.boundary_distance_m(x, y) = 10e-9 * std::min(edge(x), edge(y));
      const std::size_t grain = (y / 8) * (n / 8) + x / 8;
      truth.grain(x, y) = static_cast<double>(grain);
      truth.hotspot(x, y) = grain % 3 == 0 ? 1.0 : 0.0;
    }
  }
  return truth;
}

PmDnsMaps perfect(const PmDnsTruth& truth) {
  PmDnsMaps maps{truth.hotspot, truth.boundary_distance_m, {}};
  for (double& v : maps.high_weight.values) {
    v = -v;
  }
  return maps;
}

TEST(PmDnsScore, IsOneForAPerfectAnalysis) {
  const PmDnsTruth truth = chequered(64);
  const PmDnsScore score = score_pm_dns(perfect(truth), truth);
  EXPECT_DOUBLE_EQ(score.boundary_auc.value, 1.0);
  EXPECT_DOUBLE_EQ(score.hotspot_auc.value, 1.0);
  EXPECT_DOUBLE_EQ(score.hotspot_grain_auc.value, 1.0);
}

TEST(PmDnsScore, IsZeroForAnInvertedAnalysis) {
  const PmDnsTruth truth = chequered(64);
  PmDnsMaps maps = perfect(truth);
  for (auto* image : {&maps.low_weight, &maps.high_weight}) {
    for (double& v : image->values) {
      v = -v;
    }
  }
  const PmDnsScore score = score_pm_dns(maps, truth);
  EXPECT_DOUBLE_EQ(score.boundary_auc.value, 0.0);
  EXPECT_DOUBLE_EQ(score.hotspot_auc.value, 0.0);
}

TEST(PmDnsScore, IsOneHalfForNoise) {
  const PmDnsTruth truth = chequered(64);
  PmDnsMaps maps{Image<double>(64, 64), Image<double>(64, 64), {}};
  RandomStream draw(3, Purpose::test_data);
  for (auto* image : {&maps.low_weight, &maps.high_weight}) {
    draw.fill_normal(image->values);
  }
  const PmDnsScore score = score_pm_dns(maps, truth);
  // standard error of the area for n positives and m negatives: sqrt((n + m + 1) / (12 n m)) <
  // 0.015 here
  EXPECT_NEAR(score.boundary_auc.value, 0.5, 4 * 0.015);
  EXPECT_NEAR(score.hotspot_auc.value, 0.5, 4 * 0.015);
  EXPECT_GT(score.boundary_auc.sigma, 0.0);
}

TEST(PmDnsScore, LeavesUnusedPixelsOut) {
  const PmDnsTruth truth = chequered(64);
  PmDnsMaps maps = perfect(truth);
  const PmDnsScore whole = score_pm_dns(maps, truth);
  for (std::size_t i = 0; i < 64 * 20; ++i) {
    maps.low_weight.values[i] = std::numeric_limits<double>::quiet_NaN();
    maps.high_weight.values[i] = std::numeric_limits<double>::quiet_NaN();
  }
  const PmDnsScore part = score_pm_dns(maps, truth);
  EXPECT_LT(part.pixels, whole.pixels);
  EXPECT_DOUBLE_EQ(part.boundary_auc.value, 1.0);
}

TEST(PmDnsScore, HasNoAreaWithoutHotspots) {
  PmDnsTruth truth = chequered(32);
  const PmDnsMaps maps = perfect(truth);
  truth.hotspot = Image<double>(32, 32, 0.0);
  EXPECT_TRUE(std::isnan(score_pm_dns(maps, truth).hotspot_auc.value));
}

TEST(PmDnsScore, RefusesMapsOfAnotherSize) {
  const PmDnsTruth truth = chequered(32);
  EXPECT_THROW(static_cast<void>(score_pm_dns(perfect(chequered(64)), truth)), DataError);
}

}  // namespace
}  // namespace halotwin::validation
