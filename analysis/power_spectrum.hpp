// Power spectral density of traces that blink: one-sided, [unit of the trace]^2 / Hz, mean removed.
//
// Three estimators, each with the degrees of freedom nu of its values: P nu / S is distributed as
// chi^2 with nu degrees of freedom about the true density S.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/parallel.hpp"

namespace halotwin::analysis {

struct PowerSpectrum {
  std::vector<double> frequency_hz;  // rising
  std::vector<double> density;
  std::vector<double> freedom;  // nu
};

/// Interval that covers the true density with probability `level`.
struct DensityInterval {
  double low = 0.0;
  double high = 0.0;
};
[[nodiscard]] DensityInterval interval_of(double density, double freedom, double level = 0.95);

struct PeriodogramOptions {
  double frame_time_s = 0.0;
  int bins_per_decade = 20;
};
/// Periodogram of the whole trace with a Hann window, its lines averaged in logarithmic bins from
/// the second line on (the first still feels the removed mean). Neighbouring lines of a Hann window
/// are correlated (|rho|^2 = 4/9, 1/36 of the next), which nu counts:
///   nu = 2 m^2 / (m + 2 [(m - 1) 4/9 + (m - 2)+ / 36])  for m lines.
/// Throws ParameterError for traces of fewer than 16 values or of another length than the first.
class Periodogram {
 public:
  Periodogram(std::size_t length, const PeriodogramOptions& options);
  /// Bins of every trace.
  [[nodiscard]] const std::vector<double>& frequency_hz() const { return frequency_hz_; }
  [[nodiscard]] const std::vector<double>& freedom() const { return freedom_; }
  /// Density in each bin.
  [[nodiscard]] std::vector<double> density(std::span<const double> trace) const;
  /// The same of traces [trace][value]: [trace][bin].
  [[nodiscard]] std::vector<double> densities(std::span<const double> traces,
                                              Threads threads) const;
  [[nodiscard]] PowerSpectrum of(std::span<const double> trace) const;

 private:
  std::size_t length_;
  std::vector<double> window_;
  double scale_ = 1.0;                // |X|^2 to density
  std::vector<std::size_t> edges_;    // lines edges[b] to edges[b + 1] - 1 are bin b
  std::vector<double> frequency_hz_;  // mean of ln f of the lines
  std::vector<double> freedom_;
};

inline constexpr std::size_t shortest_variable_window = 101;
/// Values that variable_window_spectrum() needs.
inline constexpr std::size_t least_variable_window_values = 3 * shortest_variable_window + 3;

/// Welch's estimate with a window whose length follows the frequency: three periods, at least 101
/// values, half overlapping, Hamming; 20 frequencies per decade from 3 periods of the longest
/// window (a third of the trace) to 0.4 / dt. nu = 36 n^2 / (19 n - 1) for n windows. Source:
/// Frantsuzov et al., Nano Lett. 2013, 13, 402; settings of the code of paper 004, whose values
/// (two-sided, per angular frequency) are multiplied by 4 pi.
[[nodiscard]] PowerSpectrum variable_window_spectrum(std::span<const double> trace,
                                                     double frame_time_s);

/// Density of a sum of white detector noise of `variance` per value: 2 dt variance.
[[nodiscard]] constexpr double white_density(double variance, double frame_time_s) {
  return 2.0 * frame_time_s * variance;
}

}  // namespace halotwin::analysis
