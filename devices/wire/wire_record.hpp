// What went over the wires of a run, with times and errors: to be read by a person, and to be
// played as a test of a driver without its instrument.
//
// File: text, first line "# halotwin wire record 1", then one event a line:
//   <seconds> <role> <event> <bytes>
// event: "open" a connection to the address behind it, ">" sent, "<" received, or the fault of a
// WireError (refused, silent, closed, garbled) with its message. Bytes outside of printable ASCII
// are \n, \r, \t, \\, \xHH.
#pragma once

#include <filesystem>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "devices/wire/byte_stream.hpp"

namespace halotwin::devices {

class WireRecord {
 public:
  /// Throws ParameterError if the file exists or cannot be written.
  static std::shared_ptr<WireRecord> create(const std::filesystem::path& file);
  ~WireRecord();
  WireRecord(const WireRecord&) = delete;
  WireRecord& operator=(const WireRecord&) = delete;

  /// Throws WireError (closed) if it cannot be written.
  void write(const std::string& role, std::string_view event, std::string_view bytes);

 private:
  WireRecord();
  class File;
  std::unique_ptr<File> file_;
};

/// The same connections, heard.
[[nodiscard]] Connect recorded(Connect connect,
                               std::shared_ptr<WireRecord> record,
                               const std::string& role,
                               const std::string& address = "");

struct WireEvent {
  std::size_t line = 0;  // of the file
  std::string kind;
  std::string bytes;
};
/// The fault that it tells of, if it does.
[[nodiscard]] std::optional<WireFault> fault_of(const WireEvent& event);
[[nodiscard]] bool is_wire_record(const std::filesystem::path& file);
/// The events of every role. Throws ParameterError if the file is no record.
[[nodiscard]] std::map<std::string, std::vector<WireEvent>> read_wire_record(
    const std::filesystem::path& file);

/// Connections that play a record: what is sent must be what was sent then, else WireError
/// (garbled) that names the line; what is received, and which error, is what was recorded. Throws
/// ParameterError if the file is no record.
[[nodiscard]] Connect played(const std::filesystem::path& file, const std::string& role);

/// Bytes as they stand in a record, and back; nothing for an escape that cannot be.
[[nodiscard]] std::string escaped(std::string_view bytes);
[[nodiscard]] std::optional<std::string> unescaped(std::string_view text);

}  // namespace halotwin::devices
