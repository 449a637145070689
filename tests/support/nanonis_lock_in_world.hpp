// A simulated lock-in served as the module of a Nanonis controller.
#pragma once

#include <vector>

#include "devices/simulated/simulated_lock_in.hpp"
#include "tests/support/nanonis_world.hpp"

namespace halotwin::test {

/// Those of PM-DNS, and X and Y at the microscope.
[[nodiscard]] inline std::vector<sim::Cable> cables_with_x_and_y() {
  std::vector<sim::Cable> cables = sim::pm_dns_cables();
  cables.push_back({"lockin_electrical.aux_1", "afm.aux_1"});
  cables.push_back({"lockin_electrical.aux_2", "afm.aux_2"});
  return cables;
}

struct NanonisLockInWorld : NanonisWorld {
  explicit NanonisLockInWorld(const sim::Surroundings& surroundings = quiet())
      : NanonisWorld(surroundings, cables_with_x_and_y()),
        lock_in(world, chain, devices::simulated::mfli(), "lockin_electrical") {
    service.add_lock_in(lock_in, "aux_1", "aux_2");
  }

  devices::simulated::SimulatedLockIn lock_in;
};

}  // namespace halotwin::test
