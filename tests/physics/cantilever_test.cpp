#include "physics/cantilever.hpp"

#include <cmath>
#include <complex>

#include <gtest/gtest.h>

#include "base/constants.hpp"
#include "base/errors.hpp"
#include "base/random.hpp"
#include "physics/damped_motion.hpp"
#include "physics/low_pass.hpp"

namespace halotwin::physics {
namespace {

using Complex = std::complex<double>;
using constants::pi;

constexpr CantileverParams soft{.quality_factor = 200.0};
constexpr CantileverParams stiff{
    .resonance_hz = 300e3, .stiffness_n_per_m = 40.0, .quality_factor = 500.0};

double deg(double rad) {
  return rad * 180.0 / pi;
}

// The equation of motion with gradient dk cos(W t) + dk_static, integrated in small steps: complex
// amplitudes of the carrier and of the side bands at +-W after the transient has died.
struct Bands {
  Complex carrier;
  Complex upper;
  Complex lower;
};

Bands integrate(const CantileverParams& p,
                double drive_hz,
                double modulation_hz,
                double gradient_n_per_m,
                double static_n_per_m) {
  const int steps_per_period = 128;
  const double dt = 1.0 / (p.resonance_hz * steps_per_period);
  const DampedOscillatorStep step(p, dt);
  const double drive_n = 1e-9;
  const double window_s = 4.0 / modulation_hz;  // whole periods of drive and modulation
  const double start_s = std::ceil(14.0 / amplitude_decay_per_s(p) / window_s) * window_s;
  const auto n_start = std::llround(start_s / dt);
  const auto n_end = n_start + std::llround(window_s / dt);
  const double w = 2.0 * pi * drive_hz;
  const double wm = 2.0 * pi * modulation_hz;
  OscillatorState x;
  Bands out;
  const auto force = [&](double t) {
    return drive_n * std::cos(w * t) -
           (static_n_per_m + gradient_n_per_m * std::cos(wm * t)) * x.displacement_m;
  };
  for (long long i = 0; i < n_end; ++i) {
    const double t = static_cast<double>(i) * dt;
    if (i >= n_start) {
      const Complex c = 2.0 * x.displacement_m * std::polar(1.0, -w * t);
      out.carrier += c;
      out.upper += c * std::polar(1.0, -wm * t);
      out.lower += c * std::polar(1.0, wm * t);
    }
    x.velocity_m_per_s += step.kick_s_per_kg * force(t);
    x = step(x);
    x.velocity_m_per_s += step.kick_s_per_kg * force(t + dt);
  }
  const double n = static_cast<double>(n_end - n_start);
  return {out.carrier / n, out.upper / n, out.lower / n};
}

TEST(Cantilever, SusceptibilityHasStaticAndResonantLimits) {
  EXPECT_NEAR(susceptibility_m_per_n(soft, 0.0).real(), 1.0 / 3.0, 1e-15);
  const Complex at_resonance = susceptibility_m_per_n(soft, resonance_rad_per_s(soft));
  EXPECT_NEAR(std::abs(at_resonance), 200.0 / 3.0, 1e-9);
  EXPECT_NEAR(std::arg(at_resonance), -0.5 * pi, 1e-12);
}

TEST(Cantilever, StaticPhaseIsTheArgumentOfTheStiffenedOscillator) {
  for (const double kappa : {-0.02, -0.001, 0.0, 0.005}) {
    for (const double f : {73e3, 74.9e3, 75e3, 76e3}) {
      // 1/k(w) = 1/chi + dk
      const Complex inverse =
          1.0 / susceptibility_m_per_n(soft, 2.0 * pi * f) + kappa * soft.stiffness_n_per_m;
      EXPECT_NEAR(static_phase_rad(soft, f, kappa), std::arg(1.0 / inverse), 1e-12);
    }
  }
  EXPECT_NEAR(static_phase_rad(soft, 75e3, 0.005) + 0.5 * pi, std::atan(200.0 * 0.005), 1e-12);
}

TEST(Cantilever, StiffenedLeverKeepsMassAndDamping) {
  const CantileverParams p = stiffened(soft, -0.02);
  for (const double w : {1e5, 4.7e5, 6e5}) {
    const Complex expected = 1.0 / susceptibility_m_per_n(soft, w) - 0.02;
    EXPECT_LT(std::abs(1.0 / susceptibility_m_per_n(p, w) - expected), 1e-13);
  }
}

TEST(Cantilever, StaticPhaseIsWhatTheEquationOfMotionGives) {
  // Q kappa = -1: 45 degrees, where the small-signal form is off by 27 %
  const Bands b = integrate(soft, 75e3, 1e3, 0.0, -0.005 * soft.stiffness_n_per_m);
  EXPECT_NEAR(deg(std::arg(b.carrier)), deg(static_phase_rad(soft, 75e3, -0.005)), 0.02);
  EXPECT_NEAR(deg(static_phase_rad(soft, 75e3, -0.005)), -135.0, 1e-9);
}

struct Detuning {
  double drive_hz;
  double modulation_hz;
};
class PhaseDynamics : public testing::TestWithParam<Detuning> {};

TEST_P(PhaseDynamics, AgreesWithTheEquationOfMotion) {
  const auto [drive, modulation] = GetParam();
  const double dk = 1e-3 * soft.stiffness_n_per_m / soft.quality_factor;
  const Bands b = integrate(soft, drive, modulation, dk, 0.0);
  // u = a0 (1 + m + i phi): phi = Re[Phi e^{iWt}] gives the bands (M +- i Phi) / 2
  const Complex upper = b.upper / b.carrier;
  const Complex lower = std::conj(b.lower / b.carrier);
  const Complex phi = Complex(0.0, -1.0) * (upper - lower) / dk;
  const Complex m = (upper + lower) / dk;
  const Complex phi_model = phase_response(soft, drive, 2.0 * pi * modulation);
  const Complex m_model = amplitude_response(soft, drive, 2.0 * pi * modulation);
  const double scale = std::max(std::abs(phi_model), std::abs(m_model));
  EXPECT_LT(std::abs(phi - phi_model), 0.002 * scale);
  EXPECT_LT(std::abs(m - m_model), 0.002 * scale);
  EXPECT_LT(std::abs(phi - phi_model), 0.005 * std::abs(phi_model));
}
INSTANTIATE_TEST_SUITE_P(Detunings,
                         PhaseDynamics,
                         testing::Values(Detuning{75e3, 200.0},
                                         Detuning{75e3, 1000.0},
                                         Detuning{75e3, 15e3},
                                         Detuning{74.7e3, 300.0},
                                         Detuning{74e3, 1000.0},
                                         Detuning{76e3, 2000.0}));

TEST(PhaseResponse, IsOnePoleOnResonance) {
  const double g = amplitude_decay_per_s(soft);
  EXPECT_NEAR(g / (2.0 * pi), 187.5, 1e-9);
  for (const double w : {0.1 * g, g, 30.0 * g}) {
    const Complex expected = 200.0 / 3.0 / Complex(1.0, w / g);
    // next order of the expansion: W / w0
    EXPECT_LT(std::abs(phase_response(soft, 75e3, w) - expected),
              2.0 * std::abs(expected) * w / resonance_rad_per_s(soft));
  }
  // (x0.093 at 1 kHz and x0.012 at 8 kHz of drive frequency f_e, W = 2 w_e)
  const double at_zero = std::abs(phase_response(soft, 75e3, 0.0));
  EXPECT_NEAR(std::abs(phase_response(soft, 75e3, 2.0 * pi * 2e3)) / at_zero, 0.093, 0.0005);
  EXPECT_NEAR(std::abs(phase_response(soft, 75e3, 2.0 * pi * 16e3)) / at_zero, 0.012, 0.0005);
  EXPECT_LT(std::abs(amplitude_response(soft, 75e3, 0.1 * g)), 1e-2 * at_zero);
}

TEST(PhaseResponse, PeaksAtHalfTheDetuningOffResonance) {
  const struct {
    double detuning_hz, peak_hz, gain;
  } cases[] = {{-300.0, 165.0, 2.0}, {-1000.0, 508.0, 15.0}, {-2000.0, 1005.0, 57.0}};
  for (const auto& c : cases) {
    double best = 0.0;
    double best_f = 0.0;
    for (double f = 10.0; f < 3000.0; f += 1.0) {
      const double value = std::abs(phase_response(soft, 75e3 + c.detuning_hz, 4.0 * pi * f));
      if (value > best) {
        best = value;
        best_f = f;
      }
    }
    EXPECT_NEAR(best_f, c.peak_hz, 0.02 * c.peak_hz);
    EXPECT_NEAR(
        best / std::abs(phase_response(soft, 75e3 + c.detuning_hz, 0.0)), c.gain, 0.03 * c.gain);
  }
}

TEST(ThermalNoise, HasTheTabulatedValues) {
  const double amplitude = 20e-9;
  EXPECT_NEAR(std::sqrt(thermal_force_psd(soft)) * 1e15, 23.0, 0.5);
  EXPECT_NEAR(std::sqrt(displacement_psd(soft, 75e3)) * 1e12, 1.53, 0.005);
  EXPECT_NEAR(thermal_displacement_rms_m(soft) * 1e12, 37.0, 0.5);
  EXPECT_NEAR(deg(std::sqrt(phase_noise_psd(soft, 75e3, 0.0, amplitude))), 6.2e-3, 0.05e-3);
  EXPECT_NEAR(std::sqrt(thermal_force_psd(stiff)) * 1e15, 27.0, 0.5);
  EXPECT_NEAR(std::sqrt(displacement_psd(stiff, 300e3)) * 1e12, 0.33, 0.005);
  EXPECT_NEAR(thermal_displacement_rms_m(stiff) * 1e12, 10.0, 0.5);
}

TEST(ThermalNoise, DensityIntegratesToEquipartition) {
  // substitution f = f0 + (f0/2Q) tan x takes the peak out; from 0 to 40 f0 leaves 1e-5
  const double half_width = soft.resonance_hz / (2.0 * soft.quality_factor);
  const double from = std::atan(-soft.resonance_hz / half_width);
  const double to = std::atan(39.0 * soft.resonance_hz / half_width);
  const int n = 400000;
  double sum = 0.0;
  for (int i = 0; i < n; ++i) {
    const double x = from + (to - from) * (i + 0.5) / n;
    const double c = std::cos(x);
    sum +=
        displacement_psd(soft, soft.resonance_hz + half_width * std::tan(x)) * half_width / (c * c);
  }
  sum *= (to - from) / n;
  EXPECT_NEAR(std::sqrt(sum) / thermal_displacement_rms_m(soft), 1.0, 1e-4);
}

TEST(ThermalNoise, PhaseNoiseOnResonanceIsTheLowPassedPeakPlusTheDetector) {
  const double g = amplitude_decay_per_s(soft);
  const double nx2 = displacement_psd(soft, 75e3);
  for (const double w : {0.0, g, 10.0 * g}) {
    const double expected = 2.0 / (1e-8 * 1e-8) * (nx2 / (1.0 + w * w / (g * g)) + 1e-26);
    EXPECT_NEAR(phase_noise_psd(soft, 75e3, w, 1e-8) / expected, 1.0, 5e-3);
  }
}

TEST(DampedOscillatorStep, IsTheFreeSolution) {
  const DampedOscillatorStep one(soft, 1.1e-6);
  const DampedOscillatorStep many(soft, 1.1e-4);
  OscillatorState x{1e-9, 2e-4};
  const OscillatorState whole = many(x);
  for (int i = 0; i < 100; ++i) {
    x = one(x);
  }
  EXPECT_NEAR(x.displacement_m, whole.displacement_m, 1e-20);
  EXPECT_NEAR(x.velocity_m_per_s, whole.velocity_m_per_s, 1e-14);
  // from rest at 1: decays by e^{-g t} in every period
  const double w1 = resonance_rad_per_s(soft) * std::sqrt(1.0 - 1.0 / (4.0 * 200.0 * 200.0));
  const OscillatorState period = DampedOscillatorStep(soft, 2.0 * pi / w1)({1.0, 0.0});
  EXPECT_NEAR(period.displacement_m, std::exp(-amplitude_decay_per_s(soft) * 2.0 * pi / w1), 1e-12);
}

TEST(DampedOscillatorStep, ThermalKicksKeepEquipartitionExactly) {
  const double kt = constants::boltzmann_j_per_k * soft.temperature_k;
  const double cx = kt / soft.stiffness_n_per_m;
  const double cv = kt / effective_mass_kg(soft);
  for (const double dt : {1e-7, 4e-7, 3e-6, 1e-3}) {
    const DampedOscillatorStep s(soft, dt);
    const auto& [a, b, c, d] = s.matrix;
    const auto& [t00, t10, t11] = s.thermal;
    EXPECT_NEAR((cx * a * a + cv * b * b + t00 * t00) / cx, 1.0, 1e-12);
    EXPECT_NEAR((cx * c * c + cv * d * d + t10 * t10 + t11 * t11) / cv, 1.0, 1e-12);
    EXPECT_NEAR((cx * a * c + cv * b * d + t00 * t10) / std::sqrt(cx * cv), 0.0, 1e-12);
  }
}

TEST(DampedOscillatorStep, SimulatedNoiseHasThePhaseNoiseDensity) {
  // Quadrature of the free thermal motion behind a filter whose bandwidth is about that of the
  // lever.
  const CantileverParams p{.quality_factor = 20.0, .detection_noise_m_per_sqrt_hz = 0.0};
  const double dt = 0.21 / p.resonance_hz;
  const DampedOscillatorStep step(p, dt);
  const LowPassParams filter{.order = 2, .time_constant_s = 1.0 / amplitude_decay_per_s(p)};
  const FirstOrderHold hold(filter.time_constant_s, dt);
  RandomStream random(7, Purpose::test_data);
  OscillatorState x{thermal_displacement_rms_m(p) * random.normal(), 0.0};
  std::array<double, 3> y{};
  double sum = 0.0;
  double position = 0.0;
  const int n = 600000;
  for (int i = 0; i < n; ++i) {
    x = step(x);
    const double n0 = random.normal();
    x.displacement_m += step.thermal[0] * n0;
    x.velocity_m_per_s += step.thermal[1] * n0 + step.thermal[2] * random.normal();
    const double input = -2.0 * x.displacement_m * std::sin(resonance_rad_per_s(p) * dt * (i + 1));
    const double first = hold(y[1], y[0], input);
    y[2] = hold(y[2], y[1], first);
    y[1] = first;
    y[0] = input;
    sum += y[2] * y[2];
    position += x.displacement_m * x.displacement_m;
  }
  double expected = 0.0;
  const double df = 5.0;
  for (double f = 0.5 * df; f < 0.9 * p.resonance_hz; f += df) {
    expected += phase_noise_psd(p, p.resonance_hz, 2.0 * pi * f, 1.0) *
                std::norm(low_pass_response(filter, 2.0 * pi * f)) * df;
  }
  // n dt g = 2e4 correlation times: the variance has 1.0 %, tolerance four of these
  EXPECT_NEAR(sum / n / expected, 1.0, 0.04);
  const double rms = thermal_displacement_rms_m(p);
  EXPECT_NEAR(position / n / (rms * rms), 1.0, 0.04);
}

TEST(CantileverParams, RefusesWhatCannotBe) {
  EXPECT_NO_THROW(validate(CantileverParams{}));
  EXPECT_THROW(validate(CantileverParams{.quality_factor = -3.0}), ParameterError);
  EXPECT_THROW(validate(CantileverParams{.resonance_hz = std::nan("")}), ParameterError);
  EXPECT_THROW((void)damped_motion_matrix(1.0, 0.4, 1.0), ParameterError);
}

}  // namespace
}  // namespace halotwin::physics
