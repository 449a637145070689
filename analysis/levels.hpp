// How many levels a map has: a Gaussian mixture on its histogram, its number of components by the
// Bayesian information criterion, and the levels as what a valley separates.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "analysis/uncertainty.hpp"
#include "base/parallel.hpp"

namespace halotwin::analysis {

struct LevelParams {
  int max_components = 6;
  int bins = 128;                // of the histogram, from the 0.05th to the 99.95th percentile
  double valley_ratio = 0.5;     // two levels need a valley below this part of the lower summit
  double smallest_share = 0.02;  // of the pixels; less is no level
  int block_side_pixels = 8;     // of the bootstrap: neighbours are alike
  int replicates = 40;
  std::uint64_t seed = 1;
  bool operator==(const LevelParams&) const = default;
};
void validate(const LevelParams& p);
void visit_fields(auto& visit, LevelParams& p) {
  visit("max_components", p.max_components);
  visit("bins", p.bins);
  visit("valley_ratio", p.valley_ratio);
  visit("smallest_share", p.smallest_share);
  visit("block_side_pixels", p.block_side_pixels);
  visit("replicates", p.replicates);
  visit("seed", p.seed);
}

struct Level {
  Estimate value;          // centre, with its bootstrap error over blocks
  double deviation = 0.0;  // width of the level, one standard deviation
  double share = 0.0;      // of the pixels
};

struct LevelResult {
  std::vector<Level> levels;        // ascending; empty without data
  std::vector<std::int8_t> labels;  // of each pixel, 0 = lowest level; -1 = not measured
  double support = 0.0;     // share of the bootstrap replicates with the same number of levels
  double separation = 0.0;  // smallest distance of neighbours over their root-mean-square width
  std::vector<double> information;  // BIC of 1, 2, ... components; the smallest is taken
  int components = 0;               // Gaussians taken; a level may consist of several
};

/// Mixture of 1 to `max_components` Gaussians fitted to the histogram by expectation maximisation
/// (starts: quantiles, and the splitting of the widest component), the number by BIC (Schwarz
/// 1978, the pixels counted as independent). A real level need not be Gaussian (noise of an
/// amplitude is Rice's, walls between domains lie between levels), so components without a valley
/// between them are one level: a unimodal histogram of any shape has one. `valley_ratio` is the
/// one choice of taste. values[iy * nx + ix]; NaN = not measured.
[[nodiscard]] LevelResult find_levels(std::span<const double> values,
                                      std::size_t nx,
                                      std::size_t ny,
                                      const LevelParams& params = {},
                                      Threads threads = {});

}  // namespace halotwin::analysis
