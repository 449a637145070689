// A scan or spectrum of another program becomes a recording: maps (y, x), curves (point, sweep),
// grids (y, x, sweep).
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

#include "data/recording_header.hpp"

namespace halotwin::data {

struct ScanImport {
  std::filesystem::path source;
  std::filesystem::path output;
  Overwrite overwrite = Overwrite::no;
  std::string command_line{};
  Software software{};
};

struct ImportedScan {
  std::string kind;                  // "Nanonis scan"
  std::vector<std::string> signals;  // names
  std::string sha256;                // of the source
  std::vector<std::string> notes;    // what a user must know; in the recording too
};

/// One format that can be imported.
struct ScanFormatName {
  std::string name;       // "Nanonis scan"
  std::string extension;  // ".sxm"
  std::string contents;   // "images, forward and backward"
};
[[nodiscard]] std::vector<ScanFormatName> scan_format_names();

/// "Nanonis scan": what `path` is by its first bytes, else by its extension; "" if it is none of
/// these formats (or cannot be read).
[[nodiscard]] std::string scan_kind_of(const std::filesystem::path& path);

/// Reads `job.source` and writes `job.output`: a signal for each channel in SI units on ascending
/// axes, and collection import (file name, kind, SHA-256, directions, the header as it was). What
/// was not measured stays NaN, and a note says so. The time in the header becomes start_time (local
/// time of the file: it names no zone). Throws DataError or ParameterError in one line that names
/// the file and what was expected; then nothing is left behind.
ImportedScan import_scan(const ScanImport& job);

}  // namespace halotwin::data
