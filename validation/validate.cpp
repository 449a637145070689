#include "validation/validate.hpp"

#include <exception>
#include <optional>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/errors.hpp"
#include "session/build_info.hpp"
#include "validation/evidence.hpp"
#include "validation/scratch_folder.hpp"
#include "validation/side_by_side.hpp"
#include "validation/verdict_file.hpp"

namespace halotwin::validation {

bool Validation::all_met() const {
  for (const Row& row : rows) {
    if (row.verdict.met == Met::no) {
      return false;
    }
  }
  for (const PhysicsCheck& check : physics) {
    if (!check.met()) {
      return false;
    }
  }
  return true;
}

namespace {

/// Checks of some rows by one object of evidence, one after the other.
std::vector<Row> check_here(const ValidateOptions& options,
                            const std::vector<Target>& targets,
                            const std::filesystem::path& folder) {
  const WallClock clock;
  std::string current;
  Evidence evidence({options.seed,
                     options.quick,
                     options.threads,
                     folder,
                     options.program,
                     [&](const std::string& what) {
                       if (options.progress) {
                         options.progress(current + ": " + what);
                       }
                     }});
  std::vector<Row> rows;
  for (const Target& target : targets) {
    const Duration begin = clock.now();
    Row row{target, {}, 0.0};
    current = fmt::format("{} ({} of {})", target.id, rows.size() + 1, targets.size());
    evidence.say("beginning");
    try {
      row.verdict = target.check(evidence);
    } catch (const Interrupted&) {
      throw;
    } catch (const std::exception& error) {
      row.verdict = {};
      row.verdict.note = fmt::format("could not be checked: {}", error.what());
    }
    row.wall_s = seconds(clock.now() - begin);
    rows.push_back(std::move(row));
    if (options.row_done) {
      options.row_done(rows.back(), rows.size(), targets.size());
    }
  }
  return rows;
}

}  // namespace

Validation run_validation(const ValidateOptions& options) {
  const std::vector<Target> targets = choose_targets(options.selection);
  std::optional<ScratchFolder> scratch;
  if (options.folder.empty()) {
    scratch.emplace("halotwin-validate");
  } else {
    std::filesystem::create_directories(options.folder);
  }
  const std::filesystem::path folder = scratch ? scratch->path() : options.folder;
  const WallClock clock;
  Validation result;
  const bool side_by_side =
      targets.size() > 1 && options.threads.count > 1 && !options.program.empty();
  result.rows = side_by_side ? check_side_by_side(options, targets, folder)
                             : check_here(options, targets, folder);
  if (options.progress) {
    options.progress("physics checks: models against independent judges");
  }
  result.physics = physics_checks();
  result.header = {options.seed,
                   options.quick,
                   seconds(clock.now()),
                   session::build_info::version,
                   session::build_info::commit,
                   options.command_line};
  return result;
}

void check_rows(const ValidateOptions& options) {
  ValidateOptions with_files = options;
  with_files.row_done = [&](const Row& row, std::size_t, std::size_t) {
    write_verdict(options.folder, row);
  };
  check_here(with_files, choose_targets(options.selection), options.folder);
}

}  // namespace halotwin::validation
