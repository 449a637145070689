// A detuned drive puts a peak at half its detuning, in both engines; and a resonance that moves
// after the tune detunes the drive without the tune's saying so.
#include <array>
#include <cmath>
#include <span>

#include <gtest/gtest.h>

#include "base/constants.hpp"
#include "devices/simulated/simulated_bench.hpp"
#include "physics/cantilever.hpp"
#include "validation/engines_compare.hpp"

namespace halotwin::validation {
namespace {

sim::SpecimenParams small_film() {
  sim::SpecimenParams p;
  p.microstructure.width_m = 300e-9;
  p.microstructure.height_m = 300e-9;
  p.microstructure.fit_iterations = 2;
  return p;
}

// Over metal, where the sample has no peak. |Phi| against a2's formula, relative to 100 Hz.
TEST(Sideband, StandsAtHalfTheDetuningInBothEngines) {
  sim::Surroundings still;
  still.thermal_noise = still.detection_noise = still.flicker_noise = false;
  const sim::World world(still, {}, {}, sim::Specimen(small_film(), 1), 5);
  EnginesPlan plan;
  plan.tip = world.specimen().reference_position();
  plan.offset_v = world.specimen().contact_potential_v(plan.tip);
  plan.drive_peak_v = 0.1;
  plan.quality_factors = {200.0};
  plan.detunings_hz = {-1000.0};
  plan.frequencies_hz = {100.0, 400.0, 508.0, 640.0};
  const auto rows = compare_responses(world, {}, plan, {}, Threads{2});
  ASSERT_EQ(rows.size(), 4U);
  physics::CantileverParams lever;
  lever.quality_factor = 200.0;
  const auto expected = [&](std::size_t i) {
    const auto phi = [&](double f) {
      return std::abs(
          physics::phase_response(lever, lever.resonance_hz - 1000.0, 4.0 * constants::pi * f));
    };
    return phi(plan.frequencies_hz[i]) / phi(100.0);
  };
  for (std::size_t i = 1; i < 4; ++i) {
    EXPECT_NEAR(std::abs(rows[i].harmonic_v / rows[0].harmonic_v), expected(i), 0.02 * expected(i));
    EXPECT_NEAR(
        std::abs(rows[i].time_domain_v / rows[0].time_domain_v), expected(i), 0.03 * expected(i));
  }
  EXPECT_GT(std::abs(rows[2].harmonic_v), 1.5 * std::abs(rows[1].harmonic_v));
  EXPECT_GT(std::abs(rows[2].harmonic_v), 1.5 * std::abs(rows[3].harmonic_v));
  EXPECT_GT(std::abs(rows[2].time_domain_v), 1.5 * std::abs(rows[1].time_domain_v));
}

TEST(ResonanceAfterTheTune, MovesByWhatTheScenarioSays) {
  devices::simulated::SimulatedBenchParams params;
  params.specimen = small_film();
  params.surroundings.resonance_drift = false;
  params.afm.resonance_shift_after_tune_hz = 1500.0;
  devices::simulated::SimulatedBench bench(params, 1);
  const auto probe = bench.take_probe("afm");
  devices::ProbeMicroscope& afm = *probe;
  const auto amplitude = [&] {
    double value = 0.0;
    const std::array<std::size_t, 1> index{devices::find_signal(afm.signals(), "afm", "amplitude")};
    afm.signals().read(index, std::span(&value, 1));
    return value;
  };
  const double before = amplitude();
  const auto found = afm.drive().tune(75.0e3, 4.0e3, 81, {});
  EXPECT_NEAR(found.resonance_hz, 75.0e3, 5.0);
  EXPECT_LT(amplitude(), 0.3 * before);  // the drive is 1.5 kHz beside the resonance now
  EXPECT_NEAR(afm.drive().tune(76.5e3, 4.0e3, 81, {}).resonance_hz, 76.5e3, 5.0);
}

}  // namespace
}  // namespace halotwin::validation
