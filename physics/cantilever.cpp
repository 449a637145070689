#include "physics/cantilever.hpp"

#include <cmath>

#include "base/constants.hpp"
#include "base/require.hpp"
#include "physics/damped_motion.hpp"

namespace halotwin::physics {

using Complex = std::complex<double>;

void validate(const CantileverParams& p) {
  require_range("resonance_hz", p.resonance_hz, 1e2, 1e8);
  require_range("stiffness_n_per_m", p.stiffness_n_per_m, 1e-4, 1e5);
  require_range("quality_factor", p.quality_factor, 1.0, 1e7);
  require_range("detection_noise_m_per_sqrt_hz", p.detection_noise_m_per_sqrt_hz, 0.0, 1e-9);
  require_range("temperature_k", p.temperature_k, 0.0, 2000.0);
}

double resonance_rad_per_s(const CantileverParams& p) {
  return 2.0 * constants::pi * p.resonance_hz;
}

double effective_mass_kg(const CantileverParams& p) {
  const double w0 = resonance_rad_per_s(p);
  return p.stiffness_n_per_m / (w0 * w0);
}

double amplitude_decay_per_s(const CantileverParams& p) {
  return resonance_rad_per_s(p) / (2.0 * p.quality_factor);
}

CantileverParams stiffened(const CantileverParams& p, double gradient_n_per_m) {
  const double ratio = std::sqrt(1.0 + gradient_n_per_m / p.stiffness_n_per_m);
  CantileverParams out = p;
  out.stiffness_n_per_m = p.stiffness_n_per_m + gradient_n_per_m;
  out.resonance_hz = p.resonance_hz * ratio;
  out.quality_factor = p.quality_factor * ratio;
  return out;
}

Complex susceptibility_m_per_n(const CantileverParams& p, double rad_per_s) {
  const double r = rad_per_s / resonance_rad_per_s(p);
  return 1.0 / (p.stiffness_n_per_m * Complex(1.0 - r * r, r / p.quality_factor));
}

double static_phase_rad(const CantileverParams& p, double drive_hz, double relative_stiffness) {
  const double r = drive_hz / p.resonance_hz;
  return -std::atan2(r / p.quality_factor, 1.0 + relative_stiffness - r * r);
}

Complex phase_response(const CantileverParams& p, double drive_hz, double modulation_rad_per_s) {
  const double w = 2.0 * constants::pi * drive_hz;
  const Complex upper = susceptibility_m_per_n(p, w + modulation_rad_per_s);
  const Complex lower = susceptibility_m_per_n(p, w - modulation_rad_per_s);
  return Complex(0.0, 0.5) * (upper - std::conj(lower));
}

Complex amplitude_response(const CantileverParams& p,
                           double drive_hz,
                           double modulation_rad_per_s) {
  const double w = 2.0 * constants::pi * drive_hz;
  const Complex upper = susceptibility_m_per_n(p, w + modulation_rad_per_s);
  const Complex lower = susceptibility_m_per_n(p, w - modulation_rad_per_s);
  return -0.5 * (upper + std::conj(lower));
}

double thermal_force_psd(const CantileverParams& p) {
  return 4.0 * constants::boltzmann_j_per_k * p.temperature_k * p.stiffness_n_per_m /
         (resonance_rad_per_s(p) * p.quality_factor);
}

double displacement_psd(const CantileverParams& p, double frequency_hz) {
  return thermal_force_psd(p) *
         std::norm(susceptibility_m_per_n(p, 2.0 * constants::pi * frequency_hz));
}

double thermal_displacement_rms_m(const CantileverParams& p) {
  return std::sqrt(constants::boltzmann_j_per_k * p.temperature_k / p.stiffness_n_per_m);
}

double phase_noise_psd(const CantileverParams& p,
                       double drive_hz,
                       double modulation_rad_per_s,
                       double amplitude_m) {
  const double w = 2.0 * constants::pi * drive_hz;
  const double thermal =
      thermal_force_psd(p) * (std::norm(susceptibility_m_per_n(p, w + modulation_rad_per_s)) +
                              std::norm(susceptibility_m_per_n(p, w - modulation_rad_per_s)));
  const double detection = p.detection_noise_m_per_sqrt_hz * p.detection_noise_m_per_sqrt_hz;
  return (thermal + 2.0 * detection) / (amplitude_m * amplitude_m);
}

DampedOscillatorStep::DampedOscillatorStep(double resonance_rad_per_s,
                                           double quality_factor,
                                           double step_s)
    : matrix(damped_motion_matrix(resonance_rad_per_s, quality_factor, step_s)) {}

DampedOscillatorStep::DampedOscillatorStep(const CantileverParams& p, double step_s)
    : DampedOscillatorStep(physics::resonance_rad_per_s(p), p.quality_factor, step_s) {
  const double mass = effective_mass_kg(p);
  kick_s_per_kg = 0.5 * step_s / mass;
  const double kt = constants::boltzmann_j_per_k * p.temperature_k;
  if (kt <= 0.0) {
    return;
  }
  const double cx = kt / p.stiffness_n_per_m;
  const double cv = kt / mass;
  const auto& [a, b, c, d] = matrix;
  const double qxx = cx * (1.0 - a * a) - cv * b * b;
  const double qxv = -(cx * a * c + cv * b * d);
  const double qvv = cv * (1.0 - d * d) - cx * c * c;
  // qxx is of third order in the step: below rounding it is nought
  thermal[0] = std::sqrt(std::max(qxx, 0.0));
  thermal[1] = thermal[0] > 0.0 ? qxv / thermal[0] : 0.0;
  thermal[2] = std::sqrt(std::max(qvv - thermal[1] * thermal[1], 0.0));
}

}  // namespace halotwin::physics
