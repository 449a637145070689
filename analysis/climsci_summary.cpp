#include <algorithm>
#include <cmath>
#include <map>
#include <utility>

#include "analysis/climsci.hpp"
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

/// Median of value(decay) over those that have one; sigma over the blocks.
template <class Value>
Estimate block_median(const std::vector<std::vector<Decay>>& blocks,
                      const Value& value,
                      const BootstrapOptions& options) {
  const auto statistic = [&](std::span<const std::uint32_t> counts) {
    std::vector<double> values;
    for (std::size_t b = 0; b < blocks.size(); ++b) {
      for (std::uint32_t k = 0; k < counts[b]; ++k) {
        for (const Decay& d : blocks[b]) {
          const double v = value(d);
          if (!std::isnan(v)) {
            values.push_back(v);
          }
        }
      }
    }
    return values.empty() ? nan : median(values);
  };
  if (blocks.empty()) {
    return {nan, nan};
  }
  const BootstrapResult result = bootstrap(blocks.size(), statistic, options);
  return {result.value, std::isnan(result.value) ? nan : result.sigma};
}

}  // namespace

DecaySummary summarise(const DecaySet& set,
                       const Traces& traces,
                       const DecayParams& params,
                       double block_m,
                       const BootstrapOptions& options) {
  require_positive("block_m", block_m);
  const auto side = static_cast<std::size_t>(std::max(1L, std::lround(block_m / traces.pixel_m)));
  DecaySummary out;
  std::map<std::pair<std::size_t, std::size_t>, std::vector<Decay>> by_block;
  std::size_t open = 0;
  for (const Decay& d : set.pixels) {
    if (d.domain_pixels == 0) {
      continue;
    }
    ++out.count;
    open += d.open ? 1 : 0;
    out.without_radius += std::isnan(d.radius_m) ? 1 : 0;
    by_block[{d.pixel / traces.nx / side, d.pixel % traces.nx / side}].push_back(d);
  }
  std::vector<std::vector<Decay>> blocks;
  for (auto& [place, members] : by_block) {
    blocks.push_back(std::move(members));
  }
  const auto of = [&](const auto& value) { return block_median(blocks, value, options); };
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
