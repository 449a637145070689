#include "analysis/valleys.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <utility>

#include "analysis/field_median.hpp"
#include "analysis/trace_kernels.hpp"
#include "base/constants.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

struct Extrema {
  std::vector<std::size_t> minima;
  std::vector<std::size_t> maxima;
};

/// True if no value of the square is below that of `p`, and none before it in order equal; with
/// sign -1 the same for above.
bool is_extremum(const CorrelationMap& map, std::size_t p, std::size_t half, double sign) {
  const std::size_t x = p % map.nx;
  const std::size_t y = p / map.nx;
  const double own = sign * map.mean_r[p];
  for (std::size_t v = y - half; v <= y + half; ++v) {
    for (std::size_t u = x - half; u <= x + half; ++u) {
      const std::size_t q = v * map.nx + u;
      const double other = sign * map.mean_r[q];
      if (other < own || (other == own && q < p)) {
        return false;
      }
    }
  }
  return true;
}

Extrema find_extrema(const CorrelationMap& map, const ValleyParams& params) {
  std::vector<double> finite;
  std::copy_if(map.mean_r.begin(), map.mean_r.end(), std::back_inserter(finite), [](double v) {
    return !std::isnan(v);
  });
  Extrema out;
  if (finite.empty()) {
    return out;
  }
  const double highest = percentile(finite, params.lowest_percent);
  const auto half = static_cast<std::size_t>(params.half_width_pixels);
  for (std::size_t y = half; y + half < map.ny; ++y) {
    for (std::size_t x = half; x + half < map.nx; ++x) {
      const std::size_t p = y * map.nx + x;
      if (std::isnan(map.mean_r[p])) {
        continue;
      }
      if (map.mean_r[p] <= highest && is_extremum(map, p, half, 1.0)) {
        out.minima.push_back(p);
      }
      if (is_extremum(map, p, half, -1.0)) {
        out.maxima.push_back(p);
      }
    }
  }
  return out;
}

class Valleys {
 public:
  Valleys(const Traces& traces, const ValleyParams& params) : traces_(&traces), params_(params) {}

  [[nodiscard]] std::vector<std::size_t> maxima_around(
      std::size_t valley, const std::vector<std::size_t>& maxima) const {
    std::vector<std::pair<double, std::size_t>> found;
    for (const std::size_t m : maxima) {
      const double d = std::sqrt(square_distance(valley, m));
      if (d >= params_.nearest_pixels && d <= params_.farthest_pixels) {
        found.emplace_back(d, m);
      }
    }
    std::sort(found.begin(), found.end());
    found.resize(std::min(found.size(), static_cast<std::size_t>(params_.most_maxima)));
    std::vector<std::size_t> out;
    for (const auto& [d, m] : found) {
      out.push_back(m);
    }
    return out;
  }

  [[nodiscard]] std::optional<Valley> measure(std::size_t pixel,
                                              const std::vector<std::size_t>& maxima) const {
    Valley out;
    out.pixel = pixel;
    out.maxima = maxima;
    const std::vector<std::size_t> own =
        box(pixel, static_cast<std::size_t>(params_.valley_half_pixels));
    const std::vector<float> here = trace(own);
    std::vector<std::size_t> mixed;
    out.best_single_r = -1.0;
    out.best_wide_single_r = -1.0;
    for (const std::size_t m : maxima) {
      const std::vector<std::size_t> square = square_around(m);
      mixed.insert(mixed.end(), square.begin(), square.end());
    }
    for (const std::size_t m : maxima) {
      out.best_single_r = std::max(out.best_single_r, r(here, trace(square_around(m))));
      const std::vector<std::size_t> wide = nearest_pixels(m, mixed.size(), own);
      out.best_wide_single_r = std::max(out.best_wide_single_r, r(here, trace(wide)));
    }
    out.mix_r = r(here, trace(mixed));
    if (!(r(here, here) > 0.5) || std::isnan(out.mix_r)) {
      return std::nullopt;  // a constant trace
    }
    out.gain = out.mix_r - out.best_single_r;
    out.gain_over_wide = out.mix_r - out.best_wide_single_r;
    return out;
  }

 private:
  [[nodiscard]] double square_distance(std::size_t p, std::size_t q) const {
    const auto apart = [](std::size_t a, std::size_t b) {
      return static_cast<double>(a > b ? a - b : b - a);
    };
    const double dx = apart(p % traces_->nx, q % traces_->nx);
    const double dy = apart(p / traces_->nx, q / traces_->nx);
    return dx * dx + dy * dy;
  }

  /// The pixels of the field in the box of the given half width.
  [[nodiscard]] std::vector<std::size_t> box(std::size_t pixel, std::size_t half) const {
    const std::size_t x = pixel % traces_->nx;
    const std::size_t y = pixel / traces_->nx;
    std::vector<std::size_t> out;
    for (std::size_t v = y - std::min(y, half); v <= std::min(y + half, traces_->ny - 1); ++v) {
      for (std::size_t u = x - std::min(x, half); u <= std::min(x + half, traces_->nx - 1); ++u) {
        out.push_back(v * traces_->nx + u);
      }
    }
    return out;
  }
  [[nodiscard]] std::vector<std::size_t> square_around(std::size_t pixel) const {
    return box(pixel, static_cast<std::size_t>(params_.trace_half_pixels));
  }

