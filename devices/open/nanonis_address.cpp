#include "devices/open/nanonis_address.hpp"

#include <fmt/format.h>

#include "base/require.hpp"
#include "base/text.hpp"
#include "devices/drivers/nanonis_probe.hpp"
#include "devices/wire/text_command.hpp"

namespace halotwin::devices {

namespace {

int number(std::string_view name, std::string_view text) {
  constexpr int most = 8;
  const auto value = parse_whole(text);
  require(value.has_value() && *value >= 1 && *value <= most,
          fmt::format("{} = \"{}\" (must be 1 to {})", name, text, most));
  return *value;
}

void read_option(NanonisLockInParams& params, std::string_view name, std::string_view value) {
  if (name == "modulator") {
    params.modulator = number(name, value);
  } else if (name == "demodulator") {
    params.demodulator = number(name, value);
  } else if (name == "output") {
    params.output = value;
  } else if (name == "input") {
    params.input = value;
  } else {
    require(
        false,
        fmt::format("\"{}\": the lock-in of a controller has modulator, demodulator, output, input",
                    name));
  }
}

}  // namespace

NanonisAddress parse_nanonis_address(std::string_view text) {
  const std::size_t mark = text.find('?');
  NanonisAddress out{.at = parse_endpoint(text.substr(0, mark), nanonis_port)};
  if (mark == std::string_view::npos) {
    return out;
  }
  out.names_module = true;
  for (const std::string_view option : split(text.substr(mark + 1), '&')) {
    const std::size_t equals = option.find('=');
    require(equals != std::string_view::npos && equals + 1 < option.size(),
            fmt::format("\"{}\" is no option (name=value)", option));
    read_option(out.module, option.substr(0, equals), option.substr(equals + 1));
  }
  return out;
}

}  // namespace halotwin::devices
