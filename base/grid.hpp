// Rectangular grids of pixels and values on them. Row-major (y, x); pixel (0, 0) is the first
// acquired; pixel centres carry the coordinates.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace halotwin {

struct Point {
  double x_m = 0.0;
  double y_m = 0.0;
  bool operator==(const Point&) const = default;
};

/// Geometry of a grid: `nx` x `ny` square or rectangular pixels, the centre of pixel (0, 0) at
/// `origin`.
struct Grid {
  std::size_t nx = 0;
  std::size_t ny = 0;
  double step_x_m = 0.0;
  double step_y_m = 0.0;
  Point origin{};

  [[nodiscard]] std::size_t size() const { return nx * ny; }
  [[nodiscard]] Point centre(std::size_t ix, std::size_t iy) const {
    return {origin.x_m + static_cast<double>(ix) * step_x_m,
            origin.y_m + static_cast<double>(iy) * step_y_m};
  }
  bool operator==(const Grid&) const = default;
};

/// Values on a grid of nx columns and ny rows.
template <class T>
struct Image {
  std::size_t nx = 0;
  std::size_t ny = 0;
  std::vector<T> values;

  Image() = default;
  Image(std::size_t columns, std::size_t rows, T fill = T{})
      : nx(columns), ny(rows), values(columns * rows, fill) {}

  [[nodiscard]] T& operator()(std::size_t ix, std::size_t iy) { return values[iy * nx + ix]; }
  [[nodiscard]] const T& operator()(std::size_t ix, std::size_t iy) const {
    return values[iy * nx + ix];
  }
  [[nodiscard]] std::size_t size() const { return values.size(); }
  [[nodiscard]] std::span<T> row(std::size_t iy) { return std::span(values).subspan(iy * nx, nx); }
  [[nodiscard]] std::span<const T> row(std::size_t iy) const {
    return std::span(values).subspan(iy * nx, nx);
  }
};

/// `points` values from `from` to `to`, both included: equally spaced, or equally spaced in the
/// logarithm.
[[nodiscard]] std::vector<double> linear_spacing(double from, double to, std::size_t points);
[[nodiscard]] std::vector<double> log_spacing(double from, double to, std::size_t points);

}  // namespace halotwin
