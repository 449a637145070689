#include "validation/validate.hpp"

#include <exception>
#include <optional>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/errors.hpp"
#include "session/build_info.hpp"
#include "validation/evidence.hpp"
#include "validation/scratch_folder.hpp"

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

Validation run_validation(const ValidateOptions& options) {
  const std::vector<Target> targets = choose_targets(options.selection);
  std::optional<ScratchFolder> scratch;
  if (options.folder.empty()) {
    scratch.emplace("halotwin-validate");
  } else {
    std::filesystem::create_directories(options.folder);
  }
  const WallClock clock;
  std::string current;
  Evidence evidence({options.seed,
                     options.quick,
                     options.threads,
                     scratch ? scratch->path() : options.folder,
                     options.program,
                     [&](const std::string& what) {
                       if (options.progress) {
                         options.progress(current + ": " + what);
                       }
                     }});
  Validation result;
  for (const Target& target : targets) {
    const Duration begin = clock.now();
    Row row{target, {}, 0.0};
    current = fmt::format("{} ({} of {})", target.id, result.rows.size() + 1, targets.size());
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
    result.rows.push_back(std::move(row));
    if (options.row_done) {
      options.row_done(result.rows.back(), result.rows.size(), targets.size());
    }
  }
  current = "physics checks";
  evidence.say("models against independent judges");
  result.physics = physics_checks();
  result.header = {options.seed,
                   options.quick,
                   seconds(clock.now()),
                   session::build_info::version,
                   session::build_info::commit,
                   options.command_line};
  return result;
}

}  // namespace halotwin::validation
