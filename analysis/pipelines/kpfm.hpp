// KPFM images: contact potential with its noise, lag of the loop, grains of the topography and
// their potentials, isolated spots.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "analysis/grains.hpp"
#include "analysis/levelling.hpp"
#include "analysis/pipelines/pipeline.hpp"
#include "analysis/spots.hpp"
#include "analysis/uncertainty.hpp"

namespace halotwin::analysis {

/// The two ways of a scan; values[iy * nx + ix]. `backward` may be empty.
struct TwoWays {
  std::size_t nx = 0;
  std::size_t ny = 0;
  std::span<const double> forward;
  std::span<const double> backward;
};

/// What both ways together say.
struct TwoWayImage {
  std::vector<double> mean;
  std::vector<double> half_difference;  // no sample in it, but for the lag; empty without way back
  std::vector<double> smooth;           // mean, Gaussian of the tip's size
  double noise = 0.0;                   // standard deviation of a pixel of the mean; 0 = unknown
  double smooth_noise = 0.0;            // the same after the Gaussian
  Estimate lag_pixels;                  // by which each way comes late; 0, 0 without way back
  double contrast = 0.0;                // standard deviation of `smooth`, its noise taken off
};
/// Lag: half the shift along x that registers the ways on each other.
[[nodiscard]] TwoWayImage combine(const TwoWays& ways, double smoothing_pixels);

struct KpfmOptions {
  double smoothing_pixels = 1.0;  // 12 nm: the tip's lateral half-width; no resolution is lost
  GrainParams grains{};
  int least_grain_pixels = 12;
  double interior_pixels = 1.5;  // inside of a grain: at least this far from its boundary
  double boundary_pixels = 1.0;
  SpotParams spots{};
  RowAlignment row_alignment = RowAlignment::median_of_differences;
  int null_repeats = 50;
  std::uint64_t seed = 1;
  bool operator==(const KpfmOptions&) const = default;
};
void validate(const KpfmOptions& p);
void visit_fields(auto& visit, KpfmOptions& p) {
  visit("smoothing_pixels", p.smoothing_pixels);
  visit("grains", p.grains);
  visit("least_grain_pixels", p.least_grain_pixels);
  visit("interior_pixels", p.interior_pixels);
  visit("boundary_pixels", p.boundary_pixels);
  visit("spots", p.spots);
  visit("row_alignment", p.row_alignment);
  visit("null_repeats", p.null_repeats);
  visit("seed", p.seed);
}

struct KpfmInput {
  TwoWays potential_v;
  std::span<const double> topography_m;  // may be empty; NaN = not measured
  std::span<const double> reference_v;   // over bare metal; may be empty
};

struct KpfmResult {
  TwoWayImage potential;
  Estimate mean_v;
  Estimate against_metal_v;          // film minus metal; sigma NaN without a reference
  std::vector<double> topography_m;  // levelled; empty if none was given
  GrainMap grains;                   // none without a topography
  std::vector<double> grain_mean_v;  // of the insides, NaN if too small
  std::vector<double> grain_sigma_v;
  double grain_contrast_v = 0.0;  // standard deviation of the grains' means, noise taken off
  /// Share of the variance inside grains that their means explain, and the same with the grains
  /// laid on other places of the map.
  double grain_share = 0.0;
  Estimate grain_share_null;
  double boundary_contrast_v = 0.0;  // boundaries minus insides
  Estimate boundary_contrast_null_v;
  std::vector<Spot> spots;     // places less negative than all around
  std::size_t null_spots = 0;  // the same search in half the difference of the two ways
};

[[nodiscard]] KpfmResult analyse_kpfm(const KpfmInput& input, const KpfmOptions& options = {});

void check_kpfm_settings(const Table& settings);
/// Reads contact_potential, topography (and _backward) and reference of a kpfm_map.
[[nodiscard]] Findings run_kpfm_pipeline(const PipelineRun& run);

}  // namespace halotwin::analysis
