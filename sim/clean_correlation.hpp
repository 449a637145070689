// The correlation map of a movie without noise, gathered frame by frame: the truth beside the map
// that an analysis finds.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/grid.hpp"

namespace halotwin::sim {

/// Pearson's r of each pixel's trace with those of its eight neighbours, mean over those that are
/// there (fewer at the rim); NaN where a trace is constant or there are fewer than two frames.
class CleanCorrelation {
 public:
  CleanCorrelation() = default;
  CleanCorrelation(std::size_t nx, std::size_t ny);

  void add(std::span<const float> image);
  [[nodiscard]] std::size_t frames() const { return frames_; }
  [[nodiscard]] std::size_t nx() const { return nx_; }
  [[nodiscard]] std::size_t ny() const { return ny_; }
  [[nodiscard]] Image<float> map() const;
  /// Mean of each pixel's trace, and its standard deviation.
  [[nodiscard]] Image<float> mean() const;
  [[nodiscard]] Image<float> deviation() const;

  /// 3 + 6 nx ny values.
  [[nodiscard]] std::vector<double> save() const;
  void load(std::span<const double> state);

 private:
  std::size_t nx_ = 0;
  std::size_t ny_ = 0;
  std::size_t frames_ = 0;
  /// Sums of x, x^2, and of x times the right neighbour and the three of the next row (left, below,
  /// right): one after the other, nx ny each.
  std::vector<double> sums_;
};

}  // namespace halotwin::sim
