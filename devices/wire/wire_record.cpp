#include "devices/wire/wire_record.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <fstream>
#include <utility>

#include <fmt/format.h>

#include "base/errors.hpp"

namespace halotwin::devices {

namespace {

constexpr std::string_view first_line = "# halotwin wire record 1";
constexpr std::array<std::pair<WireFault, std::string_view>, 4> faults{
    {{WireFault::refused, "refused"},
     {WireFault::silent, "silent"},
     {WireFault::closed, "closed"},
     {WireFault::garbled, "garbled"}}};

std::string_view name_of(WireFault fault) {
  const auto* found = std::find_if(
      faults.begin(), faults.end(), [&](const auto& named) { return named.first == fault; });
  return found->second;
}

class RecordedStream final : public ByteStream {
  /// Keeps a fault.
  template <class Work>
  auto note(const Work& work) {
    try {
      return work();
    } catch (const WireError& error) {
      record_->write(role_, name_of(error.fault()), error.what());
      throw;
    }
  }

 public:
  RecordedStream(std::unique_ptr<ByteStream> inner,
                 std::shared_ptr<WireRecord> record,
                 std::string role)
      : inner_(std::move(inner)), record_(std::move(record)), role_(std::move(role)) {}

  void send(std::string_view bytes) override {
    note([&] { inner_->send(bytes); });
    record_->write(role_, ">", bytes);
  }
  std::string receive_until(char end) override {
    std::string bytes = note([&] { return inner_->receive_until(end); });
    record_->write(role_, "<", bytes + end);
    return bytes;
  }
  std::string receive(std::size_t count) override {
    std::string bytes = note([&] { return inner_->receive(count); });
    record_->write(role_, "<", bytes);
    return bytes;
  }

 private:
  std::unique_ptr<ByteStream> inner_;
  std::shared_ptr<WireRecord> record_;
  std::string role_;
};

/// "12.5 lockin > FREQ?\n": its parts, or false.
bool read_event(std::string_view line, std::string& role, WireEvent& event) {
  std::array<std::string_view, 3> words;
  for (std::string_view& word : words) {
    const auto space = line.find(' ');
    if (space == std::string_view::npos) {
      return false;
    }
    word = line.substr(0, space);
    line.remove_prefix(space + 1);
  }
  const auto bytes = unescaped(line);
  if (!bytes) {
    return false;
  }
  role = words[1];
  event.kind = words[2];
  event.bytes = *bytes;
  return true;
}

}  // namespace

std::optional<WireFault> fault_of(const WireEvent& event) {
  for (const auto& [fault, name] : faults) {
    if (event.kind == name) {
      return fault;
    }
  }
  return std::nullopt;
}

std::string escaped(std::string_view bytes) {
  std::string out;
  for (const char c : bytes) {
    const auto code = static_cast<unsigned char>(c);
    if (c == '\\') {
      out += "\\\\";
    } else if (c == '\n') {
      out += "\\n";
    } else if (c == '\r') {
      out += "\\r";
    } else if (c == '\t') {
      out += "\\t";
    } else if (code >= 0x20 && code < 0x7f) {
      out += c;
    } else {
      out += fmt::format("\\x{:02x}", code);
    }
  }
  return out;
}

std::optional<std::string> unescaped(std::string_view text) {
  std::string out;
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] != '\\') {
      out += text[i];
      continue;
    }
    const char kind = i + 1 < text.size() ? text[++i] : '\0';
    if (kind == '\\') {
      out += '\\';
    } else if (kind == 'n') {
      out += '\n';
    } else if (kind == 'r') {
      out += '\r';
    } else if (kind == 't') {
      out += '\t';
    } else if (kind == 'x' && i + 2 < text.size()) {
      unsigned code = 0;
      const char* first = text.data() + i + 1;
      const auto read = std::from_chars(first, first + 2, code, 16);
      if (read.ptr != first + 2) {
        return std::nullopt;
      }
      out += static_cast<char>(code);
      i += 2;
    } else {
      return std::nullopt;
    }
  }
  return out;
}

class WireRecord::File {
 public:
  std::filesystem::path path;
  std::ofstream out;
  WallClock clock;
};

WireRecord::WireRecord() : file_(std::make_unique<File>()) {}
WireRecord::~WireRecord() = default;

std::shared_ptr<WireRecord> WireRecord::create(const std::filesystem::path& file) {
  if (std::filesystem::exists(file)) {
    throw ParameterError(
        fmt::format("{}: exists already (another name for the record)", file.string()));
  }
  std::shared_ptr<WireRecord> record(new WireRecord);
  record->file_->path = file;
  record->file_->out.open(file, std::ios::binary);
  if (!(record->file_->out << first_line << '\n' << std::flush)) {
    throw ParameterError(fmt::format("{}: cannot be written", file.string()));
  }
  return record;
}

void WireRecord::write(const std::string& role, std::string_view event, std::string_view bytes) {
  file_->out << fmt::format(
      "{:.6f} {} {} {}\n", seconds(file_->clock.now()), role, event, escaped(bytes));
  if (!file_->out.flush()) {
    throw WireError(WireFault::closed,
                    fmt::format("{}: the record cannot be written", file_->path.string()));
  }
}

Connect recorded(Connect connect,
                 std::shared_ptr<WireRecord> record,
                 const std::string& role,
                 const std::string& address) {
  return [connect = std::move(connect), record = std::move(record), role, address] {
    try {
      auto stream = connect();
      record->write(role, "open", address);
      return std::unique_ptr<ByteStream>(
          std::make_unique<RecordedStream>(std::move(stream), record, role));
    } catch (const WireError& error) {
      record->write(role, name_of(error.fault()), error.what());
      throw;
    }
  };
}

bool is_wire_record(const std::filesystem::path& file) {
  std::ifstream in(file, std::ios::binary);
  std::string line;
  return std::filesystem::is_regular_file(file) && std::getline(in, line) && line == first_line;
}

std::map<std::string, std::vector<WireEvent>> read_wire_record(const std::filesystem::path& file) {
  if (!is_wire_record(file)) {
    throw ParameterError(fmt::format("{}: is no record of wires", file.string()));
  }
  std::ifstream in(file, std::ios::binary);
  std::string line;
  std::getline(in, line);
  std::map<std::string, std::vector<WireEvent>> events;
  for (std::size_t number = 2; std::getline(in, line); ++number) {
    WireEvent event{number, {}, {}};
    std::string role;
    if (!read_event(line, role, event)) {
      throw ParameterError(
          fmt::format("{}:{}: expected \"seconds role event bytes\"", file.string(), number));
    }
    events[role].push_back(std::move(event));
  }
  return events;
}

}  // namespace halotwin::devices
