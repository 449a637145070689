// What every experiment is: a plan that can be priced before the start, and a run on a bench into a
// recording.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <vector>

#include "base/table.hpp"
#include "data/recording_header.hpp"
#include "data/recording_writer.hpp"
#include "devices/bench.hpp"

namespace halotwin::scenarios {

/// What a run will cost.
struct Estimate {
  Duration duration{};    // on the bench's clock
  std::size_t units = 0;  // pixels, frames, curves
  std::string unit_word = "pixel";
  std::size_t readings = 0;         // single values that pass through a device interface
  double bytes_per_reading = 12.0;  // in the recording: complex, and its mean of both directions
};

struct RunContext {
  devices::Bench& bench;
  data::RecordingWriter& recording;
  std::stop_token stop;
  std::size_t first_unit =
      0;  // > 0: a run that is taken up again; that many units are in the recording
  /// Called once, when the instruments are set up and the next thing is the first unit: where a
  /// simulated set-up that is taken up again gets its saved state back.
  std::function<void()> instruments_ready;
  /// Called while a unit is being measured, at the moment that its data stand for.
  std::function<void(std::size_t unit)> unit_measured;
  /// Called when the data of a unit are in the recording: `done` units are valid now.
  std::function<void(std::size_t done)> unit_recorded;
};

/// A procedure that a series runs, with the conditions of its round in its parameters.
struct Step {
  std::string label;  // "r03_pm_dns_map": its scope in the recording
  std::string procedure;
  Table parameters;
};

/// An experiment as a careful operator does it. Knows interfaces only.
class Procedure {
 public:
  virtual ~Procedure() = default;
  [[nodiscard]] virtual Estimate estimate() const = 0;
  /// What the experiment is, for the header of the recording.
  virtual void describe(data::RecordingHeader& header) const = 0;
  /// Defines the signals and settings of the recording.
  virtual void define(data::RecordingWriter& recording) = 0;
  /// Runs to the end, or throws DeviceError or Interrupted. The caller holds a SafeStateGuard.
  virtual void run(const RunContext& context) = 0;
  /// All effective parameters.
  [[nodiscard]] virtual Table parameters() const = 0;
  /// The procedures that this one runs, in their order; none if it is one by itself.
  [[nodiscard]] virtual std::vector<Step> steps() const { return {}; }

 protected:
  Procedure() = default;
  Procedure(const Procedure&) = default;
  Procedure& operator=(const Procedure&) = default;
};

/// Names of all procedures, sorted.
[[nodiscard]] std::vector<std::string> procedure_names();

/// The procedure of this name with the parameters of its section ([procedure.<name>]); throws
/// ParameterError for an unknown name or parameter. `sections`: all of [procedure], for the steps
/// of a series.
[[nodiscard]] std::unique_ptr<Procedure> make_procedure(const std::string& name,
                                                        const Table& section,
                                                        const Table& sections = {});

}  // namespace halotwin::scenarios
