#include "analysis/grains.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "base/constants.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

/// Trees of pixels; the root of each is its summit.
class Summits {
 public:
  explicit Summits(std::size_t pixels) : parent_(pixels, -1) {}
  [[nodiscard]] bool reached(std::size_t p) const { return parent_[p] >= 0; }
  void start(std::size_t p) { parent_[p] = static_cast<std::int32_t>(p); }
  [[nodiscard]] std::size_t root(std::size_t p) {
    while (static_cast<std::size_t>(parent_[p]) != p) {
      const auto up = static_cast<std::size_t>(parent_[p]);
      parent_[p] = parent_[up];
      p = up;
    }
    return p;
  }
  void join(std::size_t lower, std::size_t higher) {
    parent_[lower] = static_cast<std::int32_t>(higher);
  }

 private:
  std::vector<std::int32_t> parent_;
};

template <class Visit>
void for_neighbours(std::size_t p, std::size_t nx, std::size_t ny, const Visit& visit) {
  const auto x = static_cast<std::ptrdiff_t>(p % nx);
  const auto y = static_cast<std::ptrdiff_t>(p / nx);
  for (std::ptrdiff_t dy = -1; dy <= 1; ++dy) {
    for (std::ptrdiff_t dx = -1; dx <= 1; ++dx) {
      const bool inside = x + dx >= 0 && y + dy >= 0 && x + dx < static_cast<std::ptrdiff_t>(nx) &&
                          y + dy < static_cast<std::ptrdiff_t>(ny);
      if (inside && (dx != 0 || dy != 0)) {
        visit(static_cast<std::size_t>((y + dy) * static_cast<std::ptrdiff_t>(nx) + x + dx));
      }
    }
  }
}

std::vector<std::size_t> from_the_highest(const std::vector<double>& height) {
  std::vector<std::size_t> order;
  for (std::size_t p = 0; p < height.size(); ++p) {
    if (std::isfinite(height[p])) {
      order.push_back(p);
    }
  }
  std::sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return height[a] != height[b] ? height[a] > height[b] : a < b;
  });
  return order;
}

}  // namespace

void validate(const GrainParams& p) {
  require_range("smoothing_pixels", p.smoothing_pixels, 0.0, 20.0);
  require_range("least_depth_m", p.least_depth_m, 0.0, 1e-6);
  require_range("largest_distance_pixels", p.largest_distance_pixels, 1, 100);
}

GrainMap find_grains(const MapView& height_m, const GrainParams& params) {
  validate(params);
  require(height_m.values.size() == height_m.nx * height_m.ny, "map has another size than nx x ny");
  const std::size_t nx = height_m.nx;
  const std::size_t ny = height_m.ny;
  const std::vector<double> height = smoothed(height_m, params.smoothing_pixels);
  Summits summits(height.size());
  std::vector<std::size_t> touched;
  for (const std::size_t p : from_the_highest(height)) {
    touched.clear();
    for_neighbours(p, nx, ny, [&](std::size_t q) {
      if (summits.reached(q)) {
        touched.push_back(summits.root(q));
      }
    });
    summits.start(p);
    if (touched.empty()) {
      continue;
    }
    std::sort(touched.begin(), touched.end(), [&](std::size_t a, std::size_t b) {
      return height[a] != height[b] ? height[a] > height[b] : a < b;
    });
    touched.erase(std::unique(touched.begin(), touched.end()), touched.end());
    const std::size_t highest = touched.front();
    for (std::size_t k = 1; k < touched.size(); ++k) {
      if (height[touched[k]] - height[p] < params.least_depth_m) {
        summits.join(touched[k], highest);
      }
    }
    // to the steepest neighbour's grain
    std::size_t uphill = p;
    for_neighbours(p, nx, ny, [&](std::size_t q) {
      if (summits.reached(q) && height[q] > height[uphill]) {
        uphill = q;
      }
    });
    summits.join(p, uphill == p ? highest : summits.root(uphill));
  }
  GrainMap out;
  out.label.assign(height.size(), -1);
  std::vector<std::int32_t> number(height.size(), -1);
  for (std::size_t p = 0; p < height.size(); ++p) {
    if (summits.reached(p)) {
      auto& n = number[summits.root(p)];
      if (n < 0) {
        n = static_cast<std::int32_t>(out.grains++);
      }
      out.label[p] = n;
    }
  }
  out.distance_pixels = boundary_distance_pixels(out.label, nx, ny, params.largest_distance_pixels);
  return out;
}

std::vector<double> boundary_distance_pixels(const std::vector<std::int32_t>& label,
                                             std::size_t nx,
                                             std::size_t ny,
                                             int largest_pixels) {
  require(label.size() == nx * ny, "one label per pixel expected");
  std::vector<double> out(label.size(), nan);
  const std::ptrdiff_t reach = largest_pixels;
  const auto columns = static_cast<std::ptrdiff_t>(nx);
  const auto rows = static_cast<std::ptrdiff_t>(ny);
  for (std::ptrdiff_t y = 0; y < rows; ++y) {
    for (std::ptrdiff_t x = 0; x < columns; ++x) {
      const auto p = static_cast<std::size_t>(y * columns + x);
      if (label[p] < 0) {
        continue;
      }
      std::ptrdiff_t nearest = (reach + 1) * (reach + 1);
      for (std::ptrdiff_t v = std::max<std::ptrdiff_t>(0, y - reach);
           v <= std::min(rows - 1, y + reach);
           ++v) {
        for (std::ptrdiff_t u = std::max<std::ptrdiff_t>(0, x - reach);
             u <= std::min(columns - 1, x + reach);
             ++u) {
          const std::int32_t other = label[static_cast<std::size_t>(v * columns + u)];
          if (other >= 0 && other != label[p]) {
            nearest = std::min(nearest, (u - x) * (u - x) + (v - y) * (v - y));
          }
        }
      }
      out[p] = std::min(std::sqrt(static_cast<double>(nearest)) - 0.5,
                        static_cast<double>(largest_pixels));
    }
  }
  return out;
}

}  // namespace halotwin::analysis
