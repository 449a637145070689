// Grains of micrometres, so few that the operator chooses which of them to look at.
#pragma once

#include <cstdint>
#include <vector>

#include "sim/microstructure.hpp"

namespace halotwin::sim {

/// What lies in the middle of the area that instruments look at.
enum class Middle { grain, boundary };

/// Sites of grains around the area of `params`: a hexagonal lattice of mean distance
/// mean_grain_diameter_m in a random direction, each site moved by a normal of `disorder` of that
/// distance. The first one is the grain in the middle, or the first of the two beside the boundary.
[[nodiscard]] std::vector<Point> large_grain_sites(const MicrostructureParams& params,
                                                   Middle middle,
                                                   double disorder,
                                                   std::uint64_t seed);

}  // namespace halotwin::sim
