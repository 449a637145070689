// Shifts of mean images of groups of frames: the first half of drift.hpp. Internal to analysis/.
#pragma once

#include <vector>

#include "analysis/drift.hpp"

namespace halotwin::analysis {

/// Of all groups against the first one that can be measured; as measure_drift() says.
[[nodiscard]] std::vector<GroupShift> group_shifts(const MovieSource& movie,
                                                   const DriftParams& p,
                                                   Threads threads);

}  // namespace halotwin::analysis
