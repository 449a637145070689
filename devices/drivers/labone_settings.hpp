// Nodes of an instrument that are set together and read back.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "devices/drivers/labone_link.hpp"

namespace halotwin::devices::labone {

/// A node to be set, and how far from the value it may be read back.
struct Wish {
  std::string node;
  double value;
  double tolerance = 0.0;
  bool whole = false;
  double period = 0.0;  // of an angle
};

[[nodiscard]] inline Wish whole_wish(std::string node, int value) {
  return {.node = std::move(node), .value = static_cast<double>(value), .whole = true};
}

/// Sets all in their order, waits until all has arrived at the instrument and returns what is read
/// back. Throws DeviceError, for `role`, if that is not what was set; LinkError.
std::vector<double> apply(const Link& link,
                          const std::string& role,
                          const char* operation,
                          const std::vector<Wish>& wishes);

}  // namespace halotwin::devices::labone
