// Whether a fluorescence trace looks like steps between two levels or like flicker.
#pragma once

#include <cstddef>
#include <span>

namespace halotwin::analysis {

/// How the values of a trace are distributed (row D2).
struct TwoLevelShape {
  double threshold = 0.0;  // of the best split into two levels
  double low = 0.0;        // mean below and above
  double high = 0.0;
  double high_fraction = 0.0;
  double variance = 0.0;
  double noise_variance = 0.0;
  double reliability = 0.0;  // (variance - noise_variance) / variance
  /// Variance between the two levels / (variance - noise_variance). 1 for two levels, 2/pi for a
  /// noise-free Gaussian, 3/4 for a uniform distribution; more in records of few correlation times.
  /// NaN if reliability < 0.1.
  double explained = 0.0;
  /// What a Gaussian signal under the same noise gives: 2 / (pi reliability). The null.
  double explained_gaussian = 0.0;
  double excess_kurtosis = 0.0;  // of the trace as it is; -2 for two equal levels, 0 for a Gaussian
  /// Fourth cumulant / (variance - noise_variance)^2: the same with Gaussian noise taken off.
  double excess_kurtosis_of_signal = 0.0;
};

/// The best split maximises the variance between the two groups over all thresholds (Otsu, IEEE
/// Trans. SMC 9, 62 (1979), on the values themselves). `noise_variance` of one frame of this
/// trace, from photon statistics; negative = from first differences (then valid for slow switching
/// only). Throws ParameterError for fewer than 16 values or values that are not finite.
[[nodiscard]] TwoLevelShape two_level_shape(std::span<const float> trace,
                                            double noise_variance = -1.0);

/// Medians over traces [trace][frame] with 16 and 84 % quantiles; traces without result are
/// left out.
struct Spread {
  double median = 0.0;
  double low = 0.0;
  double high = 0.0;
};
struct TwoLevelSummary {
  Spread explained;
  Spread explained_gaussian;
  Spread excess_kurtosis;
  Spread reliability;
  std::size_t traces = 0;
};
/// `noise_variances` one per trace, or empty for first differences.
[[nodiscard]] TwoLevelSummary summarise_two_levels(std::span<const float> traces,
                                                   std::size_t frames,
                                                   std::span<const double> noise_variances = {});

}  // namespace halotwin::analysis
