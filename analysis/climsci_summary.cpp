#include <algorithm>
#include <cmath>
#include <utility>

#include "analysis/climsci.hpp"
#include "analysis/field_median.hpp"
#include "base/constants.hpp"
#include "base/random.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

std::vector<std::size_t> random_pixels(std::span<const double> map,
                                       std::size_t nx,
                                       std::size_t ny,
                                       const PixelChoice& choice) {
  require(map.size() == nx * ny, "the map is not nx x ny");
  std::vector<std::size_t> pool;
  const std::size_t margin = choice.margin_pixels;
  for (std::size_t p = 0; p < map.size(); ++p) {
    const std::size_t x = p % nx;
    const std::size_t y = p / nx;
    const bool inside = x >= margin && y >= margin && x + margin < nx && y + margin < ny;
    if (inside && map[p] > choice.above) {
      pool.push_back(p);
    }
  }
  const std::size_t count = std::min(choice.count, pool.size());
  RandomStream draw(choice.seed, Purpose::pixel_choice);
  for (std::size_t k = 0; k < count; ++k) {
    std::swap(pool[k], pool[k + draw.index(static_cast<std::uint32_t>(pool.size() - k))]);
  }
  pool.resize(count);
  std::sort(pool.begin(), pool.end());
  return pool;
}

namespace {

/// Median of value(decay) over those that have one.
template <class Value>
Estimate median_over(const DecaySet& set, const Traces& traces, const Value& value) {
  std::vector<double> field(traces.pixels(), nan);
  for (const Decay& d : set.pixels) {
    if (d.domain_pixels > 0) {
      field[d.pixel] = value(d);
    }
  }
  return median_of_field(field, traces.nx, traces.pixel_m);
}

}  // namespace

DecaySummary summarise(const DecaySet& set, const Traces& traces, const DecayParams& params) {
  DecaySummary out;
  std::size_t open = 0;
  for (const Decay& d : set.pixels) {
    if (d.domain_pixels == 0) {
      continue;
    }
    ++out.count;
    open += d.open ? 1 : 0;
    out.without_radius += std::isnan(d.radius_m) ? 1 : 0;
  }
  const auto of = [&](const auto& value) { return median_over(set, traces, value); };
  out.diameter_m = of([](const Decay& d) { return d.diameter_m; });
  out.feret_m = of([](const Decay& d) { return d.feret_m; });
  out.radius_m = of([](const Decay& d) { return d.radius_m; });
  out.drop_per_pixel =
      of([&](const Decay& d) { return (1.0 - params.level) / (d.radius_m / traces.pixel_m); });
  out.first_drop = of([](const Decay& d) { return d.first_drop; });
  out.open_share = out.count > 0 ? static_cast<double>(open) / static_cast<double>(out.count) : 0.0;
  return out;
}

}  // namespace halotwin::analysis
