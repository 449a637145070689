// Points between two electrodes, dense at both.
#pragma once

#include <cstddef>
#include <vector>

#include "physics/pnp_film.hpp"

namespace halotwin::physics {

/// Cells grow from each electrode inwards by one factor, such that the given number fills the film;
/// symmetric about the middle.
struct PnpGridParams {
  int cells = 400;            // even
  double first_cell_m = 0.0;  // at the electrodes; 0 = lam_D / 200; at most L / cells
  bool operator==(const PnpGridParams&) const = default;
};
void validate(const PnpGridParams& p);
void visit_fields(auto& visit, PnpGridParams& p) {
  visit("cells", p.cells);
  visit("first_cell_m", p.first_cell_m);
}

/// Points x_0 = 0 ... x_n = L, cells h_j = x_{j+1} - x_j, and the width w_j that belongs to a
/// point: half of each neighbouring cell.
struct PnpGrid {
  std::vector<double> position_m;
  std::vector<double> cell_m;
  std::vector<double> width_m;
  [[nodiscard]] std::size_t points() const { return position_m.size(); }
};
[[nodiscard]] PnpGrid pnp_grid(const PnpFilmParams& film, const PnpGridParams& p);

/// The same grid with each cell cut in two (for tests of the order).
[[nodiscard]] PnpGridParams halved(const PnpFilmParams& film, const PnpGridParams& p);

}  // namespace halotwin::physics
