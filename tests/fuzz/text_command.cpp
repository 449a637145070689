// Lines of text as instruments take them.
#include "devices/wire/text_command.hpp"

#include <cmath>

#include "devices/wire/srs.hpp"
#include "tests/fuzz/target.hpp"

namespace halotwin::fuzz {
namespace {

void read_argument(const std::string& text) {
  const auto number = devices::parse_number(text);
  expect(!number || std::isfinite(*number), "numbers are finite");
  static_cast<void>(devices::parse_whole(text));
  for (const char* unit : {"", "HZ", "V", "DEG"}) {
    static_cast<void>(devices::parse_quantity(text, unit));
  }
  const auto& names = devices::srs::sr86x_parameters;
  const auto choice = devices::parse_choice(text, names);
  expect(!choice || (*choice >= 0 && *choice < static_cast<int>(names.size())), "one of the list");
}

const Target target("text_command", [](std::string_view bytes) {
  while (!bytes.empty()) {
    for (const auto& command : devices::parse_commands(take_line(bytes))) {
      if (command) {
        expect(!command->name.empty(), "a command has a name");
        std::for_each(command->arguments.begin(), command->arguments.end(), read_argument);
      }
    }
  }
});

}  // namespace
}  // namespace halotwin::fuzz
