// Isolated round spots in a map that also has stripes and edges.
#pragma once

#include <cstddef>
#include <vector>

#include "analysis/registration.hpp"

namespace halotwin::analysis {

struct SpotParams {
  double scale_pixels = 1.5;  // of the Gaussian; finds spots of about this to twice this radius
  double least_sigma = 5.0;   // of a spot's strength, in standard deviations of the noise's
  bool operator==(const SpotParams&) const = default;
};
void validate(const SpotParams& p);
void visit_fields(auto& visit, SpotParams& p) {
  visit("scale_pixels", p.scale_pixels);
  visit("least_sigma", p.least_sigma);
}

enum class SpotSign { darker, brighter };

struct Spot {
  std::size_t x = 0;
  std::size_t y = 0;
  double significance = 0.0;  // strength over that of the noise
};

/// Largest first. The strength at a pixel is the smaller curvature of the smoothed map, times
/// scale^2: the smaller eigenvalue of its Hessian (for darker spots), which is nought along an edge
/// or stripe however strong, and positive only where the map rises on all sides. Spots are its
/// maxima among the 5 x 5 pixels around. `noise`: a map of noise alone with the same statistics
/// (half the difference of two passes); its robust deviation after the same filter is the unit.
[[nodiscard]] std::vector<Spot> find_spots(const MapView& map,
                                           const MapView& noise,
                                           SpotSign sign,
                                           const SpotParams& params = {});

/// How many of `first` have one of `second` within `distance_pixels`.
[[nodiscard]] std::size_t spots_in_common(const std::vector<Spot>& first,
                                          const std::vector<Spot>& second,
                                          double distance_pixels);

}  // namespace halotwin::analysis
