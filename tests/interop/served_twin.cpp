#include "tests/interop/served_twin.hpp"

#include <filesystem>
#include <string>
#include <utility>

#include <unistd.h>

namespace halotwin::tests {

namespace {

std::filesystem::path new_file() {
  static int counter = 0;
  return std::filesystem::temp_directory_path() /
         ("halotwin_served_" + std::to_string(getpid()) + "_" + std::to_string(++counter));
}

}  // namespace

ServedTwin::ServedTwin(std::vector<std::string> arguments)
    : validation::ServedTwin(HALOTWIN_PROGRAM, std::move(arguments), new_file()) {}

}  // namespace halotwin::tests
