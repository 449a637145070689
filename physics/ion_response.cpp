#include "physics/ion_response.hpp"

#include <cmath>

#include "base/constants.hpp"
#include "base/require.hpp"
#include "physics/damped_motion.hpp"
#include "physics/low_pass.hpp"

namespace halotwin::physics {

using Complex = std::complex<double>;

void validate(const IonFilmParams& p) {
  require_range("thickness_m", p.thickness_m, 0.0, 1e-2);
  require_range("relative_permittivity", p.relative_permittivity, 1.0, 1e6);
  require_range("active_share", p.active_share, 0.0, 1.0);
}

void validate(const ResponseLine& p) {
  require_range("strength", p.strength, -1e3, 1e3);
  require_positive("frequency_hz", p.frequency_hz);
  require(p.quality > 0.5 && p.quality <= 1e3, "quality", p.quality, "above 0.5, at most 1000");
}

double equivalent_gap_m(const IonFilmParams& p) {
  return p.thickness_m / p.relative_permittivity;
}

double orbit_gap_m(double centre_m, double equivalent_gap_m, double amplitude_m) {
  const double c = centre_m + equivalent_gap_m;
  return std::sqrt((c - amplitude_m) * (c + amplitude_m));
}

IonCoupling ion_coupling(const IonFilmParams& p,
                         double dielectric_time_s,
                         double centre_m,
                         double amplitude_m) {
  const double b = equivalent_gap_m(p);
  return {p.active_share * b / orbit_gap_m(centre_m, b, amplitude_m), dielectric_time_s};
}

double relaxation_rate_per_s(const IonCoupling& c) {
  return (1.0 - c.ratio) / c.dielectric_time_s;
}

Complex physical_response(const IonCoupling& c, double rad_per_s) {
  const double wt = rad_per_s * c.dielectric_time_s;
  return Complex(1.0, wt) / Complex(1.0 - c.ratio, wt);
}

Complex phenomenological_response(std::span<const ResponseLine> lines, double frequency_hz) {
  Complex r = 1.0;
  for (const ResponseLine& line : lines) {
    const double x = frequency_hz / line.frequency_hz;
    r += line.strength / Complex(1.0 - x * x, x / line.quality);
  }
  return r;
}

GradientHarmonics gradient_harmonics(double curvature_f_per_m2,
                                     Complex response_at_dc,
                                     Complex response_at_w,
                                     const TipVoltage& voltage,
                                     double bending_n_per_m_v4) {
  const double dc = response_at_dc.real() * voltage.dc_v;
  const Complex ac = response_at_w * voltage.ac_v;
  // V_eff^2 = s0 + Re[s1 e^{iwt} + s2 e^{2iwt}]
  const double s0 = dc * dc + 0.5 * std::norm(ac);
  const Complex s1 = 2.0 * dc * ac;
  const Complex s2 = 0.5 * ac * ac;
  const double half = -0.5 * curvature_f_per_m2;
  const double b = bending_n_per_m_v4;
  return {half * s0 - b * (s0 * s0 + 0.5 * (std::norm(s1) + std::norm(s2))),
          half * s1 - b * (2.0 * s0 * s1 + s2 * std::conj(s1)),
          half * s2 - b * (2.0 * s0 * s2 + 0.5 * s1 * s1)};
}

Complex plate_gradient_2w(double area_m2,
                          double gap_m,
                          double thickness_m,
                          double relative_permittivity,
                          Complex permittivity_at_w,
                          double ac_v) {
  const double frozen = gap_m + thickness_m / relative_permittivity;
  const Complex slow = gap_m + thickness_m / permittivity_at_w;
  return -0.5 * constants::vacuum_permittivity_f_per_m * area_m2 * ac_v * ac_v /
         (frozen * slow * slow);
}

IonVoltageStep::IonVoltageStep(const IonCoupling& c, double step_s) {
  // du/dt = (1 - beta)/t [ beta/(1 - beta) V - u ]: a one-pole filter with that gain
  const FirstOrderHold hold(1.0 / relaxation_rate_per_s(c), step_s);
  const double gain = c.ratio / (1.0 - c.ratio);
  decay = hold.decay;
  gain_old = gain * hold.gain_old;
  gain_new = gain * hold.gain_new;
}

ResponseLineStep::ResponseLineStep(const ResponseLine& line, double step_s)
    : matrix(damped_motion_matrix(2.0 * constants::pi * line.frequency_hz, line.quality, step_s)),
      inverse_step_per_s(1.0 / step_s),
      lag_s(1.0 / (2.0 * constants::pi * line.frequency_hz * line.quality)) {}

}  // namespace halotwin::physics
