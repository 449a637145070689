// Grains of a film from its topography: summits, the grooves between them, distances to these.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "analysis/registration.hpp"

namespace halotwin::analysis {

struct GrainParams {
  double smoothing_pixels = 0.8;  // Gaussian; a height feedback leaves noise
  double least_depth_m = 1.5e-9;  // a groove below the lower of its two summits
  int largest_distance_pixels = 10;
  bool operator==(const GrainParams&) const = default;
};
void validate(const GrainParams& p);
void visit_fields(auto& visit, GrainParams& p) {
  visit("smoothing_pixels", p.smoothing_pixels);
  visit("least_depth_m", p.least_depth_m);
  visit("largest_distance_pixels", p.largest_distance_pixels);
}

struct GrainMap {
  std::vector<std::int32_t> label;      // of each pixel, 0 ...; -1 = not measured
  std::vector<double> distance_pixels;  // to the nearest boundary; half a pixel beside it; NaN
                                        // where not measured; capped at largest_distance_pixels
  std::size_t grains = 0;
};

/// Watershed of the height turned over: pixels from the highest down join the summit that they
/// touch; where two meet at a saddle less than `least_depth_m` below the lower summit they are one
/// grain (persistence), else a boundary. Eight neighbours. The map's edge is no boundary.
[[nodiscard]] GrainMap find_grains(const MapView& height_m, const GrainParams& params = {});

/// Distance of each pixel's centre to the nearest pixel of another label, minus half a pixel.
[[nodiscard]] std::vector<double> boundary_distance_pixels(const std::vector<std::int32_t>& label,
                                                           std::size_t nx,
                                                           std::size_t ny,
                                                           int largest_pixels);

}  // namespace halotwin::analysis
