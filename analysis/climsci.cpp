#include "analysis/climsci.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analysis/region_shape.hpp"
#include "analysis/trace_kernels.hpp"
#include "base/constants.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

constexpr std::size_t tile = 8;  // pixels a side

/// Pixels [x0, x1) x [y0, y1) of the field.
struct Box {
  std::size_t x0 = 0, y0 = 0, x1 = 0, y1 = 0;
  [[nodiscard]] std::size_t nx() const { return x1 - x0; }
  [[nodiscard]] std::size_t size() const { return nx() * (y1 - y0); }
  [[nodiscard]] std::size_t at(std::size_t x, std::size_t y) const {
    return (y - y0) * nx() + (x - x0);
  }
};

/// What lies within `reach` pixels of a box.
Box around(const Box& box, std::size_t reach, const Traces& traces) {
  return {box.x0 - std::min(box.x0, reach),
          box.y0 - std::min(box.y0, reach),
          std::min(box.x1 + reach, traces.nx),
          std::min(box.y1 + reach, traces.ny)};
}

/// Which ring a pixel at (dx, dy) is in, and the mean distance of full rings.
struct Rings {
  explicit Rings(std::size_t reach_pixels) : reach(reach_pixels), of((reach + 1) * (reach + 1)) {
    for (std::size_t dy = 0; dy <= reach; ++dy) {
      for (std::size_t dx = 0; dx <= reach; ++dx) {
        const double d = std::hypot(static_cast<double>(dx), static_cast<double>(dy));
        of[dy * (reach + 1) + dx] = {static_cast<std::size_t>(std::lround(d)), d};
      }
    }
  }
  struct Place {
    std::size_t ring = 0;
    double distance = 0.0;
  };
  [[nodiscard]] const Place& place(std::size_t dx, std::size_t dy) const {
    return of[dy * (reach + 1) + dx];
  }
  std::size_t reach;
  std::vector<Place> of;
};

std::size_t apart(std::size_t a, std::size_t b) {
  return a > b ? a - b : b - a;
}

/// Where the profile falls to `level` [pixels]; entry 0 is the pixel itself.
double crossing(const std::vector<double>& distance, const std::vector<double>& r, double level) {
  double d0 = 0.0;
  double r0 = 1.0;
  for (std::size_t k = 1; k < r.size(); ++k) {
    if (std::isnan(r[k])) {
      continue;
    }
    if (r[k] < level) {
      return d0 + (r0 - level) / (r0 - r[k]) * (distance[k] - d0);
    }
    d0 = distance[k];
    r0 = r[k];
  }
  return nan;
}

class Decays {
 public:
  Decays(const Traces& traces, const DecayParams& params, std::span<const double> reliability)
      : traces_(&traces),
        params_(params),
        rings_(static_cast<std::size_t>(params.reach_m / traces.pixel_m + 1e-6)),
        scale_(traces.pixels(), 1.0) {
    require(rings_.reach > 0, "reach_m is less than one pixel");
    require(reliability.empty() || reliability.size() == traces.pixels(),
            "one reliability per pixel expected");
    for (std::size_t p = 0; p < scale_.size(); ++p) {
      if (!reliability.empty()) {
        scale_[p] = reliability[p] > 0.0 ? 1.0 / std::sqrt(reliability[p]) : nan;
      }
      if (traces.constant[p] != 0) {
        scale_[p] = nan;
      }
    }
  }

  [[nodiscard]] std::size_t reach() const { return rings_.reach; }

