// The connection of the Nanonis driver. Internal: users see nanonis_probe.hpp.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "devices/device.hpp"
#include "devices/wire/byte_stream.hpp"
#include "devices/wire/nanonis_codec.hpp"

namespace halotwin::devices {

namespace nanonis {

enum class Repeat { yes, no };

struct Patience {
  Repeat repeat = Repeat::yes;  // after a connection that was closed meanwhile
  Duration longer{};            // than usual, for the answer to begin
  std::stop_token stop{};       // ends the wait; what comes later is lost with the connection
};

/// A number, not infinite and not "no number". Throws WireError (garbled).
[[nodiscard]] double finite_f32(Reader& in);
[[nodiscard]] double finite_f64(Reader& in);

}  // namespace nanonis

class NanonisLink {
 public:
  /// Opens the connection. Throws DeviceError, as the others do.
  NanonisLink(Connect connect, Clock& clock, std::string role, const std::string& address);

  /// Sends a command; `take` reads the values of its answer, all of them but the error block.
  template <class Take>
  auto ask(const char* operation,
           std::string_view command,
           const nanonis::Writer& arguments,
           const Take& take,
           const nanonis::Patience& patience = {}) {
    const std::string body = exchange(operation, command, arguments.body(), patience);
    nanonis::Reader in(body);
    try {
      auto value = take(in);
      if (const auto error = in.error()) {
        refused(operation, command, *error);
      }
      return value;
    } catch (const WireError& error) {
      unreadable(operation, command, body, error);
    }
  }
  /// The same for a command that answers no values.
  void tell(const char* operation,
            std::string_view command,
            const nanonis::Writer& arguments,
            const nanonis::Patience& patience = {}) {
    ask(
        operation, command, arguments, [](nanonis::Reader&) { return 0; }, patience);
  }

  [[nodiscard]] Clock& clock() const { return *clock_; }
  [[nodiscard]] const std::string& role() const { return role_; }
  [[nodiscard]] const Identity& identity() const { return identity_; }
  /// Of the host software; 0 before 2024.
  [[nodiscard]] std::uint32_t release() const { return release_; }

  [[noreturn]] void refuse(const char* operation, const std::string& cause) const {
    throw DeviceError(role_, operation, cause, Retry::no);
  }
  /// What came cannot be an answer: the connection is given up.
  [[noreturn]] void garbled(const char* operation,
                            std::string_view command,
                            const std::string& what);

 private:
  void open(const char* operation);
  std::string exchange(const char* operation,
                       std::string_view command,
                       std::string_view body,
                       const nanonis::Patience& patience);
  std::string receive(std::string_view command, const nanonis::Patience& patience);
  [[noreturn]] void refused(const char* operation,
                            std::string_view command,
                            const std::string& why) const;
  [[noreturn]] void unreadable(const char* operation,
                               std::string_view command,
                               std::string_view body,
                               const WireError& error);

  Connect connect_;
  Clock* clock_;
  std::string role_;
  std::unique_ptr<ByteStream> stream_;
  Identity identity_;
  std::uint32_t release_ = 0;
};

}  // namespace halotwin::devices
