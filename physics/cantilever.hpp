// The first flexural mode of a conductive cantilever: response, phase dynamics, noise, exact free
// motion.
#pragma once

#include <array>
#include <complex>

namespace halotwin::physics {

/// First flexural mode. Time factor exp(+i w t): a lag is a negative phase.
struct CantileverParams {
  double resonance_hz = 75e3;      // Multi75E-G: 60 to 90 kHz, maker's data
  double stiffness_n_per_m = 3.0;  // Multi75E-G, maker's data
  double quality_factor = 150.0;   // dimensionless; 75 kHz lever near a surface in N2: 50 to 300
  double detection_noise_m_per_sqrt_hz = 100e-15;  // optical lever, typical
  double temperature_k = 300.0;
  bool operator==(const CantileverParams&) const = default;
};
void validate(const CantileverParams& p);
void visit_fields(auto& visit, CantileverParams& p) {
  visit("resonance_hz", p.resonance_hz);
  visit("stiffness_n_per_m", p.stiffness_n_per_m);
  visit("quality_factor", p.quality_factor);
  visit("detection_noise_m_per_sqrt_hz", p.detection_noise_m_per_sqrt_hz);
  visit("temperature_k", p.temperature_k);
}

[[nodiscard]] double resonance_rad_per_s(const CantileverParams& p);
/// Effective mass of the mode [kg]: m = k / w0^2.
[[nodiscard]] double effective_mass_kg(const CantileverParams& p);
/// Decay rate of the oscillation amplitude [1/s]: g = w0 / (2 Q). Its ring time is 1/g.
[[nodiscard]] double amplitude_decay_per_s(const CantileverParams& p);

/// The same lever in a constant force gradient: k + dk, with mass and damping unchanged, so that
/// f0 and Q rise by sqrt(1 + dk/k). What the phase does around the operating point of a large
/// static dk follows from this one.
[[nodiscard]] CantileverParams stiffened(const CantileverParams& p, double gradient_n_per_m);

/// Displacement per force [m/N]:
///   chi(w) = (1/k) / (1 - (w/w0)^2 + i w / (w0 Q))
[[nodiscard]] std::complex<double> susceptibility_m_per_n(const CantileverParams& p,
                                                          double rad_per_s);

/// Phase of the motion against a steady drive force [rad], exact for a constant extra gradient dk:
///   phi = -atan2(r / Q, 1 + kappa - r^2),  r = f_drive / f0,  kappa = dk / k
/// -pi/2 at r = 1, kappa = 0.
[[nodiscard]] double static_phase_rad(const CantileverParams& p,
                                      double drive_hz,
                                      double relative_stiffness);

/// Phase modulation per modulation of the force gradient [rad per N/m]. For a gradient
/// Re[dk e^{i W t}], |dk| Q / k << 1, and a drive at w_m the phase is Re[Phi e^{i W t}]:
///
///   Phi / dk = (i/2) [ chi(w_m + W) - conj chi(w_m - W) ]
///
/// On resonance (Q/k) / (1 + i W/g). A stiffer lever (dk > 0) leads: Phi > 0. Exact to first order
/// in dk, any drive frequency. Off resonance |Phi| peaks at W = |w_m - w0|: no property of the
/// sample.
[[nodiscard]] std::complex<double> phase_response(const CantileverParams& p,
                                                  double drive_hz,
                                                  double modulation_rad_per_s);

/// Relative amplitude modulation per modulation of the force gradient [1 per N/m]:
///   M / dk = -(1/2) [ chi(w_m + W) + conj chi(w_m - W) ]
[[nodiscard]] std::complex<double> amplitude_response(const CantileverParams& p,
                                                      double drive_hz,
                                                      double modulation_rad_per_s);

/// Thermal force on the mode [N^2/Hz], one-sided, white: S_F = 4 kB T k / (w0 Q).
[[nodiscard]] double thermal_force_psd(const CantileverParams& p);
/// Thermal displacement [m^2/Hz], one-sided: S_F |chi|^2. Its integral over f > 0 is kB T / k.
[[nodiscard]] double displacement_psd(const CantileverParams& p, double frequency_hz);
/// Root mean square of the thermal displacement [m]: sqrt(kB T / k).
[[nodiscard]] double thermal_displacement_rms_m(const CantileverParams& p);

/// Phase noise of an oscillation of peak amplitude A [rad^2/Hz], one-sided in f = W / 2 pi:
///   S_phi(W) = { S_F [ |chi(w_m + W)|^2 + |chi(w_m - W)|^2 ] + 2 n_d^2 } / A^2
/// Quadrature component of the displacement noise in the two side bands; exact while the noise is
/// small against A. On resonance, with n_x^2 = 4 kB T Q / (k w0):
///   (2/A^2) [ n_x^2 / (1 + (W/g)^2) + n_d^2 ]
[[nodiscard]] double phase_noise_psd(const CantileverParams& p,
                                     double drive_hz,
                                     double modulation_rad_per_s,
                                     double amplitude_m);

/// Position and velocity of the lever's end.
struct OscillatorState {
  double displacement_m = 0.0;
  double velocity_m_per_s = 0.0;
};

/// Exact propagation of x'' + (w0/Q) x' + w0^2 x = 0 over a fixed step, for split-step integrators:
/// half a kick by the force, this, half a kick. Underdamped only (Q > 1/2).
///
/// Thermal motion: `thermal` is the lower factor of the exact covariance that white thermal force
/// adds in one step, C_inf - A C_inf A^T with C_inf = diag(kB T/k, kB T/m), so that two standard
/// normals n0, n1 a step keep x and v equipartitioned at any step:
///   x += t00 n0,   v += t10 n0 + t11 n1
struct DampedOscillatorStep {
  DampedOscillatorStep(double resonance_rad_per_s, double quality_factor, double step_s);
  DampedOscillatorStep(const CantileverParams& p, double step_s);

  std::array<double, 4> matrix{};   // row-major 2x2 on (x, v)
  std::array<double, 3> thermal{};  // t00 [m], t10, t11 [m/s]; zero without a temperature
  double kick_s_per_kg = 0.0;       // half-step velocity change per force: step / (2 m)

  [[nodiscard]] OscillatorState operator()(const OscillatorState& s) const {
    return {matrix[0] * s.displacement_m + matrix[1] * s.velocity_m_per_s,
            matrix[2] * s.displacement_m + matrix[3] * s.velocity_m_per_s};
  }
};

}  // namespace halotwin::physics
