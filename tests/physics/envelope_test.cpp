#include "physics/envelope.hpp"

#include <cmath>
#include <complex>

#include <gtest/gtest.h>

#include "base/constants.hpp"
#include "base/errors.hpp"

namespace halotwin::physics {
namespace {

using Complex = std::complex<double>;
using constants::pi;

// A lever at work over a film without ions: force and held force as the instruments set them.
EnvelopeProblem over_film(double drive_v, double stimulus_hz, double quality, double detuning_hz) {
  EnvelopeProblem p;
  p.lever.quality_factor = quality;
  p.drive_hz = p.lever.resonance_hz + detuning_hz;
  p.amplitude_m = 10e-9;
  p.centre_gap_m = 15.5e-9;  // 3 nm above a film of h / eps_r = 2.5 nm
  p.stimulus_rad_per_s = 2.0 * pi * stimulus_hz;
  const double mean = 0.5 * drive_v * drive_v;
  p.voltage = {mean, 0.0, mean};
  const double gradient =
      -0.5 * mean * orbit_averaged_curvature(p.tip, p.amplitude_m, p.centre_gap_m).total();
  p.force_n = p.amplitude_m /
              std::abs(susceptibility_m_per_n(stiffened(p.lever, gradient), 2.0 * pi * p.drive_hz));
  p.held_n = -0.5 * mean * orbit_averaged_gradient(p.tip, p.amplitude_m, p.centre_gap_m).total();
  return p;
}

// The equation of motion itself, with C'(z) at every moment; phase and amplitude modulation at 2 w
// from the analytic signal over a whole number of periods.
EnvelopeModulation integrated(const EnvelopeProblem& p) {
  const int steps_per_period = 64;
  const double dt = 1.0 / (p.drive_hz * steps_per_period);
  const DampedOscillatorStep step(p.lever, dt);
  const double stimulus_hz = p.stimulus_rad_per_s / (2.0 * pi);
  const double wm = 2.0 * pi * p.drive_hz;
  const double window = std::ceil(0.01 * stimulus_hz) / stimulus_hz;
  const auto periods = static_cast<long long>(std::llround(window * p.drive_hz));
  const auto start =
      static_cast<long long>(std::ceil(40.0 / amplitude_decay_per_s(p.lever) * p.drive_hz));
  OscillatorState x;
  const auto force = [&](double t) {
    const double v2 =
        p.voltage.mean_v2 + (p.voltage.first_v2 * std::polar(1.0, p.stimulus_rad_per_s * t) +
                             p.voltage.second_v2 * std::polar(1.0, 2.0 * p.stimulus_rad_per_s * t))
                                .real();
    return p.held_n + p.force_n * std::cos(wm * t) +
           0.5 * v2 * capacitance_gradient(p.tip, p.centre_gap_m + x.displacement_m).total();
  };
  EnvelopeModulation out;
  Complex carrier;
  std::vector<Complex> a;
  double t = 0.0;
  for (long long period = 0; period < start + periods; ++period) {
    Complex sum;
    for (int i = 0; i < steps_per_period; ++i) {
      x.velocity_m_per_s += step.kick_s_per_kg * force(t);
      x = step(x);
      t = static_cast<double>(period * steps_per_period + i + 1) * dt;
      x.velocity_m_per_s += step.kick_s_per_kg * force(t);
      sum +=
          2.0 * x.displacement_m * std::polar(1.0, -wm * t) / static_cast<double>(steps_per_period);
    }
    if (period >= start) {
      a.push_back(sum);
      carrier += sum / static_cast<double>(periods);
    }
  }
  Complex phase;
  Complex modulus;
  double mean = 0.0;
  double mean_phase = 0.0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    // middle of the period that was averaged; the average's own response is divided out
    const double when =
        (static_cast<double>(start) + static_cast<double>(k) + 0.5) / p.drive_hz + 0.5 * dt;
    const Complex turn =
        std::polar(2.0 / static_cast<double>(a.size()), -2.0 * p.stimulus_rad_per_s * when);
    phase += std::arg(a[k] / carrier) * turn;
    modulus += std::abs(a[k]) * turn;
    mean += std::abs(a[k]) / static_cast<double>(a.size());
    mean_phase += std::arg(a[k] / carrier) / static_cast<double>(a.size());
  }
  const double half = p.stimulus_rad_per_s / p.drive_hz;
  const double averaging = std::sin(half) / half;
  out.phase_rad[1] = phase / averaging;
  out.amplitude[1] = modulus / averaging / mean;
  out.mean_amplitude_m = mean;
  out.mean_phase_rad = std::arg(carrier) + mean_phase;
  return out;
}

TEST(Envelope, SmallDriveIsLinearTheory) {
  for (const double detuning : {0.0, -300.0, 1000.0}) {
    EnvelopeProblem p = over_film(0.02, 700.0, 150.0, detuning);
    const auto m = modulation_of(solve_envelope(p));
    const double curvature = orbit_averaged_curvature(p.tip, p.amplitude_m, p.centre_gap_m).total();
    const Complex dk = -0.5 * curvature * p.voltage.second_v2;
    const CantileverParams lever = stiffened(p.lever, -0.5 * curvature * p.voltage.mean_v2);
    const Complex phase = phase_response(lever, p.drive_hz, 2.0 * p.stimulus_rad_per_s) * dk;
    const Complex amplitude =
        amplitude_response(lever, p.drive_hz, 2.0 * p.stimulus_rad_per_s) * dk;
    EXPECT_LT(std::abs(m.phase_rad[1] / phase - 1.0), 2e-3) << detuning;
    if (detuning != 0.0) {
      EXPECT_LT(std::abs(m.amplitude[1] / amplitude - 1.0), 2e-2) << detuning;
    }
  }
}

struct Case {
  double drive_v;
  double stimulus_hz;
  double quality;
  double detuning_hz;
};

class StrongStimulus : public testing::TestWithParam<Case> {};

TEST_P(StrongStimulus, AgreesWithTheEquationOfMotion) {
  const Case c = GetParam();
  const EnvelopeProblem p = over_film(c.drive_v, c.stimulus_hz, c.quality, c.detuning_hz);
  const Envelope solved = solve_envelope(p);
  ASSERT_TRUE(solved.converged);
  const auto m = modulation_of(solved);
  const auto judge = integrated(p);
  const Complex ratio = m.phase_rad[1] / judge.phase_rad[1];
  EXPECT_NEAR(std::abs(ratio), 1.0, 0.005);
  // the judge averages over one mechanical period, through which the bending leaks
  EXPECT_NEAR(std::arg(ratio) * 180.0 / pi, 0.0, 0.8);
  EXPECT_NEAR(m.mean_amplitude_m / judge.mean_amplitude_m, 1.0, 2e-3);
  EXPECT_NEAR(m.mean_phase_rad, judge.mean_phase_rad, 5e-3);
  EXPECT_LT(std::abs(m.amplitude[1] - judge.amplitude[1]), 5e-3);
}

INSTANTIATE_TEST_SUITE_P(Envelope,
                         StrongStimulus,
                         testing::Values(Case{1.0, 100.0, 150.0, 0.0},
                                         Case{1.0, 1000.0, 150.0, 0.0},
                                         Case{2.0, 100.0, 150.0, 0.0},
                                         Case{2.0, 1000.0, 150.0, 0.0},
                                         Case{2.0, 300.0, 150.0, 0.0},
                                         Case{1.5, 400.0, 200.0, 0.0},
                                         Case{1.0, 300.0, 150.0, -300.0},
                                         Case{1.0, 300.0, 150.0, 500.0}));

TEST(Envelope, FilterOfTheDemodulatorActsOnTheEnvelope) {
  const EnvelopeProblem p = over_film(0.02, 2000.0, 150.0, 0.0);
  const Envelope e = solve_envelope(p);
  const auto lag = [](double w) { return 1.0 / Complex(1.0, w * 20e-6); };
  const auto plain = modulation_of(e);
  const auto seen = modulation_of(e, lag);
  EXPECT_LT(std::abs(seen.phase_rad[1] / plain.phase_rad[1] - lag(2.0 * p.stimulus_rad_per_s)),
            1e-4);
}

TEST(Envelope, FirstHarmonicMattersWhereTheOffsetIsNotNulled) {
  EnvelopeProblem p = over_film(0.02, 500.0, 150.0, 0.0);
  const double offset = 0.01;
  p.voltage.mean_v2 += offset * offset;
  p.voltage.first_v2 = 2.0 * offset * 0.02;
  const auto m = modulation_of(solve_envelope(p));
  const double curvature = orbit_averaged_curvature(p.tip, p.amplitude_m, p.centre_gap_m).total();
  const Complex expected = phase_response(p.lever, p.drive_hz, p.stimulus_rad_per_s) * -0.5 *
                           curvature * p.voltage.first_v2;
  EXPECT_LT(std::abs(m.phase_rad[0] / expected - 1.0), 3e-3);
}

TEST(Envelope, SaysWhenItDoesNotConverge) {
  const EnvelopeProblem p = over_film(1.0, 100.0, 150.0, 0.0);
  const Envelope e = solve_envelope(p, {.max_iterations = 2});
  EXPECT_FALSE(e.converged);
  EXPECT_THROW(static_cast<void>(solve_envelope(EnvelopeProblem{})), ParameterError);
}

}  // namespace
}  // namespace halotwin::physics
