#include "physics/pnp_grid.hpp"

#include <algorithm>
#include <cmath>

#include "base/require.hpp"

namespace halotwin::physics {

namespace {

double first_cell_m(const PnpFilmParams& film, const PnpGridParams& p) {
  const double uniform = film.thickness_m / p.cells;
  const double wanted = p.first_cell_m > 0.0 ? p.first_cell_m : 0.005 * debye_length_m(film);
  return std::min(wanted, uniform);
}

// (g^n - 1) / (g - 1), the length of n cells that begin with 1.
double geometric_sum(double growth, int n) {
  return growth == 1.0 ? n : std::expm1(n * std::log(growth)) / (growth - 1.0);
}

// The factor with which n cells fill `length`, the first of length 1.
double growth_to_fill(double length, int n) {
  double low = 1.0;
  double high = 2.0;
  while (geometric_sum(high, n) < length) {
    high *= 2.0;
  }
  for (int k = 0; k < 100; ++k) {
    const double middle = 0.5 * (low + high);
    (geometric_sum(middle, n) < length ? low : high) = middle;
  }
  return 0.5 * (low + high);
}

}  // namespace

void validate(const PnpGridParams& p) {
  require_range("cells", p.cells, 4, 1000000);
  require(p.cells % 2 == 0, "cells", p.cells, "even");
  require_range("first_cell_m", p.first_cell_m, 0.0, 1e-2);
}

PnpGrid pnp_grid(const PnpFilmParams& film, const PnpGridParams& p) {
  validate(film);
  validate(p);
  const int count = p.cells / 2;
  const double half = 0.5 * film.thickness_m;
  const double growth = growth_to_fill(half / first_cell_m(film, p), count);
  std::vector<double> cells(static_cast<std::size_t>(count));
  for (int k = 0; k < count; ++k) {
    cells[static_cast<std::size_t>(k)] = half / geometric_sum(growth, count) * std::pow(growth, k);
  }
  PnpGrid grid;
  grid.cell_m = cells;
  grid.cell_m.insert(grid.cell_m.end(), cells.rbegin(), cells.rend());
  grid.position_m.assign(1, 0.0);
  for (const double h : grid.cell_m) {
    grid.position_m.push_back(grid.position_m.back() + h);
  }
  grid.width_m.assign(grid.points(), 0.0);
  for (std::size_t j = 0; j < grid.cell_m.size(); ++j) {
    grid.width_m[j] += 0.5 * grid.cell_m[j];
    grid.width_m[j + 1] += 0.5 * grid.cell_m[j];
  }
  return grid;
}

PnpGridParams halved(const PnpFilmParams& film, const PnpGridParams& p) {
  const double first = first_cell_m(film, p);
  const double root = std::sqrt(growth_to_fill(0.5 * film.thickness_m / first, p.cells / 2));
  return {2 * p.cells, first / (1.0 + root)};
}

}  // namespace halotwin::physics
