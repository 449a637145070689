// Pixel classes from the weights of a factorisation, and what their mean spectra say.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "analysis/nmf.hpp"

namespace halotwin::analysis {

/// Numbers as stored in the file. unmeasured: no data; excluded: lines of the transient;
/// not_considered: measured, but neither of the classes.
enum class PixelClass : std::uint8_t {
  not_considered = 0,
  grain = 1,
  boundary = 2,
  hotspot = 3,
  excluded = 4,
  unmeasured = 5
};
constexpr auto enumerators(PixelClass) {
  return std::array<std::pair<PixelClass, std::string_view>, 6>{
      {{PixelClass::not_considered, "not_considered"},
       {PixelClass::grain, "grain"},
       {PixelClass::boundary, "boundary"},
       {PixelClass::hotspot, "hotspot"},
       {PixelClass::excluded, "excluded"},
       {PixelClass::unmeasured, "unmeasured"}}};
}

enum class HotspotRule { percentile, ratio };
constexpr auto enumerators(HotspotRule) {
  return std::array<std::pair<HotspotRule, std::string_view>, 2>{
      {{HotspotRule::percentile, "percentile"}, {HotspotRule::ratio, "ratio"}}};
}

/// Cut-offs as percentiles over the valid pixels; w_lo, w_hi = weights of the components with the
/// lowest and the highest peak frequency, scaled to unit-sum components; total = sum of weights.
/// The paper (000) says "combinations of cutoff values based on percentiles" and gives no number;
/// these are the project's (analysis sheet 3.6).
struct ClassificationParams {
  double total_low_percentile = 1.0;  // valid: P1 <= total <= P99.5
  double total_high_percentile = 99.5;
  HotspotRule hotspot_rule = HotspotRule::percentile;  // ratio: w_hi / w_lo <= its median instead
                                                       // of w_hi <= P75; keeps hotspots whose
                                                       // high weight grows with their height
  double hotspot_low_percentile = 95.0;                // hotspot: w_lo >= P95 and w_hi <= P75
  double hotspot_high_percentile = 75.0;
  double boundary_high_percentile = 80.0;  // boundary: w_hi >= P80 and w_lo <= P80
  double boundary_low_percentile = 80.0;
  double grain_low_percentile = 20.0;  // grain: P20 <= w_lo < P95 and w_hi < P60
  double grain_high_percentile = 60.0;
};
void visit_fields(auto& visit, ClassificationParams& p) {
  visit("total_low_percentile", p.total_low_percentile);
  visit("total_high_percentile", p.total_high_percentile);
  visit("hotspot_rule", p.hotspot_rule);
  visit("hotspot_low_percentile", p.hotspot_low_percentile);
  visit("hotspot_high_percentile", p.hotspot_high_percentile);
  visit("boundary_high_percentile", p.boundary_high_percentile);
  visit("boundary_low_percentile", p.boundary_low_percentile);
  visit("grain_low_percentile", p.grain_low_percentile);
  visit("grain_high_percentile", p.grain_high_percentile);
}
void validate(const ClassificationParams& p);

/// Class of each pixel from `weights` (pixels x components, ordered by peak frequency, unit-sum
/// scale; one component: everything valid is a grain). Precedence: hotspot, boundary, grain.
[[nodiscard]] std::vector<PixelClass> classify(const RowArrayF& weights,
                                               const ClassificationParams& params = {});

/// arg max_j w_ij / mean_i(w_ij) of each pixel.
[[nodiscard]] std::vector<int> dominant_component(const RowArrayF& weights);

/// Sums of the spectra of each class in each block of the map: all that class means, their errors
/// by block bootstrap, and ratios need.
class ClassSums {
 public:
  /// `block` and `label` per pixel; pixels with block < 0 or label outside [0, classes) are left
  /// out. Same bits for any number of threads.
  ClassSums(const SpectraView& spectra,
            std::span<const std::int32_t> block,
            std::size_t blocks,
            std::span<const std::uint8_t> label,
            std::size_t classes,
            Threads threads = {});

  [[nodiscard]] std::size_t blocks() const { return blocks_; }
  [[nodiscard]] std::size_t classes() const { return classes_; }
  [[nodiscard]] std::size_t channels() const { return channels_; }
  [[nodiscard]] std::size_t pixels(std::size_t label) const;
  /// Mean spectrum of a class when block b counts counts[b] times (empty: once); empty if no pixel.
  [[nodiscard]] std::vector<double> mean(std::size_t label,
                                         std::span<const std::uint32_t> counts = {}) const;

 private:
  std::size_t blocks_;
  std::size_t classes_;
  std::size_t channels_;
  std::vector<float> sums_;             // [class][block][channel]
  std::vector<std::uint32_t> numbers_;  // [class][block]
};

}  // namespace halotwin::analysis
