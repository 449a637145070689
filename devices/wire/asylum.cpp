#include "devices/wire/asylum.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>

#include <fmt/format.h>

#include "base/constants.hpp"
#include "base/text.hpp"

namespace halotwin::devices::asylum {

namespace {

constexpr std::size_t most_arguments = 8;

bool is_letter(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || c == '_';
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// Reads one thing of a line after the other; nothing more once something was missing.
class Scanner {
 public:
  explicit Scanner(std::string_view line) : rest_(line) {}

  /// Whether `what` comes next; capitals do not matter.
  bool take(std::string_view what) {
    skip_blanks();
    if (lower_case(rest_.substr(0, what.size())) != lower_case(what)) {
      return false;
    }
    rest_.remove_prefix(what.size());
    return true;
  }
  std::string name() {
    skip_blanks();
    std::size_t end = 0;
    while (end < rest_.size() && (is_letter(rest_[end]) || (end > 0 && is_digit(rest_[end])))) {
      ++end;
    }
    return std::string(cut(end));
  }
  std::optional<std::string> quoted() {
    if (!take("\"")) {
      return std::nullopt;
    }
    std::string text;
    while (!rest_.empty() && rest_.front() != '"') {
      if (rest_.front() == '\\' && rest_.size() > 1) {
        rest_.remove_prefix(1);
      }
      text += rest_.front();
      rest_.remove_prefix(1);
    }
    return take("\"") ? std::optional(text) : std::nullopt;
  }
  std::optional<double> number() {
    skip_blanks();
    const std::size_t end = std::min(rest_.find_first_of(",)] \t"), rest_.size());
    const auto value = number_of(rest_.substr(0, end));
    cut(end);
    return value;
  }
  std::optional<std::size_t> count() {
    const auto value = number();
    const bool holds = value && *value >= 0.0 && *value <= static_cast<double>(most_numbers) &&
                       std::floor(*value) == *value;
    return holds ? std::optional(static_cast<std::size_t>(*value)) : std::nullopt;
  }
  /// Nothing but a comment follows.
  bool at_end() {
    skip_blanks();
    return rest_.empty() || rest_.starts_with("//");
  }

 private:
  void skip_blanks() {
    while (!rest_.empty() && is_blank(rest_.front())) {
      rest_.remove_prefix(1);
    }
  }
  std::string_view cut(std::size_t length) {
    const std::string_view part = rest_.substr(0, length);
    rest_.remove_prefix(length);
    return part;
  }
  std::string_view rest_;
};

std::optional<Argument> argument(Scanner& in) {
  if (Scanner ahead = in; ahead.take("\"")) {
    auto text = in.quoted();
    return text ? std::optional<Argument>(std::move(*text)) : std::nullopt;
  }
  const auto value = in.number();
  return value ? std::optional<Argument>(*value) : std::nullopt;
}

std::optional<Call> call(Scanner& in) {
  Call out{in.name(), {}};
  if (out.function.empty() || !in.take("(")) {
    return std::nullopt;
  }
  if (in.take(")")) {
    return out;
  }
  do {
    auto value = argument(in);
    if (!value || out.arguments.size() == most_arguments) {
      return std::nullopt;
    }
    out.arguments.push_back(std::move(*value));
  } while (in.take(","));
  return in.take(")") ? std::optional(out) : std::nullopt;
}

/// "/O/D/N=(3) ReadOut", with blanks and in any order.
std::optional<Command> make(Scanner in) {
  std::optional<std::size_t> points;
  while (in.take("/")) {
    const std::string flag = lower_case(in.name());
    if (flag == "n") {
      const bool opens = in.take("=") && in.take("(");
      points = opens ? in.count() : std::nullopt;
      if (!points || !in.take(")")) {
        return std::nullopt;
      }
    } else if (flag != "o" && flag != "d") {
      return std::nullopt;
    }
  }
  const bool whole = points && in.take("ReadOut") && in.at_end();
  return whole ? std::optional<Command>(MakeReadout{*points}) : std::nullopt;
}

std::optional<Command> fill(Scanner in) {
  const auto index = in.take("[") ? in.count() : std::nullopt;
  if (!index || !in.take("]") || !in.take("=")) {
    return std::nullopt;
  }
  FillReadout out{*index, 0.0};
  if (Scanner ahead = in; !ahead.name().empty() && ahead.take("(")) {
    auto value = call(in);
    if (!value) {
      return std::nullopt;
    }
    out.value = std::move(*value);
  } else {
    const auto value = in.number();
    if (!value) {
      return std::nullopt;
    }
    out.value = *value;
  }
  return in.at_end() ? std::optional<Command>(std::move(out)) : std::nullopt;
}

std::optional<Command> save(Scanner in) {
  while (in.take("/")) {
    static_cast<void>(in.name());
  }
  const bool named = in.take("ReadOut") && in.take("as");
  auto path = named ? in.quoted() : std::nullopt;
  return path && in.at_end() ? std::optional<Command>(SaveReadout{std::move(*path)}) : std::nullopt;
}

std::string quoted_text(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    if (c == '"' || c == '\\') {
      out += '\\';
    }
    out += c;
  }
  return out + '"';
}

std::string call_text(const Call& call) {
  std::string out = call.function + "(";
  for (std::size_t i = 0; i < call.arguments.size(); ++i) {
    const Argument& a = call.arguments[i];
    out += i == 0 ? "" : ",";
    out += a.index() == 0 ? fmt::format("{}", std::get<double>(a))
                          : quoted_text(std::get<std::string>(a));
  }
  return out + ")";
}

}  // namespace

std::optional<Command> parse_command(std::string_view line) {
  Scanner in(line);
  Scanner after = in;
  const std::string first = lower_case(after.name());
  if (first == "make") {
    return make(after);
  }
  if (first == "save") {
    return save(after);
  }
  if (first == "readout") {
    return fill(after);
  }
  auto found = call(in);
  return found && in.at_end() ? std::optional<Command>(std::move(*found)) : std::nullopt;
}

std::string text_of(const Command& command) {
  if (const auto* call = std::get_if<Call>(&command)) {
    return call_text(*call);
  }
  if (const auto* make = std::get_if<MakeReadout>(&command)) {
    return fmt::format("Make/O/D/N=({}) ReadOut", make->points);
  }
  if (const auto* fill = std::get_if<FillReadout>(&command)) {
    const auto* asked = std::get_if<Call>(&fill->value);
    return fmt::format(
        "ReadOut[{}] = {}",
        fill->index,
        asked != nullptr ? call_text(*asked) : fmt::format("{}", std::get<double>(fill->value)));
  }
  return "Save/O/G/J ReadOut as " + quoted_text(std::get<SaveReadout>(command).path);
}

Call press(std::string_view control) {
  return enter(control, 0.0);
}
Call enter(std::string_view control, double value) {
  return {"ARExecuteControl",
          {std::string(control), std::string(master_panel), value, std::string()}};
}
Call put_value(std::string_view key, double value) {
  return {"PV", {std::string(key), value}};
}
Call get_value(std::string_view key) {
  return {"GV", {std::string(key)}};
}
Call read_register(std::string_view name) {
  return {"td_ReadValue", {std::string(name)}};
}

std::string readout_text(std::span<const double> values) {
  std::string text;
  for (const double value : values) {
    text += std::isnan(value) ? "NaN\r" : fmt::format("{}\r", value);
  }
  return text;
}

std::optional<std::vector<double>> parse_readout(std::string_view text) {
  if (text.empty() || (text.back() != '\r' && text.back() != '\n')) {
    return std::nullopt;
  }
  std::vector<double> values;
  for (const std::string_view line : lines_of(text)) {
    const auto value = number_of(line);
    if (!value || values.size() == most_numbers) {
      return std::nullopt;
    }
    values.push_back(*value);
  }
  return values;
}

std::string lower_case(std::string_view name) {
  std::string out(name);
  std::transform(out.begin(), out.end(), out.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  return out;
}

std::optional<std::string> read_file(const std::filesystem::path& path, std::size_t longest) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error || size > longest) {
    return std::nullopt;
  }
  std::string bytes(size, '\0');
  std::ifstream in(path, std::ios::binary);
  in.read(bytes.data(), static_cast<std::streamsize>(size));
  const bool whole = in.gcount() == static_cast<std::streamsize>(size);
  return whole ? std::optional(std::move(bytes)) : std::nullopt;
}

bool replace_file(const std::filesystem::path& path, const std::string& bytes) {
  std::filesystem::path part = path;
  part += ".part";
  std::ofstream out(part, std::ios::binary | std::ios::trunc);
  out << bytes;
  out.close();
  std::error_code error;
  if (out) {
    std::filesystem::rename(part, path, error);
  }
  return out && !error;
}

std::span<const Channel> channels() {
  static constexpr double degree = constants::pi / 180.0;
  static constexpr std::array all{Channel{"Height", "z", "m"},
                                  Channel{"Amplitude", "amplitude", "m"},
                                  Channel{"Phase", "phase", "rad", degree},
                                  Channel{"Deflection", "deflection", "m"}};
  return all;
}

}  // namespace halotwin::devices::asylum
