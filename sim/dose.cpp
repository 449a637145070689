#include "sim/dose.hpp"

#include <algorithm>

#include "base/require.hpp"

namespace halotwin::sim {

DoseLedger::DoseLedger(const Grid& cells) : cells_(cells) {
  require(cells.nx > 0 && cells.ny > 0, "a dose ledger needs at least one cell");
  require_positive("step_x_m", cells.step_x_m);
  require_positive("step_y_m", cells.step_y_m);
  maps_.fill(Image<double>(cells.nx, cells.ny));
}

void DoseLedger::add(DoseKind kind, Point centre, double radius_m, double amount) {
  const std::size_t k = index(kind);
  total_[k] += amount;
  Image<double>& map = maps_[k];
  const double outside = spread_over_cells(
      cells_, centre, radius_m, [&](std::size_t ix, std::size_t iy, double share) {
        map(ix, iy) += amount * share;
      });
  outside_[k] += amount * outside;
}

std::vector<double> DoseLedger::save() const {
  std::vector<double> state;
  state.reserve(dose_kinds * (cells_.size() + 2));
  for (std::size_t k = 0; k < dose_kinds; ++k) {
    state.push_back(total_[k]);
    state.push_back(outside_[k]);
    state.insert(state.end(), maps_[k].values.begin(), maps_[k].values.end());
  }
  return state;
}

void DoseLedger::load(std::span<const double> state) {
  const std::size_t n = cells_.size();
  require(state.size() == dose_kinds * (n + 2), "the saved dose belongs to another specimen");
  for (std::size_t k = 0; k < dose_kinds; ++k) {
    const auto part = state.subspan(k * (n + 2), n + 2);
    total_[k] = part[0];
    outside_[k] = part[1];
    std::copy(part.begin() + 2, part.end(), maps_[k].values.begin());
  }
}

}  // namespace halotwin::sim
