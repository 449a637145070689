// Where the scanner of the simulated microscope is told to be, and where it really is: creep.
// Internal: users see simulated_probe.hpp.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "base/clock.hpp"
#include "base/grid.hpp"
#include "physics/piezo_creep.hpp"

namespace halotwin::devices::simulated {

/// One straight move after the other; between two moves the scanner is told to stand still. What
/// creeps is worked out in closed form from the last move, so asking does not change anything.
class ScannerMotion {
 public:
  /// At rest at (0, 0). `creep` null: the scanner is where it is told to be.
  explicit ScannerMotion(const physics::PiezoCreepParams* creep);

  /// From where it is now to `target`, at a constant speed in `duration` (0: at once).
  void move(Point target, Duration now, Duration duration);
  /// Stands still where it is.
  void stop(Duration now) { move(told(now), now, Duration::zero()); }

  /// What its sensor says.
  [[nodiscard]] Point told(Duration now) const;
  /// How far it really is from there [m].
  [[nodiscard]] Point creep(Duration now) const;
  /// End of the last move.
  [[nodiscard]] Duration end() const { return end_; }

  /// For resuming a run to the same bits.
  [[nodiscard]] std::vector<double> save() const;
  void load(std::span<const double> state);

 private:
  struct Axes {
    physics::PiezoCreep::State x{};
    physics::PiezoCreep::State y{};
  };
  [[nodiscard]] Axes relaxed(Duration now) const;
  void finish_move();

  bool creeps_;
  physics::PiezoCreep creep_;
  Axes at_start_;  // of the last move
  Axes at_end_;
  Point from_{};
  Point to_{};
  Duration start_{};
  Duration end_{};
};

}  // namespace halotwin::devices::simulated
