// A connection to an instrument: bytes both ways, with a deadline for every wait.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <string_view>

#include "base/clock.hpp"

namespace halotwin::devices {

/// refused: nobody answers at the address; silent: no answer in time; closed: the peer went away;
/// garbled: what came cannot be an answer.
enum class WireFault { refused, silent, closed, garbled };

class WireError : public std::runtime_error {
 public:
  WireError(WireFault fault, const std::string& what) : std::runtime_error(what), fault_(fault) {}
  [[nodiscard]] WireFault fault() const { return fault_; }

 private:
  WireFault fault_;
};

struct Endpoint {
  std::string host;
  std::uint16_t port = 0;
  bool operator==(const Endpoint&) const = default;
};

/// "host:port", "[::1]:port" or, with a default, "host". Throws ParameterError.
[[nodiscard]] Endpoint parse_endpoint(std::string_view text, std::uint16_t default_port = 0);

/// A serial line: RS-232, or a USB device that offers one.
struct SerialLine {
  std::string device;  // "/dev/ttyUSB0"
  unsigned baud = 9600;
  bool operator==(const SerialLine&) const = default;
};

/// "/dev/ttyUSB0" or "/dev/ttyUSB0?baud=19200". Throws ParameterError.
[[nodiscard]] SerialLine parse_serial_line(std::string_view text);

struct WireLimits {
  Duration connect = std::chrono::seconds(5);
  Duration answer = std::chrono::seconds(2);  // from the last byte sent to the last one received
  std::size_t longest_answer = 1U << 20U;     // bytes; a longer one is garbled
};

class ByteStream {
 public:
  virtual ~ByteStream() = default;
  /// All of `bytes`. Throws WireError, as the others do.
  virtual void send(std::string_view bytes) = 0;
  /// Up to and without `end`.
  virtual std::string receive_until(char end) = 0;
  virtual std::string receive(std::size_t count) = 0;

 protected:
  ByteStream() = default;
  ByteStream(const ByteStream&) = default;
  ByteStream& operator=(const ByteStream&) = default;
};

/// Opens the connection, again if it broke.
using Connect = std::function<std::unique_ptr<ByteStream>()>;

/// Throws WireError (refused) if nobody answers in time.
[[nodiscard]] std::unique_ptr<ByteStream> connect_tcp(const Endpoint& to,
                                                      const WireLimits& limits = {});

/// 8 data bits, no parity, one stop bit, no handshake; what lies there unread is forgotten. Throws
/// WireError (refused) if the device is not there or is none.
[[nodiscard]] std::unique_ptr<ByteStream> connect_serial(const SerialLine& line,
                                                         const WireLimits& limits = {});

}  // namespace halotwin::devices
