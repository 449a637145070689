// Verdicts in files, from the processes that check rows side by side to the one that reports.
#pragma once

#include <filesystem>
#include <optional>

#include "validation/target.hpp"

namespace halotwin::validation {

/// Writes `folder`/A1.verdict, all or nothing; throws DataError.
void write_verdict(const std::filesystem::path& folder, const Row& row);

/// What write_verdict wrote, or nothing if it is not there yet; throws DataError if it cannot be
/// understood.
[[nodiscard]] std::optional<Row> read_verdict(const std::filesystem::path& folder,
                                              const Target& target);

}  // namespace halotwin::validation
