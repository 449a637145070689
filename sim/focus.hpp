// How far the film lies from the plane that the objective sees sharply. Kept as a history, since a
// camera hands out frames that were exposed a while ago.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

namespace halotwin::sim {

class Focus {
 public:
  /// Film minus plane [m] until the first move.
  explicit Focus(double defocus_m) : at_start_m_(defocus_m) {}

  /// From one defocus to another, evenly between two times that may be the same; it ends what was
  /// going on. Starts rise.
  void move(double start_s, double end_s, double from_m, double to_m);
  [[nodiscard]] double defocus_m(double time_s) const;

  /// A fixed number of values: the last moves.
  [[nodiscard]] std::vector<double> save() const;
  void load(std::span<const double> state);
  static constexpr std::size_t kept_moves = 16;
  static constexpr std::size_t saved_values = 2 + 4 * kept_moves;

 private:
  struct Move {
    double start_s = 0.0;
    double end_s = 0.0;
    double from_m = 0.0;
    double to_m = 0.0;
  };
  double at_start_m_;        // before the first move that is kept
  std::vector<Move> moves_;  // rising; the oldest are forgotten
};

}  // namespace halotwin::sim
