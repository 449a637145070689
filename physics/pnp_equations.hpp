// The PNP equations on a grid: residual, its derivatives, and what follows from a state.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "physics/dae_solver.hpp"
#include "physics/pnp_film.hpp"
#include "physics/pnp_grid.hpp"

namespace halotwin::physics {

/// Finite volumes around the grid's points; unknowns of a point side by side: the densities c_i /
/// N (N = sum of the N_i), mu if there is a steric limit, then phi / VT.
///
///   w_j dc_i/dt + J_i,j+1/2 - J_i,j-1/2 = 0,   J = (D / h) [c_j B(d) - c_{j+1} B(-d)]
///   d = z (phi_{j+1} - phi_j) + mu_{j+1} - mu_j        Scharfetter-Gummel, see pnp_flux.hpp
///   (phi_{j+1} - phi_j) / h_j - (phi_j - phi_{j-1}) / h_{j-1} + k w_j rho_j = 0,  k = q N / (eps
///   VT) e^-mu = 1 - sum c_i / c_site, an unknown of its own, because it is smooth where free sites
///   fall below rounding at x = 0: phi = V / VT, or behind a gap (phi_1 - phi_0)/h + (V/VT -
///   phi_0)/(eps_r z) + k w rho = 0;  at x = L: phi = 0
///
/// The fluxes of neighbouring volumes cancel, so the number of ions is kept to rounding. Because
/// Poisson's equation on three points is exact for straight lines, so is the charge below.
class PnpEquations {
 public:
  PnpEquations(const PnpFilmParams& film, const PnpGridParams& grid);

  [[nodiscard]] const PnpFilmParams& film() const { return film_; }
  [[nodiscard]] const PnpGrid& grid() const { return grid_; }
  [[nodiscard]] std::size_t species() const { return film_.species.size(); }
  [[nodiscard]] std::size_t points() const { return grid_.points(); }
  [[nodiscard]] bool steric() const { return site_limit_ > 0.0; }
  /// Unknowns of a point: densities, mu, phi.
  [[nodiscard]] std::size_t stride() const { return species() + (steric() ? 2 : 1); }
  [[nodiscard]] std::size_t size() const { return points() * stride(); }
  [[nodiscard]] double potential(std::span<const double> y, std::size_t point) const {
    return y[(point + 1) * stride() - 1];
  }
  /// mu of a point; 0 without limit.
  [[nodiscard]] double steric_energy(std::span<const double> y, std::size_t point) const {
    return steric() ? y[point * stride() + species()] : 0.0;
  }
  [[nodiscard]] double thermal_voltage_v() const { return thermal_voltage_v_; }
  /// eps VT / (1 m): charge per area of a slope of phi/VT of 1 per metre [C/m].
  [[nodiscard]] double charge_scale_c_per_m() const { return charge_scale_; }
  /// N = sum of the densities of the neutral film [1/m^3].
  [[nodiscard]] double density_scale_per_m3() const { return density_scale_; }
  [[nodiscard]] double screening_per_m2() const { return screening_; }  // k
  [[nodiscard]] double fixed_charge() const { return fixed_; }          // in units of q N
  [[nodiscard]] double site_limit() const { return site_limit_; }       // c_site / N; 0 = none

  /// The neutral film, potential included.
  [[nodiscard]] std::vector<double> neutral_state(double voltage_v) const;
  /// Makes the potential obey Poisson's equation for the densities of `y`.
  void solve_potential(std::span<double> y, double voltage_v) const;
  /// dc/dt from the fluxes; 0 for the other unknowns.
  void rates(std::span<const double> y, std::span<double> rate) const;

  /// F(y, y').
  void residual(double voltage_v,
                std::span<const double> y,
                std::span<const double> rate,
                std::span<double> out) const;
  /// dF/dy + alpha dF/dy'.
  void jacobian(double alpha, std::span<const double> y, const BandJacobian& out) const;

  /// Makes the solution x of (dF/dy + alpha dF/dy') x = b obey the sum of its rows exactly, sum_j
  /// w_j x_i,j = sum_j b_i,j / alpha: in long steps the fluxes' rounding would change the number of
  /// ions.
  void keep_ions(double alpha, std::span<const double> b, std::span<double> x) const;

  /// Charge of the electrode at x = 0 per area [C/m^2], from the densities alone:
  ///   Q = C_inf V - sum_j q_j (L - x_j) / (L + eps_r z)
  [[nodiscard]] double charge_c_per_m2(std::span<const double> y, double voltage_v) const;
  /// Ions of one species per area [1/m^2].
  [[nodiscard]] double ions_per_m2(std::span<const double> y, std::size_t which) const;

 private:
  [[nodiscard]] double net_charge(std::span<const double> y, std::size_t point) const;
  void face_fluxes(std::span<const double> y, std::span<double> out) const;
  void flux_derivatives(std::span<const double> y, const BandJacobian& out) const;
  void steric_residual(std::span<const double> y, std::span<double> out) const;
  void poisson_residual(double voltage_v, std::span<const double> y, std::span<double> out) const;
  void poisson_derivatives(const BandJacobian& out) const;

  PnpFilmParams film_;
  PnpGrid grid_;
  double thermal_voltage_v_ = 0.0;
  double charge_scale_ = 0.0;
  double density_scale_ = 0.0;
  double screening_ = 0.0;
  double fixed_ = 0.0;
  double site_limit_ = 0.0;
  double gap_coupling_per_m_ = 0.0;  // 1 / (eps_r z); 0 = in contact
};

}  // namespace halotwin::physics
