// Messages over TCP, of whatever form: several ports and clients at once, the messages of each
// client answered one after another.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <stop_token>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "devices/wire/byte_stream.hpp"

namespace halotwin::devices {

struct MessageServerLimits {
  std::size_t most_clients = 64;            // more are turned away
  std::size_t longest_message = 1U << 20U;  // bytes; a client that sends more is cut off
  std::size_t most_unsent = 1U << 28U;  // bytes waiting for a client that does not read; the same
  Duration ask_again = std::chrono::milliseconds(5);  // for an answer that is not there yet
};

class MessageServer {
 public:
  /// Bytes of the first message in `bytes`, which may be more than are there yet; 0 if they do not
  /// tell. Throws WireError if no message can begin so: the client is cut off.
  using Cut = std::function<std::size_t(std::string_view bytes)>;
  /// The answer to a message, sent as it is; "" sends nothing. Nothing: not yet; the same message
  /// is asked again after a while, and other clients are served meanwhile. `waited` is the time
  /// since it was asked first, zero only then. Never called twice at a time. A WireError cuts the
  /// client off.
  using Answer =
      std::function<std::optional<std::string>(std::string_view message, Duration waited)>;

  MessageServer();
  ~MessageServer();
  MessageServer(const MessageServer&) = delete;
  MessageServer& operator=(const MessageServer&) = delete;

  /// Listens from now on, here too; port 0 takes a free one. Returns the port. Throws WireError
  /// (refused) if the address is taken or not ours.
  std::uint16_t listen(const Endpoint& at,
                       Cut cut,
                       Answer answer,
                       const MessageServerLimits& limits = {});
  /// Serves, in this thread, until a stop is requested.
  void run(const std::stop_token& stop);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace halotwin::devices
