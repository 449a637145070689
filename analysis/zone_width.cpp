#include "analysis/zone_width.hpp"

#include <algorithm>
#include <cmath>

#include "base/constants.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

constexpr std::size_t least_pixels = 200;
constexpr double edge_pixels = 1.0;  // nearer counts as the boundary itself

/// Sums of one map by block and bin; the last bin holds the inside of grains.
struct Sums {
  std::size_t blocks = 0;
  std::size_t bins = 0;
  std::vector<double> sum;
  std::vector<double> count;
};

struct Measured {
  double half_width = nan;  // pixels
  double contrast = nan;
  double area = nan;  // pixels times the map's unit
  std::vector<double> profile;
};

class Binning {
 public:
  explicit Binning(const ZoneParams& p) : width_(p.bin_pixels), plateau_(p.plateau_pixels) {
    edges_.push_back(0.0);
    for (double e = edge_pixels; e < plateau_ + 0.5 * width_; e += width_) {
      edges_.push_back(e);
    }
    edges_.back() = plateau_;
  }
  [[nodiscard]] std::size_t bins() const { return edges_.size(); }
  [[nodiscard]] std::size_t bin(double distance) const {
    return static_cast<std::size_t>(std::upper_bound(edges_.begin(), edges_.end(), distance) -
                                    edges_.begin()) -
           1;
  }

 private:
  double width_;
  double plateau_;
  std::vector<double> edges_;
};

/// Half-way crossing, contrast and area of a profile of bin means at mean distances.
Measured measure(const Sums& sums, const Sums& places, std::span<const std::uint32_t> counts) {
  Measured out;
  std::vector<double> x(sums.bins, 0.0);
  std::vector<double> n(sums.bins, 0.0);
  out.profile.assign(sums.bins, 0.0);
  for (std::size_t b = 0; b < sums.blocks; ++b) {
    const double times = counts.empty() ? 1.0 : static_cast<double>(counts[b]);
    for (std::size_t k = 0; k < sums.bins; ++k) {
      n[k] += times * sums.count[b * sums.bins + k];
      out.profile[k] += times * sums.sum[b * sums.bins + k];
      x[k] += times * places.sum[b * sums.bins + k];
    }
  }
  for (std::size_t k = 0; k < sums.bins; ++k) {
    out.profile[k] = n[k] > 0.0 ? out.profile[k] / n[k] : nan;
    x[k] = n[k] > 0.0 ? x[k] / n[k] : nan;
  }
  const double inside = out.profile.back();
  out.contrast = out.profile.front() - inside;
  out.area = 0.0;
  const double half = 0.5 * out.contrast;
  double before_x = x.front();
  double before = out.contrast;
  out.area += before_x * out.contrast;  // from the boundary to the first mean distance
  for (std::size_t k = 1; k < sums.bins; ++k) {
    const double here = out.profile[k] - inside;
    if (!std::isfinite(here)) {
      continue;
    }
    if (std::isnan(out.half_width) && (before - half) * (here - half) <= 0.0) {
      out.half_width = before_x + (before - half) / (before - here) * (x[k] - before_x);
    }
    out.area += 0.5 * (before + here) * (x[k] - before_x);
    before_x = x[k];
    before = here;
  }
  return out;
}

Estimate estimate(double value, const std::vector<double>& replicates) {
  std::vector<double> finite;
  std::copy_if(replicates.begin(), replicates.end(), std::back_inserter(finite), [](double v) {
    return std::isfinite(v);
  });
  return {value, finite.size() > 1 ? standard_deviation(finite) : nan};
}

}  // namespace

void validate(const ZoneParams& p) {
  require_range("bin_pixels", p.bin_pixels, 0.1, 10.0);
  require_range("plateau_pixels", p.plateau_pixels, 1.5, 100.0);
  require_range("block_side_pixels", p.block_side_pixels, 1, 1000);
  require_range("replicates", p.replicates, 2, 100000);
}

