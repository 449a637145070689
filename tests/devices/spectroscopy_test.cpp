// Point spectroscopy of the simulated microscope against the formulas and the Kelvin loop.
#include <algorithm>
#include <array>
#include <cmath>
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "base/constants.hpp"
#include "base/errors.hpp"
#include "devices/simulated/harmonic_chain.hpp"
#include "devices/simulated/kelvin_sensor.hpp"
#include "devices/simulated/simulated_probe.hpp"
#include "tests/support/small_world.hpp"

namespace halotwin::devices::simulated {
namespace {

// Indices of the signals of the simulated microscope.
constexpr std::size_t z = 0;
constexpr std::size_t amplitude = 1;
constexpr std::size_t phase = 2;
constexpr std::size_t bias = 3;
constexpr std::size_t aux = 5;

constexpr Duration patience = std::chrono::minutes(1);
constexpr Point place{160e-9, 130e-9};

struct Bench {
  explicit Bench(const sim::Surroundings& around = test::quiet(), std::uint64_t seed = 1)
      : world(around, {{"test.out", "afm.aux_1"}}, {}, sim::Specimen(test::small_film(), 1), seed),
        chain(world, std::make_unique<HarmonicChain>(world, ChainParams{})),
        afm(world, chain, ProbeParams{}, "afm") {
    afm.drive().configure({.frequency_hz = ProbeParams{}.cantilever.resonance_hz});
    afm.positioner().start_move(place, 1e-4);
    afm.positioner().wait_move(patience, {});
    afm.height().approach(patience, {});
  }
  SpectroscopyCurve sweep(const SpectroscopySettings& settings) {
    return afm.spectroscopy()->run(settings, {});
  }

