// A simulated lock-in with the world around it.
#pragma once

#include <memory>

#include "base/clock.hpp"
#include "devices/simulated/harmonic_chain.hpp"
#include "devices/simulated/simulated_lock_in.hpp"
#include "tests/support/small_world.hpp"

namespace halotwin::test {

struct LockInWorld {
  LockInWorld()
      : world({}, sim::pm_dns_cables(), {}, sim::Specimen(small_film(), 1), 1),
        chain(world,
              std::make_unique<devices::simulated::HarmonicChain>(
                  world, devices::simulated::ChainParams{})),
        lock_in(world, chain, devices::simulated::mfli(), "lockin_electrical") {}
  void sleep_s(double time_s) { world.clock().sleep(from_seconds(time_s)); }

  sim::World world;
  devices::simulated::ProbeChain chain;
  devices::simulated::SimulatedLockIn lock_in;
};

}  // namespace halotwin::test
