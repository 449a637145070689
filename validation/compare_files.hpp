// Two recordings, value by value.
#pragma once

#include <cstddef>
#include <filesystem>
#include <string>
#include <vector>

namespace halotwin::validation {

struct FileDifference {
  std::size_t signals = 0;             // compared
  std::vector<std::string> different;  // signals that differ in any bit or exist on one side only
};

/// Compares every signal of two recordings and of their truth bit by bit (NaN equals NaN). Event
/// log and times of day of the computer are not compared.
[[nodiscard]] FileDifference compare_recordings(const std::filesystem::path& a,
                                                const std::filesystem::path& b);
/// The same of what was measured alone.
[[nodiscard]] FileDifference compare_measured(const std::filesystem::path& a,
                                              const std::filesystem::path& b);

}  // namespace halotwin::validation
