#include "sim/degradation.hpp"

#include <algorithm>
#include <cmath>

#include "base/constants.hpp"
#include "base/random.hpp"
#include "base/require.hpp"
#include "sim/dose.hpp"
#include "sim/interpolate.hpp"

namespace halotwin::sim {
namespace {

/// A place on the rim of a grain, `along` (0 to 1) of its length, `depth_m` inside.
Point on_rim(const Grain& grain, double rim_m, double along, double depth_m) {
  double left = along * rim_m;
  for (std::size_t k = 0; k < grain.sides.size(); ++k) {
    const GrainSide& side = grain.sides[k];
    const Point end = grain.sides[k + 1 == grain.sides.size() ? 0 : k + 1].from;
    const double length = std::hypot(end.x_m - side.from.x_m, end.y_m - side.from.y_m);
    if (left <= length || k + 1 == grain.sides.size()) {
      const double t = std::min(left / std::max(length, 1e-15), 1.0);
      return {side.from.x_m + t * (end.x_m - side.from.x_m) - depth_m * side.normal_x,
              side.from.y_m + t * (end.y_m - side.from.y_m) - depth_m * side.normal_y};
    }
    left -= length;
  }
  return grain.centroid;
}

double rim_length_m(const Grain& grain) {
  double length = 0.0;
  for (std::size_t k = 0; k < grain.sides.size(); ++k) {
    const Point& from = grain.sides[k].from;
    const Point& to = grain.sides[k + 1 == grain.sides.size() ? 0 : k + 1].from;
    length += std::hypot(to.x_m - from.x_m, to.y_m - from.y_m);
  }
  return length;
}

/// Raises `field` to exp(-(r / R)^2) around each nucleus, on the sites of its own grain.
std::vector<float> nucleus_field(const Microstructure& film,
                                 const std::vector<DegradationNucleus>& nuclei) {
  std::vector<float> field(film.grid.size(), 0.0F);
  const Grid& g = film.grid;
  for (const DegradationNucleus& nucleus : nuclei) {
    const double reach = 3.0 * nucleus.radius_m;
    const auto first = [](double v) {
      return static_cast<std::size_t>(std::max(std::ceil(v), 0.0));
    };
    const auto x0 = first((nucleus.at.x_m - reach - g.origin.x_m) / g.step_x_m);
    const auto y0 = first((nucleus.at.y_m - reach - g.origin.y_m) / g.step_y_m);
    for (std::size_t iy = y0; iy < g.ny && g.centre(0, iy).y_m <= nucleus.at.y_m + reach; ++iy) {
      for (std::size_t ix = x0; ix < g.nx && g.centre(ix, 0).x_m <= nucleus.at.x_m + reach; ++ix) {
        const std::size_t site = iy * g.nx + ix;
        if (film.label.values[site] == nucleus.grain) {
          const Point c = g.centre(ix, iy);
          const double r = std::hypot(c.x_m - nucleus.at.x_m, c.y_m - nucleus.at.y_m);
          const double u = r / nucleus.radius_m;
          field[site] = std::max(field[site], static_cast<float>(std::exp(-u * u)));
        }
      }
    }
  }
  return field;
}

}  // namespace

Degradation::Degradation(const Microstructure& film,
                         const SiteFields& fresh,
                         const SpecimenParams& params,
                         const Grid& cells,
                         std::uint64_t seed)
    : params_(params.degradation),
      sites_(film.grid),
      cells_(cells),
      grain_(film.label.values),
      booked_(cells.nx, cells.ny),
      shown_(cells.nx, cells.ny),
      grain_stress_s_(film.grains.size()) {
  for (const Grain& grain : film.grains) {
    centres_.push_back(grain.centroid);
  }
  place_nuclei(film, params, seed);
  make_end_state(film, fresh, params);
}

void Degradation::place_nuclei(const Microstructure& film,
                               const SpecimenParams& params,
                               std::uint64_t seed) {
  for (std::size_t i = 0; i < film.grains.size(); ++i) {
    const Grain& grain = film.grains[i];
    const double rim_m = rim_length_m(grain);
    const bool hotspot = grain.hotspot && params.effects.hotspot;
    RandomStream draw(seed, Purpose::degradation_nuclei, static_cast<std::uint32_t>(i));
    const double expected =
        params_.nuclei_per_m * rim_m * (hotspot ? params_.hotspot_nuclei_factor : 1.0);
    const auto count = draw.poisson(expected);
    const double depth_m = std::min(params_.nucleus_depth_m, grain.inradius_m);
    for (std::uint64_t k = 0; k < count; ++k) {
      const Point at = on_rim(grain, rim_m, draw.uniform(), depth_m);
      const double radius_m =
          params_.nucleus_radius_m * std::exp(params_.nucleus_radius_sigma_ln * draw.normal());
      nuclei_.push_back({static_cast<std::int32_t>(i), at, radius_m});
    }
  }
}

void Degradation::make_end_state(const Microstructure& film,
                                 const SiteFields& fresh,
                                 const SpecimenParams& params) {
  const bool boundaries = params.effects.boundary;
  const std::vector<float> nucleus = nucleus_field(film, nuclei_);
  const std::size_t n = film.grid.size();
  defects_.resize(n);
  std::vector<double> end(n);  // density averaged over the film, up to a constant for each grain
  std::vector<double> fresh_total(film.grains.size(), 0.0);
  std::vector<double> end_total(film.grains.size(), 0.0);
  for (std::size_t k = 0; k < n; ++k) {
    const auto d = static_cast<double>(film.boundary_distance_m.values[k]);
    const auto seed_here = static_cast<double>(nucleus[k]);
    const double near = boundaries ? std::exp(-d / params.ions.boundary_zone_m) : 0.0;
    defects_[k] = static_cast<float>(std::max(near, seed_here));
    end[k] = static_cast<double>(fresh.active_share[k]) *
             physics::end_density(params_, d, seed_here, boundaries);
    const auto g = static_cast<std::size_t>(grain_[k]);
    fresh_total[g] += static_cast<double>(fresh.ion_density_per_m3[k]);
    end_total[g] += end[k];
  }
  end_ratio_.resize(n);
  for (std::size_t k = 0; k < n; ++k) {
    const auto g = static_cast<std::size_t>(grain_[k]);
    end_ratio_[k] = static_cast<float>(end[k] * fresh_total[g] / end_total[g] /
                                       static_cast<double>(fresh.ion_density_per_m3[k]));
  }
}

bool Degradation::advance(const Step& step) {
  const double rate = physics::stress_rate(params_, step.bias_v, step.temperature_k);
  if (rate > 0.0 && step.radius_m > 0.0) {
    const double part =
        constants::pi * step.radius_m * step.radius_m / (cells_.step_x_m * cells_.step_y_m);
    const double stress = part * rate * step.duration_s;
    spread_over_cells(
        cells_, step.at, step.radius_m, [&](std::size_t ix, std::size_t iy, double share) {
          booked_(ix, iy) += share * stress;
        });
  }
  aged_s_ += step.duration_s * physics::ageing_rate(params_, step.temperature_k);
  const double before = std::floor((step.age_s - step.duration_s) / params_.update_s);
  if (std::floor(step.age_s / params_.update_s) <= before ||
      (aged_s_ == shown_aged_s_ && booked_.values == shown_.values)) {
    return false;
  }
  shown_ = booked_;
  shown_aged_s_ = aged_s_;
  show();
  return true;
}

void Degradation::show() {
  pristine_ =
      shown_aged_s_ == 0.0 &&
      std::all_of(shown_.values.begin(), shown_.values.end(), [](double s) { return s == 0.0; });
  for (std::size_t g = 0; g < centres_.size(); ++g) {
    grain_stress_s_[g] = stress_s(centres_[g]);
  }
}

double Degradation::stress_s(Point at) const {
  return shown_aged_s_ + between_sites(
                             cells_, [&](std::size_t cell) { return shown_.values[cell]; }, at);
}

double Degradation::grain_stress_s(std::int32_t grain) const {
  return grain_stress_s_[static_cast<std::size_t>(grain)];
}

SiteChange Degradation::change(std::size_t site, double fresh_inclusions) const {
  if (pristine_) {
    return {1.0, fresh_inclusions, 0.0};
  }
  const double moved = physics::redistributed_share(params_, grain_stress_s(grain_[site]));
  const double stress = stress_s(sites_.centre(site % sites_.nx, site / sites_.nx));
  const double converted =
      physics::converted_share(params_, stress, static_cast<double>(defects_[site]));
  const double present = physics::inclusion_share(params_, fresh_inclusions, converted);
  return {1.0 + moved * (static_cast<double>(end_ratio_[site]) - 1.0),
          present,
          present - fresh_inclusions};
}

std::size_t Degradation::saved_values() const {
  return 2 * cells_.size() + 2;
}

std::vector<double> Degradation::save() const {
  std::vector<double> state{aged_s_, shown_aged_s_};
  state.insert(state.end(), booked_.values.begin(), booked_.values.end());
  state.insert(state.end(), shown_.values.begin(), shown_.values.end());
  return state;
}

void Degradation::load(std::span<const double> state) {
  require(state.size() == saved_values(), "the saved degradation belongs to another specimen");
  aged_s_ = state[0];
  shown_aged_s_ = state[1];
  const auto cells = static_cast<std::ptrdiff_t>(cells_.size());
  std::copy(state.begin() + 2, state.begin() + 2 + cells, booked_.values.begin());
  std::copy(state.begin() + 2 + cells, state.end(), shown_.values.begin());
  show();
}

}  // namespace halotwin::sim