  /// Decay and profile around `pixel`; raw[i] = z(pixel) . z(i-th pixel of `box`).
  Decay read(std::size_t pixel, const Box& box, const float* raw, RingProfile& profile) const {
    const std::size_t x = pixel % traces_->nx;
    const std::size_t y = pixel / traces_->nx;
    const Box window = around({x, y, x + 1, y + 1}, rings_.reach, *traces_);
    std::vector<double> sum(rings_.reach + 1, 0.0);
    std::vector<double> distance(rings_.reach + 1, 0.0);
    std::vector<double> count(rings_.reach + 1, 0.0);
    std::vector<unsigned char> inside(window.size(), 0);
    for (std::size_t v = window.y0; v < window.y1; ++v) {
      for (std::size_t u = window.x0; u < window.x1; ++u) {
        const double r = value(pixel, v * traces_->nx + u, raw[box.at(u, v)]);
        if (std::isnan(r)) {
          continue;
        }
        inside[window.at(u, v)] = r >= params_.level ? 1 : 0;
        const auto& place = rings_.place(apart(u, x), apart(v, y));
        if (place.ring <= rings_.reach) {
          sum[place.ring] += r;
          distance[place.ring] += place.distance;
          count[place.ring] += 1.0;
        }
      }
    }
    for (std::size_t k = 0; k < sum.size(); ++k) {
      sum[k] = count[k] > 0.0 ? sum[k] / count[k] : nan;
      distance[k] = count[k] > 0.0 ? distance[k] / count[k] : nan;
    }
    Decay out;
    out.pixel = pixel;
    out.radius_m =
        std::isnan(sum[0]) ? nan : crossing(distance, sum, params_.level) * traces_->pixel_m;
    out.first_drop = 1.0 - sum[1];
    measure_domain(window, inside, window.at(x, y), out);
    for (double& d : distance) {
      d *= traces_->pixel_m;
    }
    profile = {std::move(distance), std::move(sum)};
    return out;
  }

 private:
  [[nodiscard]] double value(std::size_t p, std::size_t q, float raw) const {
    const double scale = scale_[p] * scale_[q];
    if (p == q) {
      return std::isnan(scale) ? nan : 1.0;
    }
    return static_cast<double>(raw) * scale;
  }

  void measure_domain(const Box& window,
                      std::span<const unsigned char> inside,
                      std::size_t start,
                      Decay& out) const {
    const std::vector<std::size_t> region = connected_region(inside, window.nx(), start);
    out.domain_pixels = region.size();
    if (region.empty()) {
      out.diameter_m = nan;
      out.feret_m = nan;
      return;
    }
    out.diameter_m = equivalent_diameter_m(region.size(), traces_->pixel_m);
    out.feret_m = feret_diameter_m(region, window.nx(), traces_->pixel_m);
    const std::size_t rows = window.y1 - window.y0;
    out.open = std::any_of(region.begin(), region.end(), [&](std::size_t p) {
      const std::size_t u = p % window.nx();
      const std::size_t v = p / window.nx();
      return u == 0 || v == 0 || u + 1 == window.nx() || v + 1 == rows;
    });
  }

  const Traces* traces_;
  DecayParams params_;
  Rings rings_;
  std::vector<double> scale_;  // 1 / sqrt(R); NaN = unknown
};

/// Sums of profiles, for their mean.
struct ProfileSum {
  std::vector<double> r, distance_m, count;

  explicit ProfileSum(std::size_t reach)
      : r(reach + 1, 0.0), distance_m(reach + 1, 0.0), count(reach + 1, 0.0) {}

  void add(const RingProfile& p) {
    for (std::size_t k = 0; k < r.size(); ++k) {
      if (!std::isnan(p.r[k])) {
        r[k] += p.r[k];
        distance_m[k] += p.distance_m[k];
        count[k] += 1.0;
      }
    }
  }
  void add(const ProfileSum& other) {
    for (std::size_t k = 0; k < r.size(); ++k) {
      r[k] += other.r[k];
      distance_m[k] += other.distance_m[k];
      count[k] += other.count[k];
    }
  }
  [[nodiscard]] RingProfile mean() const {
    RingProfile out;
    for (std::size_t k = 0; k < r.size(); ++k) {
      out.r.push_back(count[k] > 0.0 ? r[k] / count[k] : nan);
      out.distance_m.push_back(count[k] > 0.0 ? distance_m[k] / count[k] : nan);
    }
    return out;
  }
};

std::vector<const float*> traces_of(const Traces& traces, const Box& box) {
  std::vector<const float*> out;
  out.reserve(box.size());
  for (std::size_t y = box.y0; y < box.y1; ++y) {
    for (std::size_t x = box.x0; x < box.x1; ++x) {
      out.push_back(traces.data(y * traces.nx + x));
    }
  }
  return out;
}

Box box_of(const Traces& traces, std::size_t pixel) {
  const std::size_t x = pixel % traces.nx;
  const std::size_t y = pixel / traces.nx;
  return {x, y, x + 1, y + 1};
}

