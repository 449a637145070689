// What the specimen has received, where: bias-time, light, photons.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <vector>

#include "base/grid.hpp"

namespace halotwin::sim {

enum class DoseKind : std::size_t { bias_time_s, light_j, photons };
inline constexpr std::size_t dose_kinds = 3;

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
