// Injected faults as the devices show them: a lost link stays lost, a timeout passes, both strike
// when the scenario says.
#include <memory>
#include <string>

#include <gtest/gtest.h>

#include "devices/bench.hpp"
#include "devices/simulated/harmonic_chain.hpp"
#include "devices/simulated/simulated_bias_source.hpp"
#include "devices/simulated/simulated_lock_in.hpp"
#include "devices/simulated/simulated_probe.hpp"
#include "devices/simulated/simulated_shutter.hpp"
#include "devices/simulated/simulated_stage.hpp"
#include "tests/support/small_world.hpp"

namespace halotwin::devices::simulated {
namespace {

using sim::Fault;
using sim::FaultKind;

template <class Call>
void expect_error(Call call, Retry retry, const char* operation) {
  try {
    call();
    ADD_FAILURE() << operation << " did not fail";
  } catch (const DeviceError& error) {
    EXPECT_EQ(error.device(), "bias");
    EXPECT_EQ(error.operation(), operation);
    EXPECT_EQ(error.retry(), retry);
  }
}

TEST(InjectedFault, LostLinkFailsEveryLaterOperationOfThatDeviceOnly) {
  const auto world = test::small_world(
      {{.device = "bias", .operation = "read", .kind = FaultKind::link_lost, .at_count = 2}});
  SimulatedBiasSource bias(*world, {}, "bias");
  SimulatedShutter shutter(*world, {}, "shutter");
  EXPECT_NO_THROW(static_cast<void>(bias.read()));
  EXPECT_NO_THROW(bias.configure({.on = true, .voltage_v = 1.0}));
  expect_error([&] { static_cast<void>(bias.read()); }, Retry::no, "read");
  expect_error([&] { static_cast<void>(bias.read()); }, Retry::no, "read");
  expect_error([&] { bias.configure({}); }, Retry::no, "configure");
  world->clock().sleep(from_seconds(3600.0));
  expect_error([&] { bias.make_safe(); }, Retry::no, "make safe");
  EXPECT_NO_THROW(shutter.start_open());
}

TEST(InjectedFault, TimeoutStrikesOnceAndTheRetrySucceeds) {
  const auto world = test::small_world(
      {{.device = "bias", .operation = "read", .kind = FaultKind::timeout, .at_count = 3}});
  SimulatedBiasSource bias(*world, {}, "bias");
  for (int i = 1; i <= 10; ++i) {
    if (i == 3) {
      expect_error([&] { static_cast<void>(bias.read()); }, Retry::yes, "read");
    } else {
      EXPECT_NO_THROW(static_cast<void>(bias.read())) << "reading " << i;
    }
  }
}

TEST(InjectedFault, StrikesTheFirstOperationFromAMomentOn) {
  const auto world = test::small_world(
      {{.device = "bias", .operation = "", .kind = FaultKind::timeout, .at_time_s = 10.0}});
  SimulatedBiasSource bias(*world, {}, "bias");
  world->clock().sleep(from_seconds(9.9));
  EXPECT_NO_THROW(static_cast<void>(bias.read()));
  world->clock().sleep(from_seconds(0.2));
  expect_error([&] { static_cast<void>(bias.ramping()); }, Retry::yes, "ramping");
  EXPECT_NO_THROW(static_cast<void>(bias.ramping()));
}

TEST(InjectedFault, LeavesTheDeviceAsItWas) {
  const auto world = test::small_world(
      {{.device = "bias", .operation = "configure", .kind = FaultKind::timeout, .at_count = 2}});
  SimulatedBiasSource bias(*world, {}, "bias");
  const BiasSettings before = bias.configure({.on = true, .voltage_v = 1.0});
  expect_error([&] { bias.configure({.on = true, .voltage_v = 2.0}); }, Retry::yes, "configure");
  EXPECT_EQ(bias.settings(), before);
}

TEST(InjectedFault, OtherDevicesReachTheirSafeState) {
  const auto world = test::small_world(
      {{.device = "bias", .operation = "read", .kind = FaultKind::link_lost, .at_count = 1}});
  MemoryLog log;
  Bench bench(world->clock(), log);
  bench.add("bias", std::make_unique<SimulatedBiasSource>(*world, BiasSourceParams{}, "bias"));
  bench.add("shutter", std::make_unique<SimulatedShutter>(*world, ShutterParams{}, "shutter"));
  bench.add("stage", std::make_unique<SimulatedStage>(*world, StageParams{}, "stage"));
  auto& shutter = bench.get<Shutter>("shutter", "shutter");
  auto& stage = bench.get<Stage>("stage", "stage");
  shutter.start_open();
  stage.start_move(0, 5.0e-3);
  EXPECT_THROW(static_cast<void>(bench.get<BiasSource>("bias", "bias source").read()), DeviceError);
  EXPECT_FALSE(bench.make_safe()) << "nobody knows what the lost source does";
  EXPECT_EQ(shutter.state(), ShutterState::closed);
  EXPECT_EQ(stage.state(0), AxisState::standing);
}

// The PM-DNS bench with its three instruments engaged and under bias, then one of them lost.
TEST(InjectedFault, BenchNamesTheLostInstrumentAndBringsTheOthersToSafety) {
  for (const std::string lost : {"afm", "lockin_mechanical", "lockin_electrical"}) {
    const auto world = test::small_world({{.device = lost, .operation = "", .at_time_s = 100.0}});
    ProbeChain chain(*world, std::make_unique<HarmonicChain>(*world, ChainParams{}));
    MemoryLog log;
    Bench bench(world->clock(), log);
    bench.add("lockin_electrical",
              std::make_unique<SimulatedLockIn>(*world, chain, mfli(), "lockin_electrical"));
    bench.add("lockin_mechanical",
              std::make_unique<SimulatedLockIn>(*world, chain, hf2li(), "lockin_mechanical"));
    bench.add("afm", std::make_unique<SimulatedProbe>(*world, chain, ProbeParams{}, "afm"));
    auto& generator = bench.get<LockIn>("lockin_electrical", "lock-in amplifier");
    auto& height = bench.get<ProbeMicroscope>("afm", "probe microscope").height();
    generator.set_output({.on = true, .amplitude_peak_v = 2.0});
    height.approach(from_seconds(60.0), {});
    world->clock().sleep(from_seconds(100.0));
    EXPECT_FALSE(bench.make_safe());
    ASSERT_EQ(log.events.size(), 1U) << lost;
    EXPECT_EQ(log.events[0].source, lost);
    EXPECT_EQ(log.events[0].level, Level::error);
    EXPECT_NE(log.events[0].text.find("link lost"), std::string::npos) << log.events[0].text;
    EXPECT_EQ(generator.output().on, lost == "lockin_electrical");
    EXPECT_EQ(height.engaged(), lost == "afm");
    EXPECT_FALSE(world->exposure().under_bias) << "one of the two is enough";
  }
}

}  // namespace
}  // namespace halotwin::devices::simulated
