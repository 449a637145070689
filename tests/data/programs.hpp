// Calls of other programs, for tests with the label integration.
#pragma once

#include <array>
#include <cstdio>
#include <string>

#include <sys/wait.h>

namespace halotwin::data::testing {

struct Outcome {
  int status = -1;
  std::string output;  // what `command` wrote
};

/// Runs a shell command; its standard output is returned (add 2>&1 for both).
inline Outcome run(const std::string& command) {
  Outcome outcome;
  FILE* pipe = popen(command.c_str(), "r");
  if (pipe == nullptr) {
    return outcome;
  }
  std::array<char, 4096> buffer{};
  while (const std::size_t n = fread(buffer.data(), 1, buffer.size(), pipe)) {
    outcome.output.append(buffer.data(), n);
  }
  const int status = pclose(pipe);
  outcome.status = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return outcome;
}

inline bool has_program(const std::string& name) {
  return run("command -v " + name + " 2>/dev/null").status == 0;
}

}  // namespace halotwin::data::testing
