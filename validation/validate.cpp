#include "validation/validate.hpp"

#include <exception>

#include <fmt/format.h>
#include <unistd.h>

#include "base/clock.hpp"
#include "base/errors.hpp"
#include "session/build_info.hpp"
#include "validation/evidence.hpp"

namespace halotwin::validation {

namespace {

// Where recordings lie while the targets look at them.
class Folder {
 public:
  explicit Folder(const std::filesystem::path& wanted) : path_(wanted), temporary_(wanted.empty()) {
    if (temporary_) {
      std::string name =
          (std::filesystem::temp_directory_path() / "halotwin-validate-XXXXXX").string();
      if (mkdtemp(name.data()) == nullptr) {
        throw DataError(fmt::format("{}: cannot make a temporary folder", name));
      }
      path_ = name;
    } else {
      std::filesystem::create_directories(path_);
    }
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  ~Folder() {
    if (temporary_) {
      std::error_code ignored;
      std::filesystem::remove_all(path_, ignored);
    }
  }
  [[nodiscard]] const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
  bool temporary_;
};

}  // namespace

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
  const Folder folder(options.folder);
  const WallClock clock;
  Evidence evidence({options.seed,
                     options.quick,
                     options.threads,
                     folder.path(),
                     options.program,
                     options.progress});
  Validation result;
  for (const Target& target : targets) {
    const Duration begin = clock.now();
    Row row{target, {}, 0.0};
    evidence.say(fmt::format("{}: {}", target.id, target.title));
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

}  // namespace halotwin::validation
