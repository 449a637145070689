// Medians of fields: how far another area of the same film would give another one.
#include "analysis/field_median.hpp"

#include <cmath>
#include <limits>
#include <vector>

#include <gtest/gtest.h>

#include "analysis/registration.hpp"
#include "base/random.hpp"

namespace halotwin::analysis {
namespace {

constexpr std::size_t side = 48;
constexpr double pixel_m = 0.2e-6;

std::vector<double> noise(std::uint32_t number) {
  RandomStream draw(11, Purpose::test_data, number);
  std::vector<double> field(side * side);
  draw.fill_normal(field);
  return field;
}

/// A field whose structures are about ten pixels wide.
std::vector<double> broad(std::uint32_t number) {
  const std::vector<double> field = noise(number);
  return smoothed({field, side, side}, 3.0);
}

struct Repeated {
  double spread = 0.0;  // of the medians
  double sigma = 0.0;   // mean of those reported
};

template <class Field>
Repeated repeat(const Field& field) {
  std::vector<double> medians;
  std::vector<double> sigmas;
  for (std::uint32_t k = 0; k < 100; ++k) {
    const Estimate e = median_of_field(field(k), side, pixel_m);
    medians.push_back(e.value);
    sigmas.push_back(e.sigma);
  }
  return {standard_deviation(medians), mean(sigmas)};
}

TEST(FieldMedian, OfIndependentPixelsHasTheTextbookError) {
  const Repeated r = repeat(noise);
  const double expected = std::sqrt(0.5 * 3.14159265) / static_cast<double>(side);
  EXPECT_NEAR(r.sigma, expected, 0.15 * expected);
  EXPECT_NEAR(r.spread, expected, 0.25 * expected);  // 7 % from 100 repeats
}

TEST(FieldMedian, CountsThatNeighboursAreAlike) {
  double in_68 = 0.0;
  double in_95 = 0.0;
  double independent_in_68 = 0.0;  // the null: pixels taken as independent
  constexpr int repeats = 200;     // binomial standard deviations 3.3 and 1.5 %
  for (std::uint32_t k = 0; k < repeats; ++k) {
    const std::vector<double> field = broad(k);
    const Estimate e = median_of_field(field, side, pixel_m);
    in_68 += std::abs(e.value) <= e.sigma ? 1.0 / repeats : 0.0;  // the true median is 0
    in_95 += std::abs(e.value) <= 1.96 * e.sigma ? 1.0 / repeats : 0.0;
    const double independent = 1.2533 * standard_deviation(field) / static_cast<double>(side);
    independent_in_68 += std::abs(e.value) <= independent ? 1.0 / repeats : 0.0;
  }
  // the sum of covariances up to the first zero errs to the safe side by 13 to 18 %
  EXPECT_GT(in_68, 0.62);
  EXPECT_LT(in_68, 0.82);
  EXPECT_GT(in_95, 0.91);
  EXPECT_LT(independent_in_68, 0.3);
}

TEST(FieldMedian, LeavesMissingPixelsOut) {
  std::vector<double> field = broad(3);
  const Estimate whole = median_of_field(field, side, pixel_m);
  for (std::size_t p = 0; p < field.size(); p += 3) {
    field[p] = std::numeric_limits<double>::quiet_NaN();
  }
  const Estimate part = median_of_field(field, side, pixel_m);
  EXPECT_NEAR(part.value, whole.value, 0.3 * whole.sigma);
  EXPECT_NEAR(part.sigma, whole.sigma, 0.3 * whole.sigma);
}

TEST(FieldMedian, OfNothingIsUnknownAndOfEqualsIsExact) {
  const double missing = std::numeric_limits<double>::quiet_NaN();
  EXPECT_TRUE(std::isnan(median_of_field(std::vector<double>(64, missing), 8, 1e-6).value));
  const Estimate equal = median_of_field(std::vector<double>(64, 2.5), 8, 1e-6);
  EXPECT_EQ(equal.value, 2.5);
  EXPECT_EQ(equal.sigma, 0.0);
  // too small a field to know how far its structures reach
  EXPECT_TRUE(std::isnan(median_of_field(noise(1), side, 0.02e-6).sigma));
}

TEST(SmallSampleFactor, GrowsForFewValues) {
  EXPECT_NEAR(small_sample_factor(1e6), 1.0, 1e-4);
  EXPECT_NEAR(small_sample_factor(6.0), 0.5 * (1.1105 + 2.5706 / 1.96), 2e-3);  // table of t, 5
  EXPECT_GT(small_sample_factor(3.0), small_sample_factor(6.0));
  EXPECT_TRUE(std::isnan(small_sample_factor(1.5)));
}

}  // namespace
}  // namespace halotwin::analysis
