// Stiff systems with algebraic equations, F(t, y, y') = 0, banded. The one adapter of SUNDIALS.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <span>
#include <vector>

namespace halotwin::physics {

/// Where the derivatives of F go; zero before.
class BandJacobian {
 public:
  BandJacobian(double* const* columns, std::ptrdiff_t offset)
      : columns_(columns), offset_(offset) {}
  [[nodiscard]] double& operator()(std::size_t row, std::size_t column) const {
    return columns_[column][static_cast<std::ptrdiff_t>(row) - static_cast<std::ptrdiff_t>(column) +
                            offset_];
  }

 private:
  double* const* columns_;
  std::ptrdiff_t offset_;
};

struct DaeProblem {
  std::size_t size = 0;
  std::size_t half_bandwidth = 0;      // F_i depends on y_j for |i - j| <= this
  std::vector<double> differential{};  // 1 where y' occurs, 0 for algebraic unknowns
  std::vector<double> absolute_tolerance{};
  /// F(t, y, y') into the last span. False: y is out of bounds, try a smaller step.
  std::function<bool(double, std::span<const double>, std::span<const double>, std::span<double>)>
      residual{};
  /// dF/dy + alpha dF/dy' at (t, y).
  std::function<void(double, double, std::span<const double>, const BandJacobian&)> jacobian{};
  /// Optional, (alpha, b, x): takes out of x, the solution of (dF/dy + alpha dF/dy') x = b, what
  /// rounding adds to a conserved sum.
  std::function<void(double, std::span<const double>, std::span<double>)> project{};
};

struct DaeOptions {
  double relative_tolerance = 1e-6;
  int maximum_order = 5;      // of the backward differentiation formula
  double fixed_step_s = 0.0;  // > 0: every step this long, errors not controlled (tests of order)
  long maximum_steps = 200'000;
};

struct DaeSummary {
  long steps = 0;
  long residuals = 0;
  long jacobians = 0;
  int last_order = 0;
};

/// Integrates with IDA: variable-order, variable-step backward differentiation, Newton's method
/// with a banded matrix. Source: hindmarsh2005.
class DaeSolver {
 public:
  /// Starts at a consistent (y, y'), F = 0; will not step past `end_s`. Throws ParameterError.
  DaeSolver(DaeProblem problem,
            double begin_s,
            double end_s,
            std::span<const double> y,
            std::span<const double> rate,
            const DaeOptions& options = {});
  ~DaeSolver();
  DaeSolver(const DaeSolver&) = delete;
  DaeSolver& operator=(const DaeSolver&) = delete;

  /// The solution at `time_s` (rising from call to call, at most end_s). Throws std::runtime_error
  /// with IDA's message if it cannot be reached.
  std::span<const double> advance(double time_s);
  [[nodiscard]] DaeSummary summary() const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace halotwin::physics
