#include "tests/data/programs.hpp"

#include <array>
#include <cstdio>

#include <sys/wait.h>

namespace halotwin::data::testing {

Outcome run(const std::string& command) {
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

bool has_program(const std::string& name) {
  return run("command -v " + name + " 2>/dev/null").status == 0;
}

}  // namespace halotwin::data::testing
