#include "analysis/focus.hpp"

#include <cmath>
#include <vector>

#include <gtest/gtest.h>

#include "base/errors.hpp"
#include "base/random.hpp"

namespace halotwin::analysis {
namespace {

constexpr std::size_t side = 24;
constexpr std::size_t pixels = side * side;

RandomStream stream(std::uint64_t number) {
  return {7, Purpose::test_data, 0, number};
}

/// Frames of a picture with waves of `contrast`, a mean signal of 400 counts over a dark of 100,
/// and noise of `noise` counts.
std::vector<std::uint16_t> frames_of(double contrast,
                                     double noise,
                                     std::size_t count,
                                     std::uint64_t seed) {
  RandomStream draw = stream(seed);
  std::vector<std::uint16_t> out;
  for (std::size_t k = 0; k < count; ++k) {
    for (std::size_t i = 0; i < pixels; ++i) {
      const double wave = std::sin(0.7 * static_cast<double>(i % side)) *
                          std::cos(0.5 * static_cast<double>(i / side));
      const double value = 100.0 + 400.0 * (1.0 + contrast * wave) + noise * draw.normal();
      out.push_back(static_cast<std::uint16_t>(std::lround(std::max(value, 0.0))));
    }
  }
  return out;
}

const std::vector<double> dark(pixels, 100.0);

TEST(Sharpness, IsThatOfThePictureWhateverTheNoise) {
  const double true_one = sharpness(frames_of(0.1, 0.0, 3, 1), dark, side, side).value;
  EXPECT_GT(true_one, 1e-3);
  double sum = 0.0;
  double squares = 0.0;
  double said = 0.0;
  constexpr int trials = 40;
  for (int t = 0; t < trials; ++t) {
    const Estimate s =
        sharpness(frames_of(0.1, 80.0, 8, 100U + static_cast<unsigned>(t)), dark, side, side);
    sum += s.value / trials;
    squares += s.value * s.value / trials;
    said += s.sigma * s.sigma / trials;
  }
  const double deviation = std::sqrt(squares - sum * sum);
  EXPECT_NEAR(sum, true_one, 3.5 * deviation / std::sqrt(trials));
  EXPECT_NEAR(std::sqrt(said) / deviation, 1.0, 0.35) << "jackknife against the scatter of trials";
  // what a plain mean of the frames would add: twice the variance of its noise
  const double bias = 2.0 * 80.0 * 80.0 / 8.0 / (400.0 * 400.0);
  EXPECT_GT(bias, 10.0 * deviation / std::sqrt(trials)) << "the test could not see it";
}

TEST(Sharpness, IsNothingWithoutStructure) {
  const Estimate s = sharpness(frames_of(0.0, 60.0, 20, 5), dark, side, side);
  EXPECT_LT(std::abs(s.value), 4.0 * s.sigma);
  EXPECT_GT(s.sigma, 0.0);
}

TEST(Sharpness, IsUnknownWithoutLight) {
  const std::vector<double> as_bright(pixels, 500.0);
  const Estimate s = sharpness(frames_of(0.0, 60.0, 20, 5), as_bright, side, side);
  EXPECT_EQ(s.value, 0.0);
  EXPECT_TRUE(std::isinf(s.sigma));
}

TEST(Sharpness, RefusesTooLittle) {
  const auto two = frames_of(0.1, 1.0, 2, 1);
  EXPECT_THROW(static_cast<void>(sharpness(two, dark, side, side)), ParameterError);
  EXPECT_THROW(static_cast<void>(sharpness(frames_of(0.1, 1.0, 3, 1), {}, side, side + 1)),
               ParameterError);
}

struct Series {
  std::vector<double> position_m;
  std::vector<Estimate> sharpness;
};

/// A peak that is no Gaussian: 1 / (1 + u^2)^2 on a background.
Series through_focus(double best_m, double height, double noise, std::uint64_t seed) {
  RandomStream draw = stream(seed);
  Series out;
  for (int i = 0; i < 17; ++i) {
    const double z_m = (i - 8) * 125e-9;
    const double u = (z_m - best_m) / 500e-9;
    out.position_m.push_back(z_m);
    out.sharpness.push_back(
        {2.0 + height / std::pow(1.0 + u * u, 2.0) + noise * draw.normal(), noise});
  }
  return out;
}

TEST(FocusFit, FindsTheMaximumWithinItsError) {
  double squares = 0.0;
  constexpr int trials = 60;
  for (int t = 0; t < trials; ++t) {
    const double best_m = (t - 30) * 12e-9;
    const Series s = through_focus(best_m, 5.0, 0.2, 40U + static_cast<unsigned>(t));
    const FocusFit fit = fit_focus(s.position_m, s.sharpness);
    ASSERT_EQ(fit.status, FocusStatus::found);
    squares += std::pow((fit.best_m.value - best_m) / fit.best_m.sigma, 2.0) / trials;
    EXPECT_LT(fit.best_m.sigma, 40e-9);
  }
  EXPECT_GT(std::sqrt(squares), 0.6);
  EXPECT_LT(std::sqrt(squares), 1.4) << "pulls have a deviation of 1";
}

TEST(FocusFit, SaysWhenTheMaximumIsNotInside) {
  for (const double best_m : {-1.6e-6, 1.05e-6, 1.6e-6}) {
    const Series s = through_focus(best_m, 5.0, 0.02, 9);
    const FocusFit fit = fit_focus(s.position_m, s.sharpness);
    EXPECT_EQ(fit.status, FocusStatus::at_edge) << best_m;
    EXPECT_EQ(fit.best_m.value, best_m < 0.0 ? -1e-6 : 1e-6);
    EXPECT_TRUE(std::isnan(fit.best_m.sigma));
  }
}

TEST(FocusFit, FindsNothingInNoise) {
  int found = 0;
  for (unsigned t = 0; t < 200; ++t) {
    const Series s = through_focus(0.0, 0.0, 0.2, 1000 + t);
    found += fit_focus(s.position_m, s.sharpness).status == FocusStatus::no_structure ? 0 : 1;
  }
  EXPECT_LE(found, 2);
}

}  // namespace
}  // namespace halotwin::analysis
