// What the specimen has received, where: bias-time, light, photons.
#pragma once

#include <array>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "base/grid.hpp"

namespace halotwin::sim {

enum class DoseKind : std::size_t { bias_time_s, light_j, photons };
inline constexpr std::size_t dose_kinds = 3;

/// Calls visit(ix, iy, share) for the cells that a disc covers, evenly by their centres; a disc
/// smaller than a cell goes to the cell that holds its centre. Returns the share that falls
/// outside.
template <class Visit>
double spread_over_cells(const Grid& cells, Point centre, double radius_m, const Visit& visit) {
  const double x = (centre.x_m - cells.origin.x_m) / cells.step_x_m;
  const double y = (centre.y_m - cells.origin.y_m) / cells.step_y_m;
  const double rx = radius_m / cells.step_x_m;
  const double ry = radius_m / cells.step_y_m;
  double outside = 0.0;
  const auto give = [&](double ix, double iy, double share) {
    const bool inside = ix >= 0 && iy >= 0 && ix < static_cast<double>(cells.nx) &&
                        iy < static_cast<double>(cells.ny);
    if (inside) {
      visit(static_cast<std::size_t>(ix), static_cast<std::size_t>(iy), share);
    } else {
      outside += share;
    }
  };
  const auto for_each_cell = [&](const auto& covered) {
    for (double iy = std::ceil(y - ry); iy <= y + ry; iy += 1.0) {
      for (double ix = std::ceil(x - rx); ix <= x + rx; ix += 1.0) {
        const double u = (ix - x) / rx;
        const double v = (iy - y) / ry;
        if (u * u + v * v <= 1.0) {
          covered(ix, iy);
        }
      }
    }
  };
  double count = 0.0;
  if (rx > 0.5 || ry > 0.5) {
    for_each_cell([&](double, double) { count += 1.0; });
  }
  if (count > 0.0) {
    for_each_cell([&](double ix, double iy) { give(ix, iy, 1.0 / count); });
  } else {
    give(std::floor(x + 0.5), std::floor(y + 0.5), 1.0);
  }
  return outside;
}

/// Keeps books of dose on a coarse grid. Nothing is lost: total = sum of the map + what fell
/// outside of it.
class DoseLedger {
 public:
  /// `cells` with step > 0; dose whose place is outside of it is booked as outside.
  explicit DoseLedger(const Grid& cells);

  /// Books `amount` (seconds under bias, joule, photons) evenly over the disc of `radius_m`; a disc
  /// smaller than a cell goes to the cell that holds its centre.
  void add(DoseKind kind, Point centre, double radius_m, double amount);

  [[nodiscard]] const Grid& cells() const { return cells_; }
  [[nodiscard]] double total(DoseKind kind) const { return total_[index(kind)]; }
  [[nodiscard]] double outside(DoseKind kind) const { return outside_[index(kind)]; }
  [[nodiscard]] const Image<double>& map(DoseKind kind) const { return maps_[index(kind)]; }

  /// All numbers of the ledger, and back.
  [[nodiscard]] std::vector<double> save() const;
  void load(std::span<const double> state);

 private:
  static constexpr std::size_t index(DoseKind kind) { return static_cast<std::size_t>(kind); }

  Grid cells_;
  std::array<Image<double>, dose_kinds> maps_;
  std::array<double, dose_kinds> outside_{};
  std::array<double, dose_kinds> total_{};
};

}  // namespace halotwin::sim
