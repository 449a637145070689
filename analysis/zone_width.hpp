// How far the zone around boundaries reaches into the grains, and whether it has widened from one
// map of an area to the next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "analysis/registration.hpp"
#include "analysis/uncertainty.hpp"

namespace halotwin::analysis {

struct ZoneParams {
  double bin_pixels = 0.5;      // of the profile, in distance from the boundary
  double plateau_pixels = 3.0;  // beyond that distance the inside of grains counts as level
  int block_side_pixels = 8;    // of the bootstrap: about a grain
  int replicates = 200;
  std::uint64_t seed = 1;
  bool operator==(const ZoneParams&) const = default;
};
void validate(const ZoneParams& p);
void visit_fields(auto& visit, ZoneParams& p) {
  visit("bin_pixels", p.bin_pixels);
  visit("plateau_pixels", p.plateau_pixels);
  visit("block_side_pixels", p.block_side_pixels);
  visit("replicates", p.replicates);
  visit("seed", p.seed);
}

/// no_contrast: the boundary stands out from the inside by less than three standard deviations.
enum class ZoneStatus { found, no_contrast, too_few_pixels };

struct Zone {
  ZoneStatus status = ZoneStatus::too_few_pixels;
  Estimate half_width_m;  // where the profile has fallen half-way from the boundary to the inside
  Estimate contrast;      // boundary minus inside
  Estimate area_m;        // integral of the profile above the inside: contrast times width
  std::vector<double> distance_m;
  std::vector<double> profile;
  std::vector<double> sigma;
  [[nodiscard]] bool found() const { return status == ZoneStatus::found; }
};

struct ZoneComparison {
  std::vector<Zone> zones;         // of each map
  std::vector<Estimate> widening;  // half width minus that of the first map [m]; NaN if unknown
  std::size_t pixels = 0;          // that all maps have
};

/// Mean of each map over the pixels at a distance from the nearest boundary; profile(0) is the mean
/// below one pixel. The same pixels and the same boundaries for all maps, and one bootstrap over
/// blocks for all, so that what the boundaries themselves vary cancels in the widening.
[[nodiscard]] ZoneComparison compare_zones(std::span<const MapView> maps,
                                           std::span<const double> distance_pixels,
                                           double step_m,
                                           const ZoneParams& params = {});

}  // namespace halotwin::analysis
