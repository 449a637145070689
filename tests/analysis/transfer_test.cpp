#include "analysis/transfer.hpp"

#include <cmath>
#include <functional>
#include <limits>
#include <numbers>

#include <gtest/gtest.h>

#include "base/errors.hpp"
#include "base/grid.hpp"

namespace halotwin::analysis {
namespace {

using Complex = std::complex<double>;
const std::vector<double> f = log_spacing(100.0, 8000.0, 32);

Complex instrument(double x, int direction) {
  return Complex(0.01, 0.002) * low_pass_response(x, 5e-5, 4) * (direction == 0 ? 1.0 : 0.99);
}

std::vector<std::complex<float>> sweep(const std::function<Complex(double)>& r) {
  std::vector<std::complex<float>> out;
  for (int direction = 0; direction < 2; ++direction) {
    for (const double x : f) {
      out.emplace_back(instrument(x, direction) * r(x));
    }
  }
  return out;
}

Complex debye(double x) {
  return 1.0 + 0.3 / Complex(1.0, x / 900.0);
}

TEST(LowPassResponse, FallsAndLagsAsAStageDoes) {
  const double tau = 1.0 / (2.0 * std::numbers::pi * 1000.0);
  const Complex one = low_pass_response(1000.0, tau, 1);
  EXPECT_NEAR(std::abs(one), std::sqrt(0.5), 1e-14);
  EXPECT_NEAR(std::arg(one), -std::numbers::pi / 4.0, 1e-14);
  EXPECT_NEAR(std::abs(low_pass_response(1000.0, tau, 4) - one * one * one * one), 0.0, 1e-15);
}

TEST(FilterReference, TakesOutTheFirstLockIn) {
  std::vector<std::complex<float>> map;
  for (int direction = 0; direction < 2; ++direction) {
    for (const double x : f) {
      map.emplace_back(debye(x) * low_pass_response(2.0 * x, 3e-6, 4));
    }
  }
  const auto cube =
      calibrate(map, f, filter_reference(f, 2.0, 3e-6, 4), {.channel = ResponseChannel::loss});
  for (std::size_t i = 0; i < f.size(); ++i) {
    EXPECT_NEAR(cube.values[i] * cube.fast_response, -debye(f[i]).imag(), 1e-6);
  }
}

TEST(Calibrate, InstrumentCancelsAndLossIsPositive) {
  const auto reference = mean_reference(sweep([](double) { return Complex(1.7, 0.0); }), f.size());
  const auto cube = calibrate(sweep([](double x) { return 1.1 * debye(x); }), f, reference);
  ASSERT_EQ(cube.measured, 1U);
  double fast = 0.0;
  int channels = 0;
  for (const double x : f) {
    if (x >= 4000.0) {
      fast += debye(x).real();
      ++channels;
    }
  }
  fast /= channels;
  for (std::size_t i = 0; i < f.size(); ++i) {
    EXPECT_NEAR(cube.values[i], -debye(f[i]).imag() / fast, 1e-6);
  }
  EXPECT_NEAR(cube.fast_response, fast * 1.1 / 1.7, 1e-6);
}

TEST(Calibrate, ChannelsAreWhatTheyAreCalled) {
  const auto reference = mean_reference(sweep([](double) { return Complex(1.0, 0.0); }), f.size());
  const auto map = sweep(debye);
  const auto value = [&](ResponseChannel channel) {
    return static_cast<double>(calibrate(map, f, reference, {.channel = channel}).values[10]);
  };
  EXPECT_NEAR(value(ResponseChannel::sum),
              value(ResponseChannel::in_phase) + value(ResponseChannel::loss),
              1e-6);
  EXPECT_NEAR(value(ResponseChannel::modulus),
              std::hypot(value(ResponseChannel::in_phase), value(ResponseChannel::loss)),
              1e-6);
}

TEST(Calibrate, UpAgainstDownMeasuresTheNoise) {
  const auto reference = mean_reference(sweep([](double) { return Complex(1.0, 0.0); }), f.size());
  auto map = sweep([](double) { return Complex(1.0, 0.0); });
  for (std::size_t i = 0; i < f.size(); ++i) {
    // up lags by 0.02, down does not: half the difference is 0.01
    map[i] *= std::complex<float>(1.0F, -0.02F);
  }
  const auto cube = calibrate(map, f, reference);
  EXPECT_NEAR(cube.noise_sigma[5], 0.01, 1e-6);
  EXPECT_NEAR(cube.values[5], 0.01F, 1e-6);
}

TEST(Calibrate, PixelsWithAnythingMissingAreNotMeasured) {
  const auto reference = mean_reference(sweep([](double) { return Complex(1.0, 0.0); }), f.size());
  auto map = sweep(debye);
  const auto second = map;
  map.insert(map.end(), second.begin(), second.end());
  map[3] = {std::numeric_limits<float>::quiet_NaN(), 0.0F};
  const auto cube = calibrate(map, f, reference);
  EXPECT_EQ(cube.measured, 1U);
  EXPECT_EQ(cube.valid[0], 0);
  EXPECT_TRUE(std::isnan(cube.values[0]));
  EXPECT_EQ(cube.valid[1], 1);
}

TEST(MeanReference, BrokenReferencesAreRefused) {
  auto r = sweep([](double) { return Complex(1.0, 0.0); });
  r[2] = 0.0F;
  EXPECT_THROW((void)mean_reference(r, f.size()), ParameterError);
  r[2] = {std::numeric_limits<float>::infinity(), 0.0F};
  EXPECT_THROW((void)mean_reference(r, f.size()), ParameterError);
  EXPECT_THROW((void)mean_reference(r, f.size() - 1), ParameterError);
}

TEST(MeanReference, SkipsUnmeasuredRepeats) {
  auto r = sweep([](double) { return Complex(2.0, 0.0); });
  const std::size_t length = r.size();
  r.resize(2 * length, {std::numeric_limits<float>::quiet_NaN(), 0.0F});
  const auto mean = mean_reference(r, f.size());
  EXPECT_NEAR(std::abs(mean.up[3] - 2.0 * instrument(f[3], 0)), 0.0, 1e-8);
}

}  // namespace
}  // namespace halotwin::analysis
