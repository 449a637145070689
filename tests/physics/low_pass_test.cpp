#include "physics/low_pass.hpp"

#include <array>
#include <cmath>
#include <complex>
#include <limits>

#include <gtest/gtest.h>

#include "base/constants.hpp"
#include "base/errors.hpp"
#include "base/random.hpp"
#include "base/settling.hpp"

namespace halotwin::physics {
namespace {

using Complex = std::complex<double>;
using constants::pi;

double factorial(int n) {
  return std::tgamma(n + 1.0);
}

TEST(LowPass, HasTheTabulatedSettlingAndBandwidths) {
  // protocols of lock-in makers: f_3dB tau, noise bandwidth tau, x for 10 %, 1 %, 0.1 %, 1e-4,
  // 1e-6, 1e-7
  const double table[8][8] = {{0.15915, 0.25000, 2.30, 4.61, 6.91, 9.21, 13.82, 16.12},
                              {0.10243, 0.12500, 3.89, 6.64, 9.23, 11.76, 16.69, 19.12},
                              {0.08114, 0.09375, 5.32, 8.41, 11.23, 13.93, 19.13, 21.67},
                              {0.06923, 0.07812, 6.68, 10.05, 13.06, 15.91, 21.35, 23.99},
                              {0.06137, 0.06836, 7.99, 11.60, 14.79, 17.78, 23.43, 26.15},
                              {0.05570, 0.06152, 9.27, 13.11, 16.45, 19.57, 25.41, 28.22},
                              {0.05135, 0.05640, 10.53, 14.57, 18.06, 21.29, 27.32, 30.20},
                              {0.04788, 0.05237, 11.77, 16.00, 19.63, 22.96, 29.16, 32.11}};
  const double errors[6] = {0.1, 1e-2, 1e-3, 1e-4, 1e-6, 1e-7};
  for (int n = 1; n <= 8; ++n) {
    const LowPassParams p{.order = n, .time_constant_s = 1.0};
    EXPECT_NEAR(bandwidth_3db_hz(p), table[n - 1][0], 6e-6);
    EXPECT_NEAR(noise_equivalent_bandwidth_hz(p), table[n - 1][1], 6e-6);
    EXPECT_NEAR(
        std::abs(low_pass_response(p, 2.0 * pi * bandwidth_3db_hz(p))), std::sqrt(0.5), 1e-12);
    for (int i = 0; i < 6; ++i) {
      const double x = settling_time_constants(n, errors[i]);
      EXPECT_NEAR(x, table[n - 1][2 + i], 0.0051);
      EXPECT_NEAR(settling_error(n, x) / errors[i], 1.0, 1e-9);
    }
  }
}

TEST(LowPass, NoiseBandwidthIsTheIntegralOfTheResponse) {
  for (int n = 1; n <= 8; ++n) {
    const LowPassParams p{.order = n, .time_constant_s = 2e-3};
    // f = tan(x) / (2 pi tau): |H|^2 df = cos^(2n-2) x dx / (2 pi tau), exact by the midpoint rule
    double sum = 0.0;
    const int m = 64;
    for (int i = 0; i < m; ++i) {
      const double x = 0.5 * pi * (i + 0.5) / m;
      const double w = std::tan(x) / p.time_constant_s;
      sum += std::norm(low_pass_response(p, w)) / (std::cos(x) * std::cos(x));
    }
    sum *= 0.5 * pi / m / (2.0 * pi * p.time_constant_s);
    EXPECT_NEAR(sum / noise_equivalent_bandwidth_hz(p), 1.0, 1e-10);
  }
}

TEST(LowPassAdvance, StepResponseIsOneMinusTheSettlingError) {
  for (int n = 1; n <= 8; ++n) {
    for (const double x : {1e-3, 0.3, 3.0, 20.0}) {
      LowPassState y;
      const std::array<ExponentialTerm, 1> input{{{2.0, 0.0}}};
      advance({.order = n, .time_constant_s = 0.5}, y, input, 0.5 * x);
      EXPECT_NEAR(y.stage[static_cast<std::size_t>(n - 1)].real(),
                  2.0 * (1.0 - settling_error(n, x)),
                  1e-14);
    }
  }
}

constexpr std::array<ExponentialTerm, 5> sample_input{{{{1.0, 0.2}, {0.0, 0.0}},
                                                       {{0.1, 0.0}, {0.0, -6283.0}},
                                                       {{0.1, 0.3}, {0.0, 12566.0}},
                                                       {{0.2, 0.0}, {-1570.0, 0.0}},
                                                       {{0.1, 0.1}, {-1570.0, -6283.0}}}};

Complex value(std::span<const ExponentialTerm> input, double t) {
  Complex sum = 0.0;
  for (const auto& term : input) {
    sum += term.amplitude * std::exp(term.rate_per_s * t);
  }
  return sum;
}

std::array<ExponentialTerm, 5> later(double t) {
  auto out = sample_input;
  for (auto& term : out) {
    term.amplitude *= std::exp(term.rate_per_s * t);
  }
  return out;
}

TEST(LowPassAdvance, AgreesWithSmallSteps) {
  const LowPassParams p{.order = 4, .time_constant_s = 0.3e-3};
  LowPassState exact;
  exact.stage[0] = {0.3, 0.1};
  exact.stage[2] = {-0.2, 0.5};
  LowPassState stepped = exact;
  const double duration = 1.7e-3;
  advance(p, exact, sample_input, duration);
  const int n = 20000;
  const FirstOrderHold hold(p.time_constant_s, duration / n);
  for (int i = 0; i < n; ++i) {
    Complex old_in = value(sample_input, duration * i / n);
    Complex new_in = value(sample_input, duration * (i + 1) / n);
    for (std::size_t k = 0; k < 4; ++k) {
      const Complex before = stepped.stage[k];
      stepped.stage[k] = hold(before, old_in, new_in);
      old_in = before;
      new_in = stepped.stage[k];
    }
  }
  for (std::size_t k = 0; k < 4; ++k) {
    EXPECT_LT(std::abs(stepped.stage[k] - exact.stage[k]), 1e-7);
  }
}

TEST(LowPassAdvance, TwoStepsAreOneStep) {
  for (int order = 1; order <= 8; ++order) {
    const LowPassParams p{.order = order, .time_constant_s = 0.4e-3};
    LowPassState whole;
    whole.stage[0] = {0.5, -0.5};
    LowPassState split = whole;
    advance(p, whole, sample_input, 2.2e-3);
    advance(p, split, sample_input, 0.9e-3);
    advance(p, split, later(0.9e-3), 1.3e-3);
    for (std::size_t k = 0; k < static_cast<std::size_t>(order); ++k) {
      EXPECT_LT(std::abs(whole.stage[k] - split.stage[k]), 1e-13);
    }
  }
}

TEST(LowPassAdvance, HoldsWhereTheInputDecaysLikeTheFilter) {
  // at lambda = -1/tau exactly: y_k = A x^k e^{-x} / k!; near it, continuous
  const LowPassParams p{.order = 8, .time_constant_s = 1e-3};
  for (const double x : {0.01, 1.0, 6.0}) {
    for (const double off : {0.0, 1e-9, 1e-3, 0.3, 0.49, 0.51}) {
      LowPassState y;
      const ExponentialTerm term{1.0, {(-1.0 + off) / p.time_constant_s, 0.0}};
      advance(p, y, {&term, 1}, x * p.time_constant_s);
      for (int k = 1; k <= 8; ++k) {
        // y_k = e^{-x} x^k / (k-1)! int_0^1 r^{k-1} e^{off x (1 - r)} dr, by Gauss-free midpoint
        double integral = 0.0;
        const int m = 4000;
        for (int i = 0; i < m; ++i) {
          const double r = (i + 0.5) / m;
          integral += std::pow(r, k - 1) * std::exp(off * x * (1.0 - r)) / m;
        }
        const double expected = std::exp(-x) * std::pow(x, k) / factorial(k - 1) * integral;
        // subtractive path: rounding of 1e-16 / off^k
        const double rounding = off > 0.5 ? 1e-15 * std::pow(off, -k) : 0.0;
        EXPECT_NEAR(
            y.stage[static_cast<std::size_t>(k - 1)].real(), expected, 1e-5 * expected + rounding);
      }
    }
  }
}

TEST(LowPassAdvance, ForgetsItsStart) {
  const LowPassParams p{.order = 4, .time_constant_s = 1e-4};
  LowPassState y;
  advance(p, y, sample_input, 50e-4);
  const LowPassState steady = steady_state(p, later(50e-4));
  for (std::size_t k = 0; k < 4; ++k) {
    EXPECT_LT(std::abs(y.stage[k] - steady.stage[k]), 1e-12);
  }
  const Complex h = low_pass_response(p, -6283.0);
  const ExponentialTerm tone{{0.1, 0.0}, {0.0, -6283.0}};
  EXPECT_LT(std::abs(steady_state(p, {&tone, 1}).stage[3] - 0.1 * h), 1e-15);
}

// factor * factor^T
double covariance(const LowPassNoiseFactor& f, std::size_t j, std::size_t k) {
  double sum = 0.0;
  for (std::size_t m = 0; m <= std::min(j, k); ++m) {
    sum += f.lower[j][m] * f.lower[k][m];
  }
  return sum;
}

double stationary(int j, int k) {
  return factorial(j + k) / (factorial(j) * factorial(k) * std::pow(2.0, j + k + 1));
}

TEST(LowPassNoise, StationaryCovarianceIsTheClosedForm) {
  for (int n = 1; n <= 8; ++n) {
    const auto f = noise_factor(n, std::numeric_limits<double>::infinity());
    for (int j = 0; j < n; ++j) {
      for (int k = 0; k < n; ++k) {
        EXPECT_NEAR(covariance(f, static_cast<std::size_t>(j), static_cast<std::size_t>(k)),
                    stationary(j, k),
                    1e-13);
      }
    }
    // output variance = two-sided density times twice the noise-equivalent bandwidth
    EXPECT_NEAR(stationary(n - 1, n - 1),
                2.0 * noise_equivalent_bandwidth_hz({.order = n, .time_constant_s = 1.0}),
                1e-14);
  }
}

TEST(LowPassNoise, StepCovarianceIsWhatPropagationLosesToTheStationary) {
  const int n = 8;
  for (const double x : {0.3, 2.0, 14.0, 16.0, 60.0}) {
    double a[8][8] = {};
    for (int j = 0; j < n; ++j) {
      for (int k = 0; k <= j; ++k) {
        a[j][k] = std::exp(-x) * std::pow(x, j - k) / factorial(j - k);
      }
    }
    const auto f = noise_factor(n, x);
    for (int j = 0; j < n; ++j) {
      for (int k = 0; k < n; ++k) {
        double q = stationary(j, k);
        for (int l = 0; l < n; ++l) {
          for (int m = 0; m < n; ++m) {
            q -= a[j][l] * stationary(l, m) * a[k][m];
          }
        }
        EXPECT_NEAR(
            covariance(f, static_cast<std::size_t>(j), static_cast<std::size_t>(k)), q, 1e-13);
      }
    }
  }
}

TEST(LowPassNoise, SmallStepsKeepTheirDigits) {
  // Q_jk -> x^{j+k+1} / (j! k! (j+k+1)) for x -> 0
  const double x = 1e-6;
  const auto f = noise_factor(4, x);
  for (int j = 0; j < 4; ++j) {
    const double q = std::pow(x, 2 * j + 1) / (factorial(j) * factorial(j) * (2 * j + 1));
    EXPECT_NEAR(
        covariance(f, static_cast<std::size_t>(j), static_cast<std::size_t>(j)) / q, 1.0, 1e-5);
  }
}

TEST(LowPassNoise, SimulatedReadingsHaveVarianceAndCorrelation) {
  const LowPassParams p{.order = 4, .time_constant_s = 1e-3};
  const double x = 1.5;
  const double density = 2.0;  // two-sided
  const auto f = noise_factor(p.order, x);
  RandomStream random(3, Purpose::test_data);
  LowPassState y;
  const int n = 60000;
  double power = 0.0;
  double product = 0.0;
  Complex last = 0.0;
  std::array<double, 8> normals{};
  for (int i = 0; i < n; ++i) {
    advance(p, y, {}, x * p.time_constant_s);
    random.fill_normal(normals);
    add_noise(f, std::sqrt(density / p.time_constant_s), normals, y);
    if (i > 50) {
      power += 0.5 * std::norm(y.stage[3]);
      product += (y.stage[3] * std::conj(last)).real() * 0.5;
    }
    last = y.stage[3];
  }
  const double variance = density / p.time_constant_s * stationary(3, 3);
  // correlation over x: e^{-x} (1 + x + 2 x^2/5 + x^3/15) for four stages
  const double rho = std::exp(-x) * (1.0 + x + 0.4 * x * x + x * x * x / 15.0);
  // X and Y, about four steps a correlation time: 1.0 %, tolerance four of these
  EXPECT_NEAR(power / n / variance, 1.0, 0.04);
  EXPECT_NEAR(product / n / variance, rho, 0.04);
}

TEST(FirstOrderHold, IsExactForRamps) {
  const double tau = 3e-6;
  for (const double dt : {1e-10, 2.9e-8, 3.1e-8, 1e-6, 1e-4}) {
    const FirstOrderHold hold(tau, dt);
    EXPECT_NEAR(hold.decay + hold.gain_old + hold.gain_new, 1.0, 1e-15);
    // u = t: y = t - tau (1 - e^{-t/tau}), from rest
    const double expected = dt + tau * std::expm1(-dt / tau);
    EXPECT_NEAR(hold(0.0, 0.0, dt) / expected, 1.0, 1e-6);
  }
}

TEST(FirstOrderHold, CascadeIsSecondOrder) {
  const LowPassParams p{.order = 4, .time_constant_s = 1e-3};
  const auto error = [&](int n) {
    const double duration = 4e-3;
    const FirstOrderHold hold(p.time_constant_s, duration / n);
    LowPassState y;
    for (int i = 0; i < n; ++i) {
      Complex old_in = value(sample_input, duration * i / n);
      Complex new_in = value(sample_input, duration * (i + 1) / n);
      for (std::size_t k = 0; k < 4; ++k) {
        const Complex before = y.stage[k];
        y.stage[k] = hold(before, old_in, new_in);
        old_in = before;
        new_in = y.stage[k];
      }
    }
    LowPassState exact;
    advance(p, exact, sample_input, duration);
    return std::abs(y.stage[3] - exact.stage[3]);
  };
  EXPECT_NEAR(error(200) / error(400), 4.0, 0.2);
}

TEST(LowPassParamsTest, RefusesWhatCannotBe) {
  EXPECT_NO_THROW(validate(LowPassParams{}));
  EXPECT_THROW(validate(LowPassParams{.order = 9}), ParameterError);
  EXPECT_THROW(validate(LowPassParams{.time_constant_s = 0.0}), ParameterError);
  EXPECT_THROW((void)settling_time_constants(4, 0.0), ParameterError);
  EXPECT_THROW((void)noise_factor(4, -1.0), ParameterError);
}

}  // namespace
}  // namespace halotwin::physics
