#include "devices/simulated/kelvin_sensor.hpp"

#include <algorithm>
#include <cmath>

namespace halotwin::devices::simulated {

namespace {

constexpr double window_half_widths = 3.2;
constexpr double block_reach_m = 0.6e-6;
constexpr std::size_t block_sites = 8;
constexpr std::size_t table_size = 4096;

// Length that [centre - half, centre + half] shares with the same around 0 of half length `other`.
double overlap(double centre, double half, double other) {
  return std::max(0.0, std::min(centre + half, other) - std::max(centre - half, -other));
}

}  // namespace

double KelvinSensor::RadialTable::at(double rho2_m2) const {
  const double position = rho2_m2 * per_m2;
  const auto i = static_cast<std::size_t>(position);
  if (i + 1 >= values.size()) {
    return 0.0;
  }
  const double part = position - static_cast<double>(i);
  return values[i] * (1.0 - part) + values[i + 1] * part;
}

KelvinSensor::RadialTable KelvinSensor::tabulate(const physics::TipFootprint& footprint,
                                                 double reach_m,
                                                 double area) {
  RadialTable table{std::vector<double>(table_size + 1), table_size / (reach_m * reach_m)};
  for (std::size_t i = 0; i <= table_size; ++i) {
    table.values[i] =
        area * footprint.weight_per_m2(std::sqrt(static_cast<double>(i) / table.per_m2));
  }
  return table;
}

KelvinSensor::KelvinSensor(const sim::Specimen& specimen,
                           const physics::TipParams& tip,
                           const physics::OrbitParams& orbit,
                           physics::FootprintOf quantity)
    : specimen_(&specimen) {
  const sim::FilmParams& film = specimen.params().film;
  const physics::TipFootprint footprint(
      tip, orbit, film.effective_depth_m / film.relative_permittivity, quantity);
  window_m_ = window_half_widths * footprint.half_width_m();
  near_share_ = footprint.enclosed_share(window_m_);
  const Grid& grid = specimen.grid();
  const double site = grid.step_x_m * grid.step_y_m;
  near_ = tabulate(footprint, 1.5 * window_m_, site);
  far_ = tabulate(footprint, block_reach_m, site * block_sites * block_sites);
  blocks_ = {(grid.nx + block_sites - 1) / block_sites,
             (grid.ny + block_sites - 1) / block_sites,
             block_sites * grid.step_x_m,
             block_sites * grid.step_y_m,
             {grid.origin.x_m + 0.5 * (block_sites - 1) * grid.step_x_m,
              grid.origin.y_m + 0.5 * (block_sites - 1) * grid.step_y_m}};
  refresh();
}

void KelvinSensor::refresh() {
  const Grid& grid = specimen_->grid();
  block_v_.assign(blocks_.size(), 0.0);
  std::vector<double> count(blocks_.size(), 0.0);
  double sum = 0.0;
  for (std::size_t iy = 0; iy < grid.ny; ++iy) {
    for (std::size_t ix = 0; ix < grid.nx; ++ix) {
      const auto v = static_cast<double>(specimen_->present_contact_potential_v(iy * grid.nx + ix));
      const std::size_t block = iy / block_sites * blocks_.nx + ix / block_sites;
      block_v_[block] += v;
      count[block] += 1.0;
      sum += v;
    }
  }
  for (std::size_t k = 0; k < block_v_.size(); ++k) {
    block_v_[k] /= count[k];
  }
  mean_v_ = sum / static_cast<double>(grid.size());
}

KelvinSensor::Sum KelvinSensor::sum_sites(Point at) {
  specimen_->gather(at, window_m_, sites_);
  const double step = specimen_->grid().step_x_m;
  Sum sum;
  for (const sim::SiteRow& row : sites_.rows) {
    for (std::size_t i = 0; i < row.count; ++i) {
      const double dx = row.offset_x_m + static_cast<double>(i) * step;
      const double w = near_.at(dx * dx + row.offset_y_m * row.offset_y_m);
      sum.weight += w;
      sum.weighted_v +=
          w * static_cast<double>(specimen_->present_contact_potential_v(row.first + i));
    }
  }
  return sum;
}

// Blocks count with the part of their area that lies outside of the window of single sites.
KelvinSensor::Sum KelvinSensor::sum_blocks(Point at) const {
  const auto range = [](double low, double origin, double step, std::size_t count) {
    const double index = std::clamp((low - origin) / step, 0.0, static_cast<double>(count));
    return static_cast<std::size_t>(index);
  };
  const double half_x = 0.5 * blocks_.step_x_m;
  const double half_y = 0.5 * blocks_.step_y_m;
  const double area = blocks_.step_x_m * blocks_.step_y_m;
  const auto x0 = range(at.x_m - block_reach_m, blocks_.origin.x_m, blocks_.step_x_m, blocks_.nx);
  const auto x1 = range(at.x_m + block_reach_m, blocks_.origin.x_m, blocks_.step_x_m, blocks_.nx);
  const auto y0 = range(at.y_m - block_reach_m, blocks_.origin.y_m, blocks_.step_y_m, blocks_.ny);
  const auto y1 = range(at.y_m + block_reach_m, blocks_.origin.y_m, blocks_.step_y_m, blocks_.ny);
  Sum sum;
  for (std::size_t iy = y0; iy < std::min(y1 + 1, blocks_.ny); ++iy) {
    const double dy = blocks_.centre(0, iy).y_m - at.y_m;
    const double shared_y = overlap(dy, half_y, window_m_);
    for (std::size_t ix = x0; ix < std::min(x1 + 1, blocks_.nx); ++ix) {
      const double dx = blocks_.centre(ix, 0).x_m - at.x_m;
      const double outside = 1.0 - overlap(dx, half_x, window_m_) * shared_y / area;
      const double w = far_.at(dx * dx + dy * dy) * outside;
      sum.weight += w;
      sum.weighted_v += w * block_v_[iy * blocks_.nx + ix];
    }
  }
  return sum;
}

double KelvinSensor::nulled_potential_v(Point at) {
  if (specimen_->on_metal(at)) {
    return specimen_->params().metal_contact_potential_v;
  }
  const Sum near = sum_sites(at);
  const Sum far = sum_blocks(at);
  return near.weighted_v + far.weighted_v + (1.0 - near.weight - far.weight) * mean_v_;
}

}  // namespace halotwin::devices::simulated
