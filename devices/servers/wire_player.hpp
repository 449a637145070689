// A record of wires as a server: the instruments of a run, for a program that says what was said
// then.
#pragma once

#include <cstddef>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "devices/wire/wire_record.hpp"

namespace halotwin::devices {

/// The events of one role, for all connections one after another. What is received must be what was
/// sent then: a client that says something else is cut off, and the next one goes on at this place.
/// Answers that were late or missing then are missing, connections that broke break.
class WirePlayer {
 public:
  /// `deviated` is told file, line and both texts.
  WirePlayer(std::string file,
             std::vector<WireEvent> events,
             std::function<void(const std::string&)> deviated);

  /// As MessageServer asks: bytes of the message that comes next. Throws WireError (garbled) for
  /// another one.
  [[nodiscard]] std::size_t cut(std::string_view bytes);
  /// What followed in the record, "" if nothing did. Throws WireError (closed) where the connection
  /// broke.
  [[nodiscard]] std::string answer(std::string_view message);

  /// Address of the first connection as recorded, "" if there is none.
  [[nodiscard]] std::string address() const;
  [[nodiscard]] bool complete() const;

 private:
  /// The next message, or the end.
  void to_next_message();

  std::string file_;
  std::vector<WireEvent> events_;
  std::function<void(const std::string&)> deviated_;
  std::size_t at_ = 0;
};

}  // namespace halotwin::devices
