// A view of a drifting movie in which the sample stays.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "analysis/drift.hpp"
#include "analysis/movie.hpp"

namespace halotwin::analysis {

/// A movie moved frame by frame by whole pixels so that the sample stays where it was in the first
/// group, cut to the pixels that all frames have. Nothing is interpolated: interpolation would
/// correlate the shot noise of neighbours. The dark image is cut to the same pixels of the camera
/// in the first group; that its pattern moves is ignored. `movie` must outlive it.
class SteadiedMovie : public MovieSource {
 public:
  /// Throws ParameterError if `drift` is of another movie or leaves no pixel in common.
  SteadiedMovie(const MovieSource& movie, const Drift& drift);
  [[nodiscard]] const MovieInfo& info() const override { return info_; }
  void read(std::size_t first_frame,
            std::size_t count,
            std::span<std::uint16_t> into) const override;
  /// Pixel (0, 0) of this movie in the first group of the other.
  [[nodiscard]] std::size_t first_x() const { return first_x_; }
  [[nodiscard]] std::size_t first_y() const { return first_y_; }

 private:
  const MovieSource* movie_;
  MovieInfo info_;
  std::vector<std::ptrdiff_t> shift_x_;
  std::vector<std::ptrdiff_t> shift_y_;
  std::size_t first_x_ = 0;
  std::size_t first_y_ = 0;
};

}  // namespace halotwin::analysis
