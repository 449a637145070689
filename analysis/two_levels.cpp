#include "analysis/two_levels.hpp"

#include <algorithm>
#include <cmath>
#include <numbers>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "analysis/steps.hpp"
#include "base/constants.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

/// The split of sorted values with the largest variance between the two groups.
void split(const std::vector<double>& sorted, double mean, TwoLevelShape& shape, double& between) {
  const auto n = static_cast<double>(sorted.size());
  double below = 0.0;  // sum of (x - mean) over the lower group
  between = 0.0;
  for (std::size_t k = 1; k < sorted.size(); ++k) {
    below += sorted[k - 1] - mean;
    if (sorted[k] <= sorted[k - 1]) {
      continue;
    }
    const auto lower = static_cast<double>(k);
    const double b = below * below / (lower * (n - lower));
    if (b > between) {
      between = b;
      shape.threshold = 0.5 * (sorted[k - 1] + sorted[k]);
      shape.low = mean + below / lower;
      shape.high = mean - below / (n - lower);
      shape.high_fraction = (n - lower) / n;
    }
  }
}

Spread spread_of(std::vector<double> values) {
  if (values.empty()) {
    return {nan, nan, nan};
  }
  std::sort(values.begin(), values.end());
  const auto at = [&](double q) {
    const double place = q * static_cast<double>(values.size() - 1);
    const auto i = static_cast<std::size_t>(place);
    const double rest = place - static_cast<double>(i);
    return values[i] + rest * (values[std::min(i + 1, values.size() - 1)] - values[i]);
  };
  return {at(0.5), at(0.16), at(0.84)};
}

}  // namespace

TwoLevelShape two_level_shape(std::span<const float> trace, double noise_variance) {
  require(trace.size() >= 16,
          fmt::format("a trace of {} frames (at least 16 expected)", trace.size()));
  require_finite(trace);
  std::vector<double> sorted(trace.begin(), trace.end());
  std::sort(sorted.begin(), sorted.end());
  const auto n = static_cast<double>(sorted.size());
  double mean = 0.0;
  for (const double x : sorted) {
    mean += x;
  }
  mean = sorted.front() == sorted.back() ? sorted.front() : mean / n;
  double second = 0.0;
  double fourth = 0.0;
  for (const double x : sorted) {
    const double square = (x - mean) * (x - mean);
    second += square / n;
    fourth += square * square / n;
  }
  TwoLevelShape shape;
  shape.threshold = shape.low = shape.high = mean;
  shape.variance = second;
  const double sigma = noise_variance >= 0.0 ? 0.0 : noise_from_differences(trace);
  shape.noise_variance = noise_variance >= 0.0 ? noise_variance : sigma * sigma;
  double between = 0.0;
  split(sorted, mean, shape, between);
  const double signal = second - shape.noise_variance;
  shape.reliability = second > 0.0 ? signal / second : nan;
  const bool resolved = shape.reliability >= 0.1;
  shape.explained = resolved ? between / signal : nan;
  shape.explained_gaussian = resolved ? 2.0 / (std::numbers::pi * shape.reliability) : nan;
  shape.excess_kurtosis = second > 0.0 ? fourth / (second * second) - 3.0 : nan;
  shape.excess_kurtosis_of_signal =
      resolved ? (fourth - 3.0 * second * second) / (signal * signal) : nan;
  return shape;
}

TwoLevelSummary summarise_two_levels(std::span<const float> traces,
                                     std::size_t frames,
                                     std::span<const double> noise_variances) {
  require(
      frames > 0 && traces.size() % frames == 0,
      fmt::format("{} values are no whole number of traces of {} frames", traces.size(), frames));
  const std::size_t count = traces.size() / frames;
  require(noise_variances.empty() || noise_variances.size() == count,
          fmt::format("{} noise variances for {} traces", noise_variances.size(), count));
  std::vector<double> explained;
  std::vector<double> gaussian;
  std::vector<double> kurtosis;
  std::vector<double> reliability;
  for (std::size_t i = 0; i < count; ++i) {
    const auto shape = two_level_shape(traces.subspan(i * frames, frames),
                                       noise_variances.empty() ? -1.0 : noise_variances[i]);
    if (std::isfinite(shape.explained)) {
      explained.push_back(shape.explained);
      gaussian.push_back(shape.explained_gaussian);
      kurtosis.push_back(shape.excess_kurtosis);
      reliability.push_back(shape.reliability);
    }
  }
  TwoLevelSummary summary;
  summary.traces = explained.size();
  summary.explained = spread_of(std::move(explained));
  summary.explained_gaussian = spread_of(std::move(gaussian));
  summary.excess_kurtosis = spread_of(std::move(kurtosis));
  summary.reliability = spread_of(std::move(reliability));
  return summary;
}

}  // namespace halotwin::analysis
