// Exact propagation of a small linear system with a constant input and white noise.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace halotwin::physics {

/// dx/dt = A x + b u + sum_k g_k xi_k(t), u constant within a step, xi_k white with unit two-sided
/// density. Up to 16 states.
struct LinearSystem {
  std::size_t size = 0;
  std::vector<double> rates;                       // A, row-major, size x size [1/s]
  std::vector<double> input;                       // b
  std::vector<std::vector<double>> noise_columns;  // g_k, each of `size`

  explicit LinearSystem(std::size_t states);
  [[nodiscard]] double& rate(std::size_t row, std::size_t column) {
    return rates[row * size + column];
  }
};

/// One step of a LinearSystem over a fixed time:
///
///   x(t + h) = Phi x(t) + gamma u + L n,   Phi = e^{A h},   gamma = int_0^h e^{A s} b ds,
///   L L^T = int_0^h e^{A s} G G^T e^{A^T s} ds,   n standard normals
///
/// Worked out for h / 2^m by Taylor's series and doubled m times, which keeps its digits for stiff
/// systems. Readings at any spacing have the exact joint statistics.
class LinearStep {
 public:
  LinearStep(const LinearSystem& system, double step_s);

  /// `normals`: one per state; empty = without noise.
  void apply(std::span<double> state, double input, std::span<const double> normals) const;

  [[nodiscard]] double transition(std::size_t row, std::size_t column) const {
    return transition_[row * size_ + column];
  }
  /// Covariance that the noise adds in the step.
  [[nodiscard]] double covariance(std::size_t row, std::size_t column) const;
  /// Largest sum of |Phi| along a row: far above 1 for an unstable system and a long step.
  [[nodiscard]] double growth() const;

 private:
  std::size_t size_;
  std::vector<double> transition_;
  std::vector<double> gain_;
  std::vector<double> factor_;  // L, lower triangular
  mutable std::vector<double> next_;
};

}  // namespace halotwin::physics
