// Runs gnuplot as a program: script and data in, picture out. No shell is involved.
#pragma once

#include <map>
#include <string>
#include <string_view>

namespace halotwin::validation {

/// Any text as a string literal of a gnuplot script: pure ASCII, whatever is not a letter as an
/// octal escape, so that no character can end the literal or be executed. Control
/// characters become spaces.
[[nodiscard]] std::string gnuplot_text(std::string_view text);

/// The text of a tick label, in which gnuplot would take "%" for a format.
[[nodiscard]] std::string gnuplot_tick_text(std::string_view text);

/// Runs `script` in a temporary folder that holds `files` (name to content) and returns what it
/// wrote to the file "picture". Settings of the user (~/.gnuplot) are not read. Throws DataError
/// with gnuplot's message.
[[nodiscard]] std::string run_gnuplot(const std::string& script,
                                      const std::map<std::string, std::string>& files);

}  // namespace halotwin::validation
