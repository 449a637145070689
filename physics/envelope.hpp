// The lever's envelope (amplitude and phase) under an electrostatic force of any size: harmonic
// balance of the force averaged over the orbit.
#pragma once

#include <array>
#include <complex>
#include <functional>
#include <vector>

#include "physics/cantilever.hpp"
#include "physics/tip_sample.hpp"

namespace halotwin::physics {

/// V_eff^2(t) = mean + Re[first e^{i w t} + second e^{2 i w t}] [V^2]: what acts on the frozen-ion
/// capacitor.
struct SquaredVoltage {
  double mean_v2 = 0.0;
  std::complex<double> first_v2;
  std::complex<double> second_v2;
};

/// A lever driven with a constant force in the field of the tip.
struct EnvelopeProblem {
  CantileverParams lever;  // without field
  double drive_hz = 75e3;
  double force_n = 0.0;  // amplitude of the mechanical drive
  TipParams tip;
  double amplitude_m = 10e-9;   // of the orbit that the mean field and `held_n` belong to
  double centre_gap_m = 15e-9;  // z_c + h / eps_r
  double held_n = 0.0;          // taken up by the height feedback: minus the mean force
  SquaredVoltage voltage;
  double stimulus_rad_per_s = 0.0;  // w
  /// Motion of the probe's base per relative modulation of the amplitude, at a frequency [m];
  /// empty: the base stands still. Linear: physics/height_loop.
  std::function<std::complex<double>(double rad_per_s)> base_m{};
  /// Relative change of the drive per metre that the base moves away: what intermittent contact
  /// does (used with `base_m` only).
  double contact_per_m = 0.0;
};

struct EnvelopeOptions {
  double tolerance = 1e-6;  // of the envelope, relative
  int max_iterations = 200;
  bool operator==(const EnvelopeOptions&) const = default;
};

/// a(t) = sum_n a_n e^{i n W t}, x = Re[a e^{i w_m t}] + b; W is w, or 2 w if `first_v2` is nought
/// or small.
struct Envelope {
  std::vector<std::complex<double>> harmonics_m;  // a_n for n = -h .. h
  double base_rad_per_s = 0.0;                    // W
  int per_stimulus = 1;                           // W / w
  int iterations = 0;
  bool converged = false;
};

/// Harmonic balance, exact for the lever at every side band:
///
///   a_n = chi(w_m + n W) F_n,   F(t) = F0 + (1/2) <C''>(|a|, u) V_eff^2 a
///   b_n = chi(n W) f_n,         f(t) = (1/2) <C'>(|a|, u) V_eff^2 + held
///   u = u_c + b + z
///
/// <...> over the orbit of the moment (tip_sample): what is left out are harmonics of the motion at
/// 2 w_m and above (1e-4 of the amplitude), and the field's change during one mechanical period. By
/// iteration from the linear answer, with the mean gradient taken out of the residual; converges
/// while the modulation of the phase is below about 1 rad. The orbit stays 0.1 nm from u = 0.
[[nodiscard]] Envelope solve_envelope(const EnvelopeProblem& problem,
                                      const EnvelopeOptions& options = {});

/// Modulation of phase and amplitude at w and 2 w, phasors; mean phase against the drive's force.
struct EnvelopeModulation {
  double mean_phase_rad = 0.0;
  double mean_amplitude_m = 0.0;
  std::array<std::complex<double>, 2> phase_rad{};
  std::array<std::complex<double>, 2> amplitude{};  // relative to the mean
};

/// What a demodulator with the complex response `filter` (empty: 1) shows of the envelope: it
/// filters a(t) first and takes modulus and argument afterwards.
[[nodiscard]] EnvelopeModulation modulation_of(
    const Envelope& envelope,
    const std::function<std::complex<double>(double rad_per_s)>& filter = {});

}  // namespace halotwin::physics
