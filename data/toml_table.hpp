// TOML text to a Table that knows where every value was written.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>

#include "base/table.hpp"

namespace halotwin::data {

/// Reads a TOML file; every value carries Place (file name, line). Throws DataError
/// "file:line: what is wrong" for a syntax error and "file: cannot be read" for a missing or
/// unreadable file. Dates become strings in ISO form.
[[nodiscard]] Table read_toml(const std::filesystem::path& file);

/// The same from text; `source` stands in for the file name in messages.
[[nodiscard]] Table parse_toml(std::string_view text, const std::string& source);

/// Reads one `--set` text "procedure.dwell_s=0.1" and puts it into `table` at its dotted path, with
/// the place "--set". The value is a TOML value if it reads as one ("0.1", "true", "[1, 2]"),
/// otherwise a string ("25 nm"). Throws ParameterError if there is no '=' or no key.
void apply_setting(Table& table, std::string_view setting);

}  // namespace halotwin::data
