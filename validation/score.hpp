// Scores of a PM-DNS analysis against the truth: ours, or anybody's that gives the same maps.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "analysis/uncertainty.hpp"
#include "base/grid.hpp"
#include "validation/target.hpp"

namespace halotwin::validation {

/// What an analysis says of each pixel; NaN where it says nothing.
struct PmDnsMaps {
  Image<double> low_weight;   // of the low-frequency component
  Image<double> high_weight;  // of the high-frequency component
  Image<double> classes;      // analysis::PixelClass as a number; may be empty
};

/// What the sample was at each pixel.
struct PmDnsTruth {
  double step_m = 0.0;
  Image<double> boundary_distance_m;
  Image<double> hotspot;  // 1 on hotspot grains
  Image<double> grain;    // label
};

struct PmDnsScore {
  /// Area under the ROC curve: high weight of pixels within one step of a boundary against those
  /// beyond two steps, the ring between left out.
  analysis::Estimate boundary_auc;
  /// Low weight of the pixels of hotspot grains against those of other grains, beyond one step from
  /// a boundary.
  analysis::Estimate hotspot_auc;
  /// The same with one mean per grain.
  analysis::Estimate hotspot_grain_auc;
  /// Share of the pixels called boundary (hotspot) that are within one step of a boundary (in a
  /// hotspot grain).
  double boundary_purity = 0.0;
  double hotspot_purity = 0.0;
  std::size_t pixels = 0;
};

/// Sigmas by bootstrap over blocks of 16 x 16 pixels, since neighbours are not independent.
[[nodiscard]] PmDnsScore score_pm_dns(const PmDnsMaps& maps, const PmDnsTruth& truth);

/// The truth of a recording, inside it or in `truth` (sealed; verified). Throws DataError.
[[nodiscard]] PmDnsTruth read_pm_dns_truth(const std::filesystem::path& recording,
                                           const std::filesystem::path& truth = {});

/// Scores of the results that are stored in `recording`, of whatever pipelines; or of the PM-DNS
/// maps in `result`, an HDF5 file with the datasets low_weight and high_weight (y, x) and, if
/// wanted, class_map (y, x).
[[nodiscard]] std::vector<Measured> score_file(const std::filesystem::path& recording,
                                               const std::filesystem::path& truth = {},
                                               const std::filesystem::path& result = {});

}  // namespace halotwin::validation
