// Bootstrap, percentiles and weighted means. Uncertainties are one standard deviation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "base/parallel.hpp"

namespace halotwin::analysis {

/// A number and its standard deviation. NaN in `sigma` never stands for "unknown": see the status
/// of the result that holds it.
struct Estimate {
  double value = 0.0;
  double sigma = 0.0;
};

/// Percentile with linear interpolation between order statistics (type 7 of Hyndman & Fan 1996,
/// NumPy's default). `percent` in [0, 100]; values must be finite and not empty.
[[nodiscard]] double percentile(std::span<const double> values, double percent);
[[nodiscard]] double percentile(std::span<const float> values, double percent);
/// The same of values already sorted.
[[nodiscard]] double sorted_percentile(std::span<const double> sorted, double percent);

[[nodiscard]] double mean(std::span<const double> values);
/// Sample standard deviation, n - 1; 0 for one value.
[[nodiscard]] double standard_deviation(std::span<const double> values);
[[nodiscard]] double median(std::span<const double> values);
/// Robust standard deviation: 1.4826 x median absolute deviation (exact for a normal).
[[nodiscard]] double robust_deviation(std::span<const double> values);

/// Mean weighted by 1/sigma^2; its sigma = (sum of 1/sigma^2)^(-1/2).
[[nodiscard]] Estimate weighted_mean(std::span<const double> values,
                                     std::span<const double> sigmas);

struct BootstrapOptions {
  int replicates = 200;    // gives the standard deviation within 5 %
  std::uint64_t seed = 1;  // stream: Purpose::bootstrap, entity = replicate
};

struct BootstrapResult {
  double value = 0.0;          // of the data themselves
  double sigma = 0.0;          // standard deviation over the replicates
  double low = 0.0;            // 16th percentile
  double high = 0.0;           // 84th percentile
  int failed = 0;              // replicates whose statistic was not finite; left out
  std::vector<double> values;  // the replicates
};

/// Statistic of data resampled with replacement: it gets, for each of `items` (pixels, or blocks of
/// pixels), how often that item was drawn. All ones = the data.
using CountStatistic = std::function<double(std::span<const std::uint32_t> counts)>;
[[nodiscard]] BootstrapResult bootstrap(std::size_t items,
                                        const CountStatistic& statistic,
                                        const BootstrapOptions& options = {},
                                        Threads threads = {});

/// How often each of `items` occurs in replicate `replicate`.
[[nodiscard]] std::vector<std::uint32_t> bootstrap_counts(std::size_t items,
                                                          std::uint64_t seed,
                                                          std::uint32_t replicate);

/// Square blocks of a map, for pixels that are correlated with their neighbours: block index of
/// each pixel, numbered without gaps over the pixels with `valid` != 0; invalid pixels get -1.
struct BlockMap {
  std::vector<std::int32_t> block;
  std::size_t count = 0;
};
[[nodiscard]] BlockMap spatial_blocks(std::size_t nx,
                                      std::size_t ny,
                                      std::size_t side_pixels,
                                      std::span<const std::uint8_t> valid);

}  // namespace halotwin::analysis