  /// `count` pixels nearest to `centre` (equals: the first) that are not in `but`.
  [[nodiscard]] std::vector<std::size_t> nearest_pixels(std::size_t centre,
                                                        std::size_t count,
                                                        const std::vector<std::size_t>& but) const {
    const auto half = static_cast<std::size_t>(std::sqrt(static_cast<double>(count))) + 2;
    std::vector<std::pair<double, std::size_t>> found;
    for (const std::size_t p : box(centre, half)) {
      if (std::find(but.begin(), but.end(), p) == but.end()) {
        found.emplace_back(square_distance(centre, p), p);
      }
    }
    std::sort(found.begin(), found.end());
    std::vector<std::size_t> out;
    for (std::size_t k = 0; k < std::min(count, found.size()); ++k) {
      out.push_back(found[k].second);
    }
    return out;
  }

  [[nodiscard]] std::vector<float> trace(const std::vector<std::size_t>& pixels) const {
    return normalised(mean_trace(*traces_, pixels), traces_->stride);
  }
  [[nodiscard]] double r(const std::vector<float>& a, const std::vector<float>& b) const {
    return static_cast<double>(kernels::dot(a.data(), b.data(), traces_->stride));
  }

  const Traces* traces_;
  ValleyParams params_;
};

template <class Statistic>
Estimate over_valleys(const std::vector<Valley>& valleys,
                      const Statistic& statistic,
                      const BootstrapOptions& options) {
  if (valleys.empty()) {
    return {nan, nan};
  }
  const BootstrapResult result = bootstrap(
      valleys.size(),
      [&](std::span<const std::uint32_t> counts) {
        std::vector<Valley> drawn;
        for (std::size_t k = 0; k < valleys.size(); ++k) {
          drawn.insert(drawn.end(), counts[k], valleys[k]);
        }
        return statistic(drawn);
      },
      options);
  return {result.value, result.sigma * small_sample_factor(static_cast<double>(valleys.size()))};
}

double median_of(const std::vector<Valley>& valleys, double Valley::*field) {
  std::vector<double> values;
  for (const Valley& v : valleys) {
    values.push_back(v.*field);
  }
  return median(values);
}

}  // namespace

void validate(const ValleyParams& p) {
  require(p.half_width_pixels > 0, "half_width_pixels", p.half_width_pixels, "> 0");
  require_range("lowest_percent", p.lowest_percent, 0.0, 100.0);
  require(p.nearest_pixels >= 0.0 && p.farthest_pixels >= p.nearest_pixels,
          "farthest_pixels",
          p.farthest_pixels,
          ">= nearest_pixels >= 0");
  require(p.least_maxima > 0, "least_maxima", p.least_maxima, "> 0");
  require(p.most_maxima >= p.least_maxima, "most_maxima", p.most_maxima, ">= least_maxima");
  require(p.trace_half_pixels >= 0, "trace_half_pixels", p.trace_half_pixels, ">= 0");
  require(p.valley_half_pixels >= 0, "valley_half_pixels", p.valley_half_pixels, ">= 0");
}

ValleyTest test_valleys(const Traces& traces,
                        const CorrelationMap& map,
                        const ValleyParams& params,
                        const BootstrapOptions& options,
                        Threads threads) {
  validate(params);
  require(map.nx == traces.nx && map.ny == traces.ny, "map and traces are of different fields");
  const Extrema extrema = find_extrema(map, params);
  const Valleys rule(traces, params);
  std::vector<std::optional<Valley>> found(extrema.minima.size());
  for_each_chunk(found.size(), 1, threads, [&](std::size_t k, std::size_t) {
    const std::size_t pixel = extrema.minima[k];
    const std::vector<std::size_t> maxima = rule.maxima_around(pixel, extrema.maxima);
    if (maxima.size() >= static_cast<std::size_t>(params.least_maxima)) {
      found[k] = rule.measure(pixel, maxima);
    }
  });
  ValleyTest out;
  out.minima = extrema.minima.size();
  for (const auto& valley : found) {
    if (valley) {
      out.valleys.push_back(*valley);
    }
  }
  out.median_gain = over_valleys(
      out.valleys, [](const auto& v) { return median_of(v, &Valley::gain); }, options);
  out.median_gain_over_wide = over_valleys(
      out.valleys, [](const auto& v) { return median_of(v, &Valley::gain_over_wide); }, options);
  out.share_positive = over_valleys(
      out.valleys,
      [](const std::vector<Valley>& v) {
        const auto positive =
            std::count_if(v.begin(), v.end(), [](const Valley& one) { return one.gain > 0.0; });
        return static_cast<double>(positive) / static_cast<double>(v.size());
      },
      options);
  return out;
}

}  // namespace halotwin::analysis
