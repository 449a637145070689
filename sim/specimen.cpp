#include "sim/specimen.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/constants.hpp"
#include "base/require.hpp"
#include "physics/degradation.hpp"
#include "physics/dielectric_response.hpp"
#include "sim/make_structure.hpp"

namespace halotwin::sim {
namespace {

constexpr double reference_distance_m = 1e-6;  // far enough for the cone of a 15 um tip's apex

Grid dose_cells(const Grid& grid, double cell_m) {
  const auto cells = [&](std::size_t n, double step_m) {
    return static_cast<std::size_t>(std::ceil(static_cast<double>(n) * step_m / cell_m));
  };
  return {cells(grid.nx, grid.step_x_m),
          cells(grid.ny, grid.step_y_m),
          cell_m,
          cell_m,
          {grid.origin.x_m + 0.5 * (cell_m - grid.step_x_m),
           grid.origin.y_m + 0.5 * (cell_m - grid.step_y_m)}};
}

double mounting_slope_m(const TopographyParams& p, Point at) {
  const double deg = constants::pi / 180.0;
  return std::tan(p.slope_x_deg * deg) * at.x_m + std::tan(p.slope_y_deg * deg) * at.y_m;
}

double of(const std::vector<float>& field, std::size_t site) {
  return static_cast<double>(field[site]);
}

}  // namespace

double transient_amplitude(const TransientParams& params, double bias_time_s) {
  return params.amplitude * std::exp(-bias_time_s / params.time_constant_s);
}

Specimen::Specimen(const SpecimenParams& params, std::uint64_t seed, Threads threads)
    : Specimen(params, (validate(params), make_structure(params, seed, threads)), seed, threads) {}

Specimen::Specimen(const SpecimenParams& params,
                   Structure structure,
                   std::uint64_t seed,
                   Threads threads)
    : params_(params),
      film_(std::move(structure.film)),
      sites_(make_sites(film_, structure.traits, params, seed, threads)),
      metal_edge_x_m_(film_.grid.origin.x_m - 0.5 * film_.grid.step_x_m),
      temperature_k_(params.film.temperature_k),
      dose_(dose_cells(film_.grid, params.dose_cell_m)) {
  sites_.height_m = std::move(structure.height_m.values);
  if (params_.effects.degradation) {
    degradation_.emplace(film_, sites_, params_, dose_.cells(), seed);
  }
  if (params_.clim.on) {
    recombination_ = std::make_shared<const RecombinationFilm>(params_.clim, film_, seed);
  }
}

Point Specimen::reference_position() const {
  return {metal_edge_x_m_ - reference_distance_m, 0.5 * params_.microstructure.height_m};
}

bool Specimen::covers(Point at) const {
  const Grid& g = film_.grid;
  const Point last = g.centre(g.nx - 1, g.ny - 1);
  const bool on_film = at.x_m >= metal_edge_x_m_ && at.x_m <= last.x_m + 0.5 * g.step_x_m &&
                       at.y_m >= g.origin.y_m - 0.5 * g.step_y_m &&
                       at.y_m <= last.y_m + 0.5 * g.step_y_m;
  return on_film || on_metal(at);
}

void Specimen::gather(Point at, double radius_m, LocalSites& out) const {
  require(covers(at), "the position lies outside of the simulated film and its metal strip");
  out.rows.clear();
  out.count = 0;
  out.on_metal = on_metal(at);
  if (out.on_metal) {
    return;
  }
  const Grid& g = film_.grid;
  const auto range = [radius_m](double value_m, double origin_m, double step_m, std::size_t n) {
    const double low = std::ceil((value_m - radius_m - origin_m) / step_m);
    const double high = std::floor((value_m + radius_m - origin_m) / step_m);
    const double last = static_cast<double>(n) - 1.0;
    return std::pair{static_cast<std::size_t>(std::clamp(low, 0.0, last)),
                     static_cast<std::size_t>(std::clamp(high, 0.0, last))};
  };
  const auto [x0, x1] = range(at.x_m, g.origin.x_m, g.step_x_m, g.nx);
  const auto [y0, y1] = range(at.y_m, g.origin.y_m, g.step_y_m, g.ny);
  for (std::size_t iy = y0; iy <= y1; ++iy) {
    const Point first = g.centre(x0, iy);
    out.rows.push_back({iy * g.nx + x0, x1 + 1 - x0, first.x_m - at.x_m, first.y_m - at.y_m});
    out.count += x1 + 1 - x0;
  }
}

double Specimen::height_m(Point at) const {
  if (on_metal(at)) {
    return mounting_slope_m(params_.topography, at) - params_.film.thickness_m;
  }
  return between_sites(
      film_.grid, [&](std::size_t site) { return present_height_m(site); }, at);
}

double Specimen::height_m(Point at, double blunter_by_m) const {
  double touched = height_m(at);
  if (!(blunter_by_m > 0.0) || on_metal(at)) {
    return touched;
  }
  const Grid& grid = film_.grid;
  const auto sites_of = [blunter_by_m](double at_m, double origin_m, double step_m, std::size_t n) {
    return std::pair{
        static_cast<std::size_t>(std::ceil(along_axis(at_m - blunter_by_m, origin_m, step_m, n))),
        static_cast<std::size_t>(std::floor(along_axis(at_m + blunter_by_m, origin_m, step_m, n)))};
  };
  const auto [x0, x1] = sites_of(at.x_m, grid.origin.x_m, grid.step_x_m, grid.nx);
  const auto [y0, y1] = sites_of(at.y_m, grid.origin.y_m, grid.step_y_m, grid.ny);
  const double radius2 = blunter_by_m * blunter_by_m;
  for (std::size_t iy = y0; iy <= y1; ++iy) {
    for (std::size_t ix = x0; ix <= x1; ++ix) {
      const Point site = grid.centre(ix, iy);
      const double dx = site.x_m - at.x_m;
      const double dy = site.y_m - at.y_m;
      const double below2 = radius2 - dx * dx - dy * dy;
      if (below2 > 0.0) {
        const auto height = static_cast<double>(present_height_m(iy * grid.nx + ix));
        touched = std::max(touched, height + std::sqrt(below2) - blunter_by_m);
      }
    }
  }
  return touched;
}

void Specimen::set_temperature_k(double temperature_k) {
  if (temperature_k == temperature_k_) {
    return;
  }
  temperature_k_ = temperature_k;
  factors_ = sim::time_factors(params_.ions, params_.film.temperature_k, temperature_k);
  ++revision_;
}

float Specimen::at_temperature_v(float as_made_v) const {
  const double ratio = temperature_k_ / params_.film.temperature_k;
  if (ratio == 1.0) {
    return as_made_v;
  }
  const physics::ContactPotentialParams& p = params_.contact_potential;
  const double without_ions = p.tip_work_function_ev - p.film_work_function_ev;
  return static_cast<float>(without_ions + ratio * (static_cast<double>(as_made_v) - without_ions));
}

float Specimen::present_height_m(std::size_t site) const {
  const float fresh = sites_.height_m[site];
  if (!degradation_) {
    return fresh;
  }
  const SiteChange change = degradation_->change(site, of(sites_.inclusion_share, site));
  return fresh +
         static_cast<float>(physics::height_change_m(params_.degradation, change.grown_share));
}

float Specimen::present_ion_density_per_m3(std::size_t site) const {
  const float fresh = sites_.ion_density_per_m3[site];
  if (!degradation_) {
    return fresh;
  }
  return fresh * static_cast<float>(
                     degradation_->change(site, of(sites_.inclusion_share, site)).density_ratio);
}

float Specimen::present_contact_potential_v(std::size_t site) const {
  const float fresh = sites_.contact_potential_v[site];
  if (!degradation_) {
    return at_temperature_v(fresh);
  }
  const SiteChange change = degradation_->change(site, of(sites_.inclusion_share, site));
  const double ionic = physics::thermal_voltage_v(params_.film.temperature_k) /
                       params_.contact_potential.charge_number * std::log(change.density_ratio);
  return at_temperature_v(fresh + static_cast<float>(ionic)) +
         static_cast<float>(params_.degradation.potential_step_v * change.grown_share);
}

double Specimen::contact_potential_v(Point at) const {
  if (on_metal(at)) {
    return params_.metal_contact_potential_v;
  }
  return between_sites(
      film_.grid, [&](std::size_t site) { return present_contact_potential_v(site); }, at);
}

void Specimen::present(std::size_t site, SiteResponse& out) const {
  const SiteFields& s = sites_;
  out.active_share = s.active_share[site];
  out.relaxation_time_s = s.relaxation_time_s[site];
  out.interface_time_s = s.interface_time_s[site];
  out.inclusion_share = s.inclusion_share[site];
  out.lines = s.line_hz.size();
  for (std::size_t k = 0; k < out.lines; ++k) {
    out.line_hz[k] = s.line_hz[k][site];
    out.line_amplitude[k] = s.line_amplitude[k][site];
  }
  if (degradation_) {
    degrade(degradation_->change(site, of(s.inclusion_share, site)), out);
  }
}

void Specimen::degrade(const SiteChange& change, SiteResponse& out) const {
  const auto times = [](float& value, double factor) {
    value = static_cast<float>(static_cast<double>(value) * factor);
  };
  const double fresh = change.inclusion_share - change.grown_share;
  times(out.relaxation_time_s, 1.0 / change.density_ratio);  // t = eps / sigma, sigma ~ N
  out.inclusion_share = static_cast<float>(change.inclusion_share);
  // The lines: the first shifts as it does at fresh boundaries and goes with the perovskite that
  // is left, the second with the PbI2.
  const LineParams& lines = params_.lines;
  const double boundary = params_.effects.boundary ? params_.ions.boundary_density_factor : 1.0;
  const double exponent =
      boundary > 1.0 ? std::log(lines.boundary_shift) / std::log(boundary) : 0.0;
  times(out.line_hz[0], std::pow(change.density_ratio, exponent));
  times(out.line_amplitude[0], (1.0 - change.inclusion_share) / std::max(1.0 - fresh, 1e-9));
  const double most = std::max(params_.microstructure.max_inclusion_share, 1e-12);
  out.line_amplitude[1] +=
      static_cast<float>(lines.amplitude * lines.second_boundary * change.grown_share / most);
}

void Specimen::advance(const DoseStep& step) {
  age_s_ += step.duration_s;
  const auto book = [&](DoseKind kind, double rate_per_s) {
    if (rate_per_s != 0.0) {
      dose_.add(kind, step.at, step.radius_m, rate_per_s * step.duration_s);
    }
  };
  book(DoseKind::bias_time_s, step.under_bias ? 1.0 : 0.0);
  book(DoseKind::light_j, step.light_w);
  book(DoseKind::photons, step.photons_per_s);
  if (degradation_ && degradation_->advance({step.duration_s,
                                             age_s_,
                                             step.at,
                                             step.radius_m,
                                             step.under_bias ? step.bias_v : 0.0,
                                             temperature_k_})) {
    ++revision_;
  }
}

double Specimen::transient_amplitude() const {
  if (!params_.effects.transient) {
    return 0.0;
  }
  const double on_film_s =
      dose_.total(DoseKind::bias_time_s) - dose_.outside(DoseKind::bias_time_s);
  return sim::transient_amplitude(params_.transient, on_film_s);
}

std::vector<double> Specimen::save() const {
  std::vector<double> state = dose_.save();
  state.push_back(age_s_);
  if (degradation_) {
    const std::vector<double> degraded = degradation_->save();
    state.insert(state.end(), degraded.begin(), degraded.end());
  }
  return state;
}

void Specimen::load(std::span<const double> state) {
  const std::size_t degraded = degradation_ ? degradation_->saved_values() : 0;
  require(state.size() > degraded, "the saved state of the specimen is too short");
  const std::size_t own = state.size() - degraded - 1;
  dose_.load(state.first(own));
  age_s_ = state[own];
  if (degradation_) {
    degradation_->load(state.last(degraded));
    ++revision_;
  }
}

}  // namespace halotwin::sim
