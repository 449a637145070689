// Between the nodes of a grid.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "base/grid.hpp"

namespace halotwin::sim {

/// Index of a place along one axis, in sites, held inside the grid.
[[nodiscard]] inline double along_axis(double value_m,
                                       double origin_m,
                                       double step_m,
                                       std::size_t n) {
  return std::clamp((value_m - origin_m) / step_m, 0.0, static_cast<double>(n) - 1.0);
}

/// Index of the site nearest to `at`, held inside the grid.
[[nodiscard]] inline std::size_t nearest_site(const Grid& grid, Point at) {
  const auto nearest = [](double place) { return static_cast<std::size_t>(std::lround(place)); };
  return nearest(along_axis(at.y_m, grid.origin.y_m, grid.step_y_m, grid.ny)) * grid.nx +
         nearest(along_axis(at.x_m, grid.origin.x_m, grid.step_x_m, grid.nx));
}

/// Bilinear between the sites of a grid, of value(site); constant beyond its edge.
template <class Value>
[[nodiscard]] double between_sites(const Grid& grid, const Value& value, Point at) {
  const double x = along_axis(at.x_m, grid.origin.x_m, grid.step_x_m, grid.nx);
  const double y = along_axis(at.y_m, grid.origin.y_m, grid.step_y_m, grid.ny);
  const auto ix = static_cast<std::size_t>(x);
  const auto iy = static_cast<std::size_t>(y);
  const std::size_t right = ix + 1 < grid.nx ? 1 : 0;
  const std::size_t up = iy + 1 < grid.ny ? grid.nx : 0;
  const double s = x - static_cast<double>(ix);
  const double t = y - static_cast<double>(iy);
  const std::size_t site = iy * grid.nx + ix;
  const auto v = [&](std::size_t k) { return static_cast<double>(value(site + k)); };
  return (1 - t) * ((1 - s) * v(0) + s * v(right)) + t * ((1 - s) * v(up) + s * v(up + right));
}

}  // namespace halotwin::sim
