// Rows checked in several processes of this program at once. Internal to validation/.
#pragma once

#include <filesystem>
#include <vector>

#include "validation/validate.hpp"

namespace halotwin::validation {

/// Rows that look at the same maps share a process, every other row has one of its own; as many
/// run at once as there are threads. In the order of `targets`. A row whose process dies is not
/// met; the message is its note.
[[nodiscard]] std::vector<Row> check_side_by_side(const ValidateOptions& options,
                                                  const std::vector<Target>& targets,
                                                  const std::filesystem::path& folder);

}  // namespace halotwin::validation
