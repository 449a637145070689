// What is read from mean spectra of classes, with block bootstrap. Internal to pipelines/.
//
// A replicate is the whole procedure on a map of the same film somewhere else: blocks of pixels,
// wherever they begin (overlapping; the map continues at its other edge), drawn with replacement
// until they have the area of the map, and classified anew with cut-offs of their own. Blocks that
// lie fixed side by side, and classes kept, gave errors too small by a factor of 1.3 to 2.5 in
// repeated maps (row X3): neighbouring blocks are alike, and the choice of the classes is part of
// the result.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "analysis/pipelines/pm_dns.hpp"
#include "analysis/pipelines/pm_dns_selection.hpp"

namespace halotwin::analysis {

/// Everything a readout needs beside the spectra.
struct ReadoutPlan {
  std::span<const double> frequencies_hz;
  std::span<const double> noise_sigma;   // per channel of one pixel; error of last resort
  std::span<const double> common_sigma;  // of the reference sweep: the same error in every pixel
  const PmDnsOptions* options = nullptr;
  Threads threads;
};

struct Readout {
  std::vector<ClassSpectrum> spectra;        // one per label of the sums
  std::vector<ClassComparison> comparisons;  // boundary and hotspot against grain, if there are
                                             // labels beyond one
};

/// Which spectra a replicate consists of.
class BlockDraws {
 public:
  /// `pixels`: place of each spectrum in a map of `nx` columns, ascending. Blocks shrink from
  /// `side` until the map has at least 16 of them.
  BlockDraws(std::span<const std::uint32_t> pixels, std::size_t nx, int side);
  /// Indices into the spectra, as often as they were drawn.
  [[nodiscard]] std::vector<std::uint32_t> draw(std::uint64_t seed, std::uint32_t replicate) const;
  /// How many blocks make a replicate; below 2 there is nothing to draw.
  [[nodiscard]] std::size_t blocks() const { return blocks_; }
  /// By how much deviations of the replicates are too small, because blocks cut what is alike at
  /// their edges and because they are few: the square is n / (n - 1) times whole / in_blocks of
  /// sum_covariance(), n = number of the blocks. `field`: one value for each spectrum. At most 3.
  [[nodiscard]] double missing_spread(std::span<const double> field) const;
  /// How many blocks as large as a drawn one hold what has this label: (sum c)^2 / sum c^2 over a
  /// tiling with blocks, c = pixels of the label in a block.
  [[nodiscard]] double pieces(std::span<const std::uint8_t> label, std::size_t of) const;

 private:
  std::size_t nx_;
  std::size_t rows_ = 0;
  std::size_t side_;
  std::size_t blocks_ = 0;
  std::vector<std::int64_t> spectrum_at_;  // [row][column]; -1 = none
};

/// Labels are PixelClass values below `labels`, or one label for everything. `difference`: half of
/// up less down sweep of the same spectra; empty: class means keep what noise does to the choice.
[[nodiscard]] Readout read_classes(const SpectraView& spectra,
                                   const SpectraView& difference,
                                   std::size_t labels,
                                   const Labels& label,
                                   const BlockDraws& draws,
                                   const ReadoutPlan& plan);

/// Comparisons of class means without errors; sigma is the channels' error used to judge peaks.
[[nodiscard]] std::vector<ClassComparison> compare_means(const ClassSums& sums,
                                                         const ReadoutPlan& plan);

/// Mean and standard deviation of repeated comparisons; known where at least half of them are.
[[nodiscard]] std::vector<ClassComparison> summarise(
    const std::vector<std::vector<ClassComparison>>& repeats);

}  // namespace halotwin::analysis
