#include <cmath>
#include <complex>

#include <gtest/gtest.h>

#include "base/constants.hpp"
#include "base/errors.hpp"
#include "base/settling.hpp"
#include "base/units.hpp"
#include "devices/simulated/time_domain_chain.hpp"

namespace halotwin::devices::simulated {
namespace {

using Complex = std::complex<double>;
using constants::pi;
using units::nm;

sim::SpecimenParams small_film() {
  sim::SpecimenParams p;
  p.microstructure.width_m = 200 * nm;
  p.microstructure.height_m = 200 * nm;
  p.microstructure.fit_iterations = 2;
  return p;
}

sim::Surroundings surroundings(bool noise) {
  sim::Surroundings s;
  s.thermal_noise = noise;
  s.detection_noise = noise;
  s.flicker_noise = noise;
  return s;
}

class Chain : public testing::Test {
 protected:
  static const sim::Specimen& specimen() {
    static const sim::Specimen film(small_film(), 1);
    return film;
  }
  sim::World quiet_{surroundings(false), {}, {}, specimen(), 3};
  sim::World noisy_{surroundings(true), {}, {}, specimen(), 3};
  ChainParams params_;

  // Over bare metal, the contact potential nulled.
  ChainSettings on_metal(double frequency_hz, double drive_peak_v) const {
    ChainSettings s;
    s.mechanical.engaged = true;
    s.mechanical.tip = specimen().reference_position();
    s.electrical = {frequency_hz, drive_peak_v, specimen().params().metal_contact_potential_v};
    s.lock_in_2.reference_hz = frequency_hz;
    return s;
  }
};

TEST(GradientTable, HasTheGradientOfTheProbeOverTheOrbit) {
  const physics::TipParams tip;
  for (const double amplitude : {10 * nm, 30 * nm}) {
    const double centre = amplitude + 3 * nm;
    const GradientTable table(tip, 0.25 * nm, centre + 1.6 * amplitude);
    for (double u = 2.5 * nm; u < centre + 1.5 * amplitude; u *= 1.003) {
      EXPECT_NEAR(table(u) / physics::capacitance_gradient(tip, u).total(), 1.0, 1e-5) << u;
    }
    EXPECT_EQ(table(0.0), table(0.25 * nm));
  }
}

// Second harmonic of sum_g w_g v_g^2 [V^2] under a voltage cos(2 pi f t).
Complex second_harmonic(FilmStates& film, int steps_per_period) {
  Complex sum;
  const int settle = 60 * steps_per_period;
  double v_old = 1.0;
  for (int i = 1; i <= settle + steps_per_period; ++i) {
    const double x = 2.0 * pi * i / steps_per_period;
    const double square = film(v_old, std::cos(x));
    v_old = std::cos(x);
    if (i > settle) {
      sum += 2.0 * square * std::polar(1.0, -2.0 * x) / static_cast<double>(steps_per_period);
    }
  }
  return sum;
}

TEST(FilmStates, AnswerAsTheResponseOfEachGroupSquared) {
  const std::vector<ResponseGroup> groups{
      {0.3, {0.2, 1.5e-4}, {}},
      {0.5, {0.0, 1.0}, {{0.03, 1000.0, 3.0}, {0.02, 2000.0, 3.0}}},
      {0.2, {0.1, 8e-5}, {{0.05, 700.0, 2.0}}}};
  const int n = 256;
  for (const double f : {200.0, 1000.0, 4000.0}) {
    FilmStates film;
    const double step_s = 1.0 / (f * n);
    film.take(groups, 60.0, step_s);
    film.set_transient(0.1);
    film.settle(0.0);
    Complex expected;
    for (const ResponseGroup& g : groups) {
      const Complex r = physics::physical_response(g.ions, 2.0 * pi * f) +
                        physics::phenomenological_response(g.lines, f) - 1.0 +
                        0.1 / Complex(1.0, f / 60.0);
      expected += 0.5 * g.share * r * r;
    }
    // linear hold: (2 pi / n)^2 / 12 of the slow part; the 60 Hz state has decayed to 1e-8
    EXPECT_LT(std::abs(second_harmonic(film, n) - expected), 2e-4) << f;
  }
}

TEST(FilmStates, KeepTheirMemoryWhenTheGroupsChange) {
  FilmStates film;
  film.take(std::vector<ResponseGroup>{{1.0, {0.2, 1e-4}, {}}}, 60.0, 1e-6);
  film.settle(1.0);
  EXPECT_NEAR(film.square(1.0), 1.0 / (0.8 * 0.8), 1e-12);
  film.take(std::vector<ResponseGroup>{{1.0, {0.21, 1e-4}, {}}}, 60.0, 1e-6);
  EXPECT_NEAR(film.square(1.0), 1.0 / (0.8 * 0.8), 1e-12);
}

TEST_F(Chain, FollowsThePhaseResponseOfTheLeverOverMetal) {
  for (const double detuning_hz : {0.0, -1000.0}) {
    for (const double f : {150.0, 1000.0, 8000.0}) {
      TimeDomainChain chain(quiet_, params_);
      ChainSettings s = on_metal(f, 0.1);
      s.mechanical.drive_hz += detuning_hz;
      s.lock_in_2.time_constant_s = 5e-3;
      chain.change(s);
      chain.advance(0.1);
      const double w = 4.0 * pi * f;
      const double curvature =
          physics::orbit_averaged_curvature(params_.tip, 10 * nm, 13 * nm).total();
      const Complex expected =
          -0.25 * curvature * 0.1 * 0.1 *
          physics::phase_response(params_.cantilever, s.mechanical.drive_hz, w) *
          physics::low_pass_response({4, 3e-6}, w);
      // the study's 0.1 % of the sampling at 8 kHz, and 0.4 % of the static field off resonance
      EXPECT_NEAR(std::abs(chain.output().phasor_v / expected - 1.0), 0.0, 5e-3)
          << detuning_hz << " " << f;
    }
  }
}

TEST_F(Chain, MeasuresTheStaticPhaseOfTheFreeLever) {
  for (const double detuning_hz : {0.0, 300.0, -2000.0}) {
    TimeDomainChain chain(quiet_, params_);
    ChainSettings s = on_metal(1e3, 0.0);
    s.mechanical.drive_hz += detuning_hz;
    chain.change(s);
    chain.advance(0.01);
    (void)chain.output();
    chain.advance(0.01);
    EXPECT_NEAR(chain.output().mechanical_phase_rad,
                physics::static_phase_rad(params_.cantilever, s.mechanical.drive_hz, 0.0),
                1e-3);
  }
}

TEST_F(Chain, StartsSettled) {
  TimeDomainChain chain(quiet_, params_);
  chain.change(on_metal(1e3, 0.0));
  chain.advance(2e-3);
  (void)chain.output();
  chain.advance(20e-3);
  // without the removal of the offset this would be the static phase, 1.57 V; what is left is the
  // ripple of lock-in 1 at twice the drive: (1 + (4 pi f_m tau)^2)^-2 = 1.2 %
  EXPECT_LT(chain.output().input_peak_v, 0.02);
}

TEST_F(Chain, GivesTheSameBitsHoweverTimeIsDivided) {
  TimeDomainChain once(noisy_, params_);
  TimeDomainChain often(noisy_, params_);
  once.change(on_metal(1e3, 0.5));
  often.change(on_metal(1e3, 0.5));
  double passed_ns = 0.0;
  for (int i = 0; i < 400; ++i) {
    const double part_ns = 1000.0 + 37.0 * i;
    often.advance(part_ns * 1e-9);
    passed_ns += part_ns;
  }
  once.advance(passed_ns * 1e-9);
  EXPECT_EQ(once.save(), often.save());
}

TEST_F(Chain, ResumesToTheSameBits) {
  for (const Point tip : {specimen().reference_position(), Point{100 * nm, 100 * nm}}) {
    TimeDomainChain first(noisy_, params_);
    ChainSettings s = on_metal(1e3, 0.5);
    s.mechanical.tip = tip;
    first.change(s);
    first.advance(3.21e-3);
    s.electrical.frequency_hz = 1234.5;
    s.lock_in_2.reference_hz = 1234.5;
    s.mechanical.drive_hz += 100.0;
    first.change(s);
    first.advance(1.23e-3);
    TimeDomainChain second(noisy_, params_);
    second.change(s);
    second.load(first.save());
    s.electrical.frequency_hz = 1300.0;
    for (TimeDomainChain* chain : {&first, &second}) {
      chain->advance(2e-3);
      chain->change(s);
      chain->advance(1e-3);
    }
    EXPECT_EQ(first.save(), second.save());
    EXPECT_EQ(first.output().phasor_v, second.output().phasor_v);
    EXPECT_THROW(second.load(std::vector<double>(3)), ParameterError);
  }
}

TEST_F(Chain, ForgetsAsItsFilterWhileNotEngaged) {
  TimeDomainChain chain(quiet_, params_);
  ChainSettings s = on_metal(2e3, 0.3);
  chain.change(s);
  chain.advance(0.03);
  const Complex before = chain.output().phasor_v;
  s.mechanical.engaged = false;
  chain.change(s);
  chain.advance(4e-3);
  // what is left of a step down after 4 time constants; the ripple at 4 f_e in the stages: 1 /
  // (8 pi f_e tau) = 2 % in the first, less in the next
  EXPECT_NEAR(std::abs(chain.output().phasor_v / before), settling_error(4, 4.0), 5e-3);
  chain.advance(3600.0);
  EXPECT_LT(std::abs(chain.output().phasor_v), 1e-30);
}

TEST_F(Chain, AddsNoMoreThanItsInputsNoiseWhenUnplugged) {
  TimeDomainChain chain(quiet_, params_);
  ChainSettings s = on_metal(1e3, 0.5);
  s.lock_in_1.connected = false;
  chain.change(s);
  chain.advance(0.01);
  EXPECT_EQ(chain.output().phasor_v, Complex{});
}

TEST(TimeDomainOptionsTest, RefusesStepsThatDoNotDivideAPeriod) {
  EXPECT_THROW(validate(TimeDomainOptions{.steps_per_period = 30}), ParameterError);
  EXPECT_THROW(validate(TimeDomainOptions{.groups = 9}), ParameterError);
}

}  // namespace
}  // namespace halotwin::devices::simulated
