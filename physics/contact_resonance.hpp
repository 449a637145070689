// A cantilever whose tip rests on the sample: contact stiffness, first contact resonances in
// bending and in torsion, how surface motion reaches the lateral detector, and its thermal noise.
#pragma once

#include <complex>

namespace halotwin::physics {

/// Elasticity of tip and sample.
struct ContactParams {
  double sample_modulus_pa = 14e9;  // CH3NH3PbI3 by indentation: 10 to 20 GPa
  double sample_poisson_ratio = 0.3;
  double tip_modulus_pa = 168e9;  // platinum coating
  double tip_poisson_ratio = 0.38;
  bool operator==(const ContactParams&) const = default;
};
void validate(const ContactParams& p);
void visit_fields(auto& visit, ContactParams& p) {
  visit("sample_modulus_pa", p.sample_modulus_pa);
  visit("sample_poisson_ratio", p.sample_poisson_ratio);
  visit("tip_modulus_pa", p.tip_modulus_pa);
  visit("tip_poisson_ratio", p.tip_poisson_ratio);
}

/// 1/E* = (1 - nu1^2)/E1 + (1 - nu2^2)/E2.
[[nodiscard]] double reduced_modulus_pa(const ContactParams& p);
/// 1/G* = (2 - nu1)/G1 + (2 - nu2)/G2,  G = E / (2 (1 + nu)).
[[nodiscard]] double reduced_shear_modulus_pa(const ContactParams& p);

/// Hertz contact of a sphere: a = (3 F R / (4 E*))^(1/3); 0 without load. Adhesion is left out.
[[nodiscard]] double contact_radius_m(const ContactParams& p, double tip_radius_m, double load_n);
/// Against normal motion: k* = 2 E* a (the slope of Hertz's force).
[[nodiscard]] double normal_contact_stiffness_n_per_m(const ContactParams& p,
                                                      double contact_radius_m);
/// Against lateral motion without slip: k_lat = 8 G* a (Mindlin).
[[nodiscard]] double lateral_contact_stiffness_n_per_m(const ContactParams& p,
                                                       double contact_radius_m);

/// Bending, clamped at one end, a spring at the other: x = beta L of the first mode, from
///   x^3 (1 + cos x cosh x) + 3 (k*/k_c) (sin x cosh x - cos x sinh x) = 0,   k_c = 3 E I / L^3.
/// 1.8751 free, 3.9266 pinned; the frequency goes as x^2, so 4.385 times from end to end.
[[nodiscard]] double bending_wave_number(double stiffness_ratio);
/// f / f1 of the first contact mode in bending.
[[nodiscard]] double bending_frequency_ratio(double stiffness_ratio);
/// k_c of a uniform lever from the dynamic stiffness of its first mode: k1 = x1^4 / 12 k_c.
[[nodiscard]] double static_stiffness_n_per_m(double first_mode_stiffness_n_per_m);

/// Torsion, clamped at one end, the tip's lateral spring at the other: y = beta L of the first
/// mode, from
///   y cot y + k_lat / k_t = 0,   k_t = G J / (L h^2)  (torsional stiffness felt at the tip's end)
/// pi/2 free, pi pinned; the frequency goes as y, so twice from end to end.
[[nodiscard]] double torsion_wave_number(double stiffness_ratio);
[[nodiscard]] double torsion_frequency_ratio(double stiffness_ratio);

/// The lateral (torsional) motion of a lever in contact.
struct TorsionParams {
  // 225 x 28 x 3 um of silicon, G = 65 GPa: f_t = (t / (2 L w)) sqrt(G / rho) = 1.26 MHz,
  // k_t = G w t^3 / (3 L h^2) = 320 N/m with a tip of 15 um
  double free_resonance_hz = 1.2e6;
  double stiffness_n_per_m = 320.0;  // k_t
  double quality_factor = 100.0;     // in contact: 50 to 150
  // Of the tip's end, from the angle that 100 fm/rtHz of bending make, h / (1.5 L) = 0.044 times,
  // and four times that for a round spot on a long lever
  double detection_noise_m_per_sqrt_hz = 20e-15;
  double temperature_k = 300.0;
  bool operator==(const TorsionParams&) const = default;
};
void validate(const TorsionParams& p);
void visit_fields(auto& visit, TorsionParams& p) {
  visit("free_resonance_hz", p.free_resonance_hz);
  visit("stiffness_n_per_m", p.stiffness_n_per_m);
  visit("quality_factor", p.quality_factor);
  visit("detection_noise_m_per_sqrt_hz", p.detection_noise_m_per_sqrt_hz);
  visit("temperature_k", p.temperature_k);
}

/// The lever in lateral contact: kappa = k_lat / k_t, y^2 = y_w^2 (1 - i y_r / (Q y_w)), y_w =
/// (pi/2) f / f_t; every mode has the damping rate of the first one.
class TorsionContact {
 public:
  TorsionContact(const TorsionParams& p, double lateral_stiffness_n_per_m);

  [[nodiscard]] double resonance_hz() const { return resonance_hz_; }
  /// Motion of the tip's end per motion of the surface that drags it by the contact spring:
  ///   H = kappa / (kappa + y cot y);  H(0) = kappa / (1 + kappa)
  [[nodiscard]] std::complex<double> transfer(double frequency_hz) const;
  /// Lateral motion of the tip's end per force on it [m/N]: X = 1 / (k_t (kappa + y cot y)).
  [[nodiscard]] std::complex<double> compliance_m_per_n(double frequency_hz) const;
  /// Strength of the first mode: H -> P f_r^2 / (f_r^2 - f^2 + i f f_r / Q) near f_r,
  ///   P = 2 kappa / (y_r [y_r / sin^2 y_r - cot y_r])
  [[nodiscard]] double participation() const;
  /// Thermal lateral motion of the tip's end [m^2/Hz], one-sided, from the
  /// fluctuation-dissipation theorem: S(f) = -(4 kB T / w) Im X. Its integral is kB T X(0).
  [[nodiscard]] double thermal_psd(double frequency_hz) const;

 private:
  [[nodiscard]] std::complex<double> denominator(double frequency_hz) const;

  TorsionParams params_;
  double ratio_ = 0.0;
  double wave_number_ = 0.0;
  double resonance_hz_ = 0.0;
};

/// Driven oscillator near a contact resonance, per unit of P d V; time factor exp(+i w t):
///   f_r^2 / (f_r^2 - f^2 + i f f_r / Q)
/// Modulus and (with the opposite sign: a lag is negative here) phase of facts a7.
[[nodiscard]] std::complex<double> contact_oscillator(double frequency_hz,
                                                      double resonance_hz,
                                                      double quality_factor);

}  // namespace halotwin::physics
