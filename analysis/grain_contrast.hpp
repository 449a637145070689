// Contrast within grains of a map, and by what factor it grew from one map of an area to the next.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "analysis/registration.hpp"
#include "analysis/uncertainty.hpp"

namespace halotwin::analysis {

struct GrainContrastParams {
  int least_pixels = 12;        // of a grain, to have a contrast
  double upper_percent = 90.0;  // "in places": the grains that changed most
  int replicates = 200;
  std::uint64_t seed = 1;
  bool operator==(const GrainContrastParams&) const = default;
};
void validate(const GrainContrastParams& p);
void visit_fields(auto& visit, GrainContrastParams& p) {
  visit("least_pixels", p.least_pixels);
  visit("upper_percent", p.upper_percent);
  visit("replicates", p.replicates);
  visit("seed", p.seed);
}

struct GrainContrast {
  std::vector<double> within;  // value minus the mean of its grain, of each pixel; NaN if none
  /// Per grain: rms of `within` less the noise, sqrt(max(rms^2 - noise^2, 0)); NaN if too small.
  std::vector<double> rms;
};

/// `noise`: standard deviation of one pixel.
[[nodiscard]] GrainContrast grain_contrast(const MapView& map,
                                           const std::vector<std::int32_t>& label,
                                           std::size_t grains,
                                           double noise,
                                           const GrainContrastParams& params = {});

/// Factors by which the contrast of grains grew: rms after over rms before. A grain without
/// contrast before has no factor of its own, so each is held against the typical contrast before
/// (the median over the grains). Errors: bootstrap over grains.
struct ContrastGrowth {
  std::size_t grains = 0;
  Estimate typical;  // median over the grains after, over the median before
  Estimate upper;    // upper percentile after, over the median before
  Estimate tail;     // 95th percentile of |within| over all pixels, after over before, noise as is
};
[[nodiscard]] ContrastGrowth contrast_growth(const GrainContrast& before,
                                             const GrainContrast& after,
                                             const GrainContrastParams& params = {});

/// Standard deviation of one pixel from two passes over the same line: rms of their difference,
/// offset taken off, over sqrt 2. Structure that differs between the passes counts as noise.
[[nodiscard]] double pass_noise(const MapView& forward, const MapView& backward);

}  // namespace halotwin::analysis
