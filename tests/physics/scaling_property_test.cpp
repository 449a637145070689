// Dimensional analysis as a test: scale the inputs, expect the known scaling of the output.
#include <cmath>
#include <complex>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "base/constants.hpp"
#include "base/fields.hpp"
#include "base/settling.hpp"
#include "physics/cantilever.hpp"
#include "physics/contact_potential.hpp"
#include "physics/dielectric_response.hpp"
#include "physics/ion_response.hpp"
#include "physics/low_pass.hpp"
#include "physics/resonance_drift.hpp"
#include "physics/tip_footprint.hpp"
#include "physics/tip_sample.hpp"

namespace halotwin::physics {
namespace {

using Complex = std::complex<double>;

// log-uniform
double draw(double low, double high) {
  const double u = *rc::gen::inRange(0, 1000001) * 1e-6;
  return low * std::pow(high / low, u);
}

void near_relative(double value, double expected, double tolerance) {
  RC_ASSERT(std::abs(value - expected) <= tolerance * std::abs(expected));
}

CantileverParams any_lever() {
  return {.resonance_hz = draw(1e4, 1e6),
          .stiffness_n_per_m = draw(0.1, 100.0),
          .quality_factor = draw(10.0, 1e4)};
}

RC_GTEST_PROP(CantileverScaling, PhaseResponseIsOneOverStiffnessAndDependsOnFrequencyRatios, ()) {
  const CantileverParams p = any_lever();
  const double s = draw(0.1, 10.0);
  const double drive = p.resonance_hz * draw(0.9, 1.1);
  const double w = draw(1.0, 0.5 * resonance_rad_per_s(p));
  CantileverParams q = p;
  q.stiffness_n_per_m *= s;
  const Complex phi = phase_response(p, drive, w);
  RC_ASSERT(std::abs(phase_response(q, drive, w) * s - phi) <= 1e-12 * std::abs(phi));
  q = p;
  q.resonance_hz *= s;
  RC_ASSERT(std::abs(phase_response(q, drive * s, w * s) - phi) <= 1e-9 * std::abs(phi));
}

RC_GTEST_PROP(CantileverScaling, SlowPhaseIsTheSlopeOfTheStaticPhase, ()) {
  const CantileverParams p = any_lever();
  const double drive = p.resonance_hz * draw(0.98, 1.02);
  const double h = 1e-5 / p.quality_factor;
  const double slope = (static_phase_rad(p, drive, h) - static_phase_rad(p, drive, -h)) / (2.0 * h);
  near_relative(phase_response(p, drive, 0.0).real() * p.stiffness_n_per_m, slope, 1e-6);
}

RC_GTEST_PROP(CantileverScaling, NoiseFallsWithAmplitudeSquaredAndRisesWithTemperature, ()) {
  CantileverParams p = any_lever();
  p.detection_noise_m_per_sqrt_hz = 0.0;
  const double w = draw(1.0, 0.5 * resonance_rad_per_s(p));
  const double s = draw(0.1, 10.0);
  const double psd = phase_noise_psd(p, p.resonance_hz, w, 1e-8);
  near_relative(phase_noise_psd(p, p.resonance_hz, w, s * 1e-8), psd / (s * s), 1e-12);
  CantileverParams hot = p;
  hot.temperature_k *= s;
  near_relative(phase_noise_psd(hot, p.resonance_hz, w, 1e-8), psd * s, 1e-12);
}

RC_GTEST_PROP(TipScaling, GradientHasNoLengthAndCurvatureIsOneOverLength, ()) {
  const TipParams p{.apex_radius_m = draw(5e-9, 200e-9), .half_cone_angle_deg = draw(5.0, 40.0)};
  const double gap = draw(1e-9, 200e-9);
  const double amplitude = gap * draw(0.01, 0.95);
  const double s = draw(0.1, 10.0);
  const TipParams q{.apex_radius_m = s * p.apex_radius_m,
                    .half_cone_angle_deg = p.half_cone_angle_deg,
                    .cone_height_m = s * p.cone_height_m,
                    .lever_length_m = s * p.lever_length_m,
                    .lever_width_m = s * p.lever_width_m};
  near_relative(
      capacitance_gradient(q, s * gap).total(), capacitance_gradient(p, gap).total(), 1e-10);
  near_relative(
      capacitance_curvature(q, s * gap).total(), capacitance_curvature(p, gap).total() / s, 1e-10);
  near_relative(orbit_averaged_curvature(q, s * amplitude, s * gap).total(),
                orbit_averaged_curvature(p, amplitude, gap).total() / s,
                1e-10);
  // an orbit sees the strong end more: its average exceeds the value at the centre
  RC_ASSERT(orbit_averaged_curvature(p, amplitude, gap).total() >=
            capacitance_curvature(p, gap).total());
}

RC_GTEST_PROP(LowPassScaling, IsLinearAndDependsOnTimeRatios, ()) {
  const int order = *rc::gen::inRange(1, 9);
  const double tau = draw(1e-6, 1.0);
  const double x = draw(1e-3, 30.0);
  const double s = draw(0.1, 10.0);
  const Complex rate = Complex(-draw(1e-3, 3.0), draw(0.01, 30.0)) / tau;
  const ExponentialTerm a{{draw(0.1, 1.0), draw(0.1, 1.0)}, rate};
  LowPassState y;
  LowPassState scaled;
  LowPassState doubled;
  for (std::size_t k = 0; k < max_low_pass_order; ++k) {
    y.stage[k] = scaled.stage[k] = {draw(0.1, 1.0), -draw(0.1, 1.0)};
    doubled.stage[k] = 2.0 * y.stage[k];
  }
  advance({order, tau}, y, {&a, 1}, x * tau);
  const ExponentialTerm slow{a.amplitude, a.rate_per_s / s};
  advance({order, s * tau}, scaled, {&slow, 1}, x * s * tau);
  const ExponentialTerm twice{2.0 * a.amplitude, a.rate_per_s};
  advance({order, tau}, doubled, {&twice, 1}, x * tau);
  const auto n = static_cast<std::size_t>(order);
  for (std::size_t k = 0; k < n; ++k) {
    RC_ASSERT(std::abs(scaled.stage[k] - y.stage[k]) < 1e-11);
    RC_ASSERT(std::abs(doubled.stage[k] - 2.0 * y.stage[k]) < 1e-13);
  }
}

RC_GTEST_PROP(LowPassScaling, SettlingErrorFallsWithTimeAndRisesWithOrder, ()) {
  const int order = *rc::gen::inRange(1, 8);
  const double x = draw(0.3, 50.0);  // below, 1 - x^8 / 8! drowns in rounding
  RC_ASSERT(settling_error(order, 1.01 * x) < settling_error(order, x));
  RC_ASSERT(settling_error(order + 1, x) > settling_error(order, x));
}

RC_GTEST_PROP(IonScaling, ResponseIsPassiveAndDependsOnFrequencyTimesTime, ()) {
  const IonCoupling c{draw(1e-3, 0.95), draw(1e-6, 1.0)};
  const double w = draw(1e-3, 1e3) / c.dielectric_time_s;
  const double s = draw(0.1, 10.0);
  const Complex r = physical_response(c, w);
  RC_ASSERT(r.imag() < 0.0);
  RC_ASSERT(std::abs(r) > 1.0 && std::abs(r) < 1.0 / (1.0 - c.ratio));
  RC_ASSERT(std::abs(physical_response({c.ratio, s * c.dielectric_time_s}, w / s) - r) <
            1e-12 * std::abs(r));
}

RC_GTEST_PROP(IonScaling, ConductivityIsTheProductOfDensityAndDiffusivity, ()) {
  const double n = draw(1e20, 1e26);
  const double d = draw(1e-18, 1e-10);
  const double s = draw(0.1, 10.0);
  const double sigma = ionic_conductivity_s_per_m(n, d, 300.0);
  near_relative(ionic_conductivity_s_per_m(s * n, d / s, 300.0), sigma, 1e-12);
  near_relative(dielectric_time_s(30.0, s * sigma), dielectric_time_s(30.0, sigma) / s, 1e-12);
}

RC_GTEST_PROP(DielectricScaling, DependsOnFrequencyTimesTime, ()) {
  const double a = draw(0.2, 1.0);
  const RelaxationParams p{.strength = draw(0.1, 100.0),
                           .relaxation_time_s = draw(1e-6, 1.0),
                           .width_exponent = a,
                           .skew_exponent = draw(0.2, 1.0 / a)};
  const double w = draw(1e-3, 1e3) / p.relaxation_time_s;
  const double s = draw(0.1, 10.0);
  RelaxationParams q = p;
  q.relaxation_time_s *= s;
  RC_ASSERT(std::abs(havriliak_negami(q, w / s) - havriliak_negami(p, w)) < 1e-11 * p.strength);
  RC_ASSERT(havriliak_negami(p, w).imag() < 0.0);
}

template <class P>
void round_trip() {
  const P p{};
  P loaded{};
  load_fields(loaded, effective_fields(p), "here");
  EXPECT_EQ(loaded, p);
}

TEST(Parameters, TravelThroughATable) {
  round_trip<CantileverParams>();
  round_trip<TipParams>();
  round_trip<OrbitParams>();
  round_trip<LowPassParams>();
  round_trip<RelaxationParams>();
  round_trip<MobileIonParams>();
  round_trip<IonFilmParams>();
  round_trip<ResponseLine>();
  round_trip<ContactPotentialParams>();
  round_trip<ResonanceDriftParams>();
}

}  // namespace
}  // namespace halotwin::physics
