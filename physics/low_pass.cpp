#include "physics/low_pass.hpp"

#include <algorithm>
#include <cmath>

#include "base/constants.hpp"
#include "base/require.hpp"

namespace halotwin::physics {

using Complex = std::complex<double>;
using constants::pi;

void validate(const LowPassParams& p) {
  require_range("order", p.order, 1, max_low_pass_order);
  require_range("time_constant_s", p.time_constant_s, 1e-9, 1e4);
}

namespace {

// The library's product checks for infinities, which costs more than the product.
inline Complex mul(const Complex& a, const Complex& b) {
  return {a.real() * b.real() - a.imag() * b.imag(), a.real() * b.imag() + a.imag() * b.real()};
}

inline Complex reciprocal(const Complex& a) {
  const double n = 1.0 / (a.real() * a.real() + a.imag() * a.imag());
  return {a.real() * n, -a.imag() * n};
}

inline Complex exponential(const Complex& a) {
  const double modulus = a.real() == 0.0 ? 1.0 : std::exp(a.real());
  return a.imag() == 0.0 ? Complex(modulus, 0.0)
                         : Complex(modulus * std::cos(a.imag()), modulus * std::sin(a.imag()));
}

// Stages at rest, driven by A exp(lambda t) with lambda near -1/tau; mu = (1 + lambda tau) x:
//   y_k = A e^{-x} x^k / (k-1)! J_k,  J_n = sum_j mu^j / [n (n+1) ... (n+j)],  J_k = (1 + mu
//   J_{k+1}) / k
void add_resonant(
    int order, double x, double decay, const ExponentialTerm& term, Complex mu, LowPassState& out) {
  Complex j_k = 0.0;
  Complex part = 1.0 / order;
  for (int j = 1; j <= 40; ++j) {
    j_k += part;
    part *= mu / static_cast<double>(order + j);
  }
  std::array<Complex, max_low_pass_order> integral;
  for (int k = order; k >= 1; --k) {
    integral[static_cast<std::size_t>(k - 1)] = j_k;
    j_k = k > 1 ? (1.0 + mu * j_k) / static_cast<double>(k - 1) : j_k;
  }
  double weight = decay * x;
  for (int k = 1; k <= order; ++k) {
    const auto i = static_cast<std::size_t>(k - 1);
    out.stage[i] += term.amplitude * weight * integral[i];
    weight *= x / k;
  }
}

}  // namespace

Complex low_pass_response(const LowPassParams& p, double rad_per_s) {
  const Complex one = reciprocal({1.0, rad_per_s * p.time_constant_s});
  Complex h = one;
  for (int k = 1; k < p.order; ++k) {
    h = mul(h, one);
  }
  return h;
}

double noise_equivalent_bandwidth_hz(const LowPassParams& p) {
  double b = 0.25 / p.time_constant_s;
  for (int k = 1; k < p.order; ++k) {
    b *= (2.0 * k - 1.0) / (2.0 * k);
  }
  return b;
}

double bandwidth_3db_hz(const LowPassParams& p) {
  return std::sqrt(std::expm1(std::log(2.0) / p.order)) / (2.0 * pi * p.time_constant_s);
}

void advance(const LowPassParams& p,
             LowPassState& state,
             std::span<const ExponentialTerm> input,
             double duration_s) {
  const auto n = static_cast<std::size_t>(p.order);
  const double tau = p.time_constant_s;
  const double x = duration_s / tau;
  const double decay = std::exp(-x);
  auto& y = state.stage;
  LowPassState driven;  // what the input leaves at the end of the step
  // y_k = sum A c^k e^{lambda t} + free part, c = 1 / (1 + lambda tau)
  for (const ExponentialTerm& term : input) {
    const Complex pole = 1.0 + term.rate_per_s * tau;
    const Complex mu = pole * x;
    if (std::norm(pole) < 0.25 && std::norm(mu) < 4.0) {
      add_resonant(p.order, x, decay, term, mu, driven);
      continue;
    }
    const Complex c = reciprocal(pole);
    Complex before = term.amplitude;
    const Complex growth = exponential(term.rate_per_s * duration_s);
    for (std::size_t k = 0; k < n; ++k) {
      before = mul(before, c);
      y[k] -= before;
      driven.stage[k] += mul(before, growth);
    }
  }
  std::array<double, max_low_pass_order> free{};  // e^{-x} x^m / m!
  free[0] = decay;
  for (std::size_t m = 1; m < n; ++m) {
    free[m] = free[m - 1] * x / static_cast<double>(m);
  }
  for (std::size_t k = n; k-- > 0;) {
    Complex sum = driven.stage[k];
    for (std::size_t m = 0; m <= k; ++m) {
      sum += free[m] * y[k - m];
    }
    y[k] = sum;
  }
}

LowPassState steady_state(const LowPassParams& p, std::span<const ExponentialTerm> input) {
  LowPassState out;
  for (const ExponentialTerm& term : input) {
    const Complex c = reciprocal(1.0 + term.rate_per_s * p.time_constant_s);
    Complex value = term.amplitude;
    for (int k = 0; k < p.order; ++k) {
      value = mul(value, c);
      out.stage[static_cast<std::size_t>(k)] += value;
    }
  }
  return out;
}

namespace {

// M_m = int_0^1 r^m e^{-y r} dr, m = 0 .. 2 order - 2; sums of positive terms only
std::array<double, 2 * max_low_pass_order - 1> exponential_moments(int order, double y) {
  std::array<double, 2 * max_low_pass_order - 1> moment{};
  const int last = 2 * order - 2;
  const double e = std::exp(-y);
  if (y > 30.0) {
    moment[0] = -std::expm1(-y) / y;
    for (int m = 1; m <= last; ++m) {
      moment[static_cast<std::size_t>(m)] = (m * moment[static_cast<std::size_t>(m - 1)] - e) / y;
    }
    return moment;
  }
  double term = e / (last + 1);
  double sum = 0.0;
  for (int j = 1; term > 1e-18 * sum; ++j) {
    sum += term;
    term *= y / (last + 1 + j);
  }
  moment[static_cast<std::size_t>(last)] = sum;
  for (int m = last; m >= 1; --m) {
    moment[static_cast<std::size_t>(m - 1)] = (y * moment[static_cast<std::size_t>(m)] + e) / m;
  }
  return moment;
}

}  // namespace

LowPassNoiseFactor noise_factor(int order, double time_constants) {
  require_range("order", order, 1, max_low_pass_order);
  require(time_constants >= 0.0, "time_constants", time_constants, "0 or more");
  LowPassNoiseFactor out;
  out.order = order;
  if (time_constants == 0.0) {
    return out;
  }
  const double x = std::min(time_constants, 200.0);  // e^{-400} is nothing
  const auto moment = exponential_moments(order, 2.0 * x);
  // Q[j][k] = s_j s_k M_{j+k}, s_j = x^{j+1/2} / j!; Cholesky of M, rows scaled after it
  for (std::size_t j = 0; j < static_cast<std::size_t>(order); ++j) {
    auto& row = out.lower[j];
    for (std::size_t k = 0; k <= j; ++k) {
      double sum = moment[j + k];
      for (std::size_t m = 0; m < k; ++m) {
        sum -= row[m] * out.lower[k][m];
      }
      row[k] = k < j ? sum / out.lower[k][k] : std::sqrt(std::max(sum, 0.0));
    }
  }
  double scale = std::sqrt(x);
  for (std::size_t j = 0; j < static_cast<std::size_t>(order); ++j) {
    if (j > 0) {
      scale *= x / static_cast<double>(j);
    }
    for (std::size_t k = 0; k <= j; ++k) {
      out.lower[j][k] *= scale;
    }
  }
  return out;
}

void add_noise(const LowPassNoiseFactor& factor,
               double scale,
               std::span<const double> normals,
               LowPassState& state) {
  const auto n = static_cast<std::size_t>(factor.order);
  for (std::size_t j = 0; j < n; ++j) {
    double re = 0.0;
    double im = 0.0;
    for (std::size_t k = 0; k <= j; ++k) {
      re += factor.lower[j][k] * normals[k];
      im += factor.lower[j][k] * normals[n + k];
    }
    state.stage[j] += Complex(scale * re, scale * im);
  }
}

FirstOrderHold::FirstOrderHold(double time_constant_s, double step_s) {
  const double x = step_s / time_constant_s;
  decay = std::exp(-x);
  const double rise = -std::expm1(-x);
  // gain_new = 1 - rise / x; by its series where the difference loses digits
  gain_new = x < 1e-2
                 ? x * (0.5 - x * (1.0 / 6.0 - x * (1.0 / 24.0 - x * (1.0 / 120.0 - x / 720.0))))
                 : 1.0 - rise / x;
  gain_old = rise - gain_new;
}

}  // namespace halotwin::physics
