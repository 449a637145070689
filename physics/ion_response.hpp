// What slow ions do to the voltage that acts on the tip, and the force gradient at w and 2 w that
// follows.
#pragma once

#include <array>
#include <complex>
#include <span>

namespace halotwin::physics {

/// A film with mobile ions on a conductor, under an oscillating tip.
struct IonFilmParams {
  double thickness_m = 75e-9;           // the depth that the tip feels, 3 apex radii (thick film)
  double relative_permittivity = 30.0;  // frozen ions
  double active_share = 0.5;            // part of h / eps_r in which the ions move; hotspot near 1
  bool operator==(const IonFilmParams&) const = default;
};
void validate(const IonFilmParams& p);
void visit_fields(auto& visit, IonFilmParams& p) {
  visit("thickness_m", p.thickness_m);
  visit("relative_permittivity", p.relative_permittivity);
  visit("active_share", p.active_share);
}

/// b = h / eps_r [m]: the film as an equivalent gap.
[[nodiscard]] double equivalent_gap_m(const IonFilmParams& p);
/// Z = sqrt((z_c + b)^2 - A^2) [m]: the harmonic mean of z + b over the orbit.
[[nodiscard]] double orbit_gap_m(double centre_m, double equivalent_gap_m, double amplitude_m);

/// What the frozen-ion response depends on: beta = b_a / Z (0 <= beta < 1) and t = eps / sigma.
struct IonCoupling {
  double ratio = 0.0;              // beta; b_a = active share of b
  double dielectric_time_s = 1.0;  // t
};
[[nodiscard]] IonCoupling ion_coupling(const IonFilmParams& p,
                                       double dielectric_time_s,
                                       double centre_m,
                                       double amplitude_m);
/// Relaxation rate of the ionic charge [1/s]: (1 - beta) / t; the response relaxes at this rate.
[[nodiscard]] double relaxation_rate_per_s(const IonCoupling& c);

/// `physical` response: the fraction of the applied voltage that acts on the frozen-ion capacitor,
///   r*(w) = (1 + i w t) / (1 - beta + i w t),   V_eff = V + u,   du/dt = [beta (V + u) - u] / t
/// u: voltage of the ionic charge. Ions are slow against the mechanical motion (w_m t >> 1), so
/// they see the orbit mean of 1 / (z + b) = 1 / Z. r* -> 1 at high w, 1 / (1 - beta) at w = 0. With
/// A = 0 and all of the film active this is the plate capacitor (z + h/eps_r) / (z + h/eps*)
/// exactly.
[[nodiscard]] std::complex<double> physical_response(const IonCoupling& c, double rad_per_s);

/// A line of the `phenomenological` response, a second-order oscillator.
struct ResponseLine {
  double strength = 0.0;      // a, dimensionless
  double frequency_hz = 1e3;  // f_i
  double quality = 3.0;       // q; 2 to 4
  bool operator==(const ResponseLine&) const = default;
};
void validate(const ResponseLine& p);
void visit_fields(auto& visit, ResponseLine& p) {
  visit("strength", p.strength);
  visit("frequency_hz", p.frequency_hz);
  visit("quality", p.quality);
}

/// `phenomenological` response: r*(f) = 1 + sum_i a_i f_i^2 / (f_i^2 - f^2 + i f f_i / q_i).
/// Causal, so that a time-domain engine can run it; narrower than any passive relaxation, so not
/// derived from one.
[[nodiscard]] std::complex<double> phenomenological_response(std::span<const ResponseLine> lines,
                                                             double frequency_hz);

/// Voltage between tip and sample: V = dc_v + ac_v cos w t; dc_v = V_dc - V_cpd.
struct TipVoltage {
  double dc_v = 0.0;
  double ac_v = 0.0;  // peak
};

/// Change of the lever's stiffness [N/m], phasors at w and 2 w (time factor exp(+i w t)), ions
/// frozen at the mechanical frequency: dk = -(1/2) <C''> V_eff^2 - B V_eff^4.
///
///   static   -(1/2) <C''> [ r(0)^2 DV^2 + |r*|^2 V0^2 / 2 ]
///   at w     -<C''> r(0) r*(w) DV V0
///   at 2w    -(1/4) <C''> r*(w)^2 V0^2        (r* at w, not at 2 w)
///
/// B: what the bending of the lever adds (tip_sample, bending_coefficient); with V_eff^2 = s0 +
/// Re[s1 e^{iwt} + s2 e^{2iwt}] it multiplies s0^2 + (|s1|^2 + |s2|^2)/2, 2 s0 s1 + s2 conj s1 and
/// 2 s0 s2 + s1^2 / 2.
struct GradientHarmonics {
  double static_n_per_m = 0.0;
  std::complex<double> first_n_per_m;
  std::complex<double> second_n_per_m;
};
[[nodiscard]] GradientHarmonics gradient_harmonics(double curvature_f_per_m2,
                                                   std::complex<double> response_at_dc,
                                                   std::complex<double> response_at_w,
                                                   const TipVoltage& voltage,
                                                   double bending_n_per_m_v4 = 0.0);

/// Parallel plates of `area_m2`, exact, ions frozen at the mechanical frequency [N/m]:
///   dk_2w = -(eps0 A V0^2 / 2) / [ (z + h/eps_r) (z + h/eps*)^2 ]
[[nodiscard]] std::complex<double> plate_gradient_2w(double area_m2,
                                                     double gap_m,
                                                     double thickness_m,
                                                     double relative_permittivity,
                                                     std::complex<double> permittivity_at_w,
                                                     double ac_v);

/// Exact step of the ionic voltage u for an applied voltage linear within the step and beta
/// constant in it:
///   u1 = decay u0 + gain_old V0 + gain_new V1
/// With 1 / Z for the mean over an orbit; with 1 / (z + b) of the moment (one step each) it follows
/// the orbit.
struct IonVoltageStep {
  IonVoltageStep(const IonCoupling& c, double step_s);

  double decay = 1.0;
  double gain_old = 0.0;
  double gain_new = 0.0;

  [[nodiscard]] double operator()(double u, double v_old, double v_new) const {
    return decay * u + gain_old * v_old + gain_new * v_new;
  }
};

/// State of one line: y'' + (w_i/q) y' + w_i^2 y = w_i^2 V; the tip feels V + sum a_i y_i.
struct LineState {
  double value_v = 0.0;
  double rate_v_per_s = 0.0;
};

/// Exact step of one line for a voltage linear within the step (q > 1/2).
struct ResponseLineStep {
  ResponseLineStep(const ResponseLine& line, double step_s);

  std::array<double, 4> matrix{};  // on (y - y_p, y' - y_p'), y_p the particular solution
  double inverse_step_per_s = 0.0;
  double lag_s = 0.0;  // 1 / (w_i q): y_p = V - lag dV/dt

  [[nodiscard]] LineState operator()(const LineState& s, double v_old, double v_new) const {
    const double slope = (v_new - v_old) * inverse_step_per_s;
    const double y = s.value_v - (v_old - lag_s * slope);
    const double rate = s.rate_v_per_s - slope;
    return {matrix[0] * y + matrix[1] * rate + v_new - lag_s * slope,
            matrix[2] * y + matrix[3] * rate + slope};
  }
};

}  // namespace halotwin::physics
