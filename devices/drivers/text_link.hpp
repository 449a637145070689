// What the drivers of instruments share that answer lines of text: who is there, one question and
// its answer, a lost connection. Internal to devices/drivers.
#pragma once

#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "devices/device.hpp"
#include "devices/wire/byte_stream.hpp"

namespace halotwin::devices {

/// How an instrument wants its lines.
struct LineStyle {
  char answer_end = '\n';  // what follows it on its way here is left out
  std::string greeting{};  // sent first on every connection, e.g. "OUTX 0"
};

class TextLink {
 public:
  /// Whether this is the instrument that is wanted; asked at every opening.
  using Accept = std::function<bool(const Identity& who)>;

  /// Connects nothing yet. `wanted` is what an error calls the instrument.
  TextLink(Connect connect,
           std::string role,
           std::string address,
           std::string wanted,
           Accept accept,
           LineStyle style = {});

  /// Connects and asks who answers (*IDN?, four fields). Throws DeviceError for another instrument
  /// than `accept` takes, and WireError.
  void open(const char* operation);
  [[nodiscard]] const Identity& identity() const { return identity_; }

  /// Sends a line of which the answer is one line. A connection that was lost before or during it
  /// is opened once more, so the line must be one that may be said twice. After any other fault the
  /// next question goes over a new connection: no late answer is taken for its own.
  std::string ask(const char* operation, const std::string& line);
  /// The same for several lines, sent together.
  std::vector<std::string> ask(const char* operation, std::span<const std::string> lines);

  /// Throws DeviceError: the instrument does not do what it is told.
  [[noreturn]] void refuse(const char* operation, const std::string& cause) const;
  /// The same for an answer that cannot be one; the next question goes over a new connection.
  [[noreturn]] void garbled(const char* operation, const std::string& line);

 private:
  Connect connect_;
  std::string role_;
  std::string wanted_;
  Accept accept_;
  LineStyle style_;
  Identity identity_;
  std::unique_ptr<ByteStream> stream_;
};

}  // namespace halotwin::devices
