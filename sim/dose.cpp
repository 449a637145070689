#include "sim/dose.hpp"

#include <algorithm>
#include <cmath>

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
  const double x = (centre.x_m - cells_.origin.x_m) / cells_.step_x_m;
  const double y = (centre.y_m - cells_.origin.y_m) / cells_.step_y_m;
  const double rx = radius_m / cells_.step_x_m;
  const double ry = radius_m / cells_.step_y_m;
  const auto book = [&](double ix, double iy, double part) {
    const bool inside = ix >= 0 && iy >= 0 && ix < static_cast<double>(cells_.nx) &&
                        iy < static_cast<double>(cells_.ny);
    if (inside) {
      maps_[k](static_cast<std::size_t>(ix), static_cast<std::size_t>(iy)) += part;
    } else {
      outside_[k] += part;
    }
  };
  if (!(rx > 0.5) && !(ry > 0.5)) {
    book(std::floor(x + 0.5), std::floor(y + 0.5), amount);
    return;
  }
  const auto for_each_cell = [&](const auto& visit) {
    for (double iy = std::ceil(y - ry); iy <= y + ry; iy += 1.0) {
      for (double ix = std::ceil(x - rx); ix <= x + rx; ix += 1.0) {
        const double u = (ix - x) / rx;
        const double v = (iy - y) / ry;
        if (u * u + v * v <= 1.0) {
          visit(ix, iy);
        }
      }
    }
  };
  double count = 0.0;
  for_each_cell([&](double, double) { count += 1.0; });
  if (count > 0.0) {
    for_each_cell([&](double ix, double iy) { book(ix, iy, amount / count); });
  } else {
    book(std::floor(x + 0.5), std::floor(y + 0.5), amount);
  }
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
