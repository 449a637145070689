// Kelvin probe: sensitivity against published numbers and a time-domain judge, the loop against its
// limits and the statistics of its noise.
#include "physics/kelvin.hpp"

#include <cmath>
#include <complex>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/constants.hpp"
#include "base/random.hpp"
#include "physics/eigenmode.hpp"
#include "physics/tip_footprint.hpp"

namespace halotwin::physics {
namespace {

struct Lever {
  CantileverParams first;
  CantileverParams second = second_mode(first, SecondModeParams{});
};

KelvinOperation heterodyne(const Lever& lever) {
  KelvinOperation o;
  o.mechanical_hz = lever.first.resonance_hz;
  o.modulation_hz = lever.second.resonance_hz - lever.first.resonance_hz;
  return o;
}

TEST(SecondMode, HasTheNumbersOfAnIdealBeam) {
  // roots of 1 + cos x cosh x, by bisection; slope at the end over displacement from the mode shape
  const auto root = [](double low, double high) {
    const auto f = [](double x) { return 1.0 + std::cos(x) * std::cosh(x); };
    const bool rising = f(low) < 0.0;
    for (int i = 0; i < 100; ++i) {
      const double mid = 0.5 * (low + high);
      ((f(mid) < 0.0) == rising ? low : high) = mid;
    }
    return 0.5 * (low + high);
  };
  const auto slope = [](double x) {
    const double s = (std::cosh(x) + std::cos(x)) / (std::sinh(x) + std::sin(x));
    const double shape = std::cosh(x) - std::cos(x) - s * (std::sinh(x) - std::sin(x));
    const double bend = x * (std::sinh(x) + std::sin(x) - s * (std::cosh(x) - std::cos(x)));
    return std::abs(bend / shape);
  };
  const double x1 = root(1.0, 3.0);
  const double x2 = root(4.0, 6.0);
  const SecondModeParams p;
  EXPECT_NEAR(p.frequency_ratio, (x2 / x1) * (x2 / x1), 1e-3);
  EXPECT_NEAR(p.stiffness_ratio, std::pow(x2 / x1, 4.0), 0.05);
  EXPECT_NEAR(p.slope_ratio, slope(x2) / slope(x1), 2e-3);
  const Lever lever;
  EXPECT_NEAR(effective_mass_kg(lever.second) / effective_mass_kg(lever.first), 1.0, 2e-3);
}

// physics-facts a6: z = 20 nm, A1 = 20 nm in the small-amplitude form, DV = 0.1 V, V_ac = 2 V
TEST(KelvinSensitivity, HeterodyneHasThePublishedSize) {
  Lever lever;
  lever.second.stiffness_n_per_m = 118.0;
  KelvinOperation o = heterodyne(lever);
  o.mechanical_m = 1e-11;
  o.centre_gap_m = 20e-9;
  const KelvinSensitivity s = kelvin_sensitivity(lever.first, lever.second, TipParams{}, o);
  const double scale = 20e-9 / o.mechanical_m * 0.1;
  EXPECT_NEAR(s.force_n_per_v * scale, 7.7e-12, 0.05e-12);
  EXPECT_NEAR(s.amplitude_m_per_v * scale, 26e-12, 0.3e-12);
  EXPECT_NEAR(s.thermal_m_per_sqrt_hz, 0.14e-12, 0.005e-12);
  EXPECT_NEAR(s.decay_per_s / constants::two_pi, lever.second.resonance_hz / 800.0, 1e-6);
}

TEST(KelvinSensitivity, AmplitudeModeIsTheLeversForTheMostPart) {
  const ProbeParts gradient = capacitance_gradient(TipParams{}, 20e-9);
  EXPECT_NEAR(gradient.lever / gradient.total(), 0.61, 0.005);
  const Lever lever;
  KelvinOperation o = heterodyne(lever);
  o.detection = KelvinDetection::amplitude;
  o.modulation_hz = lever.second.resonance_hz;
  o.mechanical_m = 0.0;
  o.centre_gap_m = 20e-9;
  const KelvinSensitivity s = kelvin_sensitivity(lever.first, lever.second, TipParams{}, o);
  EXPECT_NEAR(s.force_n_per_v, -gradient.total() * o.modulation_peak_v, 1e-18);
}

TEST(KelvinSensitivity, SidebandFallsWithTheLeversLowPass) {
  const Lever lever;
  KelvinOperation o = heterodyne(lever);
  o.detection = KelvinDetection::sideband;
  const auto at = [&](double modulation_hz) {
    o.modulation_hz = modulation_hz;
    return kelvin_sensitivity(lever.first, lever.second, TipParams{}, o).amplitude_m_per_v;
  };
  const double corner = lever.first.resonance_hz / (2.0 * lever.first.quality_factor);
  EXPECT_NEAR(at(corner) / at(1e-3), std::sqrt(0.5), 2e-3);
  EXPECT_NEAR(at(8.0 * corner) / at(1e-3), 1.0 / std::hypot(1.0, 8.0), 0.02);
}

RC_GTEST_PROP(KelvinSensitivity, IsLinearInModulationAndFallsWithTheGap, ()) {
  const Lever lever;
  KelvinOperation o = heterodyne(lever);
  o.mechanical_m = 1e-9 * *rc::gen::inRange(2, 30);
  const double near = 1e-9 * *rc::gen::inRange(1, 30);
  const auto at = [&](double clearance_m, double volt) {
    o.centre_gap_m = o.mechanical_m + clearance_m;
    o.modulation_peak_v = volt;
    return kelvin_sensitivity(lever.first, lever.second, TipParams{}, o).amplitude_m_per_v;
  };
  RC_ASSERT(std::abs(at(near, 2.0) - 2.0 * at(near, 1.0)) < 1e-12 * at(near, 2.0));
  RC_ASSERT(at(near + 1e-9, 1.0) < at(near, 1.0));
}

// The judge: both modes as oscillators under (1/2) C'(z) V^2, step by step, and a plain lock-in at
// the detection frequency over whole common periods.
struct Judged {
  double first_m = 0.0;  // amplitude of the first mode
  double detected_m = 0.0;
};

Judged integrate(const Lever& lever, const KelvinOperation& o, double difference_v) {
  const double step = 1.0 / (48.0 * 470e3);
  const DampedOscillatorStep move1(lever.first, step);
  const DampedOscillatorStep move2(lever.second, step);
  OscillatorState s1;
  OscillatorState s2;
  const TipParams tip;
  const double drive = o.mechanical_m * lever.first.stiffness_n_per_m / lever.first.quality_factor;
  const bool amplitude = o.detection == KelvinDetection::amplitude;
  const double detect = amplitude ? o.modulation_hz : o.mechanical_hz + o.modulation_hz;
  const auto settle = static_cast<long>(8e-3 / step);
  const auto window = static_cast<long>(std::lround(0.4e-3 / step));  // two periods of 5 kHz
  const auto kick = [&](double time) {
    const double v =
        difference_v + o.modulation_peak_v * std::cos(constants::two_pi * o.modulation_hz * time);
    const double gap = o.centre_gap_m + s1.displacement_m + s2.displacement_m;
    const double electric = 0.5 * capacitance_gradient(tip, gap).total() * v * v;
    const double shaken = drive * std::sin(constants::two_pi * o.mechanical_hz * time);
    s1.velocity_m_per_s += move1.kick_s_per_kg * (electric + shaken);
    s2.velocity_m_per_s += move2.kick_s_per_kg * electric;
  };
  std::complex<double> first;
  std::complex<double> detected;
  for (long i = 0; i < settle + window; ++i) {
    const double t = step * static_cast<double>(i);
    kick(t);
    s1 = move1(s1);
    s2 = move2(s2);
    kick(t + step);
    if (i >= settle) {
      const double read = t + step;
      first += s1.displacement_m * std::polar(1.0, -constants::two_pi * o.mechanical_hz * read);
      detected += (s1.displacement_m + s2.displacement_m) *
                  std::polar(1.0, -constants::two_pi * detect * read);
    }
  }
  const double norm = 2.0 / static_cast<double>(window);
  return {norm * std::abs(first), norm * std::abs(detected)};
}

Lever on_a_comb() {  // all frequencies multiples of 5 kHz
  Lever lever;
  lever.second.resonance_hz = 470e3;
  lever.second.quality_factor = 300.0;
  return lever;
}

TEST(KelvinSensitivity, HeterodyneAgreesWithTheEquationOfMotion) {
  const Lever lever = on_a_comb();
  KelvinOperation o = heterodyne(lever);
  o.modulation_peak_v = 0.5;
  const double difference = 0.1;
  const Judged judged = integrate(lever, o, difference);
  EXPECT_NEAR(judged.first_m, o.mechanical_m, 0.01 * o.mechanical_m);
  o.mechanical_m = judged.first_m;
  const double told =
      kelvin_sensitivity(lever.first, lever.second, TipParams{}, o).amplitude_m_per_v * difference;
  EXPECT_NEAR(judged.detected_m / told, 1.0, 0.01);
}

TEST(KelvinSensitivity, HeterodyneSeesNothingAtTheNull) {
  const Lever lever = on_a_comb();
  KelvinOperation o = heterodyne(lever);
  o.modulation_peak_v = 0.5;
  EXPECT_LT(integrate(lever, o, 0.0).detected_m, 0.01 * integrate(lever, o, 0.1).detected_m);
}

TEST(KelvinSensitivity, AmplitudeModeAgreesWithTheEquationOfMotion) {
  const Lever lever = on_a_comb();
  KelvinOperation o = heterodyne(lever);
  o.detection = KelvinDetection::amplitude;
  o.modulation_hz = 470e3;
  o.modulation_peak_v = 0.2;
  const double difference = 0.1;
  const Judged judged = integrate(lever, o, difference);
  o.mechanical_m = judged.first_m;
  const double told =
      kelvin_sensitivity(lever.first, lever.second, TipParams{}, o).amplitude_m_per_v * difference;
  EXPECT_NEAR(judged.detected_m / told, 1.0, 0.01);
}

KelvinSensitivity usual_sensitivity() {
  const Lever lever;
  return kelvin_sensitivity(lever.first, lever.second, TipParams{}, heterodyne(lever));
}

KelvinSensitivity silent(KelvinSensitivity s) {
  s.thermal_m_per_sqrt_hz = 0.0;
  s.detection_m_per_sqrt_hz = 0.0;
  return s;
}

TEST(KelvinLoop, ComesToTheContactPotentialWithItsBandwidth) {
  const KelvinLoopParams params{.integral_per_s = 100.0};
  const KelvinLoop loop(silent(usual_sensitivity()), params);
  std::vector<double> state(loop.states(), 0.0);
  const LinearStep step(loop.system(), 0.01);
  step.apply(state, 0.4, {});
  EXPECT_NEAR(loop.bias_v(state), 0.4 * (1.0 - std::exp(-1.0)), 0.03);
  for (int i = 0; i < 40; ++i) {
    step.apply(state, 0.4, {});
  }
  EXPECT_NEAR(loop.bias_v(state), 0.4, 1e-9);
}

TEST(KelvinLoop, OneStepIsAsGoodAsMany) {
  const KelvinLoop loop(silent(usual_sensitivity()),
                        {.proportional = 0.2, .integral_per_s = 600.0});
  std::vector<double> once(loop.states(), 0.0);
  std::vector<double> often = once;
  LinearStep(loop.system(), 4e-3).apply(once, 0.3, {});
  const LinearStep fine(loop.system(), 4e-6);
  for (int i = 0; i < 1000; ++i) {
    fine.apply(often, 0.3, {});
  }
  for (std::size_t i = 0; i < once.size(); ++i) {
    EXPECT_NEAR(once[i], often[i], 1e-10) << i;
  }
  EXPECT_NEAR(loop.mean_bias_v(once, 4e-3), loop.mean_bias_v(often, 4e-3), 1e-8);
}

// a ramp is followed with the error (dV/dt) / g_i
TEST(KelvinLoop, LagsBehindARampByTheSlopeOverItsGain) {
  const double gain = 300.0;
  const KelvinLoop loop(silent(usual_sensitivity()), {.integral_per_s = gain});
  std::vector<double> state(loop.states(), 0.0);
  const double dt = 1e-5;
  const double slope = 2.0;
  const LinearStep step(loop.system(), dt);
  double time = 0.0;
  for (int i = 0; i < 10000; ++i) {
    step.apply(state, slope * (time + 0.5 * dt), {});
    time += dt;
  }
  EXPECT_NEAR(slope * time - loop.bias_v(state), slope / gain, 0.01 * slope / gain);
}

TEST(KelvinLoop, RingsAboveTheLeversBandwidth) {
  const KelvinSensitivity s = silent(usual_sensitivity());
  EXPECT_LT(LinearStep(KelvinLoop(s, {.integral_per_s = 500.0}).system(), 0.05).transition(6, 6),
            1.0);
  EXPECT_GT(LinearStep(KelvinLoop(s, {.integral_per_s = 5000.0}).system(), 0.05).growth(), 1e3);
}

// Slow loop: variance = density * g_i / 2, whatever the filters; and samples have that variance.
TEST(KelvinLoop, NoiseIsThatOfItsBandwidth) {
  const KelvinSensitivity s = usual_sensitivity();
  const double gain = 20.0;
  const KelvinLoop loop(s, {.integral_per_s = gain});
  const std::size_t integral = loop.states() - 2;
  const double density = contact_potential_noise_v_per_sqrt_hz(s);
  const double told = density * std::sqrt(0.5 * gain);
  const LinearStep lasting(loop.system(), 2.0);
  EXPECT_NEAR(std::sqrt(lasting.covariance(integral, integral)), told, 0.02 * told);

  const LinearStep step(loop.system(), 0.5);
  std::vector<double> state(loop.states(), 0.0);
  std::vector<double> normals(loop.states());
  double sum = 0.0;
  constexpr int samples = 4000;
  for (int i = 0; i < samples; ++i) {
    RandomStream draw(7, Purpose::test_data, 0, static_cast<std::uint64_t>(i));
    draw.fill_normal(normals);
    step.apply(state, 0.0, normals);
    sum += loop.bias_v(state) * loop.bias_v(state);
  }
  EXPECT_NEAR(std::sqrt(sum / samples), told, 0.04 * told);
}

// The covariance of the whole loop against the integral of |transfer|^2 over frequency.
TEST(KelvinLoop, CovarianceIsTheIntegralOfTheSpectrum) {
  const KelvinSensitivity s = usual_sensitivity();
  const KelvinLoopParams p{.integral_per_s = 600.0};
  const KelvinLoop loop(s, p);
  const std::size_t integral = loop.states() - 2;
  const LinearStep lasting(loop.system(), 0.5);
  const auto closed = [&](double w) {
    const std::complex<double> iw(0.0, w);
    const std::complex<double> filter =
        1.0 / std::pow(1.0 + iw * p.filter_time_constant_s, p.filter_order);
    const std::complex<double> mode = s.decay_per_s / (s.decay_per_s + iw);
    const std::complex<double> control = p.integral_per_s / iw;
    const std::complex<double> from_lock_in = filter * control / (1.0 + mode * filter * control);
    const double thermal = std::norm(mode) * s.thermal_m_per_sqrt_hz * s.thermal_m_per_sqrt_hz;
    const double detector = s.detection_m_per_sqrt_hz * s.detection_m_per_sqrt_hz;
    return std::norm(from_lock_in) * (thermal + detector) /
           (s.amplitude_m_per_v * s.amplitude_m_per_v);
  };
  double sum = 0.0;
  const double dw = 2.0;
  for (double w = 0.5 * dw; w < 2e5; w += dw) {
    sum += closed(w) * dw / constants::pi;
  }
  EXPECT_NEAR(lasting.covariance(integral, integral), sum, 0.002 * sum);
}

TEST(TipFootprint, OfTheForceReachesFurther) {
  const OrbitParams orbit;
  const TipFootprint curvature(TipParams{}, orbit, 2.5e-9);
  const TipFootprint force(TipParams{}, orbit, 2.5e-9, FootprintOf::gradient);
  const ProbeParts mean = orbit_averaged_gradient(TipParams{}, 10e-9, 15.5e-9);
  EXPECT_NEAR(force.shares().total(), 1.0, 1e-12);
  EXPECT_NEAR(force.shares().lever, mean.lever / mean.total(), 1e-12);
  EXPECT_GT(force.shares().lever, 0.4);
  EXPECT_LT(curvature.shares().lever, 0.01);
  EXPECT_GT(force.half_width_m(), curvature.half_width_m());
  // all of apex and cone are inside a large circle
  EXPECT_NEAR(force.enclosed_share(40e-6), 1.0 - force.shares().lever, 2e-3);
  // weights sum to the enclosed share
  double sum = 0.0;
  const double step = 0.2e-9;
  for (double rho = 0.5 * step; rho < 400e-9; rho += step) {
    sum += constants::two_pi * rho * step * force.weight_per_m2(rho);
  }
  EXPECT_NEAR(sum, force.enclosed_share(400e-9), 2e-3);
}

}  // namespace
}  // namespace halotwin::physics
