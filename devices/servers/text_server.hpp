// Lines of text over TCP: several clients at once, their lines answered one after another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>
#include <string_view>

#include "devices/wire/byte_stream.hpp"

namespace halotwin::devices {

struct TextServerLimits {
  std::size_t most_clients = 64;        // more are turned away
  std::size_t longest_line = 4096;      // bytes; a client that sends more is cut off
  std::size_t most_unsent = 1U << 20U;  // bytes waiting for a client that does not read; the same
};

/// For a MessageServer of lines: bytes of the first line with its end (0: not complete), and the
/// line without "\n" or "\r\n".
[[nodiscard]] std::size_t cut_line(std::string_view bytes);
[[nodiscard]] std::string_view without_end(std::string_view line);

class TextServer {
 public:
  /// The answer to a line (without its end), sent as it is; "" sends nothing. Never called twice at
  /// a time.
  using Answer = std::function<std::string(std::string_view line)>;

  /// Listens from now on; port 0 takes a free one. Throws WireError (refused) if the address is
  /// taken or not ours.
  TextServer(const Endpoint& at, Answer answer, const TextServerLimits& limits = {});
  ~TextServer();
  TextServer(const TextServer&) = delete;
  TextServer& operator=(const TextServer&) = delete;

  [[nodiscard]] std::uint16_t port() const;
  /// Serves until a stop is requested.
  void run(const std::stop_token& stop);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace halotwin::devices
