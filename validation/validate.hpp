// Runs targets: simulate, analyse, score, report.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <string>
#include <vector>

#include "base/parallel.hpp"
#include "validation/report.hpp"
#include "validation/target.hpp"

namespace halotwin::validation {

struct ValidateOptions {
  std::vector<std::string> selection;  // "A", "A1"; empty = all
  std::uint64_t seed = 1;
  bool quick = false;
  Threads threads{2};
  std::filesystem::path folder;   // for recordings; empty = a temporary folder, removed at the end
  std::filesystem::path program;  // this program, for rows that kill a process
  std::string command_line;
  std::function<void(const std::string&)> progress{};  // what is being done now
  std::function<void(const Row&, std::size_t place, std::size_t count)> row_done{};
};

struct Validation {
  ReportHeader header;
  std::vector<Row> rows;
  std::vector<PhysicsCheck> physics;
  /// Every row that has a verdict is met, and every check of the physics.
  [[nodiscard]] bool all_met() const;
};

/// A row whose check throws is not met; the message is its note. With several threads and rows,
/// rows are checked side by side in processes of `options.program`.
[[nodiscard]] Validation run_validation(const ValidateOptions& options);

/// One of these processes: checks the chosen rows and leaves their verdicts (verdict_file.hpp) in
/// `options.folder`.
void check_rows(const ValidateOptions& options);

/// What the report shows of the checks of each model; worked out now, not remembered.
[[nodiscard]] std::vector<PhysicsCheck> physics_checks();

}  // namespace halotwin::validation