ZoneComparison compare_zones(std::span<const MapView> maps,
                             std::span<const double> distance_pixels,
                             double step_m,
                             const ZoneParams& params) {
  validate(params);
  require_positive("step_m", step_m);
  ZoneComparison out;
  if (maps.empty()) {
    return out;
  }
  const std::size_t nx = maps.front().nx;
  const std::size_t ny = maps.front().ny;
  std::vector<std::uint8_t> valid(nx * ny);
  require(distance_pixels.size() == valid.size(), "one distance per pixel expected");
  for (std::size_t p = 0; p < valid.size(); ++p) {
    valid[p] = std::isfinite(distance_pixels[p]) ? 1 : 0;
    for (const MapView& map : maps) {
      require(map.values.size() == valid.size(), "maps of one size expected");
      valid[p] = valid[p] != 0 && std::isfinite(map.values[p]) ? 1 : 0;
    }
    out.pixels += valid[p];
  }
  const Binning binning(params);
  const BlockMap blocks =
      spatial_blocks(nx, ny, static_cast<std::size_t>(params.block_side_pixels), valid);
  const auto collect = [&](std::span<const double> values) {
    Sums sums{blocks.count, binning.bins(), {}, {}};
    sums.sum.assign(sums.blocks * sums.bins, 0.0);
    sums.count.assign(sums.blocks * sums.bins, 0.0);
    for (std::size_t p = 0; p < valid.size(); ++p) {
      if (valid[p] != 0) {
        const std::size_t slot =
            static_cast<std::size_t>(blocks.block[p]) * sums.bins + binning.bin(distance_pixels[p]);
        sums.sum[slot] += values[p];
        sums.count[slot] += 1.0;
      }
    }
    return sums;
  };
  out.zones.resize(maps.size());
  out.widening.assign(maps.size(), {nan, nan});
  if (out.pixels < least_pixels) {
    return out;
  }
  const Sums places = collect(distance_pixels);
  std::vector<std::vector<Measured>> drawn(maps.size());
  for (std::size_t m = 0; m < maps.size(); ++m) {
    const Sums sums = collect(maps[m].values);
    drawn[m].push_back(measure(sums, places, {}));
    for (int r = 0; r < params.replicates; ++r) {
      drawn[m].push_back(
          measure(sums,
                  places,
                  bootstrap_counts(blocks.count, params.seed, static_cast<std::uint32_t>(r))));
    }
  }
  const Measured distances = measure(places, places, {});
  const auto over = [&](std::size_t m, const auto& value_of) {
    std::vector<double> values;
    for (std::size_t r = 1; r < drawn[m].size(); ++r) {
      values.push_back(value_of(r));
    }
    return estimate(value_of(0), values);
  };
  for (std::size_t m = 0; m < maps.size(); ++m) {
    Zone& zone = out.zones[m];
    const auto in_metres = [&](Estimate e) { return Estimate{e.value * step_m, e.sigma * step_m}; };
    zone.half_width_m = in_metres(over(m, [&](std::size_t r) { return drawn[m][r].half_width; }));
    zone.contrast = over(m, [&](std::size_t r) { return drawn[m][r].contrast; });
    zone.area_m = in_metres(over(m, [&](std::size_t r) { return drawn[m][r].area; }));
    for (std::size_t k = 0; k < binning.bins(); ++k) {
      zone.distance_m.push_back(distances.profile[k] * step_m);
      const Estimate e = over(m, [&](std::size_t r) { return drawn[m][r].profile[k]; });
      zone.profile.push_back(e.value);
      zone.sigma.push_back(e.sigma);
    }
    const bool stands_out = std::abs(zone.contrast.value) > 3.0 * zone.contrast.sigma;
    zone.status = stands_out && std::isfinite(zone.half_width_m.value) ? ZoneStatus::found
                                                                       : ZoneStatus::no_contrast;
    out.widening[m] = in_metres(
        over(m, [&](std::size_t r) { return drawn[m][r].half_width - drawn[0][r].half_width; }));
  }
  return out;
}

}  // namespace halotwin::analysis
