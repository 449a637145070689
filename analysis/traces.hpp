// Traces of the pixels of a movie, normalised, so that the correlation of any two is one inner
// product.
//
//   z(p,t) = (x(p,t) - mean_p) / sqrt(sum_t (x(p,t) - mean_p)^2),   r(p,q) = sum_t z(p,t) z(q,t)
//
// Memory: 4 bytes per pixel and frame (256 x 256 pixels, 4000 frames: 1.05 GB) and one portion of
// frames; nothing else of that size is made.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "analysis/correlation_sums.hpp"
#include "base/parallel.hpp"

namespace halotwin::analysis {

/// How far the sample stands from its place at the first frame: what frame 0 shows at (x, y) this
/// frame shows at (x + shift.x, y + shift.y). Whole pixels: interpolation would mix the noise of
/// neighbours and raise their correlation.
struct PixelShift {
  int x = 0;
  int y = 0;
  bool operator==(const PixelShift&) const = default;
};

struct TraceOptions {
  double pixel_m = 0.0;                   // in the sample plane; must be given
  std::vector<std::uint8_t> use_frame{};  // of every frame, 0 = left out; empty = all used
  std::vector<PixelShift> frame_shift{};  // of every frame; empty = none
  /// Takes from each pixel the least-squares multiple of the field mean m(t) (lamp, bleaching):
  /// x - q (m - mean m), q = cov(x,m) / var(m). Costs correlation where the field holds few
  /// independent domains (measured for 6.4 um: 0.82 to 0.76), since m then holds their light too.
  bool remove_common_mode = false;
};

struct Traces {
  std::size_t nx = 0;  // pixels that every used frame shows
  std::size_t ny = 0;
  std::size_t first_x = 0;  // pixel (0, 0) here is (first_x, first_y) of the movie
  std::size_t first_y = 0;
  std::size_t frames = 0;  // used ones
  std::size_t stride = 0;  // values from one trace to the next; zeros after `frames`
  double pixel_m = 0.0;
  std::vector<float> z;                // [pixel][stride]; all zero for constant pixels
  std::vector<double> mean_counts;     // of x, of each pixel
  std::vector<double> variance;        // sum (x - mean)^2 / frames, after removals [counts^2]
  std::vector<std::uint8_t> constant;  // 1 = never changes: no correlation exists
  std::vector<double> common_mode;     // m(t) that was removed [counts]; empty = none

  [[nodiscard]] std::size_t pixels() const { return nx * ny; }
  [[nodiscard]] const float* data(std::size_t pixel) const { return z.data() + pixel * stride; }
  [[nodiscard]] std::span<const float> of(std::size_t pixel) const { return {data(pixel), frames}; }
};

/// Makes traces of frames that come in portions, in order.
class TraceBuilder {
 public:
  /// `frames` is the length of the whole movie. Throws ParameterError if a list of the options has
  /// another length, fewer than two frames are used, or the shifts leave no common pixel.
  TraceBuilder(std::size_t nx,
               std::size_t ny,
               std::size_t frames,
               TraceOptions options,
               Threads threads = {});

  /// Whole frames [t][y][x]. Throws ParameterError for parts of frames and for too many.
  void add(std::span<const std::uint16_t> frames);
  /// Throws ParameterError unless all frames have come.
  [[nodiscard]] Traces finish() &&;

 private:
  void fill_rows(std::span<const std::uint16_t> frames, std::size_t first, std::size_t last);
  void find_common_mode();
  void normalise(std::size_t pixel);

  std::size_t movie_nx_;
  std::size_t movie_ny_;
  std::size_t movie_frames_;
  TraceOptions options_;
  Threads threads_;
  std::size_t seen_ = 0;
  std::size_t used_ = 0;
  Traces out_;
};

/// Pearson's r of two pixels; NaN if one is constant.
[[nodiscard]] double correlation(const Traces& traces, std::size_t p, std::size_t q);

/// Mean of the pixels' traces. [counts]
[[nodiscard]] std::vector<double> mean_trace(const Traces& traces,
                                             std::span<const std::size_t> pixels);
/// The same with a share for each of `pixels`; shares should add up to 1.
[[nodiscard]] std::vector<double> weighted_trace(const Traces& traces,
                                                 std::span<const std::size_t> pixels,
                                                 std::span<const double> shares);
/// Zero mean, unit norm, padded to `stride`; all zero if constant.
[[nodiscard]] std::vector<float> normalised(std::span<const double> trace, std::size_t stride);

/// The correlation map of the traces: as that of CorrelationSums (to about 1e-6), and also where
/// frames were shifted or the common mode removed.
[[nodiscard]] CorrelationMap correlation_map(const Traces& traces, Threads threads = {});

/// Columns first_x ... + nx, rows first_y ... + ny of `traces`, copied. Throws ParameterError if
/// they are not there.
[[nodiscard]] Traces crop(
    const Traces& traces, std::size_t first_x, std::size_t first_y, std::size_t nx, std::size_t ny);

}  // namespace halotwin::analysis
