// Steps of fluorescence traces: where the level changes, and how long levels last.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace halotwin::analysis {

/// Standard deviation of white noise from first differences d: median |d - median d| / (0.6745
/// sqrt 2). Rare steps do not matter; switching in more than a third of the frames is taken for
/// noise (then give the photon noise instead). 0 for fewer than three values.
[[nodiscard]] double noise_from_differences(std::span<const float> trace);

/// Throws ParameterError.
void require_finite(std::span<const float> trace);

struct StepOptions {
  /// Chance to find at least one step in a trace of white noise.
  double false_alarm = 0.01;
  /// Standard deviation of one frame; 0 = from first differences.
  double noise = 0.0;
};
void validate(const StepOptions& options);

struct Segment {
  std::size_t first = 0;  // frame
  std::size_t count = 0;
  double mean = 0.0;
};

struct Steps {
  std::vector<Segment> segments;  // steps are their borders: segments.size() - 1
  double noise = 0.0;             // that was used
  double penalty = 0.0;           // of one step, in units of noise^2
};

/// The piecewise constant trace m(t) with K steps that minimises
///   sum_t (x(t) - m(t))^2 / sigma^2 + K u^2
/// exactly, by pruned dynamic programming (PELT; Killick, Fearnhead, Eckley, J. Am. Stat. Assoc.
/// 107, 1590 (2012)). u comes from the false-alarm rate, see step_threshold(). Noise must be white:
/// slow flicker without levels is cut into pieces too; compare two_level_shape(). Throws
/// ParameterError for values that are not finite.
[[nodiscard]] Steps find_steps(std::span<const float> trace, const StepOptions& options = {});

/// u for which `frames` frames of white noise give at least one step with probability
/// `false_alarm`: a step gains z^2 > u^2, z the standardised difference of means, a stay on another
/// level (two steps) z^2 > 2 u^2. With b = sqrt(2) u and nu(x) = exp(-0.583 x)
///   P = u phi(u) int nu(u / r) dt / (t (1 - t))
///       + b^3/2 phi(b) int nu(b / r)^2 dt / (t^2 (1 - t)),   r = sqrt(frames t (1 - t))
/// (James, James, Siegmund, Biometrika 74, 71 (1987); Siegmund, Ann. Probab. 16, 487 (1988)).
/// Two steps that help each other are left out: measured on white noise, 100 to 4000 frames, P is
/// 1.0 to 1.6 times what was asked for.
[[nodiscard]] double step_threshold(double false_alarm, std::size_t frames);

/// A stay on the upper or lower of two levels.
struct Dwell {
  std::size_t first = 0;  // frame
  std::size_t count = 0;
  bool high = false;
  bool censored = false;  // touches the beginning or end of the record: longer than `count`
};

/// Segments on the same side of `threshold` joined.
[[nodiscard]] std::vector<Dwell> dwells_of(const Steps& steps, double threshold);

/// Mean dwell time of one level [frames] and its standard error, with censored dwells as
/// right-censored exponentials: total time / number of ends that were seen (maximum likelihood).
/// Dwells shorter than about a frame are missed, so that it is an upper limit for fast switching.
struct MeanDwell {
  double frames = 0.0;  // NaN if no end was seen
  double sigma = 0.0;
  std::size_t ends = 0;
};
[[nodiscard]] MeanDwell mean_dwell(const std::vector<Dwell>& dwells, bool high);

}  // namespace halotwin::analysis
