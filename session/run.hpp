// Runs a scenario from beginning to end, or takes an unfinished run up again: bench, procedure,
// recording and truth together.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <stop_token>
#include <string>

#include "base/event_log.hpp"
#include "base/parallel.hpp"
#include "data/recording_header.hpp"
#include "session/costs.hpp"
#include "session/scenario.hpp"

namespace halotwin::session {

struct Progress {
  std::size_t done = 0;  // units in the recording
  std::size_t total = 0;
  Duration lab_time{};  // on the bench's clock
};

struct RunOptions {
  std::filesystem::path output;  // "map.nxs"; only for a new run
  data::Overwrite overwrite = data::Overwrite::no;
  std::filesystem::path tape{};  // keeps what the instruments said, for "replay:"; "" = none
  std::filesystem::path wire{};  // keeps what went over the wires of instruments; "" = none
  bool blind = false;            // the truth goes into a sealed file beside
  Threads threads{};
  std::stop_token stop{};
  std::string command_line{};
  EventLog* listener = nullptr;                      // hears what the recording keeps
  std::function<void(const Costs&)> before_start{};  // told before anything is computed
  std::function<void(const Progress&)> progress{};   // after every unit
};

struct RunSummary {
  std::filesystem::path recording;
  std::size_t units = 0;
  std::string unit_word;
  Duration lab_time{};
  bool safe_state = true;  // false: the recording is complete, but a device did not obey at the end
};

/// Throws ParameterError or DataError for what cannot be run or written; DeviceError or Interrupted
/// when the run stopped on its way: the bench is then in its safe state, but for devices that the
/// events name, and the recording can be taken up by resume().
RunSummary run(const Scenario& scenario, const RunOptions& options);

/// Goes on with the unfinished recording at `path`, with the scenario that is stored in it; the
/// finished file has the same data, bit by bit, as if nothing had happened. After a failed device
/// the injected faults count as mended, but for changes of the tip.
RunSummary resume(const std::filesystem::path& path, const RunOptions& options);

}  // namespace halotwin::session
