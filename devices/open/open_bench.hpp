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

class Tape;
class WireRecord;

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

/// What stands behind a bench. Two kinds in one bench would be different worlds.
enum class BenchKind { simulated, instruments, replay };
/// Throws ParameterError that names two roles for a mixture, or two tapes.
[[nodiscard]] BenchKind kind_of(const std::vector<DeviceRequest>& requests);

/// Clock of a bench of instruments: "" or "wall:" is the computer's, "twin://host:port" that of a
/// served twin. check_clock() throws ParameterError for another form; open_clock() DeviceError if
/// nobody answers.
void check_clock(const std::string& address);
[[nodiscard]] std::unique_ptr<Clock> open_clock(const std::string& address,
                                                const std::shared_ptr<WireRecord>& wire = nullptr);

/// The tape that the requests name, "replay:FILE", with its timing "replay:FILE?speed=1", or its
/// points in any order "replay:FILE?nearest=2e-9", or "?speed=1&nearest=2e-9"; null if they name
/// none. Throws ParameterError if it is none.
[[nodiscard]] std::unique_ptr<Tape> open_replay(const std::vector<DeviceRequest>& requests);

/// What the devices of a bench are made from; all must outlive it.
struct BenchParts {
  Clock& clock;                                    // the bench's
  simulated::SimulatedBench* simulated = nullptr;  // for "sim:"
  Tape* tape = nullptr;                            // hears every operation, or plays "replay:"
  Clock* of_drivers = nullptr;                     // without the tape; null: the bench's
  std::shared_ptr<WireRecord> wire = nullptr;      // hears the connections of drivers
};

/// Opens every requested device, puts the limits before it, and adds it to a bench in the order in
/// which they must become safe: sources before the microscope. Throws DeviceError for an instrument
/// that does not answer.
[[nodiscard]] Bench open_bench(const std::vector<DeviceRequest>& requests,
                               const BenchLimits& limits,
                               const BenchParts& parts,
                               EventLog& events);

}  // namespace halotwin::devices
