// Pieces of text: what surrounds them, what separates them, numbers in them.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace halotwin {

/// Space, tab, line ends, NUL.
[[nodiscard]] bool is_blank(char c);
/// Without blanks on both sides.
[[nodiscard]] std::string_view trimmed(std::string_view text);
/// "a,,b" -> "a", "", "b".
[[nodiscard]] std::vector<std::string_view> split(std::string_view text, char separator);
/// Ends at CR, LF or CR LF; what follows the last end is a line only if it is not empty.
[[nodiscard]] std::vector<std::string_view> lines_of(std::string_view text);
/// Text that is no UTF-8 is read as Latin-1; NUL becomes a blank.
[[nodiscard]] std::string utf8_of(std::string_view text);
/// The text is one number as C writes it and nothing else ("-293.2E-9", "+1", "NaN", "Inf"); blanks
/// around it do not count.
[[nodiscard]] std::optional<double> number_of(std::string_view text);

}  // namespace halotwin
