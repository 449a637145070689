#include "physics/pnp_steady_state.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <stdexcept>

#include "base/require.hpp"

namespace halotwin::physics {

namespace {

using Pair = std::array<double, 2>;
using Square = std::array<Pair, 2>;

// Densities of a point and their derivatives by ln K_k.
struct Point {
  Pair density{};
  double steric_energy = 0.0;
  Square by_log{};
};

class SteadyState {
 public:
  explicit SteadyState(const PnpEquations& equations)
      : eq_(equations), phi_(equations.points(), 0.0) {
    double filled = 0.0;
    for (std::size_t i = 0; i < eq_.species(); ++i) {
      amount_[i] = eq_.film().species[i].density_per_m3 / eq_.density_scale_per_m3();
      filled += amount_[i];
    }
    const double free = eq_.site_limit() > 0.0 ? 1.0 - filled / eq_.site_limit() : 1.0;
    for (std::size_t i = 0; i < eq_.species(); ++i) {
      log_k_[i] = std::log(amount_[i] / free);
    }
  }

  void solve(double voltage) {  // in units of VT
    for (int k = 0; k < 200; ++k) {
      const double step = iterate(voltage);
      if (step < 1e-10) {
        iterate(voltage);
        return;
      }
    }
    throw std::runtime_error("pnp_steady_state: no convergence");
  }

  [[nodiscard]] std::vector<double> state() const {
    const std::size_t ns = eq_.species();
    std::vector<double> y(eq_.size());
    for (std::size_t j = 0; j < phi_.size(); ++j) {
      const Point p = point(phi_[j]);
      std::copy_n(p.density.begin(), ns, &y[j * eq_.stride()]);
      if (eq_.steric()) {
        y[j * eq_.stride() + ns] = p.steric_energy;
      }
      y[(j + 1) * eq_.stride() - 1] = phi_[j];
    }
    return y;
  }

 private:
  [[nodiscard]] double valence(std::size_t i) const { return eq_.film().species[i].valence; }

  [[nodiscard]] Point point(double phi) const {
    const std::size_t ns = eq_.species();
    const double crowd = eq_.site_limit() > 0.0 ? 1.0 / eq_.site_limit() : 0.0;
    Point p;
    double filled = 1.0;
    for (std::size_t i = 0; i < ns; ++i) {
      p.density[i] = std::exp(log_k_[i] - valence(i) * phi);
      filled += crowd * p.density[i];
    }
    p.steric_energy = std::log(filled);
    for (std::size_t i = 0; i < ns; ++i) {
      p.density[i] /= filled;
    }
    for (std::size_t i = 0; i < ns; ++i) {
      for (std::size_t k = 0; k < ns; ++k) {
        p.by_log[i][k] = p.density[i] * ((i == k ? 1.0 : 0.0) - crowd * p.density[k]);
      }
    }
    return p;
  }

  // One step of Newton's method, damped; returns the largest change.
  double iterate(double voltage) {
    assemble(voltage);
    factor_and_solve();
    return take_step();
  }

  // Tridiagonal system A dphi + B dm = -P and G dphi + H dm = -R.
  void assemble(double voltage) {
    const std::size_t n = phi_.size();
    const std::size_t ns = eq_.species();
    const auto& grid = eq_.grid();
    diagonal_.assign(n, 0.0);
    for (auto& r : right_) {
      r.assign(n, 0.0);
    }
    for (auto& g : constraint_) {
      g.assign(n, 0.0);
    }
    h_ = {};
    for (std::size_t i = 0; i < ns; ++i) {
      missing_[i] = amount_[i] * eq_.film().thickness_m;
    }
    for (std::size_t j = 0; j < n; ++j) {
      const Point p = point(phi_[j]);
      const double w = grid.width_m[j];
      const double weight = eq_.screening_per_m2() * w;
      double rho = eq_.fixed_charge();
      for (std::size_t i = 0; i < ns; ++i) {
        rho += valence(i) * p.density[i];
        missing_[i] -= w * p.density[i];
        for (std::size_t k = 0; k < ns; ++k) {
          h_[i][k] += w * p.by_log[i][k];
          constraint_[i][j] -= w * valence(k) * p.by_log[i][k];
          right_[1 + k][j] -= weight * valence(i) * p.by_log[i][k];
          diagonal_[j] -= weight * valence(i) * valence(k) * p.by_log[i][k];
        }
      }
      right_[0][j] = -weight * rho;
    }
    couple(voltage);
  }

