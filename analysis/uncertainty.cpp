#include "analysis/uncertainty.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/ordered_sum.hpp"
#include "base/random.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

constexpr double mad_to_sigma = 1.482602218505602;  // 1 / Phi^-1(3/4)

template <class T>
double percentile_of(std::span<const T> values, double percent) {
  require(!values.empty(), "percentile of no values");
  require_range("percent", percent, 0.0, 100.0);
  std::vector<T> copy(values.begin(), values.end());
  const double rank = percent / 100.0 * static_cast<double>(copy.size() - 1);
  const auto low = static_cast<std::size_t>(rank);
  const auto at = copy.begin() + static_cast<std::ptrdiff_t>(low);
  std::nth_element(copy.begin(), at, copy.end());
  const auto low_value = static_cast<double>(*at);
  const double part = rank - static_cast<double>(low);
  if (part == 0.0) {
    return low_value;
  }
  const auto high_value = static_cast<double>(*std::min_element(at + 1, copy.end()));
  return low_value + part * (high_value - low_value);
}

}  // namespace

double percentile(std::span<const double> values, double percent) {
  return percentile_of(values, percent);
}

double percentile(std::span<const float> values, double percent) {
  return percentile_of(values, percent);
}

double sorted_percentile(std::span<const double> sorted, double percent) {
  require(!sorted.empty(), "percentile of no values");
  const double rank = percent / 100.0 * static_cast<double>(sorted.size() - 1);
  const auto low = static_cast<std::size_t>(rank);
  const auto high = std::min(low + 1, sorted.size() - 1);
  return sorted[low] + (rank - static_cast<double>(low)) * (sorted[high] - sorted[low]);
}

double mean(std::span<const double> values) {
  require(!values.empty(), "mean of no values");
  return ordered_sum(values) / static_cast<double>(values.size());
}

double standard_deviation(std::span<const double> values) {
  if (values.size() < 2) {
    return 0.0;
  }
  const double centre = mean(values);
  std::vector<double> squares(values.size());
  std::transform(values.begin(), values.end(), squares.begin(), [&](double v) {
    return (v - centre) * (v - centre);
  });
  return std::sqrt(ordered_sum(squares) / static_cast<double>(values.size() - 1));
}

double median(std::span<const double> values) {
  return percentile(values, 50.0);
}

double robust_deviation(std::span<const double> values) {
  const double centre = median(values);
  std::vector<double> distance(values.size());
  std::transform(values.begin(), values.end(), distance.begin(), [&](double v) {
    return std::abs(v - centre);
  });
  return mad_to_sigma * median(distance);
}

Estimate weighted_mean(std::span<const double> values, std::span<const double> sigmas) {
  require(!values.empty() && values.size() == sigmas.size(),
          "weighted mean needs one sigma for each of at least one value");
  double weight = 0.0;
  double sum = 0.0;
  for (std::size_t i = 0; i < values.size(); ++i) {
    require_positive("sigma", sigmas[i]);
    const double w = 1.0 / (sigmas[i] * sigmas[i]);
    weight += w;
    sum += w * values[i];
  }
  return {sum / weight, 1.0 / std::sqrt(weight)};
}

std::vector<std::uint32_t> bootstrap_counts(std::size_t items,
                                            std::uint64_t seed,
                                            std::uint32_t replicate) {
  RandomStream draw(seed, Purpose::bootstrap, replicate);
  std::vector<std::uint32_t> counts(items, 0);
  for (std::size_t i = 0; i < items; ++i) {
    ++counts[draw.index(static_cast<std::uint32_t>(items))];
  }
  return counts;
}

BootstrapResult bootstrap(std::size_t items,
                          const CountStatistic& statistic,
                          const BootstrapOptions& options,
                          Threads threads) {
  require(items > 0, "bootstrap of no items");
  require_range("replicates", options.replicates, 2, 1e7);
  BootstrapResult result;
  result.value = statistic(std::vector<std::uint32_t>(items, 1));
  const auto n = static_cast<std::size_t>(options.replicates);
  std::vector<double> draws(n);
  for_each_chunk(n, 1, threads, [&](std::size_t i, std::size_t) {
    draws[i] = statistic(bootstrap_counts(items, options.seed, static_cast<std::uint32_t>(i)));
  });
  std::copy_if(draws.begin(), draws.end(), std::back_inserter(result.values), [](double v) {
    return std::isfinite(v);
  });
  result.failed = options.replicates - static_cast<int>(result.values.size());
  result.low = result.high = result.value;
  if (!result.values.empty()) {
    result.sigma = standard_deviation(result.values);
    result.low = percentile(result.values, 16.0);
    result.high = percentile(result.values, 84.0);
  }
  return result;
}

BlockMap spatial_blocks(std::size_t nx,
                        std::size_t ny,
                        std::size_t side_pixels,
                        std::span<const std::uint8_t> valid) {
  require(side_pixels > 0, "block side must be at least one pixel");
  require(valid.size() == nx * ny, "one validity flag per pixel expected");
  const std::size_t columns = (nx + side_pixels - 1) / side_pixels;
  const std::size_t rows = (ny + side_pixels - 1) / side_pixels;
  std::vector<std::int32_t> number(columns * rows, -1);
  BlockMap map;
  map.block.assign(nx * ny, -1);
  for (std::size_t p = 0; p < nx * ny; ++p) {
    if (valid[p] != 0) {
      auto& n = number[(p / nx) / side_pixels * columns + (p % nx) / side_pixels];
      if (n < 0) {
        n = static_cast<std::int32_t>(map.count++);
      }
      map.block[p] = n;
    }
  }
  return map;
}

}  // namespace halotwin::analysis
