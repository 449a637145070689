// Creep of the scanner: what the sensor says, where the tip really is, and that asking changes
// nothing.
#include "devices/simulated/scanner_motion.hpp"

#include <cmath>
#include <memory>

#include <gtest/gtest.h>

#include "devices/simulated/harmonic_chain.hpp"
#include "devices/simulated/simulated_probe.hpp"
#include "tests/support/small_world.hpp"

namespace halotwin::devices::simulated {
namespace {

constexpr physics::PiezoCreepParams open_loop{.per_decade = 0.015};

TEST(ScannerMotion, WithoutCreepItIsWhereItIsTold) {
  ScannerMotion motion(nullptr);
  motion.move({1e-7, 2e-7}, Duration::zero(), from_seconds(2.0));
  EXPECT_EQ(motion.told(from_seconds(1.0)), (Point{5e-8, 1e-7}));
  EXPECT_EQ(motion.told(from_seconds(3.0)), (Point{1e-7, 2e-7}));
  EXPECT_EQ(motion.creep(from_seconds(100.0)), Point{});
}

TEST(ScannerMotion, BothAxesCreepByTheLawAndTheSensorDoesNotShowIt) {
  ScannerMotion motion(&open_loop);
  motion.move({1e-6, -2e-6}, Duration::zero(), Duration::zero());
  const Point creep = motion.creep(from_seconds(100.0));
  const double law = open_loop.per_decade * std::log10(1.0 + 100.0 / open_loop.start_s);
  EXPECT_NEAR(creep.x_m, 1e-6 * law, 2e-3 * 1e-6 * law);
  EXPECT_NEAR(creep.y_m, -2.0 * creep.x_m, 1e-18);
  EXPECT_EQ(motion.told(from_seconds(100.0)), (Point{1e-6, -2e-6}));
}

TEST(ScannerMotion, AskingChangesNothing) {
  ScannerMotion asked(&open_loop);
  ScannerMotion left_alone(&open_loop);
  for (ScannerMotion* motion : {&asked, &left_alone}) {
    motion->move({1e-6, 0.0}, Duration::zero(), from_seconds(1.0));
  }
  for (int i = 0; i < 50; ++i) {
    static_cast<void>(asked.creep(from_seconds(0.07 * i)));
  }
  for (ScannerMotion* motion : {&asked, &left_alone}) {
    motion->stop(from_seconds(0.5));
    motion->move({3e-7, 1e-7}, from_seconds(5.0), from_seconds(0.2));
  }
  EXPECT_EQ(asked.creep(from_seconds(9.0)), left_alone.creep(from_seconds(9.0)));
}

TEST(ScannerMotion, ASavedMoveGoesOnInTheSameBits) {
  ScannerMotion motion(&open_loop);
  motion.move({1e-6, 2e-7}, from_seconds(0.3), from_seconds(1.0));
  motion.move({-4e-7, 2e-7}, from_seconds(7.0), from_seconds(1.0));
  ScannerMotion again(&open_loop);
  again.load(motion.save());
  for (const double t : {7.4, 8.0, 500.0}) {
    EXPECT_EQ(again.told(from_seconds(t)), motion.told(from_seconds(t)));
    EXPECT_EQ(again.creep(from_seconds(t)), motion.creep(from_seconds(t)));
  }
}

// A frame scanned right after a long move is displaced, the more the sooner.
TEST(ScannerMotion, TheTipOfTheMicroscopeCreeps) {
  sim::Surroundings around = test::quiet();
  around.piezo_creep = true;
  around.creep = open_loop;
  sim::World world(around, sim::pm_dns_cables(), {}, sim::Specimen(test::small_film(), 1), 1);
  ProbeChain chain(world, std::make_unique<HarmonicChain>(world, ChainParams{}));
  SimulatedProbe afm(world, chain, ProbeParams{}, "afm");
  const Point target{2e-7, 1e-7};
  afm.positioner().start_move(target, 1e-5);
  ASSERT_TRUE(afm.positioner().wait_move(from_seconds(1.0), {}));
  const double soon = afm.true_position().x_m - target.x_m;
  world.clock().sleep(from_seconds(1000.0));
  const double late = afm.true_position().x_m - target.x_m;
  EXPECT_EQ(afm.positioner().position(), target);
  const double law = open_loop.per_decade * std::log10(1.0 + 1000.0 / open_loop.start_s);
  EXPECT_NEAR(late, 2e-7 * law, 2e-3 * 2e-7 * law);
  EXPECT_LT(soon, 0.1 * late);
}

}  // namespace
}  // namespace halotwin::devices::simulated