  // The Laplacian and the electrodes.
  void couple(double voltage) {
    const std::size_t n = phi_.size();
    const auto& film = eq_.film();
    const auto& grid = eq_.grid();
    for (std::size_t j = 0; j + 1 < n; ++j) {
      const double k = 1.0 / grid.cell_m[j];
      const double current = k * (phi_[j + 1] - phi_[j]);
      diagonal_[j] -= k;
      diagonal_[j + 1] -= k;
      right_[0][j] -= current;
      right_[0][j + 1] += current;
    }
    if (film.gap_m > 0.0) {
      const double k = 1.0 / (film.relative_permittivity * film.gap_m);
      diagonal_[0] -= k;
      right_[0][0] -= k * (voltage - phi_[0]);
    } else {
      fix(0, voltage);
    }
    fix(n - 1, 0.0);
  }

  void fix(std::size_t j, double value) {
    constexpr double stiff = 1e30;  // the neighbours' couplings vanish beside it
    diagonal_[j] = -stiff;
    right_[0][j] = -stiff * (value - phi_[j]);
    for (std::size_t k = 1; k < right_.size(); ++k) {
      right_[k][j] = 0.0;
    }
  }

  void factor_and_solve() {
    const std::size_t n = phi_.size();
    const auto& cell = eq_.grid().cell_m;
    for (std::size_t j = 1; j < n; ++j) {
      const double factor = 1.0 / (cell[j - 1] * diagonal_[j - 1]);
      diagonal_[j] -= factor / cell[j - 1];
      for (auto& r : right_) {
        r[j] -= factor * r[j - 1];
      }
    }
    for (auto& r : right_) {
      r[n - 1] /= diagonal_[n - 1];
      for (std::size_t j = n - 1; j-- > 0;) {
        r[j] = (r[j] - r[j + 1] / cell[j]) / diagonal_[j];
      }
    }
    border();
  }

  // dphi = r0 + sum_k r_k dm_k; (H + G r_k) dm = -R - G r0.
  void border() {
    const std::size_t ns = eq_.species();
    Pair b{};
    Square a = h_;
    for (std::size_t i = 0; i < ns; ++i) {
      b[i] = missing_[i];
      for (std::size_t j = 0; j < phi_.size(); ++j) {
        b[i] -= constraint_[i][j] * right_[0][j];
        for (std::size_t k = 0; k < ns; ++k) {
          a[i][k] += constraint_[i][j] * right_[1 + k][j];
        }
      }
    }
    if (ns == 1) {
      log_step_ = {b[0] / a[0][0], 0.0};
    } else {
      const double det = a[0][0] * a[1][1] - a[0][1] * a[1][0];
      log_step_ = {(b[0] * a[1][1] - b[1] * a[0][1]) / det,
                   (a[0][0] * b[1] - a[1][0] * b[0]) / det};
    }
    for (std::size_t j = 0; j < phi_.size(); ++j) {
      for (std::size_t k = 0; k < ns; ++k) {
        right_[0][j] += right_[1 + k][j] * log_step_[k];
      }
    }
  }

  double take_step() {
    const std::size_t ns = eq_.species();
    double largest = 0.0;
    for (std::size_t i = 0; i < ns; ++i) {
      largest = std::max(largest, std::abs(log_step_[i]));
    }
    for (const double d : right_[0]) {
      largest = std::max(largest, std::abs(d));
    }
    const double damping = std::min(1.0, 3.0 / largest);
    for (std::size_t i = 0; i < ns; ++i) {
      log_k_[i] += damping * log_step_[i];
    }
    for (std::size_t j = 0; j < phi_.size(); ++j) {
      phi_[j] += damping * right_[0][j];
    }
    return largest;
  }

  const PnpEquations& eq_;
  std::vector<double> phi_;
  Pair amount_{};  // N_i / N
  Pair log_k_{};
  std::vector<double> diagonal_;
  std::array<std::vector<double>, 3> right_;  // -P and -B, then their solutions
  std::array<std::vector<double>, 2> constraint_;
  Square h_{};
  Pair missing_{};
  Pair log_step_{};
};

}  // namespace

std::vector<double> pnp_steady_state(const PnpEquations& equations, double voltage_v) {
  require_range("voltage_v", voltage_v, -1e4, 1e4);
  const double target = voltage_v / equations.thermal_voltage_v();
  const int steps = std::clamp(static_cast<int>(std::ceil(std::abs(target) / 4.0)), 1, 1000);
  SteadyState steady(equations);
  for (int k = 1; k <= steps; ++k) {
    steady.solve(target * k / steps);
  }
  return steady.state();
}

}  // namespace halotwin::physics
