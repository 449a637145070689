// Lateral PFM images: levels of the amplitude, phase of each, stripes and the angle between their
// families.
#pragma once

#include <complex>
#include <cstddef>
#include <span>
#include <vector>

#include "analysis/levels.hpp"
#include "analysis/pipelines/pipeline.hpp"
#include "analysis/stripes.hpp"

namespace halotwin::analysis {

struct PfmOptions {
  LevelParams levels;
  StripeParams stripes;
  // A pixel belongs to a wall if it differs from a neighbour by more than this many standard
  // deviations of the noise and by this part of the range of amplitudes; walls are no level
  double wall_sigmas = 6.0;
  double wall_range = 0.05;
  bool operator==(const PfmOptions&) const = default;
};
void validate(const PfmOptions& p);
void visit_fields(auto& visit, PfmOptions& p) {
  visit("levels", p.levels);
  visit("stripes", p.stripes);
  visit("wall_sigmas", p.wall_sigmas);
  visit("wall_range", p.wall_range);
}

/// The two ways of a scan, x + i y of the lateral signal [V]; values[iy * nx + ix].
struct PfmInput {
  std::size_t nx = 0;
  std::size_t ny = 0;
  double step_x_m = 0.0;
  double step_y_m = 0.0;
  std::span<const std::complex<double>> forward;
  std::span<const std::complex<double>> backward;  // empty: none
};

struct PfmResult {
  std::vector<double> amplitude_v;  // of the mean of both ways
  std::vector<double> phase_rad;
  LevelResult levels;                   // of the amplitude, walls left out (label -1)
  double wall_share = 0.0;              // of the pixels
  std::vector<double> level_phase_rad;  // of the mean phasor of each level
  std::size_t principal_levels = 0;     // along the first principal axis of the phasors
  StripeResult stripes;                 // of X and Y
  double noise_v = 0.0;  // of one component of the mean, from the two ways; 0 without a way back
  std::size_t null_levels = 0;
  std::size_t null_families = 0;
};

/// Levels of the amplitude histogram and stripes of the phasors, of the mean of both ways. Nulls:
/// the levels of half the difference of the ways (no sample in it but at walls), and the stripes of
/// the same pixels in random order.
[[nodiscard]] PfmResult analyse_pfm(const PfmInput& input,
                                    const PfmOptions& options,
                                    Threads threads = {});

void check_pfm_settings(const Table& settings);
/// Reads lateral_x, lateral_y (and _backward), contact_search and contact_tune of a pfm_map.
[[nodiscard]] Findings run_pfm_pipeline(const PipelineRun& run);

}  // namespace halotwin::analysis
