// What is noted of a movie while its frames go by: how much of it is usable.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "analysis/movie.hpp"
#include "base/parallel.hpp"

namespace halotwin::analysis {

struct MovieQuality {
  std::size_t frames_used = 0;
  std::size_t frames_left_out = 0;  // dropped or incomplete
  double saturated_share = 0.0;     // of all pixels and frames
  std::size_t constant_pixels = 0;
  bool noise_known = false;  // gain and excess factor of the camera
};

/// 1 for the frames that correlations use: the valid ones of the first `first_frames` (0 = all).
/// Throws ParameterError if that leaves fewer than 16.
[[nodiscard]] std::vector<std::uint8_t> frames_to_use(const MovieInfo& info,
                                                      std::int64_t first_frames);

/// Frames used and left out, gain known.
[[nodiscard]] MovieQuality quality_of(const MovieInfo& info, std::span<const std::uint8_t> use);

/// What the reader should know before the numbers; empty for a good movie.
[[nodiscard]] std::vector<std::string> warnings_of(const MovieQuality& quality);

/// Means of frames and saturated values, while the frames go by.
class FrameCounter {
 public:
  FrameCounter(std::size_t pixels, std::uint32_t saturation_counts)
      : pixels_(pixels), saturation_(saturation_counts) {}
  /// Whole frames [t][y][x].
  void add(std::span<const std::uint16_t> frames, Threads threads);
  [[nodiscard]] const std::vector<double>& mean_frame() const { return mean_; }
  [[nodiscard]] double saturated_share() const;

 private:
  std::size_t pixels_;
  std::uint32_t saturation_;  // 0 = unknown
  std::uint64_t saturated_ = 0;
  std::vector<double> mean_;
};

}  // namespace halotwin::analysis
