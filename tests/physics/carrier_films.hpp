// Small films for the tests of carriers.
#pragma once

#include <cmath>
#include <cstdint>
#include <limits>
#include <vector>

#include "base/grid.hpp"
#include "base/random.hpp"

namespace halotwin::physics::test {

/// A periodic Voronoi map of n x n nodes with grains of `diameter` nodes: one site in each square
/// of that side, anywhere in it.
inline Image<std::int32_t> voronoi(std::size_t n, double diameter, std::uint64_t seed) {
  const auto side = static_cast<int>(std::round(static_cast<double>(n) / diameter));
  const double pitch = static_cast<double>(n) / side;
  std::vector<Point> sites;
  for (int j = 0; j < side; ++j) {
    for (int i = 0; i < side; ++i) {
      RandomStream draw(seed, Purpose::test_data, static_cast<std::uint32_t>(j * side + i));
      const double x = (i + draw.uniform()) * pitch;
      const double y = (j + draw.uniform()) * pitch;
      sites.push_back({x, y});
    }
  }
  const auto width = static_cast<double>(n);
  const auto apart = [&](double a, double b) {
    const double d = std::abs(a - b);
    return std::min(d, width - d);
  };
  Image<std::int32_t> out(n, n);
  for (std::size_t iy = 0; iy < n; ++iy) {
    for (std::size_t ix = 0; ix < n; ++ix) {
      const double x = static_cast<double>(ix) + 0.5;
      const double y = static_cast<double>(iy) + 0.5;
      double nearest = std::numeric_limits<double>::infinity();
      const int cx = static_cast<int>(x / pitch);
      const int cy = static_cast<int>(y / pitch);
      for (int j = cy - 2; j <= cy + 2; ++j) {
        for (int i = cx - 2; i <= cx + 2; ++i) {
          const int site = ((j + side) % side) * side + (i + side) % side;
          const Point& s = sites[static_cast<std::size_t>(site)];
          const double d = std::hypot(apart(x, s.x_m), apart(y, s.y_m));
          if (d < nearest) {
            nearest = d;
            out(ix, iy) = site;
          }
        }
      }
    }
  }
  return out;
}

}  // namespace halotwin::physics::test
