// Lines of text as instruments take them: "FREQ 1.5e3", "OUTP?1", "*ESR?", "SNAP? X, Y"; several on
// a line, separated by ";". Sources: IEEE 488.2; programming chapters of the SR860 and SR830.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace halotwin::devices {

struct TextCommand {
  std::string name;  // upper case, "*IDN", "FREQ"
  bool query = false;
  std::vector<std::string> arguments{};  // without blanks around, as they came
  bool operator==(const TextCommand&) const = default;
};

/// The commands of a line; blanks, CR and empty commands do not matter. A name is letters (with a
/// "*" before and ":" between); the argument may follow without a blank, "FREQ1e3". Nothing for a
/// command that cannot be read, e.g. one that begins with a digit.
[[nodiscard]] std::vector<std::optional<TextCommand>> parse_commands(std::string_view line);

/// A finite number as C writes it, nothing after it.
[[nodiscard]] std::optional<double> parse_number(std::string_view text);
[[nodiscard]] std::optional<int> parse_whole(std::string_view text);

/// A number with an optional unit and its prefix, "10 kHz", "100mV" -> 1e4, 0.1.
[[nodiscard]] std::optional<double> parse_quantity(std::string_view text, std::string_view unit);

/// A number of a list, or its name in capitals and small letters; capitals must be there:
/// "TH", "theta" -> index of "THeta".
[[nodiscard]] std::optional<int> parse_choice(std::string_view text,
                                              const std::vector<std::string_view>& names);

}  // namespace halotwin::devices
