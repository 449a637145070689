// Files between a program and Asylum's software: commands, numbers, images.
#include "base/errors.hpp"
#include "base/igor_image.hpp"
#include "devices/wire/asylum.hpp"
#include "tests/fuzz/target.hpp"

namespace halotwin::fuzz {
namespace {

namespace asylum = devices::asylum;

const Target target("asylum_files", [](std::string_view bytes) {
  if (const auto numbers = asylum::parse_readout(bytes)) {
    expect(numbers->size() <= asylum::most_numbers, "no more numbers than a wave has");
    const auto again = asylum::parse_readout(asylum::readout_text(*numbers));
    expect(again && again->size() == numbers->size(), "numbers are read as they are written");
  }
  static_cast<void>(accepted<DataError>([&] {
    const IgorImage image = read_igor_image("file", bytes);
    expect(!image.layers.empty() && image.layers.front().image.size() > 0, "an image has pixels");
  }));
  while (!bytes.empty()) {
    if (const auto command = asylum::parse_command(take_line(bytes))) {
      const std::string text = asylum::text_of(*command);
      const auto again = asylum::parse_command(text);
      expect(again && asylum::text_of(*again) == text, "a command is read as it is written");
    }
  }
});

}  // namespace
}  // namespace halotwin::fuzz
