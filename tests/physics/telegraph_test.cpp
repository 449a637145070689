#include "physics/telegraph.hpp"

#include <cmath>
#include <complex>
#include <vector>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/constants.hpp"
#include "base/errors.hpp"

namespace halotwin::physics {
namespace {

using constants::pi;

double mean_of(const std::vector<double>& v) {
  double sum = 0.0;
  for (const double x : v) {
    sum += x;
  }
  return sum / static_cast<double>(v.size());
}

/// Slope of ln S over ln f between two frequencies.
double slope(const TelegraphEnsembleParams& p, double f1_hz, double f2_hz) {
  return std::log(ensemble_psd(p, f2_hz) / ensemble_psd(p, f1_hz)) / std::log(f2_hz / f1_hz);
}

/// Mean of |sum (x_k - p) e^{-i w k}|^2 2 T / n over `members` records: the density at f, with the
/// standard error.
struct Estimate {
  double value = 0.0;
  double sigma = 0.0;
};
template <class Member>
Estimate periodogram(
    const Member& member, int members, double frame_s, std::size_t n, double f_hz) {
  std::vector<double> power;
  for (int i = 0; i < members; ++i) {
    const auto [x, mean] = member(i);
    std::complex<double> sum = 0.0;
    for (std::size_t k = 0; k < n; ++k) {
      const double w = 2.0 * pi * f_hz * frame_s * static_cast<double>(k);
      const double window =
          1.0 - std::cos(2.0 * pi * (static_cast<double>(k) + 0.5) / static_cast<double>(n));
      sum += window * (x[k] - mean) * std::polar(1.0, -w);
    }
    power.push_back(std::norm(sum) * 2.0 * frame_s / (1.5 * static_cast<double>(n)));
  }
  const double mean = mean_of(power);
  double square = 0.0;
  for (const double v : power) {
    square += (v - mean) * (v - mean);
  }
  return {mean, std::sqrt(square) / static_cast<double>(members)};
}

TEST(Telegraph, RatesDutyAndTimeAreOneDescription) {
  const TelegraphParams p = telegraph_of(0.3, 2.0);
  EXPECT_DOUBLE_EQ(duty(p), 0.3);
  EXPECT_DOUBLE_EQ(correlation_time_s(p), 2.0);
  EXPECT_THROW(validate(TelegraphParams{0.0, 0.0}), ParameterError);
  EXPECT_THROW(validate(TelegraphParams{-1.0, 1.0}), ParameterError);
  EXPECT_THROW((void)telegraph_of(1.1, 1.0), ParameterError);
}

TEST(Telegraph, DensityIntegratesToTheVariance) {
  const TelegraphParams p = telegraph_of(0.3, 0.5);
  double sum = 0.0;  // over ln f
  for (double u = -14.0; u < 14.0; u += 0.01) {
    sum += 0.01 * std::exp(u) * telegraph_psd(p, std::exp(u));
  }
  EXPECT_NEAR(sum / (0.3 * 0.7), 1.0, 1e-5);
}

TEST(Telegraph, FrameDensityIntegratesToTheFrameVariance) {
  for (const double tau : {1e-4, 0.02, 0.5, 300.0}) {
    const TelegraphParams p = telegraph_of(0.4, tau);
    const double frame = 0.03;
    double sum = 0.0;
    constexpr int points = 200'000;
    for (int i = 0; i < points; ++i) {
      sum += frame_psd(p, frame, (i + 0.5) / (2.0 * frame * points)) / (2.0 * frame * points);
    }
    EXPECT_NEAR(sum / frame_covariance(p, frame, 0), 1.0, 1e-3) << tau;
  }
}

// Slow against the frame: the density of the process itself, less sinc^2. Fast: white, p (1 - p) 4
// tau.
TEST(Telegraph, FrameDensityHasItsLimits) {
  const TelegraphParams slow = telegraph_of(0.5, 10.0);
  for (const double f : {0.01, 0.1, 1.0}) {
    EXPECT_NEAR(frame_psd(slow, 0.03, f) / telegraph_psd(slow, f), 1.0, 4e-3) << f;
  }
  const TelegraphParams fast = telegraph_of(0.5, 1e-6);
  EXPECT_NEAR(frame_psd(fast, 0.03, 10.0) / telegraph_psd(fast, 10.0), 1.0, 1e-3);
  // the direct sum of the covariances
  const TelegraphParams p = telegraph_of(0.2, 0.05);
  for (const double f : {0.0, 3.0, 12.0, 1.0 / 0.06}) {
    double sum = frame_covariance(p, 0.03, 0);
    for (std::size_t m = 1; m < 200; ++m) {
      sum += 2.0 * frame_covariance(p, 0.03, m) *
             std::cos(2.0 * pi * f * 0.03 * static_cast<double>(m));
    }
    EXPECT_NEAR(frame_psd(p, 0.03, f) / (0.06 * sum), 1.0, 1e-9) << f;
  }
}

// Mean, variance and covariances of 100 000 frames against the closed forms, within four standard
// errors (from 100 independent defects).
TEST(Telegraph, FramesHaveTheExactMoments) {
  for (const double tau : {0.01, 0.03, 0.2}) {
    const TelegraphParams p = telegraph_of(0.3, tau);
    const double frame = 0.03;
    std::vector<double> mean;
    std::array<std::vector<double>, 3> covariance;
    for (std::uint32_t i = 0; i < 100; ++i) {
      const auto x = frame_occupation(p, 11, i, frame, 1000);
      double m = 0.0;
      for (const float v : x) {
        m += v / 1000.0;
      }
      mean.push_back(m);
      for (std::size_t lag = 0; lag < 3; ++lag) {
        double c = 0.0;
        for (std::size_t k = 0; k + lag < x.size(); ++k) {
          c += (x[k] - 0.3) * (x[k + lag] - 0.3);
        }
        covariance[lag].push_back(c / static_cast<double>(x.size() - lag));
      }
    }
    const auto four_sigma = [](const std::vector<double>& v) {
      const double m = mean_of(v);
      double square = 0.0;
      for (const double x : v) {
        square += (x - m) * (x - m);
      }
      return 4.0 * std::sqrt(square) / static_cast<double>(v.size());
    };
    EXPECT_NEAR(mean_of(mean), 0.3, four_sigma(mean)) << tau;
    for (std::size_t lag = 0; lag < 3; ++lag) {
      EXPECT_NEAR(
          mean_of(covariance[lag]), frame_covariance(p, frame, lag), four_sigma(covariance[lag]))
          << tau << " " << lag;
    }
    // a sampled value, not averaged, has another variance: the test can tell them apart
    EXPECT_GT(0.3 * 0.7 - frame_covariance(p, frame, 0), four_sigma(covariance[0])) << tau;
  }
}

TEST(Telegraph, DensityOfSamplesIsTheFrameDensity) {
  const TelegraphParams p = telegraph_of(0.4, 0.1);
  const double frame = 0.03;
  const auto member = [&](int i) {
    return std::pair(frame_occupation(p, 5, static_cast<std::uint32_t>(i), frame, 512), 0.4);
  };
  for (const int bin : {8, 40, 120, 240}) {
    const double f = bin / (512.0 * frame);
    const Estimate e = periodogram(member, 800, frame, 512, f);
    EXPECT_NEAR(e.value, frame_psd(p, frame, f), 4.0 * e.sigma) << f;
    EXPECT_LT(e.sigma, 0.05 * e.value);
  }
  // near the end of the band averaging and aliasing matter by far more than that
  const Estimate e = periodogram(member, 800, frame, 512, 240 / (512.0 * frame));
  EXPECT_GT(std::abs(telegraph_psd(p, 240 / (512.0 * frame)) / e.value - 1.0), 0.2);
}

TEST(Telegraph, LogUniformTimesMakeOneOverF) {
  TelegraphEnsembleParams p;
  p.times = TimeDistribution::power_law;
  p.shortest_time_s = 1e-4;
  p.longest_time_s = 1e4;
  EXPECT_NEAR(slope(p, 0.03, 30.0), -1.0, 0.002);
  // white below the lowest corner, f^-2 above the highest
  EXPECT_NEAR(slope(p, 1e-8, 1e-7), 0.0, 0.01);
  EXPECT_NEAR(slope(p, 1e6, 1e7), -2.0, 0.01);
  // its level: <p (1 - p)> / (f ln(t2 / t1)) = 1 / (4 f ln 10^8) for duty 1/2
  EXPECT_NEAR(ensemble_psd(p, 1.0) * 4.0 * std::log(1e8), 1.0, 0.002);
}

// p(k) ~ k^-m gives f^-m.
TEST(Telegraph, PowerLawOfRatesIsThePowerLawOfTheSpectrum) {
  TelegraphEnsembleParams p;
  p.times = TimeDistribution::power_law;
  p.shortest_time_s = 1e-8;
  p.longest_time_s = 1e8;
  for (const double m : {0.7, 1.3, 1.5}) {
    p.exponent = m - 1.0;
    EXPECT_NEAR(slope(p, 0.1, 10.0), -m, 0.01) << m;
  }
}

TEST(Telegraph, QuadratureAgreesWithTheClosedForm) {
  TelegraphEnsembleParams p;
  p.times = TimeDistribution::power_law;
  for (const double f : {1e-3, 0.05, 1.0, 17.0, 1e3}) {
    p.exponent = 0.0;
    const double closed = ensemble_psd(p, f);
    p.exponent = 1e-12;
    EXPECT_NEAR(ensemble_psd(p, f) / closed, 1.0, 1e-6) << f;
  }
  // a narrow log-normal is the single time
  TelegraphEnsembleParams narrow;
  narrow.times = TimeDistribution::log_normal;
  narrow.sigma_ln = 1e-5;
  EXPECT_NEAR(ensemble_psd(narrow, 0.3) / ensemble_psd({}, 0.3), 1.0, 1e-8);
  EXPECT_DOUBLE_EQ(ensemble_psd({}, 0.3), telegraph_psd({0.5, 0.5}, 0.3));
}

// Drawn members: the mean of their densities is the density of the ensemble.
TEST(Telegraph, MembersMakeTheEnsemble) {
  for (const auto times : {TimeDistribution::log_normal, TimeDistribution::power_law}) {
    TelegraphEnsembleParams p;
    p.times = times;
    p.exponent = 0.1;
    p.duty_low = 0.3;
    p.duty_high = 0.7;
    for (const double f : {0.02, 0.3, 4.0}) {
      double sum = 0.0;
      double square = 0.0;
      constexpr std::uint32_t members = 20'000;
      for (std::uint32_t i = 0; i < members; ++i) {
        const double s = telegraph_psd(draw_telegraph(p, 9, i), f);
        sum += s / members;
        square += s * s / members;
      }
      const double sigma = std::sqrt((square - sum * sum) / members);
      EXPECT_NEAR(sum, ensemble_psd(p, f), 4.0 * sigma) << f;
      EXPECT_LT(sigma, 0.03 * sum);
    }
  }
}

TEST(Telegraph, NeverSwitchesWhereARateIsZero) {
  TelegraphTrace always({1.0, 0.0}, 1, 1);
  EXPECT_EQ(always.occupied_until(1e3), 1e3);
  TelegraphTrace never({0.0, 1.0}, 1, 1);
  EXPECT_EQ(never.occupied_until(1e3), 0.0);
  EXPECT_EQ(never.switches(), 0u);
}

RC_GTEST_PROP(TelegraphProperties, FramesDoNotDependOnHowTheyAreCut, ()) {
  const auto entity = *rc::gen::inRange<std::uint32_t>(0, 1000);
  const double tau = std::pow(10.0, *rc::gen::inRange(-4, 2));
  const TelegraphParams p = telegraph_of(0.37, tau);
  TelegraphTrace whole(p, 3, entity);
  TelegraphTrace pieces(p, 3, entity);
  double sum = 0.0;
  for (int k = 1; k <= 7; ++k) {
    sum += pieces.occupied_until(0.03 * k / 7.0);
  }
  RC_ASSERT(std::abs(whole.occupied_until(0.03) - sum) < 1e-14);
  RC_ASSERT(whole.on() == pieces.on());
  RC_ASSERT(whole.switches() == pieces.switches());
}

TEST(Telegraph, SameBitsForAnyNumberOfThreads) {
  std::vector<TelegraphParams> defects;
  for (std::uint32_t i = 0; i < 300; ++i) {
    defects.push_back(telegraph_of(0.5, 0.01 + 0.001 * i));
  }
  const auto one = frame_occupations(defects, 2, 0, 0.03, 50, Threads{1});
  EXPECT_EQ(one, frame_occupations(defects, 2, 0, 0.03, 50, Threads{3}));
  // a defect keeps its trace whoever stands beside it
  const auto alone = frame_occupation(defects[17], 2, 17, 0.03, 50);
  for (std::size_t k = 0; k < 50; ++k) {
    EXPECT_EQ(alone[k], one[k * 300 + 17]);
  }
  EXPECT_NE(one, frame_occupations(defects, 3, 0, 0.03, 50));
}

TEST(Telegraph, RefusesWhatCannotBe) {
  EXPECT_NO_THROW(validate(TelegraphEnsembleParams{}));
  EXPECT_THROW(validate(TelegraphEnsembleParams{.longest_time_s = 1e-3}), ParameterError);
  EXPECT_THROW(validate(TelegraphEnsembleParams{.duty_low = 0.6}), ParameterError);
  TelegraphTrace trace({1.0, 1.0}, 1, 1);
  trace.occupied_until(1.0);
  EXPECT_THROW(trace.occupied_until(0.5), ParameterError);
}

}  // namespace
}  // namespace halotwin::physics
