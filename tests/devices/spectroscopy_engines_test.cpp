// A sweep of the bias in both engines: the closed form against the equations of motion.
#include <memory>
#include <vector>

#include <gtest/gtest.h>

#include "devices/simulated/harmonic_chain.hpp"
#include "devices/simulated/simulated_probe.hpp"
#include "devices/simulated/time_domain_chain.hpp"
#include "tests/support/small_world.hpp"

namespace halotwin::devices::simulated {
namespace {

constexpr Duration patience = std::chrono::minutes(1);

template <class Engine>
std::vector<std::vector<double>> sweep() {
  sim::World world(test::quiet(), {}, {}, sim::Specimen(test::small_film(), 1), 1);
  ProbeChain chain(world, std::make_unique<Engine>(world, ChainParams{}));
  ProbeParams params;
  params.approach_time_s = 0.01;
  SimulatedProbe afm(world, chain, params, "afm");
  afm.drive().configure({.frequency_hz = params.cantilever.resonance_hz});
  afm.positioner().start_move({160e-9, 130e-9}, 1e-4);
  afm.positioner().wait_move(patience, {});
  afm.height().approach(patience, {});
  world.clock().sleep(from_seconds(0.02));
  return afm.spectroscopy()
      ->run({.from = -0.9,
             .to = 2.1,
             .points = 6,
             .backward_too = false,
             .initial_settling_s = 5e-3,
             .settling_s = 6e-3,
             .integration_s = 4e-3,
             .signal_indices = {1, 2}},
            {})
      .forward;
}

TEST(Spectroscopy, IsThatOfTheEquationsOfMotion) {
  const auto closed = sweep<HarmonicChain>();
  const auto integrated = sweep<TimeDomainChain>();
  for (std::size_t k = 0; k < 6; ++k) {
    EXPECT_NEAR(closed[0][k], integrated[0][k], 5e-3 * closed[0][k]) << "amplitude, point " << k;
    EXPECT_NEAR(closed[1][k], integrated[1][k], 2e-3) << "phase, point " << k;
  }
  EXPECT_LT(closed[1][0], closed[1][3] - 0.4) << "the detuning is large at the ends";
}

}  // namespace
}  // namespace halotwin::devices::simulated
