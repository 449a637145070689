// Names and labels inside a file. Internal to data/.
#pragma once

#include <string>
#include <string_view>

#include "data/signal.hpp"

namespace halotwin::data {

/// Letters, digits and underscores, not starting with a digit.
[[nodiscard]] bool is_name(std::string_view name);
/// Names joined by '/'.
[[nodiscard]] bool is_path(std::string_view path);
/// "frequency (Hz)"
[[nodiscard]] std::string label(std::string_view name, std::string_view unit);
[[nodiscard]] std::string_view name_of(Interpretation interpretation);
/// Titles and labels filled in where the caller left them empty.
[[nodiscard]] SignalSpec with_labels(SignalSpec spec);

/// The kinds of file, in the root attribute "halotwin_format".
inline constexpr const char* format_attribute = "halotwin_format";
inline constexpr const char* version_attribute = "halotwin_format_version";
inline constexpr std::string_view recording_format = "recording";
inline constexpr std::string_view truth_format = "truth";
inline constexpr int format_version = 1;

}  // namespace halotwin::data
