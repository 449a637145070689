// How many distinct centres there are: the second part of switching_rates.hpp.
#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "analysis/switching_rates.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

double correlation(std::span<const float> a, std::span<const float> b) {
  const auto n = static_cast<double>(a.size());
  double mean_a = 0.0;
  double mean_b = 0.0;
  for (std::size_t t = 0; t < a.size(); ++t) {
    mean_a += static_cast<double>(a[t]) / n;
    mean_b += static_cast<double>(b[t]) / n;
  }
  double aa = 0.0;
  double bb = 0.0;
  double ab = 0.0;
  for (std::size_t t = 0; t < a.size(); ++t) {
    const double x = static_cast<double>(a[t]) - mean_a;
    const double y = static_cast<double>(b[t]) - mean_b;
    aa += x * x;
    bb += y * y;
    ab += x * y;
  }
  return aa > 0.0 && bb > 0.0 ? ab / std::sqrt(aa * bb) : 0.0;
}

double distance_px(std::size_t a, std::size_t b, std::size_t nx) {
  const double dx = static_cast<double>(a % nx) - static_cast<double>(b % nx);
  const double rows_a = std::floor(static_cast<double>(a) / static_cast<double>(nx));
  const double rows_b = std::floor(static_cast<double>(b) / static_cast<double>(nx));
  return std::hypot(dx, rows_a - rows_b);
}

}  // namespace

void validate(const CountOptions& options) {
  require(options.resolution_px >= 0.0 && std::isfinite(options.resolution_px),
          "resolution_px",
          options.resolution_px,
          ">= 0");
  require(options.reach_px >= options.resolution_px && std::isfinite(options.reach_px),
          "reach_px",
          options.reach_px,
          ">= resolution_px");
  require_range("same_centre", options.same_centre, -1.0, 1.0);
  require_range("balance", options.balance, 0.0, 1.0);
}

CentreCount count_centres(std::span<const CentreCandidate> candidates,
                          std::span<const float> traces,
                          const CountedField& field,
                          const CountOptions& options) {
  validate(options);
  require_positive("pixel_m", field.pixel_m);
  require(field.nx > 0 && field.ny > 0, "centres are counted in a field of no pixels");
  const std::size_t frames = candidates.empty() ? 0 : traces.size() / candidates.size();
  require(
      traces.size() == frames * candidates.size() && (candidates.empty() || frames > 0),
      fmt::format("{} values are no traces of {} candidates", traces.size(), candidates.size()));
  for (const CentreCandidate& candidate : candidates) {
    require(candidate.pixel < field.nx * field.ny,
            fmt::format("candidate at pixel {} of {}", candidate.pixel, field.nx * field.ny));
    require_positive("reliability", candidate.reliability);
  }
  std::vector<std::size_t> order(candidates.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::sort(order.begin(), order.end(), [&](std::size_t i, std::size_t k) {
    const CentreCandidate& a = candidates[i];
    const CentreCandidate& b = candidates[k];
    return a.amplitude != b.amplitude ? a.amplitude > b.amplitude : a.pixel < b.pixel;
  });
  const auto trace_of = [&](std::size_t i) { return traces.subspan(i * frames, frames); };
  const auto are_one = [&](std::size_t i, std::size_t k) {
    const CentreCandidate& a = candidates[i];
    const CentreCandidate& b = candidates[k];
    const double distance = distance_px(a.pixel, b.pixel, field.nx);
    const double noise = std::sqrt(a.reliability * b.reliability);
    return distance < options.resolution_px ||
           (distance < options.reach_px &&
            correlation(trace_of(i), trace_of(k)) >= options.same_centre * noise);
  };
  std::vector<std::size_t> kept;
  for (const std::size_t i : order) {
    if (std::none_of(kept.begin(), kept.end(), [&](std::size_t k) { return are_one(i, k); })) {
      kept.push_back(i);
    }
  }
  CentreCount count;
  for (const std::size_t i : kept) {
    count.centres.push_back(candidates[i]);
  }
  const double area_m2 = static_cast<double>(field.nx * field.ny) * field.pixel_m * field.pixel_m;
  const auto n = static_cast<double>(kept.size());
  count.per_m2 = n / area_m2;
  count.sigma_per_m2 = std::hypot(std::sqrt(std::max(n, 1.0)), options.balance * n) / area_m2;
  return count;
}

}  // namespace halotwin::analysis
