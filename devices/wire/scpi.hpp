// SCPI, the language of programmable instruments: messages of several commands, headers in long and
// short form, errors in a queue. Source: SCPI-1999, volume 1 (syntax) and 21.8 (errors); IEEE
// 488.2.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace halotwin::devices::scpi {

/// A command of a message.
struct Command {
  std::string header;  // from the root, "SOUR:VOLT:LEV" or "*IDN", as it came; "" = unreadable
  bool query = false;
  std::vector<std::string> arguments{};  // without blanks around; with their quotes
  bool operator==(const Command&) const = default;
};

/// The commands between the ";" of a line. One without a leading ":" begins where the one before
/// ended, less its last word: "SOUR:VOLT:RANG 2;LEV 1" sets SOUR:VOLT:LEV. Common commands ("*CLS")
/// stand outside of this.
[[nodiscard]] std::vector<Command> parse(std::string_view line);

/// "VOLTage" is VOLT or VOLTAGE, whatever the case, and nothing between.
[[nodiscard]] bool is_word(std::string_view word, std::string_view given);

/// Whether a header is that of a pattern, "SENSe:CURRent:[DC]:PROTection:[LEVel]": words in
/// brackets may be left out, every word may carry the number 1.
[[nodiscard]] bool is_header(std::string_view pattern, std::string_view header);

/// The parts of a text between separators, those inside of quotes apart.
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);

/// 'VOLT' or "VOLT" -> VOLT; anything else as it is.
[[nodiscard]] std::string_view unquoted(std::string_view text);

/// An entry of the error queue: -222,"Parameter data out of range".
struct Error {
  int code = 0;  // 0: none
  std::string text{};
  bool operator==(const Error&) const = default;
};
[[nodiscard]] std::optional<Error> parse_error(std::string_view answer);

}  // namespace halotwin::devices::scpi
