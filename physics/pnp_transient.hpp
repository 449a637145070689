// A film with mobile ions under a voltage of any size and course.
#pragma once

#include <functional>
#include <span>
#include <vector>

#include "physics/dae_solver.hpp"
#include "physics/pnp_equations.hpp"

namespace halotwin::physics {

using Waveform = std::function<double(double time_s)>;  // voltage [V]

/// The densities of a film, carried on in time. A jump of the voltage is made by a new call of
/// run(): the ions stay where they are, the potential follows at once.
///
///   PnpTransient film(params);
///   const auto charge = film.run([](double) { return 1.0; }, times_s);   // a step of 1 V
class PnpTransient {
 public:
  /// Begins at time 0 with the neutral film.
  explicit PnpTransient(const PnpFilmParams& film,
                        const PnpGridParams& grid = {},
                        const DaeOptions& options = {});

  /// Charge per area of the electrode [C/m^2] at each of `times_s` (rising, not before now) under a
  /// voltage that is continuous from now to the last of them.
  std::vector<double> run(const Waveform& voltage_v, std::span<const double> times_s);
  /// Puts the film at rest under a constant voltage, without changing the time.
  void settle(double voltage_v);

  [[nodiscard]] double time_s() const { return time_s_; }
  [[nodiscard]] const PnpEquations& equations() const { return equations_; }
  /// Unknowns as in PnpEquations.
  [[nodiscard]] std::span<const double> state() const { return state_; }
  /// Density of one species at the points of the grid [1/m^3].
  [[nodiscard]] std::vector<double> density_per_m3(std::size_t species) const;
  [[nodiscard]] std::vector<double> potential_v() const;
  [[nodiscard]] double ions_per_m2(std::size_t species) const;
  /// Of the last run.
  [[nodiscard]] const DaeSummary& summary() const { return summary_; }

 private:
  PnpEquations equations_;
  DaeOptions options_;
  std::vector<double> state_;
  double time_s_ = 0.0;
  DaeSummary summary_;
};

}  // namespace halotwin::physics
