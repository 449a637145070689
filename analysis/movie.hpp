// A photoluminescence movie as the analysis sees it: whole frames on demand, and what the camera
// said about them. Where the frames come from (memory, a recording) is the source's business.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

namespace halotwin::analysis {

/// What is known of a movie. Numbers that the recording does not give are 0 or NaN as stated;
/// nothing is guessed.
struct MovieInfo {
  std::size_t frames = 0;
  std::size_t ny = 0;
  std::size_t nx = 0;
  double frame_period_s = 0.0;
  double pixel_m = 0.0;              // in the sample plane
  double counts_per_electron = 0.0;  // per photoelectron, EM gain included; 0 = unknown
  double excess_factor = 0.0;        // F^2 of the variance: 2 with EM gain, 1 without; 0 = unknown
  double read_noise_e = std::numeric_limits<double>::quiet_NaN();   // NaN = unknown
  double offset_counts = std::numeric_limits<double>::quiet_NaN();  // NaN = unknown
  std::uint32_t saturation_counts = 0;                              // 0 = unknown
  std::vector<double> frame_time_s;  // start of each exposure since the first; of every frame
  std::vector<std::uint8_t> valid;   // 1 = good, of every frame
  std::vector<double> dark;          // (y, x), mean dark frame [counts]; empty = none
  double exposure_s = std::numeric_limits<double>::quiet_NaN();  // NaN = unknown
  /// True if `frame_time_s` is what the camera said, false if frame number times frame_period_s.
  bool frame_times_are_measured = false;

  [[nodiscard]] std::size_t pixels() const { return nx * ny; }
};

/// Sizes fit, lists have one value per frame (or pixel). Throws ParameterError.
void validate(const MovieInfo& info);

class MovieSource {
 public:
  virtual ~MovieSource() = default;
  [[nodiscard]] virtual const MovieInfo& info() const = 0;
  /// Frames `first_frame` ... + `count` as [t][y][x] into `into`, which holds exactly that many
  /// values. Throws ParameterError if they are not there. One call at a time.
  virtual void read(std::size_t first_frame,
                    std::size_t count,
                    std::span<std::uint16_t> into) const = 0;

 protected:
  MovieSource() = default;
  MovieSource(const MovieSource&) = default;
  MovieSource& operator=(const MovieSource&) = default;
  MovieSource(MovieSource&&) = default;
  MovieSource& operator=(MovieSource&&) = default;
};

class MovieInMemory : public MovieSource {
 public:
  /// `counts` is [t][y][x]. Empty lists of `info` are filled as for a camera that missed nothing:
  /// every frame valid, frame_time_s = frame x frame_period_s. Throws ParameterError if sizes
  /// differ.
  MovieInMemory(MovieInfo info, std::vector<std::uint16_t> counts);
  [[nodiscard]] const MovieInfo& info() const override { return info_; }
  void read(std::size_t first_frame,
            std::size_t count,
            std::span<std::uint16_t> into) const override;

 private:
  MovieInfo info_;
  std::vector<std::uint16_t> counts_;
};

/// Fills frame_time_s and valid where they are empty, as MovieInMemory does.
void complete_frame_lists(MovieInfo& info);

/// Counts without light in every pixel: the dark frame where there is one, else the offset, else 0
/// (then `known` is false and relative fluctuations are lower limits).
struct Background {
  std::vector<double> counts;
  bool known = false;
};
[[nodiscard]] Background background_of(const MovieInfo& info);

/// Frames per portion so that a portion of uint16 values stays below `bytes`; at least 1.
[[nodiscard]] std::size_t frames_per_portion(const MovieInfo& info, std::size_t bytes);

/// The range of a call of MovieSource::read; throws ParameterError if frames are not there or
/// `values` is not what the block needs.
void require_frames(const MovieInfo& info,
                    std::size_t first_frame,
                    std::size_t count,
                    std::size_t values);

}  // namespace halotwin::analysis
