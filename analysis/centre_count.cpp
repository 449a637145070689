// How many distinct centres there are: the second part of switching_rates.hpp.
#include <algorithm>
#include <cmath>

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
}

CentreCount count_centres(std::vector<CentreCandidate> candidates,
                          std::span<const float> traces,
                          std::size_t frames,
                          std::size_t nx,
                          double pixel_m,
                          const CountOptions& options) {
  validate(options);
  require_positive("pixel_m", pixel_m);
  require(frames > 0 && nx > 0 && traces.size() % (frames * nx) == 0 && !traces.empty(),
          fmt::format("{} values are no field {} wide of {} frames", traces.size(), nx, frames));
  const std::size_t pixels = traces.size() / frames;
  std::sort(candidates.begin(), candidates.end(), [](const auto& a, const auto& b) {
    return a.amplitude != b.amplitude ? a.amplitude > b.amplitude : a.pixel < b.pixel;
  });
  const auto trace_of = [&](std::size_t pixel) { return traces.subspan(pixel * frames, frames); };
  const auto are_one = [&](const CentreCandidate& a, const CentreCandidate& b) {
    const double dx = static_cast<double>(a.pixel % nx) - static_cast<double>(b.pixel % nx);
    const double dy = std::floor(static_cast<double>(a.pixel) / static_cast<double>(nx)) -
                      std::floor(static_cast<double>(b.pixel) / static_cast<double>(nx));
    const double distance = std::hypot(dx, dy);
    return distance < options.resolution_px ||
           (distance < options.reach_px &&
            correlation(trace_of(a.pixel), trace_of(b.pixel)) >= options.same_centre);
  };
  CentreCount count;
  for (const CentreCandidate& candidate : candidates) {
    require(candidate.pixel < pixels,
            fmt::format("candidate at pixel {} of {}", candidate.pixel, pixels));
    const bool known = std::any_of(count.centres.begin(),
                                   count.centres.end(),
                                   [&](const auto& centre) { return are_one(candidate, centre); });
    if (!known) {
      count.centres.push_back(candidate);
    }
  }
  const double area_m2 = static_cast<double>(pixels) * pixel_m * pixel_m;
  const auto n = static_cast<double>(count.centres.size());
  count.per_m2 = n / area_m2;
  count.sigma_per_m2 = std::sqrt(std::max(n, 1.0)) / area_m2;
  return count;
}

}  // namespace halotwin::analysis
