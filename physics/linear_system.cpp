#include "physics/linear_system.hpp"

#include <algorithm>
#include <cmath>

#include "base/require.hpp"

namespace halotwin::physics {

namespace {

constexpr std::size_t max_states = 16;
constexpr int taylor_terms = 12;      // for a norm below a quarter: 1e-17
constexpr double taylor_norm = 0.25;  // of A h before the doublings

using Matrix = std::vector<double>;

Matrix product(const Matrix& a, const Matrix& b, std::size_t n) {
  Matrix c(n * n, 0.0);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t k = 0; k < n; ++k) {
      const double aik = a[i * n + k];
      if (aik == 0.0) {
        continue;
      }
      for (std::size_t j = 0; j < n; ++j) {
        c[i * n + j] += aik * b[k * n + j];
      }
    }
  }
  return c;
}

Matrix transposed(const Matrix& a, std::size_t n) {
  Matrix t(n * n);
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      t[j * n + i] = a[i * n + j];
    }
  }
  return t;
}

double row_norm(const Matrix& a, std::size_t n) {
  double largest = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    double sum = 0.0;
    for (std::size_t j = 0; j < n; ++j) {
      sum += std::abs(a[i * n + j]);
    }
    largest = std::max(largest, sum);
  }
  return largest;
}

// Phi, int e^{A s} ds and the noise's covariance over a step.
struct Step {
  Matrix transition;
  Matrix integral;
  Matrix covariance;
};

// Taylor's series of all three; the covariance from dQ/ds = A Q + Q A^T + N.
Step short_step(const LinearSystem& s, const Matrix& noise, double h) {
  const std::size_t n = s.size;
  Step step{Matrix(n * n, 0.0), Matrix(n * n, 0.0), Matrix(n * n, 0.0)};
  Matrix power(n * n, 0.0);  // (A h)^k / k!
  for (std::size_t i = 0; i < n; ++i) {
    power[i * n + i] = 1.0;
  }
  Matrix derivative = noise;  // d^k Q / ds^k at 0, times h^k / k!
  for (double& d : derivative) {
    d *= h;
  }
  for (int k = 0; k < taylor_terms; ++k) {
    for (std::size_t i = 0; i < n * n; ++i) {
      step.transition[i] += power[i];
      step.integral[i] += power[i] * h / (k + 1);
      step.covariance[i] += derivative[i];
    }
    power = product(s.rates, power, n);
    for (double& p : power) {
      p *= h / (k + 1);
    }
    const Matrix left = product(s.rates, derivative, n);
    const Matrix right = transposed(left, n);  // Q is symmetric
    for (std::size_t i = 0; i < n * n; ++i) {
      derivative[i] = (left[i] + right[i]) * h / (k + 2);
    }
  }
  return step;
}

void double_step(Step& s, std::size_t n) {
  const Matrix moved =
      product(product(s.transition, s.covariance, n), transposed(s.transition, n), n);
  const Matrix later = product(s.transition, s.integral, n);
  for (std::size_t i = 0; i < n * n; ++i) {
    s.covariance[i] += moved[i];
    s.integral[i] += later[i];
  }
  s.transition = product(s.transition, s.transition, n);
}

// Lower factor of a covariance that may be singular: a column whose pivot is nought stays empty.
Matrix factor(const Matrix& c, std::size_t n) {
  Matrix l(n * n, 0.0);
  for (std::size_t j = 0; j < n; ++j) {
    double pivot = c[j * n + j];
    for (std::size_t k = 0; k < j; ++k) {
      pivot -= l[j * n + k] * l[j * n + k];
    }
    if (!(pivot > 1e-13 * c[j * n + j])) {
      continue;
    }
    l[j * n + j] = std::sqrt(pivot);
    for (std::size_t i = j + 1; i < n; ++i) {
      double sum = c[i * n + j];
      for (std::size_t k = 0; k < j; ++k) {
        sum -= l[i * n + k] * l[j * n + k];
      }
      l[i * n + j] = sum / l[j * n + j];
    }
  }
  return l;
}

}  // namespace

LinearSystem::LinearSystem(std::size_t states)
    : size(states), rates(states * states, 0.0), input(states, 0.0) {
  require(states >= 1 && states <= max_states,
          "states",
          static_cast<double>(states),
          "between 1 and 16");
}

LinearStep::LinearStep(const LinearSystem& system, double step_s)
    : size_(system.size), gain_(system.size, 0.0), next_(system.size, 0.0) {
  require(step_s >= 0.0, "step_s", step_s, "0 or more");
  const std::size_t n = size_;
  Matrix noise(n * n, 0.0);
  for (const std::vector<double>& g : system.noise_columns) {
    for (std::size_t i = 0; i < n; ++i) {
      for (std::size_t j = 0; j < n; ++j) {
        noise[i * n + j] += g[i] * g[j];
      }
    }
  }
  const double size_of_step = row_norm(system.rates, n) * step_s;
  const int doublings = size_of_step > taylor_norm
                            ? static_cast<int>(std::ceil(std::log2(size_of_step / taylor_norm)))
                            : 0;
  Step step = short_step(system, noise, std::ldexp(step_s, -doublings));
  for (int k = 0; k < doublings; ++k) {
    double_step(step, n);
  }
  for (std::size_t i = 0; i < n; ++i) {
    for (std::size_t j = 0; j < n; ++j) {
      gain_[i] += step.integral[i * n + j] * system.input[j];
    }
  }
  transition_ = step.transition;
  factor_ = factor(step.covariance, n);
}

void LinearStep::apply(std::span<double> state,
                       double input,
                       std::span<const double> normals) const {
  for (std::size_t i = 0; i < size_; ++i) {
    double sum = gain_[i] * input;
    for (std::size_t j = 0; j < size_; ++j) {
      sum += transition_[i * size_ + j] * state[j];
    }
    for (std::size_t j = 0; !normals.empty() && j <= i; ++j) {
      sum += factor_[i * size_ + j] * normals[j];
    }
    next_[i] = sum;
  }
  std::copy(next_.begin(), next_.end(), state.begin());
}

double LinearStep::covariance(std::size_t row, std::size_t column) const {
  double sum = 0.0;
  for (std::size_t k = 0; k < size_; ++k) {
    sum += factor_[row * size_ + k] * factor_[column * size_ + k];
  }
  return sum;
}

double LinearStep::growth() const {
  return row_norm(transition_, size_);
}

}  // namespace halotwin::physics
