// Whether two recordings hold the same bits.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

namespace halotwin::tests {

/// Names of what differs between two recordings and their truths: signals bit by bit, axes, units,
/// configuration, instrument settings. Events, checkpoints and times of day are left out.
[[nodiscard]] std::vector<std::string> differences(const std::filesystem::path& a,
                                                   const std::filesystem::path& b);

/// The same of what was measured alone: signals, axes, units, instrument settings.
[[nodiscard]] std::vector<std::string> measured_differences(const std::filesystem::path& a,
                                                            const std::filesystem::path& b);

}  // namespace halotwin::tests
