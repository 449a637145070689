#include "analysis/power_spectrum.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include <gtest/gtest.h>

#include "analysis/spectrum_fit.hpp"
#include "analysis/uncertainty.hpp"
#include "base/constants.hpp"
#include "base/errors.hpp"
#include "base/random.hpp"

namespace halotwin::analysis {
namespace {

constexpr double dt = 0.03;
constexpr std::size_t n = 4000;

std::vector<double> white_trace(std::uint64_t repeat, double sigma) {
  RandomStream draw(2, Purpose::test_data, 6, repeat);
  std::vector<double> out(n);
  draw.fill_normal(out);
  for (double& v : out) {
    v = 100.0 + sigma * v;
  }
  return out;
}

// A telegraph signal 0/1 of equal rates, seen through frames: exact averages between its switches.
std::vector<double> telegraph_trace(double tau_s, int centres, std::uint64_t repeat) {
  RandomStream draw(4, Purpose::test_data, 7, repeat);
  std::vector<double> out(n, 0.0);
  for (int c = 0; c < centres; ++c) {
    bool on = draw.uniform(0.0, 1.0) < 0.5;
    double now = 0.0;
    const double end = static_cast<double>(n) * dt;
    while (now < end) {
      const double stay = std::min(end, now - 2.0 * tau_s * std::log(draw.uniform(1e-300, 1.0)));
      if (on) {
        for (auto t = static_cast<std::size_t>(now / dt);
             t < n && static_cast<double>(t) * dt < stay;
             ++t) {
          const double from = std::max(now, static_cast<double>(t) * dt);
          const double to = std::min(stay, static_cast<double>(t + 1) * dt);
          out[t] += std::max(0.0, to - from) / dt;
        }
      }
      on = !on;
      now = stay;
    }
  }
  return out;
}

TEST(PowerSpectrum, PublishedFrequenciesAndDegreesOfFreedom) {
  // analysis-algorithms 9: N = 4000
  const PowerSpectrum s = variable_window_spectrum(white_trace(0, 1.0), dt);
  ASSERT_EQ(s.frequency_hz.size(), 45U);
  const std::vector<int> lines = {9, 11, 12, 13, 15};
  for (std::size_t i = 0; i < lines.size(); ++i) {
    EXPECT_NEAR(s.frequency_hz[i], lines[i] / (n * dt), 1e-12);
  }
  EXPECT_NEAR(s.frequency_hz.back(), std::ceil(9 * std::pow(10.0, 2.2)) / (n * dt), 1e-12);
  EXPECT_NEAR(s.freedom.front(), 9.574, 1e-3);
}

TEST(PowerSpectrum, WhiteNoiseIsFlatAtTwiceItsVarianceTimesTheFrameTime) {
  const Periodogram plan(n, {dt, 20});
  std::vector<double> average(plan.frequency_hz().size(), 0.0);
  double variable = 0.0;
  constexpr int repeats = 60;
  for (int r = 0; r < repeats; ++r) {
    const auto trace = white_trace(static_cast<std::uint64_t>(r), 3.0);
    const auto p = plan.density(trace);
    for (std::size_t i = 0; i < p.size(); ++i) {
      average[i] += p[i] / repeats;
    }
    const PowerSpectrum s = variable_window_spectrum(trace, dt);
    variable += mean(s.density) / repeats;
  }
  const double expected = white_density(9.0, dt);
  for (std::size_t i = 0; i < average.size(); ++i) {
    EXPECT_NEAR(average[i], expected, 5.0 * expected * std::sqrt(2.0 / plan.freedom()[i] / repeats))
        << i;
  }
  EXPECT_NEAR(variable, expected, 0.05 * expected);
}

TEST(PowerSpectrum, ValuesScatterAsTheirDegreesOfFreedomSay) {
  const Periodogram plan(n, {dt, 20});
  constexpr std::size_t repeats = 400;
  std::vector<std::vector<double>> of_bin(plan.frequency_hz().size());
  for (std::size_t r = 0; r < repeats; ++r) {
    const auto p = plan.density(white_trace(1000 + r, 1.0));
    for (std::size_t i = 0; i < p.size(); ++i) {
      of_bin[i].push_back(p[i]);
    }
  }
  for (std::size_t i = 0; i < of_bin.size(); i += 6) {
    const double relative = standard_deviation(of_bin[i]) / mean(of_bin[i]);
    EXPECT_NEAR(relative, std::sqrt(2.0 / plan.freedom()[i]), 0.15 * relative) << i;
  }
}

TEST(PowerSpectrum, ManyTracesAtOnceGiveTheSameBits) {
  std::vector<double> traces;
  for (std::uint64_t r = 0; r < 70; ++r) {
    const auto one = white_trace(r, 1.0);
    traces.insert(traces.end(), one.begin(), one.end());
  }
  const Periodogram plan(n, {dt, 20});
  const auto all = plan.densities(traces, {3});
  const auto last = plan.density({traces.data() + 69 * n, n});
  EXPECT_TRUE(std::equal(
      last.begin(), last.end(), all.begin() + 69 * static_cast<std::ptrdiff_t>(last.size())));
}

TEST(PowerSpectrum, IntervalsCover) {
  const DensityInterval i = interval_of(2.0, 10.0, 0.95);
  EXPECT_NEAR(i.low, 20.0 / 20.483, 1e-3);    // chi^2_0.975(10)
  EXPECT_NEAR(i.high, 20.0 / 3.24697, 1e-3);  // chi^2_0.025(10)
}

TEST(SpectrumFit, GivesBackTheModelWithoutNoise) {
  const Periodogram plan(n, {dt, 20});
  {
    // so many degrees of freedom that values have no bias: the model itself
    const std::vector<double> freedom(plan.frequency_hz().size(), 1e6);
    const SpectrumFitter fitter(plan.frequency_hz(), freedom);
    std::vector<double> line;
    std::vector<double> law;
    for (std::size_t i = 0; i < plan.frequency_hz().size(); ++i) {
      const double f = plan.frequency_hz()[i];
      line.push_back(7.0 / (1.0 + std::pow(f / 0.3, 1.9)));
      law.push_back(2.0 / std::pow(f, 1.3));
    }
    const LorentzianFit l = fitter.lorentzian(line, 0.0);
    EXPECT_TRUE(l.converged);
    EXPECT_NEAR(l.exponent.value, 1.9, 1e-3);
    EXPECT_NEAR(l.corner_hz.value, 0.3, 1e-3);
    const PowerLawFit p = fitter.power_law(law, 0.0);
    EXPECT_TRUE(p.converged);
    EXPECT_NEAR(p.exponent.value, 1.3, 1e-3);
  }
}

TEST(SpectrumFit, FindsTheTimeOfTelegraphsAndItsErrorIsHonest) {
  const Periodogram plan(n, {dt, 20});
  const SpectrumFitter seen(plan.frequency_hz(), plan.freedom(), dt);
  const SpectrumFitter plain(plan.frequency_hz(), plan.freedom());
  constexpr double tau = 0.4;
  std::vector<double> pulls;
  std::vector<double> exponents;
  std::vector<double> plain_exponents;
  int saturating = 0;
  constexpr int repeats = 40;
  for (std::uint64_t r = 0; r < repeats; ++r) {
    const auto p = plan.density(telegraph_trace(tau, 20, r));
    const LorentzianFit fit = seen.lorentzian(p, 0.0);
    pulls.push_back((fit.corner_hz.value - 1.0 / (2 * constants::pi * tau)) / fit.corner_hz.sigma);
    exponents.push_back(fit.exponent.value);
    plain_exponents.push_back(plain.lorentzian(p, 0.0).exponent.value);
    saturating += saturates(fit, seen.power_law(p, 0.0)) ? 1 : 0;
  }
  EXPECT_NEAR(mean(exponents), 2.0, 0.06);  // one time: a Lorentzian
  EXPECT_NEAR(mean(pulls), 0.0, 0.6);
  EXPECT_NEAR(standard_deviation(pulls), 1.0, 0.35);
  EXPECT_GT(saturating, 36);
  // without the frames in the model the folded spectrum looks otherwise
  EXPECT_GT(std::abs(mean(plain_exponents) - mean(exponents)), 0.02);
}

// The few lowest lines scatter most: a fit that starts from them may end at a corner below the
// band.
TEST(SpectrumFit, DoesNotLoseTheCorner) {
  const Periodogram plan(n, {dt, 20});
  constexpr double noise = 0.158;
  const SpectrumFitter fitter(plan.frequency_hz(), plan.freedom(), dt);
  const double floor = white_density(noise * noise, dt);
  constexpr double tau = 0.1;
  for (std::uint64_t r = 0; r < 150; ++r) {
    std::vector<double> trace = telegraph_trace(tau, 1, 1000 + r);
    const std::vector<double> white = white_trace(r, noise);
    std::transform(trace.begin(), trace.end(), white.begin(), trace.begin(), std::plus<>());
    const double found = fitter.lorentzian(plan.density(trace), floor).time_s();
    EXPECT_GT(found, tau / 2.0) << r;
    EXPECT_LT(found, tau * 2.0) << r;
  }
}

TEST(SpectrumFit, ManyTimesAreAPowerLawThatDoesNotSaturate) {
  const Periodogram plan(n, {dt, 20});
  const SpectrumFitter fitter(plan.frequency_hz(), plan.freedom(), dt);
  RandomStream draw(9, Purpose::test_data, 8);
  std::vector<double> slopes;
  int saturating = 0;
  constexpr int repeats = 25;
  for (std::uint64_t r = 0; r < repeats; ++r) {
    // density ~ tau^0.3 per ln tau from 1 ms, beyond the band, to 3000 s: slope 1 + 0.3
    std::vector<double> sum(n, 0.0);
    for (int c = 0; c < 60; ++c) {
      const double low = std::pow(0.001, 0.3);
      const double high = std::pow(3000.0, 0.3);
      const double tau = std::pow(draw.uniform(low, high), 1.0 / 0.3);
      const auto one = telegraph_trace(tau, 1, 100 * r + static_cast<std::uint64_t>(c));
      std::transform(sum.begin(), sum.end(), one.begin(), sum.begin(), std::plus<>());
    }
    const auto p = plan.density(sum);
    const PowerLawFit law = fitter.power_law(p, 0.0);
    slopes.push_back(law.exponent.value);
    saturating += saturates(fitter.lorentzian(p, 0.0), law) ? 1 : 0;
  }
  EXPECT_NEAR(mean(slopes), 1.3, 0.1);
  EXPECT_LT(saturating, 8);
}

TEST(SpectrumFit, BadInput) {
  EXPECT_THROW(Periodogram(10, {dt, 20}), ParameterError);
  EXPECT_THROW(Periodogram(100, {0.0, 20}), ParameterError);
  const Periodogram plan(100, {dt, 20});
  EXPECT_THROW(static_cast<void>(plan.density(std::vector<double>(99))), ParameterError);
  const std::vector<double> few = {1.0, 2.0};
  EXPECT_THROW(SpectrumFitter(few, few), ParameterError);
}

}  // namespace
}  // namespace halotwin::analysis
