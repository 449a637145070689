// What the specimen really is, sampled at the places of a map.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "base/grid.hpp"
#include "sim/specimen.hpp"

namespace halotwin::sim {

/// One true field, sampled.
struct TruthField {
  std::string name;
  std::string unit;  // "" = dimensionless
  Image<float> values;
};
using TruthMaps = std::vector<TruthField>;

/// True fields at present at `positions` (row-major, nx columns and ny rows; NaN positions give
/// NaN): grain, boundary_distance, junction_distance, hotspot, ion_density, diffusivity,
/// relaxation_frequency, active_share, inclusion_share, contact_potential, height, stress (seconds
/// below the biased tip; only where the film degrades), piezo, contact_resonance_factor, domain,
/// feature. On metal: grain -1, the rest NaN or 0.
[[nodiscard]] TruthMaps truth_maps(const Specimen& specimen,
                                   std::size_t nx,
                                   std::size_t ny,
                                   std::span<const Point> positions);

/// The same on the specimen's native grid.
[[nodiscard]] TruthMaps native_truth(const Specimen& specimen);

}  // namespace halotwin::sim
