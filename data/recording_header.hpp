// What a recording says about itself, besides its data.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/clock.hpp"
#include "base/table.hpp"

namespace halotwin::data {

enum class Overwrite { no, yes };

/// running: being written, or killed while it was.
enum class RunStatus { running, complete, interrupted, failed };

[[nodiscard]] std::string_view name_of(RunStatus status);

struct Sample {
  std::string name;
  std::string description{};
  std::string chemical_formula{};
  std::string situation{};  // "air", "vacuum", "inert atmosphere"
  bool simulated = true;    // writes sample/type = "simulated data" and a mark on the root
};

struct Software {
  std::string program = "halotwin";
  std::string version{};
  std::string commit{};  // with "-dirty" if the tree had changes
  std::string compiler{};
  std::string build_flags{};
  std::string url{};
};

/// The scanned area, for the NXspm groups of a scan.
struct ScanArea {
  double x_start_m = 0.0;
  double x_end_m = 0.0;
  double y_start_m = 0.0;
  double y_end_m = 0.0;
  std::size_t points_x = 0;
  std::size_t points_y = 0;
};

/// A step of a run of several procedures: its signals lie below /entry/<scope>/, a group with its
/// own default plot (NXsubentry).
struct RecordingSection {
  std::string scope;      // "r03_pm_dns_map", a name; "" = the whole recording
  std::string procedure;  // "pm_dns_map"
  std::string title{};
  std::size_t units = 0;
  std::string unit_word = "pixel";
  std::optional<ScanArea> scan{};
};

struct DeviceAddress {
  std::string role;     // "afm"
  std::string address;  // "sim:"
  std::string identity{};
  bool operator==(const DeviceAddress&) const = default;
};

struct RecordingHeader {
  std::string title;
  std::string definition{};            // NeXus application definition, "NXafm"; may be empty
  std::string experiment_technique{};  // "AFM"
  std::string scan_mode{};             // "tapping mode"
  std::string procedure{};             // "pm_dns_map"
  Sample sample{};
  std::string user_name{};
  std::string affiliation{};
  std::string contact{};
  std::string license{};

  ClockKind clock = ClockKind::virtual_time;
  std::chrono::nanoseconds start_since_epoch{};  // instant at which the run's clock is 0

  std::uint64_t seed = 0;
  std::string command_line{};
  std::string scenario_file{};
  std::string scenario_text{};
  Table configuration{};  // all effective values
  Software software{};
  std::vector<DeviceAddress> devices{};
  std::vector<std::string> noise_sources{};
  std::vector<std::string> faults{};
  std::optional<ScanArea> scan{};

  /// In the order in which they run; empty: the recording is that of one procedure.
  std::vector<RecordingSection> sections{};

  std::size_t units_total = 0;      // pixels, frames, curves
  std::string unit_word = "pixel";  // what is counted
  std::size_t checkpoint_capacity_bytes = 64UL * 1024;
  std::size_t event_capacity = 2048;
};

/// State from which a run can go on. Written into two alternating slots, so that one is whole after
/// a kill at any moment.
struct Checkpoint {
  std::size_t units_done = 0;
  std::vector<std::byte> state;
};

}  // namespace halotwin::data
