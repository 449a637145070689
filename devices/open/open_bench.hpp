// The address book: which kinds of device addresses there are, and how a bench is opened from them.
#pragma once

#include <memory>
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
  std::string form;         // "sim:", "sr860://host:port"
  std::string description;  // "the simulated instrument"
};
[[nodiscard]] std::vector<AddressKind> address_kinds();

/// One instrument of a set-up: what it is for, and where it answers.
struct DeviceRequest {
  std::string role;     // "afm"
  std::string address;  // "sim:"
  bool operator==(const DeviceRequest&) const = default;
};

/// Throws ParameterError that names the known kinds if the address is of none of them or of one
/// that offers no such instrument, and the known roles if the role is none.
void check(const DeviceRequest& request);

/// True if the instruments are simulated, false if none is. Throws ParameterError that names two
/// roles for a mixture: the simulated ones would stand in another world.
[[nodiscard]] bool is_simulated(const std::vector<DeviceRequest>& requests);

/// Clock of a bench of instruments: "" or "wall:" is the computer's, "twin://host:port" that of a
/// served twin. check_clock() throws ParameterError for another form; open_clock() DeviceError if
/// nobody answers.
void check_clock(const std::string& address);
[[nodiscard]] std::unique_ptr<Clock> open_clock(const std::string& address);

/// Opens every requested device, puts the limits before it, and adds it to a bench in the order in
/// which they must become safe: sources before the microscope. `clock` is the bench's: that of the
/// simulated world if there is one. `simulated` may be null where no address is "sim:". All must
/// outlive the bench. Throws DeviceError for an instrument that does not answer.
[[nodiscard]] Bench open_bench(const std::vector<DeviceRequest>& requests,
                               const BenchLimits& limits,
                               simulated::SimulatedBench* simulated,
                               Clock& clock,
                               EventLog& events);

}  // namespace halotwin::devices
