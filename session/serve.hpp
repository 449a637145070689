// The served twin: simulated instruments of a scenario, each over the protocol of a real one, in
// one world.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <map>
#include <stop_token>
#include <string>
#include <vector>

#include "base/event_log.hpp"
#include "base/parallel.hpp"
#include "session/scenario.hpp"

namespace halotwin::session {

/// Something that clients can connect to.
struct Served {
  std::string role;           // "lockin_electrical", "clock"
  std::string as;             // "SR865A"
  std::string address;        // "sr860://127.0.0.1:7001"
  std::uint64_t answers = 0;  // given so far
};

struct ServeOptions {
  double speed = 1.0;  // times real time; 0: time moves only when a client of the clock sleeps
  std::string listen = "127.0.0.1";  // another interface lets others move the instruments
  std::uint16_t first_port = 7000;   // of the clock; the instruments follow; 0: any free ones
  std::filesystem::path folder{};    // that an instrument served through files may write in
  std::map<std::string, std::string> as{};  // role -> "sr830"; lock-ins are SR865A by default
  Threads threads{};
  std::stop_token stop{};
  EventLog* listener = nullptr;
  std::function<void(const std::vector<Served>&)> ready{};  // listening, from now on
};

/// What a role may be served as: "nanonis", "asylum" (AFM); "gige" (camera); "tango" (light, focus,
/// temperature, bias source); "keithley2400" and its kin (bias source); "sr865a", "sr860", "sr830",
/// "nanonis" (lock-ins; the last for one of them: a module of the AFM's controller, at its port).
/// Empty if there is nothing.
[[nodiscard]] std::vector<std::string> served_protocols(const std::string& role);

/// Serves until a stop is requested, then brings the instruments into their safe state. Everything
/// is answered one after another, whoever asks. Before each answer the world's time is brought up
/// to that of the computer, times `speed`. Returns what was served. Throws ParameterError for a
/// bench that is not simulated, an unknown role or protocol, or an address that cannot be listened
/// at.
std::vector<Served> serve(const Scenario& scenario, const ServeOptions& options);

/// Plays a record of wires (halotwin run --record-wire) to whoever says the same again, every role
/// at a port of its own, until a stop is requested. Who says something else is cut off, and the
/// listener hears what was expected. True if everything was said, and nothing else. Throws
/// ParameterError if the file is no record.
bool serve_record(const std::filesystem::path& file, const ServeOptions& options);

}  // namespace halotwin::session
