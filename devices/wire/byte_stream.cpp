#include "devices/wire/byte_stream.hpp"

#include <charconv>

#include <fmt/format.h>

#include "base/errors.hpp"

namespace halotwin::devices {

Endpoint parse_endpoint(std::string_view text, std::uint16_t default_port) {
  const auto fail = [&] {
    throw ParameterError(fmt::format("\"{}\": expected host:port, e.g. localhost:5025", text));
  };
  std::string_view host = text;
  std::string_view port;
  const bool bracketed = text.starts_with('[');
  const std::size_t closed = bracketed ? text.find(']') : 0;
  if (bracketed && closed == std::string_view::npos) {
    fail();
  }
  const std::size_t colon = text.find(':', closed);
  if (colon != std::string_view::npos) {
    host = text.substr(0, colon);
    port = text.substr(colon + 1);
  }
  if (bracketed && host.ends_with(']')) {
    host = host.substr(1, host.size() - 2);
  }
  Endpoint out{std::string(host), default_port};
  if (colon != std::string_view::npos) {
    const auto [end, error] = std::from_chars(port.data(), port.data() + port.size(), out.port);
    if (error != std::errc{} || end != port.data() + port.size()) {
      fail();
    }
  }
  if (out.host.empty() || out.port == 0 || out.host.find_first_of("[]/ \t") != std::string::npos) {
    fail();
  }
  return out;
}

SerialLine parse_serial_line(std::string_view text) {
  constexpr std::string_view option = "?baud=";
  SerialLine out;
  const std::size_t at = text.find('?');
  out.device = text.substr(0, at);
  const std::string_view rest = at == std::string_view::npos ? "" : text.substr(at);
  const std::string_view baud = rest.starts_with(option) ? rest.substr(option.size()) : "";
  const auto [end, error] = std::from_chars(baud.data(), baud.data() + baud.size(), out.baud);
  const bool read = error == std::errc{} && end == baud.data() + baud.size() && out.baud > 0;
  if (!out.device.starts_with('/') || (!rest.empty() && !read)) {
    throw ParameterError(fmt::format(
        "\"{}\": expected a serial device and its speed, e.g. /dev/ttyUSB0?baud=9600", text));
  }
  return out;
}

}  // namespace halotwin::devices
