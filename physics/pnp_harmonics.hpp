// Harmonics of the charge and of the force under a sine voltage of any size.
#pragma once

#include <array>
#include <complex>

#include "physics/dae_solver.hpp"
#include "physics/pnp_film.hpp"
#include "physics/pnp_grid.hpp"

namespace halotwin::physics {

/// V(t) = bias + amplitude cos(w t).
struct SineDrive {
  double bias_v = 0.0;
  double amplitude_v = 2.0;  // peak
  double frequency_hz = 1e3;
};
void validate(const SineDrive& p);
void visit_fields(auto& visit, SineDrive& p) {
  visit("bias_v", p.bias_v);
  visit("amplitude_v", p.amplitude_v);
  visit("frequency_hz", p.frequency_hz);
}

struct SineOptions {
  DaeOptions time{};
  PnpGridParams grid{};
  int samples = 256;          // of a period
  int periods_limit = 200;    // until two periods agree
  double periodicity = 1e-5;  // relative change of the charge's first harmonic and of the force's
                              // second from one period to the next, at which it ends
};

/// The periodic state. Harmonic n of x is the phasor X_n of x(t) = X_0 + Re sum X_n e^{i n w t}.
struct SineResponse {
  static constexpr std::size_t harmonics = 9;            // 0 to 8
  std::array<std::complex<double>, harmonics> charge{};  // Q per area [C/m^2]
  std::array<std::complex<double>, harmonics> force{};   // Q^2 / (2 eps0), pressure on the
                                                         // electrode behind the gap [Pa]
  std::complex<double> capacitance{};                    // Q_1 / amplitude [F/m^2]
  int periods = 0;
  bool periodic = false;  // false: periods_limit came first
  DaeSummary work{};      // of the last period
};

/// Begins at rest under the bias, in the phase in which the linear ionic response passes zero, so
/// that little is left to die out.
[[nodiscard]] SineResponse pnp_sine_response(const PnpFilmParams& film,
                                             const SineDrive& drive,
                                             const SineOptions& options = {});

}  // namespace halotwin::physics
