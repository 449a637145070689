// The cables of the scenario decide what a simulated lock-in sees and drives.
#include <cmath>
#include <memory>

#include <gtest/gtest.h>

#include "base/errors.hpp"
#include "devices/simulated/harmonic_chain.hpp"
#include "devices/simulated/simulated_lock_in.hpp"
#include "devices/simulated/simulated_probe.hpp"
#include "tests/support/small_world.hpp"

namespace halotwin::devices::simulated {
namespace {

// AFM and both lock-ins behind the given cables, tip engaged, 2 V at 1 kHz, settled.
struct Chain {
  explicit Chain(std::vector<sim::Cable> cables)
      : world(test::small_world({}, std::move(cables))),
        chain(*world, std::make_unique<HarmonicChain>(*world, ChainParams{})),
        afm(*world, chain, ProbeParams{}, "afm"),
        mechanical(*world, chain, hf2li(), "lockin_mechanical"),
        electrical(*world, chain, mfli(), "lockin_electrical") {
    mechanical.configure({.reference_hz = 75.0e3, .time_constant_s = 3.0e-6});
    mechanical.set_aux_output(0, {.quantity = AuxQuantity::phase});
    electrical.configure({.reference_hz = 1.0e3, .harmonic = 2, .time_constant_s = 1.0e-3});
    electrical.set_output({.on = true, .amplitude_peak_v = 2.0});
    afm.height().approach(from_seconds(60.0), {});
    settle();
  }
  void settle() { world->clock().sleep(electrical.settling_time(1.0e-6)); }
  [[nodiscard]] double signal_v() {
    const LockInReading reading = electrical.read();
    return std::hypot(reading.x_v, reading.y_v);
  }

  std::unique_ptr<sim::World> world;
  ProbeChain chain;
  SimulatedProbe afm;
  SimulatedLockIn mechanical;
  SimulatedLockIn electrical;
};

std::vector<sim::Cable> without(const std::string& input) {
  std::vector<sim::Cable> cables = sim::pm_dns_cables();
  std::erase_if(cables, [&](const sim::Cable& cable) { return cable.to == input; });
  return cables;
}

TEST(PmDnsCables, CarryTheSignalFromTheTipToTheSecondLockIn) {
  Chain all(sim::pm_dns_cables());
  EXPECT_GT(all.signal_v(), 1.0e-4);
}

TEST(PmDnsCables, SecondLockInReadsNothingWithoutItsInputCable) {
  Chain all(without("lockin_electrical.input"));
  EXPECT_EQ(all.signal_v(), 0.0);
}

TEST(PmDnsCables, TipGetsNoVoltageWithoutItsCable) {
  Chain all(without("afm.tip_bias"));
  EXPECT_EQ(all.chain.settings().electrical.amplitude_peak_v, 0.0);
  EXPECT_FALSE(all.world->exposure().under_bias);
  EXPECT_LT(all.signal_v(), 1.0e-12);
}

TEST(PmDnsCables, PhaseOutputCarriesNothingUntilItIsSetToPhase) {
  Chain all(sim::pm_dns_cables());
  const double before_v = all.signal_v();
  all.mechanical.set_aux_output(0, {.quantity = AuxQuantity::off});
  all.settle();  // to 1e-6 of what the filter remembers
  EXPECT_LT(all.signal_v(), 1.1e-6 * before_v);
}

TEST(PmDnsCables, SampleIsUnderBiasOnlyWhileTheTipIsThereAndTheGeneratorOn) {
  Chain all(sim::pm_dns_cables());
  EXPECT_TRUE(all.world->exposure().under_bias);
  all.electrical.make_safe();
  EXPECT_FALSE(all.world->exposure().under_bias);
  all.electrical.set_output({.on = true, .amplitude_peak_v = 2.0});
  EXPECT_TRUE(all.world->exposure().under_bias);
  all.afm.make_safe();
  EXPECT_FALSE(all.world->exposure().under_bias);
}

// An order to the instruments in mid-move finds the tip where it is, not where it goes.
TEST(SimulatedTip, IsUnderWayInTheChainToo) {
  Chain all(sim::pm_dns_cables());
  const Point from = all.afm.positioner().position();
  const Point target{from.x_m + 60.0e-9, from.y_m + 80.0e-9};
  all.afm.positioner().start_move(target, 100.0e-9);
  const auto expect_tip_at = [&](double part) {
    const Point tip = all.chain.settings().mechanical.tip;
    EXPECT_NEAR(tip.x_m, from.x_m + part * 60.0e-9, 1.0e-15);
    EXPECT_NEAR(tip.y_m, from.y_m + part * 80.0e-9, 1.0e-15);
  };
  all.world->clock().sleep(from_seconds(0.25));
  all.afm.drive().configure({.frequency_hz = 74.9e3});
  expect_tip_at(0.25);
  all.world->clock().sleep(from_seconds(0.25));
  all.afm.height().configure({.setpoint_fraction = 0.7});
  expect_tip_at(0.5);
  EXPECT_TRUE(all.afm.positioner().wait_move(from_seconds(60.0), {}));
  expect_tip_at(1.0);
}

TEST(PmDnsCables, ALockInTakesOnlyDeflectionOrPhase) {
  const auto world =
      test::small_world({}, {{.from = "afm.height", .to = "lockin_electrical.input"}});
  ProbeChain chain(*world, std::make_unique<HarmonicChain>(*world, ChainParams{}));
  EXPECT_THROW(SimulatedLockIn(*world, chain, mfli(), "lockin_electrical"), ParameterError);
}

}  // namespace
}  // namespace halotwin::devices::simulated
