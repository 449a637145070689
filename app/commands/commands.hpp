// The commands of the program, one file each. Each returns the exit status; what goes wrong is
// thrown.
#pragma once

#include <stop_token>
#include <string>

#include "app/arguments.hpp"

namespace halotwin::app {

/// Exit statuses.
enum Status : int { done = 0, not_met = 1, bad_input = 2, device_failed = 3, interrupted = 130 };

/// What every command gets besides its arguments.
struct Surroundings {
  std::stop_token stop;
  std::string command_line;
};

int list(const ListArguments& arguments, const Surroundings& around);
int run(const RunArguments& arguments, const Surroundings& around);
int resume(const ResumeArguments& arguments, const Surroundings& around);
int serve(const ServeArguments& arguments, const Surroundings& around);
int analyse(const AnalyseArguments& arguments, const Surroundings& around);
int score(const ScoreArguments& arguments, const Surroundings& around);
int validate(const ValidateArguments& arguments, const Surroundings& around);
int info(const InfoArguments& arguments, const Surroundings& around);
int import_file(const ImportArguments& arguments, const Surroundings& around);
int export_file(const ExportArguments& arguments, const Surroundings& around);

}  // namespace halotwin::app
