// A simulated lock-in served as the module of a Nanonis controller, and its driver.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include "devices/drivers/nanonis_lock_in.hpp"
#include "devices/simulated/simulated_lock_in.hpp"
#include "tests/support/nanonis_peer.hpp"

namespace halotwin::test {

/// Those of PM-DNS, and X and Y at the microscope.
[[nodiscard]] inline std::vector<sim::Cable> cables_with_x_and_y() {
  std::vector<sim::Cable> cables = sim::pm_dns_cables();
  cables.push_back({"lockin_electrical.aux_1", "afm.aux_1"});
  cables.push_back({"lockin_electrical.aux_2", "afm.aux_2"});
  return cables;
}

struct NanonisLockInWorld : NanonisWorld {
  explicit NanonisLockInWorld(const sim::Surroundings& surroundings = quiet(),
                              std::vector<sim::Fault> faults = {})
      : NanonisWorld(surroundings, cables_with_x_and_y(), std::move(faults)),
        lock_in(world, chain, devices::simulated::mfli(), "lockin_electrical") {
    service.add_lock_in(lock_in, "aux_1", "aux_2");
  }

  devices::simulated::SimulatedLockIn lock_in;
};

struct NanonisLockInBench : NanonisPeer<NanonisLockInWorld> {
  std::unique_ptr<devices::LockIn> open(const devices::NanonisLockInParams& params = {}) {
    return devices::open_nanonis_lock_in(
        connect(), twin.time, "lockin_electrical", "nanonis://twin", params);
  }
  /// Body of the twin's own answer.
  std::string ask(const std::string& command, const devices::nanonis::Writer& arguments) {
    return twin.answer(devices::nanonis::encode_request(command, arguments.body()))
        .substr(devices::nanonis::header_bytes);
  }
  void tell(const std::string& command, const devices::nanonis::Writer& arguments) {
    EXPECT_EQ(ask(command, arguments), devices::nanonis::Writer().no_error().body()) << command;
  }
};

/// "00000001 3F00" -> bytes.
[[nodiscard]] inline std::string bytes_of(std::string_view hex) {
  std::string digits;
  for (const char c : hex) {
    if (c != ' ') {
      digits += c;
    }
  }
  std::string out;
  for (std::size_t k = 0; k + 1 < digits.size(); k += 2) {
    out += static_cast<char>(std::stoi(digits.substr(k, 2), nullptr, 16));
  }
  return out;
}

}  // namespace halotwin::test