  sim::World world;
  ProbeChain chain;
  SimulatedProbe afm;
};

SpectroscopySettings bias_sweep(std::size_t points = 21) {
  return {.from = -1.0, .to = 1.0, .points = points, .signal_indices = {phase, amplitude}};
}

double deviation(const std::vector<double>& values) {
  double sum = 0.0;
  double squares = 0.0;
  for (const double v : values) {
    sum += v;
    squares += v * v;
  }
  const auto n = static_cast<double>(values.size());
  return std::sqrt((squares - sum * sum / n) / (n - 1.0));
}

/// dk / k that a phase tells, of a lever driven on its resonance: -cot(phase) = -dk/k Q.
double stiffening(double phase_rad) {
  return -1.0 / std::tan(phase_rad) / ProbeParams{}.cantilever.quality_factor;
}

TEST(Spectroscopy, TheDetuningIsAParabolaAroundThePotentialThatAKelvinLoopNulls) {
  Bench bench;
  const SpectroscopyCurve curve = bench.sweep(bias_sweep());
  KelvinSensor judge(bench.world.specimen(),
                     {},
                     {.amplitude_m = 10e-9, .closest_approach_m = 3e-9},
                     physics::FootprintOf::curvature);
  const double apex_v = judge.nulled_potential_v(place);
  ASSERT_GT(std::abs(apex_v), 0.01);
  const auto dk = [&](std::size_t k) { return stiffening(curve.forward[0][k]); };
  const auto square = [&](std::size_t k) { return std::pow(curve.swept_forward[k] - apex_v, 2.0); };
  const double per_v2 = dk(0) / square(0);
  EXPECT_LT(per_v2, 0.0) << "the field softens the lever";
  for (std::size_t k = 0; k < curve.swept_forward.size(); ++k) {
    // the bending of the lever adds up to 1.5 % at 1 V, the fourth power
    EXPECT_NEAR(dk(k), per_v2 * square(k), 0.03 * std::abs(dk(0)))
        << curve.swept_forward[k] << " V";
  }
  // what stands on both sides of the apex is alike
  const SpectroscopyCurve around =
      bench.sweep({.from = apex_v - 0.5, .to = apex_v + 0.5, .signal_indices = {phase}});
  EXPECT_NEAR(stiffening(around.forward[0].front()),
              stiffening(around.forward[0].back()),
              1e-6 * std::abs(stiffening(around.forward[0].back())));
}

TEST(Spectroscopy, ZeroBiasIsAPointLikeAnyOther) {
  Bench bench;
  const SpectroscopyCurve curve =
      bench.sweep({.from = -1e-3, .to = 1e-3, .points = 3, .signal_indices = {phase}});
  EXPECT_EQ(curve.swept_forward[1], 0.0);
  const auto& row = curve.forward[0];
  EXPECT_NEAR(row[1], 0.5 * (row[0] + row[2]), 1e-2 * std::abs(row[2] - row[0]));
}

TEST(Spectroscopy, TheCapacitanceOfTheProbeSetsTheCurvature) {
  Bench bench;
  const Point metal = bench.world.specimen().reference_position();
  bench.afm.height().withdraw(1e-6, patience, {});
  bench.afm.positioner().start_move(metal, 1e-4);
  bench.afm.positioner().wait_move(patience, {});
  bench.afm.height().approach(patience, {});
  const double apex_v = bench.world.specimen().params().metal_contact_potential_v;
  const SpectroscopyCurve curve =
      bench.sweep({.from = apex_v, .to = apex_v + 0.2, .points = 2, .signal_indices = {phase}});
  const ProbeParams params;
  const double curvature =
      physics::orbit_averaged_curvature(params.tip, 10e-9, 10e-9 + params.closest_approach_m)
          .total();
  const double expected = -0.5 * curvature * 0.2 * 0.2 / params.cantilever.stiffness_n_per_m;
  EXPECT_NEAR(stiffening(curve.forward[0][0]), 0.0, 1e-3 * std::abs(expected));
  EXPECT_NEAR(stiffening(curve.forward[0][1]), expected, 2e-3 * std::abs(expected));
}

TEST(Spectroscopy, AtAHeldHeightTheAmplitudeFallsWithTheDetuning) {
  Bench bench;
  const SpectroscopyCurve curve = bench.sweep(bias_sweep());
  const double q = ProbeParams{}.cantilever.quality_factor;
  std::array<double, 1> held{};
  bench.afm.signals().read(std::array{amplitude}, held);
  const SpectroscopyCurve still =
      bench.sweep({.from = 0.0, .to = 1e-9, .points = 2, .signal_indices = {phase}});
  const auto response = [&](double phase_rad) {
    return 1.0 / std::hypot(1.0, q * stiffening(phase_rad));
  };
  for (std::size_t k = 0; k < curve.swept_forward.size(); ++k) {
    EXPECT_NEAR(curve.forward[1][k],
                held[0] * response(curve.forward[0][k]) / response(still.forward[0][0]),
                1e-6 * held[0]);
  }
}

// The mean of a stationary process over T: int S(f) sinc^2(pi f T) df.
TEST(Spectroscopy, NoiseIsWhatTheMeanOverTheIntegrationLeaves) {
  sim::Surroundings noisy = test::quiet();
  noisy.thermal_noise = noisy.detection_noise = true;
  for (const double integration_s : {0.5e-3, 8e-3}) {
    Bench bench(noisy);
    const SpectroscopyCurve curve = bench.sweep({.from = 0.0,
                                                 .to = 1e-9,
                                                 .points = 2000,
                                                 .integration_s = integration_s,
                                                 .signal_indices = {phase, amplitude}});
    const physics::CantileverParams lever;
    double variance = 0.0;
    const double step_hz = 0.01 / integration_s;
    for (double f = 0.5 * step_hz; f < 40.0 / integration_s; f += step_hz) {
      const double x = constants::pi * f * integration_s;
      variance += step_hz * std::pow(std::sin(x) / x, 2.0) *
                  physics::phase_noise_psd(lever, lever.resonance_hz, constants::two_pi * f, 10e-9);
    }
    EXPECT_NEAR(deviation(curve.forward[0]), std::sqrt(variance), 0.07 * std::sqrt(variance));
    EXPECT_NEAR(deviation(curve.forward[1]),
                10e-9 * std::sqrt(variance),
                0.07 * 10e-9 * std::sqrt(variance));
  }
}

TEST(Spectroscopy, FlickerOfTheResonanceWandersAlongTheCurve) {
  sim::Surroundings flicker = test::quiet();
  flicker.flicker_noise = true;
  Bench bench(flicker);
  const SpectroscopyCurve curve =
      bench.sweep({.from = 0.0, .to = 1e-9, .points = 1000, .signal_indices = {phase}});
  // h ln(f2 / f1) of the band from curves (below: slower than this one) to points
  const double h = flicker.resonance.flicker_coefficient;
  const double q = ProbeParams{}.cantilever.quality_factor;
  const double whole = 2.0 * q * std::sqrt(h * std::log(1000.0));
  EXPECT_GT(deviation(curve.forward[0]), 0.3 * whole);
  EXPECT_LT(deviation(curve.forward[0]), 2.0 * whole);
  std::vector<double> steps;
  for (std::size_t k = 1; k < 1000; ++k) {
    steps.push_back(curve.forward[0][k] - curve.forward[0][k - 1]);
  }
  EXPECT_LT(deviation(steps), deviation(curve.forward[0])) << "neighbours are alike";
}

TEST(Spectroscopy, TheSameSeedGivesTheSameBits) {
  const auto run = [](std::uint64_t seed) {
    Bench bench(sim::Surroundings{}, seed);
    return bench.sweep(bias_sweep()).backward;
  };
  EXPECT_EQ(run(1), run(1));
  EXPECT_NE(run(1), run(2));
}

TEST(Spectroscopy, LiftedTheAmplitudeGrowsWithSlopeOneUpToTheFreeOne) {
  Bench bench;
  const SpectroscopyCurve curve = bench.sweep({.swept = SweptQuantity::height,
                                               .from = -2e-9,
                                               .to = 8e-9,
                                               .points = 11,
                                               .signal_indices = {amplitude, z}});
  EXPECT_NEAR(curve.forward[0][1] - curve.forward[0][0], 1e-9, 0.05e-9);
  EXPECT_NEAR(curve.forward[0][3] - curve.forward[0][2], 1e-9, 0.05e-9);
  EXPECT_NEAR(curve.forward[0].back(), 12.5e-9, 0.05e-9) << "free";
  EXPECT_NEAR(curve.forward[1].back() - curve.forward[1].front(), 10e-9, 1e-9);
  // higher above the sample the field is weaker
  SpectroscopySettings low = bias_sweep(2);
  SpectroscopySettings high = low;
  high.z_offset_m = 20e-9;
  const auto pull = [&](const SpectroscopySettings& s) {
    return std::abs(stiffening(bench.sweep(s).forward[0].front()));
  };
  EXPECT_LT(pull(high), 0.7 * pull(low));
}

TEST(Spectroscopy, InContactTheBendingFollowsTheHeight) {
  Bench bench;
  bench.afm.height().withdraw(1e-6, patience, {});
  bench.afm.height().configure(
      {.quantity = FeedbackQuantity::deflection, .setpoint_deflection_m = 5e-9});
  bench.afm.height().approach(patience, {});
  constexpr std::size_t deflection = 7;
  const SpectroscopyCurve curve = bench.sweep({.swept = SweptQuantity::height,
                                               .from = -3e-9,
                                               .to = 9e-9,
                                               .points = 5,
                                               .signal_indices = {deflection}});
  const std::vector<double> expected{8e-9, 5e-9, 2e-9, 0.0, 0.0};
  for (std::size_t k = 0; k < expected.size(); ++k) {
    EXPECT_NEAR(curve.forward[0][k], expected[k], 1e-15);
  }
}

TEST(Spectroscopy, AStopOnTheWayBringsEverythingBack) {
  Bench bench;
  std::stop_source stop;
  int reads = 0;
  bench.chain.offer_output("test.out", [&] {
    if (++reads == 3) {
      stop.request_stop();
    }
    return 0.0;
  });
  SpectroscopySettings settings = bias_sweep();
  settings.z_offset_m = 10e-9;
  settings.signal_indices = {aux};
  std::array<double, 2> before{};
  bench.afm.signals().read(std::array{bias, phase}, before);
  const double height_m = bench.afm.height().height_m();
  EXPECT_THROW(bench.afm.spectroscopy()->run(settings, stop.get_token()), Interrupted);
  EXPECT_EQ(reads, 3);
  std::array<double, 2> after{};
  bench.afm.signals().read(std::array{bias, phase}, after);
  EXPECT_EQ(after[0], before[0]);
  EXPECT_NEAR(after[1], before[1], 1e-5) << "it was 0.03 away";
  EXPECT_NEAR(bench.afm.height().height_m(), height_m, 1e-9);
  EXPECT_EQ(bench.afm.height().settings().mode, FeedbackMode::on);
}

TEST(Spectroscopy, IsRefusedWhileTheKelvinLoopIsOn) {
  Bench bench;
  bench.afm.kelvin()->configure({.modulation_hz = 395e3,
                                 .modulation_peak_v = 1.0,
                                 .proportional_gain = 10.0,
                                 .time_constant_s = 50e-6,
                                 .bias_v = {-1.0, 1.0}});
  bench.afm.kelvin()->set_on(true);
  EXPECT_THROW(bench.sweep(bias_sweep()), DeviceError);
  bench.afm.kelvin()->set_on(false);
  EXPECT_NO_THROW(bench.sweep(bias_sweep()));
}

}  // namespace
}  // namespace halotwin::devices::simulated
