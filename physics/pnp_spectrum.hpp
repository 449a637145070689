// Small-signal response of the discretised film around a state at rest, biased or not.
#pragma once

#include <complex>
#include <span>
#include <vector>

#include "physics/pnp_equations.hpp"

namespace halotwin::physics {

/// The equations of PnpEquations, linearised around the state at rest under `bias_v`. With S = the
/// ions to the left of a face, so that dS/dt = -J, and the field given by S and the electrode's
/// charge Q, the film is one tridiagonal system (i w + T) u = g for dS/dQ, whatever the gap, and
///
///   1 / C* = z / eps0 + (1 / eps) sum_f h_f (1 + k sum_i z_i u_i,f)
///
/// A film with a gap is the same film with the charge that the bias leaves on it.
class PnpSpectrum {
 public:
  explicit PnpSpectrum(const PnpFilmParams& film,
                       double bias_v = 0.0,
                       const PnpGridParams& grid = {});

  /// Charge per area of the electrode under the bias [C/m^2].
  [[nodiscard]] double bias_charge_c_per_m2() const { return bias_charge_; }
  [[nodiscard]] double frozen_capacitance_f_per_m2() const { return frozen_capacitance_; }
  /// C*(w) = (dQ/dt) / (i w dV/dt) [F/m^2], time factor exp(+i w t).
  [[nodiscard]] std::complex<double> capacitance(double rad_per_s) const;
  [[nodiscard]] std::vector<std::complex<double>> capacitance(
      std::span<const double> rad_per_s) const;

  /// Second order: under V = bias + V0 cos(w t) the charge has Q_2 V0^2 exp(2 i w t); Q_2 [C/(m^2
  /// V^2)]. 0 without bias where the film is the same from both sides. No steric limit.
  [[nodiscard]] std::complex<double> second_harmonic(double rad_per_s) const;

 private:
  using Complex = std::complex<double>;
  struct Response {             // to 1/m of slope at the electrode, e = Q / (eps VT)
    std::vector<Complex> ions;  // u, face by face, species side by side [m]
    Complex voltage;            // dV / VT per e [m]
  };
  template <std::size_t Species>
  void linearise(std::span<const double> y);
  template <std::size_t Species>
  void solve(double rad_per_s, std::vector<Complex>& x) const;
  void solve_any(double rad_per_s, std::vector<Complex>& x) const;
  [[nodiscard]] Response response(double rad_per_s) const;
  void sweep_one_species(std::span<const double> rad_per_s, std::span<Complex> out) const;

  PnpEquations equations_;
  std::vector<double> state_;
  double bias_charge_ = 0.0;
  double frozen_capacitance_ = 0.0;
  // Per face, blocks of species x species, row by row: coupling to the face before, itself, after.
  std::vector<double> lower_;
  std::vector<double> diagonal_;
  std::vector<double> upper_;
  std::vector<double> drive_;  // g
};

}  // namespace halotwin::physics
