// Analysis of a PM-DNS map (phase-modulated dielectric nanospectroscopy): from lock-in readings to
// components, classes, peaks and shifts, each number with its uncertainty.
//
// Order: calibrate (transfer.hpp) -> end of the slow transient (transient.hpp) -> factorise the
// remaining lines (nmf.hpp) -> classes (classify.hpp) -> class means, peaks, shifts, ratios with
// block bootstrap, and nulls beside them. Uncertainties are those of the film: how far another
// area of this size would give another result, classified with its own cut-offs (the components are
// kept); the nulls show what selection alone does.
#pragma once

#include <array>
#include <complex>
#include <cstdint>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "analysis/classify.hpp"
#include "analysis/drive_dependence.hpp"
#include "analysis/levelling.hpp"
#include "analysis/nmf_rank.hpp"
#include "analysis/peaks.hpp"
#include "analysis/spectrum_groups.hpp"
#include "analysis/transfer.hpp"
#include "analysis/transient.hpp"

namespace halotwin::analysis {

/// A map as measured; spans are borrowed. Pixels that were not measured are NaN.
struct PmDnsInput {
  std::size_t nx = 0;
  std::size_t ny = 0;
  std::span<const double> frequencies_hz;            // ascending
  std::span<const std::complex<float>> demodulated;  // [y][x][direction][frequency], V
  std::span<const std::complex<float>> reference;    // [repeat][direction][frequency], V
  std::span<const float> topography_m;               // [y][x]; may be empty
  std::span<const double> pixel_time_s;              // [y][x]; NaN = not measured; may be empty
  std::span<const std::uint8_t> overload;            // [y][x]; may be empty
  double step_m = 0.0;
  DriveCheck drive_check{};  // without readings: the lever's answer is taken as linear
};

struct PmDnsOptions {
  NmfOptions nmf{};  // paper 000: rank 2
  ResponseChannel channel = ResponseChannel::loss;
  double fast_from_hz = 4.0e3;  // see transfer.hpp
  bool whitening = false;       // divide channels by their noise before the factorisation
  int exclude_lines = -1;       // -1: found from the data; paper 000 excluded 40
  TransientParams transient{};
  ClassificationParams classes{};
  std::vector<double> peak_guesses_hz = {1.0e3, 2.0e3};  // paper 000, Fig. 2
  PeakSearch peaks{};
  GroupOptions groups{};                  // of other samples than the fresh film
  double wide_half_width_decades = 0.35;  // see peaks.hpp
  int max_rank_scanned = 4;               // 0: no scan
  int block_side_pixels = 16;             // of the bootstrap: two grains, 200 nm at 12 nm per pixel
  int replicates = 200;                   // of the block bootstrap
  int null_repeats = 20;                  // shuffled labels
  RowAlignment row_alignment = RowAlignment::median_of_differences;
  std::uint64_t seed = 1;
};
void visit_fields(auto& visit, PmDnsOptions& p) {
  visit("nmf", p.nmf);
  visit("channel", p.channel);
  visit("fast_from_hz", p.fast_from_hz);
  visit("whitening", p.whitening);
  visit("exclude_lines", p.exclude_lines);
  visit("transient", p.transient);
  visit("classes", p.classes);
  visit("peak_guesses_hz", p.peak_guesses_hz);
  visit("peaks", p.peaks);
  visit("groups", p.groups);
  visit("wide_half_width_decades", p.wide_half_width_decades);
  visit("max_rank_scanned", p.max_rank_scanned);
  visit("block_side_pixels", p.block_side_pixels);
  visit("replicates", p.replicates);
  visit("null_repeats", p.null_repeats);
  visit("row_alignment", p.row_alignment);
  visit("seed", p.seed);
}
void validate(const PmDnsOptions& p);

/// Why a step has no result; the rest of the result is valid.
enum class PmDnsStatus { complete, no_measured_pixel, too_few_pixels, no_contrast };
constexpr auto enumerators(PmDnsStatus) {
  return std::array<std::pair<PmDnsStatus, std::string_view>, 4>{
      {{PmDnsStatus::complete, "complete"},
       {PmDnsStatus::no_measured_pixel, "no_measured_pixel"},
       {PmDnsStatus::too_few_pixels, "too_few_pixels"},
       {PmDnsStatus::no_contrast, "no_contrast"}}};
}

/// A number that may be missing because a peak was not resolved or a class is empty.
struct MaybeEstimate {
  bool known = false;
  double value = 0.0;
  double sigma = 0.0;
};

/// Mean spectrum of a set of pixels and what is read from it.
struct ClassSpectrum {
  PixelClass label = PixelClass::not_considered;
  std::size_t pixels = 0;
  std::vector<double> mean;   // empty if no pixel
  std::vector<double> sigma;  // block bootstrap
  std::vector<Peak> peaks;    // one per guess; sigma by block bootstrap
  Peak wide;                  // one broad line, window around the spectrum's maximum
  MaybeEstimate peak_ratio;   // value at the last guess over value at the first guess
};

/// A class against the grains: shift = ln of the ratio of peak positions (positive = blue).
struct ClassComparison {
  PixelClass label = PixelClass::boundary;
  MaybeEstimate shift;           // first guess, three channels around the maximum
  MaybeEstimate wide_shift;      // wide_peak
  MaybeEstimate enhancement;     // ratio of the class means at the first guess
  MaybeEstimate ratio_contrast;  // peak_ratio of the class over that of the grains
};

struct PmDnsResult {
  PmDnsStatus status = PmDnsStatus::complete;
  std::size_t nx = 0;
  std::size_t ny = 0;
  std::vector<double> frequencies_hz;
  ResponseCube response;  // the chosen channel, with noise per channel
  DriveExcess excess;     // taken out of map and reference; empty if no check was recorded
  Transient transient;
  std::size_t excluded_lines = 0;
  std::size_t used_pixels = 0;
  ClassSpectrum all;                 // mean over the used pixels
  NmfResult nmf;                     // of the used pixels, weights in their order
  std::vector<float> weight_maps;    // [component][y][x], NaN where not used
  std::vector<double> weight_sigma;  // per component, of one pixel's weight, from the noise
  std::vector<RankStep> rank_scan;
  int significant_rank = 0;
  FeasibleBand band;                         // rank 2 only
  std::vector<PixelClass> class_map;         // [y][x]
  std::vector<ClassSpectrum> classes;        // grain, boundary, hotspot
  std::vector<ClassComparison> comparisons;  // boundary, hotspot
  /// Nulls of the comparisons: labels shuffled among the pixels; and the same factorisation and
  /// classes applied to a surrogate map in which every pixel has the same spectral shape, its own
  /// intensity and the measured noise, so that selection alone makes the differences.
  std::vector<ClassComparison> shuffled_null;
  std::vector<ClassComparison> selection_null;
  SpectrumGroups groups;             // beside the classes, if a rule is given
  std::vector<double> topography_m;  // levelled, [y][x]; empty if none was given
};

/// Throws ParameterError if sizes do not fit together or an option is out of range.
[[nodiscard]] PmDnsResult analyse_pm_dns(const PmDnsInput& input,
                                         const PmDnsOptions& options = {},
                                         Threads threads = {});

}  // namespace halotwin::analysis
