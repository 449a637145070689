#include "devices/open/andor_address.hpp"

#include <cmath>
#include <string>

#include <fmt/format.h>

#include "base/require.hpp"
#include "base/text.hpp"

namespace halotwin::devices {

namespace {

double positive(std::string_view name, std::string_view text) {
  const auto number = number_of(text);
  require(number.has_value() && *number > 0.0 && std::isfinite(*number),
          fmt::format("{} = \"{}\" (must be a number above 0)", name, text));
  return *number;
}

void read_option(AndorParams& params, std::string_view name, std::string_view value) {
  if (name == "temperature_k") {
    params.temperature_k = positive(name, value);
  } else if (name == "readout_mhz") {
    params.readout_hz = 1e6 * positive(name, value);
  } else if (name == "preamp_gain") {
    params.preamp_gain = positive(name, value);
  } else if (name == "config") {
    params.config = value;
  } else if (name == "library") {
    params.library = value;
  } else {
    require(false,
            fmt::format("\"{}\": an Andor camera has temperature_k, readout_mhz, preamp_gain, "
                        "config, library",
                        name));
  }
}

}  // namespace

AndorAddress parse_andor_address(std::string_view text) {
  const std::size_t mark = text.find('?');
  const std::string_view number = text.substr(0, mark);
  require(number.size() == 1 && number[0] >= '0' && number[0] <= '9',
          fmt::format("\"{}\" is no number of a camera (0 to 9)", number));
  AndorAddress out{.index = number[0] - '0'};
  if (mark == std::string_view::npos) {
    return out;
  }
  for (const std::string_view option : split(text.substr(mark + 1), '&')) {
    const std::size_t equals = option.find('=');
    require(equals != std::string_view::npos && equals + 1 < option.size(),
            fmt::format("\"{}\" is no option (name=value)", option));
    read_option(out.params, option.substr(0, equals), option.substr(equals + 1));
  }
  return out;
}

}  // namespace halotwin::devices