Decay read_one(const Traces& traces, const Decays& rule, std::size_t pixel, RingProfile& profile) {
  const Box window = around(box_of(traces, pixel), rule.reach(), traces);
  const std::vector<const float*> others = traces_of(traces, window);
  std::vector<float> raw(others.size());
  for (std::size_t i = 0; i < others.size(); ++i) {
    raw[i] = kernels::dot(traces.data(pixel), others[i], traces.stride);
  }
  return rule.read(pixel, window, raw.data(), profile);
}

void require_pixel(const Traces& traces, std::size_t pixel) {
  require(pixel < traces.pixels(),
          fmt::format("pixel {} is not in a field of {} x {}", pixel, traces.nx, traces.ny));
}

}  // namespace

void validate(const DecayParams& p) {
  require(p.level > 0.0 && p.level < 1.0, "level", p.level, "between 0 and 1");
  require_positive("reach_m", p.reach_m);
}

std::vector<double> correlation_image(const Traces& traces, std::size_t pixel, Threads threads) {
  require_pixel(traces, pixel);
  std::vector<double> out(traces.pixels());
  for_each_chunk(out.size(), 256, threads, [&](std::size_t first, std::size_t last) {
    for (std::size_t q = first; q < last; ++q) {
      out[q] = q == pixel && traces.constant[q] == 0 ? 1.0 : correlation(traces, pixel, q);
    }
  });
  return out;
}

DecaySet decays(const Traces& traces,
                std::span<const std::size_t> pixels,
                const DecayParams& params,
                std::span<const double> reliability,
                Threads threads) {
  validate(params);
  const Decays rule(traces, params, reliability);
  DecaySet out;
  out.pixels.resize(pixels.size());
  std::vector<RingProfile> profiles(pixels.size());
  for (const std::size_t p : pixels) {
    require_pixel(traces, p);
  }
  for_each_chunk(pixels.size(), 1, threads, [&](std::size_t k, std::size_t) {
    out.pixels[k] = read_one(traces, rule, pixels[k], profiles[k]);
  });
  ProfileSum sum(rule.reach());
  for (const RingProfile& p : profiles) {
    sum.add(p);
  }
  out.mean_profile = sum.mean();
  return out;
}

RingProfile decay_profile(const Traces& traces,
                          std::size_t pixel,
                          const DecayParams& params,
                          std::span<const double> reliability) {
  validate(params);
  require_pixel(traces, pixel);
  const Decays rule(traces, params, reliability);
  RingProfile out;
  read_one(traces, rule, pixel, out);
  return out;
}

DecaySet decay_map(const Traces& traces,
                   const DecayParams& params,
                   std::span<const double> reliability,
                   Threads threads) {
  validate(params);
  const Decays rule(traces, params, reliability);
  const std::size_t across = chunk_count(traces.nx, tile);
  const std::size_t tiles = across * chunk_count(traces.ny, tile);
  DecaySet out;
  out.pixels.resize(traces.pixels());
  std::vector<ProfileSum> sums(tiles, ProfileSum(rule.reach()));
  for_each_chunk(tiles, 1, threads, [&](std::size_t k, std::size_t) {
    const std::size_t x = k % across * tile;
    const std::size_t y = k / across * tile;
    const Box own{x, y, std::min(x + tile, traces.nx), std::min(y + tile, traces.ny)};
    const Box window = around(own, rule.reach(), traces);
    const std::vector<const float*> rows = traces_of(traces, own);
    const std::vector<const float*> columns = traces_of(traces, window);
    std::vector<float> raw(rows.size() * columns.size());
    kernels::dot_products(rows, columns, traces.stride, raw.data());
    RingProfile profile;
    for (std::size_t i = 0; i < rows.size(); ++i) {
      const std::size_t pixel = (y + i / own.nx()) * traces.nx + x + i % own.nx();
      out.pixels[pixel] = rule.read(pixel, window, raw.data() + i * columns.size(), profile);
      sums[k].add(profile);
    }
  });
  ProfileSum sum(rule.reach());
  for (const ProfileSum& s : sums) {
    sum.add(s);
  }
  out.mean_profile = sum.mean();
  return out;
}

}  // namespace halotwin::analysis
