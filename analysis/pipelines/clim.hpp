// Correlation clustering imaging (CLIM) of a photoluminescence movie: how alike neighbouring pixels
// fluctuate, which of them form clusters, how far the correlation reaches (CLIMSCI), and how
// clusters switch in time.
//
// Source: Seth et al., Chem. Biomed. Imaging 2025, 3, 244 (paper 004), and the public programs it
// names. Published choices are the defaults where they matter for the numbers; what is better
// stands beside them (disattenuated map, deterministic clusters, whole-record spectra).
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "analysis/climsci.hpp"
#include "analysis/cluster_table.hpp"
#include "analysis/clusters.hpp"
#include "analysis/correlation_sums.hpp"
#include "analysis/drift.hpp"
#include "analysis/movie.hpp"
#include "analysis/movie_quality.hpp"
#include "analysis/pipelines/pipeline.hpp"
#include "analysis/power_spectrum.hpp"
#include "analysis/spectrum_fit.hpp"
#include "analysis/switching_rates.hpp"
#include "analysis/two_levels.hpp"
#include "analysis/uncertainty.hpp"
#include "analysis/valleys.hpp"

namespace halotwin::analysis {

struct ClimOptions {
  std::int64_t first_frames = 0;    // of the correlations; 0 = all (public program: 1000)
  std::int64_t field_pixels = 256;  // side of the central square of which traces are kept: memory
  bool correct_drift = true;        // by whole pixels, where the movie shows a drift
  DriftParams drift{};
  bool remove_common_mode = false;  // the least-squares multiple of the field's mean
  ClusterParams clusters{};
  double scan_first = 0.25;  // thresholds of the self-optimised clusters (public program: 0.40)
  double scan_last = 0.70;
  DecayParams decay{};
  std::int64_t decay_pixels = 400;  // chosen at random where the map exceeds `decay_above`
  double decay_above = 0.5;
  bool decay_map = false;     // decay of every pixel; takes long
  bool weigh_traces = false;  // of clusters, by silhouettes (option of the public program)
  double clean_silhouette =
      0.2;  // pixels below are left out of the clean clusters (public program)
  ValleyParams valleys{};
  double steps_top_percent = 15.0;    // of the map: whose 3 x 3 pixel traces are tested for levels
  std::int64_t bins_per_decade = 20;  // of the spectra
  std::int64_t seed = 1;
  bool operator==(const ClimOptions&) const = default;
};
void validate(const ClimOptions& p);
void visit_fields(auto& visit, ClimOptions& p) {
  visit("first_frames", p.first_frames);
  visit("field_pixels", p.field_pixels);
  visit("correct_drift", p.correct_drift);
  visit("drift", p.drift);
  visit("remove_common_mode", p.remove_common_mode);
  visit("clusters", p.clusters);
  visit("scan_first", p.scan_first);
  visit("scan_last", p.scan_last);
  visit("decay", p.decay);
  visit("decay_pixels", p.decay_pixels);
  visit("decay_above", p.decay_above);
  visit("decay_map", p.decay_map);
  visit("weigh_traces", p.weigh_traces);
  visit("clean_silhouette", p.clean_silhouette);
  visit("valleys", p.valleys);
  visit("steps_top_percent", p.steps_top_percent);
  visit("bins_per_decade", p.bins_per_decade);
  visit("seed", p.seed);
}

/// How a cluster, or another region, switches in time.
struct ClusterSpectrum {
  int label = 0;
  std::vector<double> density;  // of the mean trace over its mean [1/Hz], at ClimResult::spectra_hz
  PowerSpectrum published;      // the same by the published estimator; of the largest clusters only
  double white = 0.0;           // what the detector's noise adds to it [1/Hz]
  LorentzianFit lorentzian;
  PowerLawFit power_law;
  bool single_time = false;  // rule L2, its corner at six lines of the record
};

/// A place where one centre dominates, and how it switches.
struct Centre {
  std::size_t pixel = 0;  // of the field
  SwitchingRates rates;
};

/// What is wrong with a movie, in numbers; nothing is mended silently.
struct ClimResult {
  std::size_t nx = 0;  // of the field of which traces are kept
  std::size_t ny = 0;
  std::size_t first_x = 0;  // its corner in the movie
  std::size_t first_y = 0;
  double pixel_m = 0.0;
  double frame_period_s = 0.0;
  MovieQuality quality;
  Drift drift;                      // that was taken out, if it was found; empty if not sought
  std::vector<double> mean_frame;   // [frame] mean over the field [counts]
  CorrelationMap map;               // of the field
  double shifted_r = 0.0;           // median r with the pixel to the east half a record later: null
  std::vector<double> signal_e;     // [y][x] mean photoelectrons in a frame; empty if gain unknown
  std::vector<double> reliability;  // [y][x]; empty if the detector's noise is unknown
  std::vector<double> disattenuated;  // [y][x]; the same
  ClusterMap clusters;                // published rule at clusters.threshold
  ClusterTable table;
  std::vector<PairCorrelations> pairs;  // of `clusters`
  ClusterMap deterministic;             // mean_trace at the same threshold
  ThresholdScan scan;
  ClusterMap optimised;  // published rule at the threshold of the scan
  ClusterTable optimised_table;
  double published_threshold = 0.0;  // best of the scan from 0.40 on, as the public program has it
  Estimate published_diameter_m;     // area-weighted, of the clusters at that threshold
  Estimate diameter_m;               // area-weighted
  Estimate optimised_diameter_m;
  std::vector<std::uint8_t> clean;  // [y][x] 1 = in a cluster with a silhouette that is not low
  std::vector<double> spectra_hz;
  std::vector<ClusterSpectrum> spectra;  // of `clusters`, those of full rank
  DecaySet decay;                        // of random pixels
  DecaySummary decay_summary;
  DecaySet clean_decay;  // the same divided by the reliabilities; empty if unknown
  DecaySummary clean_decay_summary;
  DecaySummary low_pixels;   // where the map is 0.5 to 0.7
  DecaySummary high_pixels;  // where it is above 0.8
  DecaySet every_decay;      // of all pixels, if asked for
  ValleyTest valleys;
  TwoLevelSummary levels;
  Estimate level_share;  // median of `explained`, its sigma from the covariance of places
  std::size_t level_traces = 0;
  std::size_t maxima = 0;       // of the map, where centres were sought
  std::vector<Centre> centres;  // resolved ones
  CentreCount centre_count;     // of these, those that are different
};

/// Everything above from one movie, read twice at most. Throws ParameterError for movies of fewer
/// than 16 frames, and DataError as the source does.
[[nodiscard]] ClimResult analyse_clim(const MovieSource& movie,
                                      const ClimOptions& options,
                                      Threads threads = {});

/// Numbers, maps and curves of a result.
[[nodiscard]] Findings findings_of(const ClimResult& result);

void check_clim_settings(const Table& settings);
[[nodiscard]] Findings run_clim_pipeline(const PipelineRun& run);

}  // namespace halotwin::analysis
