// The address book: which kinds of device addresses there are, and how a bench is opened from them.
#pragma once

#include <string>
#include <vector>

#include "base/event_log.hpp"
#include "devices/bench.hpp"
#include "devices/limits.hpp"

namespace halotwin::devices::simulated {
class SimulatedBench;
}

namespace halotwin::devices {

/// What can stand in an address before "://" or ":".
struct AddressKind {
  std::string form;         // "sim:"
  std::string description;  // "the simulated instrument"
};
[[nodiscard]] std::vector<AddressKind> address_kinds();

/// One instrument of a set-up: what it is for, and where it answers.
struct DeviceRequest {
  std::string role;     // "afm"
  std::string address;  // "sim:"
  bool operator==(const DeviceRequest&) const = default;
};

/// Throws ParameterError that names the known kinds if the address is of none of them, and the
/// known roles if the role is none.
void check(const DeviceRequest& request);

/// Opens every requested device, puts the limits before it, and adds it to a bench in the order in
/// which they must become safe: sources before the microscope. The clock is that of the simulated
/// world. `simulated` and `events` must outlive the bench.
[[nodiscard]] Bench open_bench(const std::vector<DeviceRequest>& requests,
                               const BenchLimits& limits,
                               simulated::SimulatedBench& simulated,
                               EventLog& events);

}  // namespace halotwin::devices
