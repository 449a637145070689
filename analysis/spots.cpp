#include "analysis/spots.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "analysis/uncertainty.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

void validate(const SpotParams& p) {
  require_range("scale_pixels", p.scale_pixels, 0.5, 50.0);
  require_range("least_sigma", p.least_sigma, 1.0, 1000.0);
}

namespace {

// Smaller eigenvalue of the Hessian of the smoothed map, times scale^2; NaN at the rim.
std::vector<double> smaller_curvature(const MapView& map, double scale, SpotSign sign) {
  const std::vector<double> z = smoothed(map, scale);
  std::vector<double> out(z.size(), std::numeric_limits<double>::quiet_NaN());
  const double turn = sign == SpotSign::darker ? scale * scale : -scale * scale;
  for (std::size_t y = 1; y + 1 < map.ny; ++y) {
    for (std::size_t x = 1; x + 1 < map.nx; ++x) {
      const auto at = [&](std::size_t ix, std::size_t iy) { return z[iy * map.nx + ix]; };
      const double xx = at(x + 1, y) - 2.0 * at(x, y) + at(x - 1, y);
      const double yy = at(x, y + 1) - 2.0 * at(x, y) + at(x, y - 1);
      const double xy =
          0.25 * (at(x + 1, y + 1) - at(x - 1, y + 1) - at(x + 1, y - 1) + at(x - 1, y - 1));
      const double mean = 0.5 * turn * (xx + yy);
      const double half = turn * std::hypot(0.5 * (xx - yy), xy);
      out[y * map.nx + x] = mean - std::abs(half);
    }
  }
  return out;
}

bool is_maximum(const std::vector<double>& values, std::size_t nx, std::size_t ny, std::size_t p) {
  const std::size_t x = p % nx;
  const std::size_t y = p / nx;
  for (std::size_t iy = y > 2 ? y - 2 : 0; iy <= std::min(y + 2, ny - 1); ++iy) {
    for (std::size_t ix = x > 2 ? x - 2 : 0; ix <= std::min(x + 2, nx - 1); ++ix) {
      const std::size_t q = iy * nx + ix;
      if (values[q] > values[p] || (values[q] == values[p] && q < p)) {
        return false;
      }
    }
  }
  return true;
}

}  // namespace

std::vector<Spot> find_spots(const MapView& map,
                             const MapView& noise,
                             SpotSign sign,
                             const SpotParams& params) {
  validate(params);
  std::vector<double> of_noise;
  for (const double v : smaller_curvature(noise, params.scale_pixels, sign)) {
    if (std::isfinite(v)) {
      of_noise.push_back(v);
    }
  }
  const std::vector<double> strength = smaller_curvature(map, params.scale_pixels, sign);
  const double unit = of_noise.empty() ? 0.0 : robust_deviation(of_noise);
  std::vector<Spot> spots;
  for (std::size_t p = 0; p < strength.size(); ++p) {
    if (strength[p] > params.least_sigma * unit && strength[p] > 0.0 &&
        is_maximum(strength, map.nx, map.ny, p)) {
      spots.push_back({p % map.nx,
                       p / map.nx,
                       unit > 0.0 ? strength[p] / unit : std::numeric_limits<double>::infinity()});
    }
  }
  std::sort(spots.begin(), spots.end(), [](const Spot& a, const Spot& b) {
    return a.significance > b.significance;
  });
  return spots;
}

std::size_t spots_in_common(const std::vector<Spot>& first,
                            const std::vector<Spot>& second,
                            double distance_pixels) {
  return static_cast<std::size_t>(std::count_if(first.begin(), first.end(), [&](const Spot& a) {
    return std::any_of(second.begin(), second.end(), [&](const Spot& b) {
      const double dx = static_cast<double>(a.x) - static_cast<double>(b.x);
      const double dy = static_cast<double>(a.y) - static_cast<double>(b.y);
      return std::hypot(dx, dy) <= distance_pixels;
    });
  }));
}

}  // namespace halotwin::analysis
