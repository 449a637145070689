// Sums whose last digits do not depend on threads or alignment.
#pragma once

#include <cstddef>
#include <span>

namespace halotwin {

/// Sum in index order with Neumaier compensation: error about one unit in the last place, same bits
/// always.
[[nodiscard]] double ordered_sum(std::span<const double> values);

}  // namespace halotwin
