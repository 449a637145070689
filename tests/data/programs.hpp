// Calls of other programs, for tests with the label integration.
#pragma once

#include <string>

namespace halotwin::data::testing {

struct Outcome {
  int status = -1;
  std::string output;  // what `command` wrote
};

/// Runs a shell command; its standard output is returned (add 2>&1 for both).
[[nodiscard]] Outcome run(const std::string& command);
[[nodiscard]] bool has_program(const std::string& name);

}  // namespace halotwin::data::testing
