#include "sim/specimen.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/constants.hpp"
#include "base/random.hpp"
#include "base/require.hpp"
#include "physics/contact_potential.hpp"
#include "physics/dielectric_response.hpp"

namespace halotwin::sim {
namespace {

constexpr std::size_t site_chunk = 16384;
constexpr double reference_distance_m = 1e-6;  // far enough for the cone of a 15 um tip's apex
constexpr double reference_temperature_k = 300.0;
constexpr double nan = std::numeric_limits<double>::quiet_NaN();

/// What is the same within a grain.
struct GrainIons {
  double active_share = 0.0;
  double density_per_m3 = 0.0;  // inside the active part, away from boundaries
  double diffusivity_m2_per_s = 0.0;
  std::array<double, 2> line_hz{};  // away from boundaries
};

std::vector<GrainIons> draw_grain_ions(const Microstructure& film,
                                       const SpecimenParams& p,
                                       std::uint64_t seed) {
  const double warm = physics::arrhenius_diffusivity_m2_per_s(
                          1.0, p.ions.activation_energy_ev, p.film.temperature_k) /
                      physics::arrhenius_diffusivity_m2_per_s(
                          1.0, p.ions.activation_energy_ev, reference_temperature_k);
  std::vector<GrainIons> ions(film.grains.size());
  for (std::size_t i = 0; i < ions.size(); ++i) {
    RandomStream draw(seed, Purpose::grain_properties, static_cast<std::uint32_t>(i));
    const bool hotspot = film.grains[i].hotspot && p.effects.hotspot;
    const double first = std::exp(p.ions.grain_frequency_sigma_ln * draw.normal());
    const double second = std::exp(p.ions.grain_frequency_sigma_ln * draw.normal());
    const double share = std::exp(p.ions.grain_share_sigma_ln * draw.normal());
    GrainIons& g = ions[i];
    g.active_share =
        std::min(1.0, share * (hotspot ? p.ions.hotspot_active_share : p.ions.active_share));
    g.density_per_m3 =
        p.ions.vacancy_density_per_m3 * (hotspot ? p.ions.hotspot_density_factor : 1.0);
    g.diffusivity_m2_per_s = p.ions.diffusivity_m2_per_s * warm * first;
    g.line_hz = {p.lines.first_hz * first, p.lines.second_hz * second};
  }
  return ions;
}

void resize(SiteFields& s, std::size_t n) {
  for (auto* field : {&s.active_share,
                      &s.relaxation_time_s,
                      &s.interface_time_s,
                      &s.inclusion_share,
                      &s.line_hz[0],
                      &s.line_hz[1],
                      &s.line_amplitude[0],
                      &s.line_amplitude[1],
                      &s.ion_density_per_m3,
                      &s.diffusivity_m2_per_s,
                      &s.contact_potential_v}) {
    field->resize(n);
  }
}

/// The fields of one site from its grain, its distance to the boundary and its share of inclusions.
class SiteModel {
 public:
  explicit SiteModel(const SpecimenParams& p) : p_(p), contact_(p.contact_potential) {
    contact_.temperature_k = p.film.temperature_k;
    enrichment_ = p.effects.boundary ? p.ions.boundary_density_factor : 1.0;
    // The line's shift follows the density: f ~ N^exponent, so that a boundary gives
    // boundary_shift.
    exponent_ = enrichment_ > 1.0 ? std::log(p.lines.boundary_shift) / std::log(enrichment_) : 0.0;
    most_inclusions_ = std::max(p.microstructure.max_inclusion_share, 1e-12);
    interface_ratio_ = p.ions.interface_diffusivity_m2_per_s / p.ions.diffusivity_m2_per_s;
  }

  void fill(SiteFields& s,
            std::size_t k,
            const GrainIons& g,
            double boundary_distance_m,
            double inclusion_share) const {
    const double excess =
        1.0 + (enrichment_ - 1.0) * std::exp(-boundary_distance_m / p_.ions.boundary_zone_m);
    const double density = g.density_per_m3 * excess;
    const double inclusions = p_.effects.inclusions ? inclusion_share : 0.0;
    const double second =
        p_.lines.second_interior + p_.lines.second_boundary * inclusions / most_inclusions_;
    const double mean_density = g.active_share * density;
    const auto set = [k](std::vector<float>& field, double value) {
      field[k] = static_cast<float>(value);
    };
    set(s.active_share, g.active_share);
    set(s.relaxation_time_s, time_s(density, g.diffusivity_m2_per_s));
    set(s.interface_time_s, time_s(g.density_per_m3, g.diffusivity_m2_per_s * interface_ratio_));
    set(s.inclusion_share, inclusions);
    set(s.line_hz[0], g.line_hz[0] * std::pow(excess, exponent_));
    set(s.line_hz[1], g.line_hz[1]);
    set(s.line_amplitude[0], p_.lines.amplitude * g.active_share / p_.ions.active_share);
    set(s.line_amplitude[1], p_.lines.amplitude * second);
    set(s.ion_density_per_m3, mean_density);
    set(s.diffusivity_m2_per_s, g.diffusivity_m2_per_s);
    set(s.contact_potential_v, physics::contact_potential_difference_v(contact_, mean_density));
  }

 private:
  [[nodiscard]] double time_s(double density_per_m3, double diffusivity_m2_per_s) const {
    return physics::dielectric_time_s(
        p_.film.relative_permittivity,
        physics::ionic_conductivity_s_per_m(
            density_per_m3, diffusivity_m2_per_s, p_.film.temperature_k));
  }

  const SpecimenParams& p_;
  physics::ContactPotentialParams contact_;
  double enrichment_ = 1.0;
  double exponent_ = 0.0;
  double most_inclusions_ = 1.0;
  double interface_ratio_ = 1.0;
};

SiteFields make_sites(const Microstructure& film,
                      const SpecimenParams& p,
                      std::uint64_t seed,
                      Threads threads) {
  const std::vector<GrainIons> grains = draw_grain_ions(film, p, seed);
  const SiteModel model(p);
  SiteFields s;
  resize(s, film.grid.size());
  for_each_chunk(film.grid.size(), site_chunk, threads, [&](std::size_t begin, std::size_t end) {
    for (std::size_t k = begin; k < end; ++k) {
      model.fill(s,
                 k,
                 grains[static_cast<std::size_t>(film.label.values[k])],
                 static_cast<double>(film.boundary_distance_m.values[k]),
                 static_cast<double>(film.inclusion_share.values[k]));
    }
  });
  s.height_m = make_topography(film, p.topography, seed, threads).values;
  return s;
}

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

/// Index of a place along one axis, in sites, held inside the grid.
double along(double value_m, double origin_m, double step_m, std::size_t n) {
  return std::clamp((value_m - origin_m) / step_m, 0.0, static_cast<double>(n) - 1.0);
}

double bilinear(const Grid& grid, std::span<const float> values, Point at) {
  const double x = along(at.x_m, grid.origin.x_m, grid.step_x_m, grid.nx);
  const double y = along(at.y_m, grid.origin.y_m, grid.step_y_m, grid.ny);
  const auto ix = static_cast<std::size_t>(x);
  const auto iy = static_cast<std::size_t>(y);
  const std::size_t right = ix + 1 < grid.nx ? 1 : 0;
  const std::size_t up = iy + 1 < grid.ny ? grid.nx : 0;
  const double s = x - static_cast<double>(ix);
  const double t = y - static_cast<double>(iy);
  const float* v = values.data() + iy * grid.nx + ix;
  return (1 - t) * ((1 - s) * static_cast<double>(v[0]) + s * static_cast<double>(v[right])) +
         t * ((1 - s) * static_cast<double>(v[up]) + s * static_cast<double>(v[up + right]));
}

/// Of the perovskite's relaxation, 1 / (2 pi t), or of the first line.
std::vector<float> main_frequency_hz(const Specimen& specimen) {
  const SiteFields& s = specimen.sites();
  if (specimen.params().response == ResponseKind::phenomenological) {
    return s.line_hz[0];
  }
  std::vector<float> frequency_hz(s.relaxation_time_s.size());
  std::transform(
      s.relaxation_time_s.begin(), s.relaxation_time_s.end(), frequency_hz.begin(), [](float t) {
        return static_cast<float>(1.0 / (2 * constants::pi * static_cast<double>(t)));
      });
  return frequency_hz;
}

double mounting_slope_m(const TopographyParams& p, Point at) {
  const double deg = constants::pi / 180.0;
  return std::tan(p.slope_x_deg * deg) * at.x_m + std::tan(p.slope_y_deg * deg) * at.y_m;
}

}  // namespace

void validate(const FilmParams& p) {
  require_positive("thickness_m", p.thickness_m);
  require_range("relative_permittivity", p.relative_permittivity, 1.0, 1e4);
  require_positive("effective_depth_m", p.effective_depth_m);
  require_range("temperature_k", p.temperature_k, 10.0, 1000.0);
}

void validate(const IonParams& p) {
  require_range("vacancy_density_per_m3", p.vacancy_density_per_m3, 1e18, 1.5e28);
  require_positive("diffusivity_m2_per_s", p.diffusivity_m2_per_s);
  require_positive("interface_diffusivity_m2_per_s", p.interface_diffusivity_m2_per_s);
  require_range("activation_energy_ev", p.activation_energy_ev, 0.0, 3.0);
  require_range("active_share", p.active_share, 1e-3, 1.0);
  require_range("hotspot_active_share", p.hotspot_active_share, 1e-3, 1.0);
  require_range("hotspot_density_factor", p.hotspot_density_factor, 1e-2, 100.0);
  require_range("boundary_density_factor", p.boundary_density_factor, 1.0, 100.0);
  require_range("boundary_zone_m", p.boundary_zone_m, 1e-10, 1e-4);
  require_range("grain_frequency_sigma_ln", p.grain_frequency_sigma_ln, 0.0, 2.0);
  require_range("grain_share_sigma_ln", p.grain_share_sigma_ln, 0.0, 2.0);
}

void validate(const LineParams& p) {
  require_positive("first_hz", p.first_hz);
  require_positive("second_hz", p.second_hz);
  require_range("quality", p.quality, 0.5, 100.0);
  require_range("amplitude", p.amplitude, 0.0, 1.0);
  require_range("boundary_shift", p.boundary_shift, 0.1, 10.0);
  require_range("second_interior", p.second_interior, 0.0, 10.0);
  require_range("second_boundary", p.second_boundary, 0.0, 10.0);
}

void validate(const TransientParams& p) {
  require_range("amplitude", p.amplitude, 0.0, 10.0);
  require_positive("time_constant_s", p.time_constant_s);
  require_positive("relaxation_hz", p.relaxation_hz);
}

void validate(const SpecimenParams& p) {
  validate(p.microstructure);
  validate(p.topography);
  validate(p.film);
  validate(p.ions);
  validate(p.lines);
  validate(p.transient);
  validate(p.contact_potential);
  require_range("metal_contact_potential_v", p.metal_contact_potential_v, -5.0, 5.0);
  require_range("dose_cell_m", p.dose_cell_m, p.microstructure.grid_step_m, 1e-3);
}

double transient_amplitude(const TransientParams& params, double bias_time_s) {
  return params.amplitude * std::exp(-bias_time_s / params.time_constant_s);
}

Specimen::Specimen(const SpecimenParams& params, std::uint64_t seed, Threads threads)
    : params_((validate(params), params)),
      film_(make_microstructure(params.microstructure, seed, threads)),
      sites_(make_sites(film_, params, seed, threads)),
      metal_edge_x_m_(film_.grid.origin.x_m - 0.5 * film_.grid.step_x_m),
      dose_(dose_cells(film_.grid, params.dose_cell_m)) {}

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
  return bilinear(film_.grid, sites_.height_m, at);
}

double Specimen::contact_potential_v(Point at) const {
  return on_metal(at) ? params_.metal_contact_potential_v
                      : bilinear(film_.grid, sites_.contact_potential_v, at);
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
  return state;
}

void Specimen::load(std::span<const double> state) {
  require(!state.empty(), "the saved state of the specimen is empty");
  dose_.load(state.first(state.size() - 1));
  age_s_ = state.back();
}

TruthMaps truth_maps(const Specimen& specimen,
                     std::size_t nx,
                     std::size_t ny,
                     std::span<const Point> positions) {
  require(positions.size() == nx * ny, "truth_maps needs one position for each pixel");
  const Microstructure& film = specimen.film();
  const SiteFields& s = specimen.sites();
  const std::vector<float> frequency_hz = main_frequency_hz(specimen);
  TruthMaps maps;
  const auto add = [&](std::string_view name, std::string_view unit, const auto& value_at) {
    TruthField field{std::string(name), std::string(unit), Image<float>(nx, ny)};
    for (std::size_t k = 0; k < positions.size(); ++k) {
      const Point at = positions[k];
      const bool known = std::isfinite(at.x_m) && std::isfinite(at.y_m) && specimen.covers(at);
      field.values.values[k] = static_cast<float>(known ? value_at(at) : nan);
    }
    maps.push_back(std::move(field));
  };
  const auto add_on_film = [&](std::string_view name, std::string_view unit, const auto& value_at) {
    add(name, unit, [&](Point at) { return specimen.on_metal(at) ? nan : value_at(at); });
  };
  const auto add_field =
      [&](std::string_view name, std::string_view unit, std::span<const float> v) {
        add_on_film(name, unit, [&](Point at) { return bilinear(film.grid, v, at); });
      };
  const auto grain_at = [&](Point at) {
    return specimen.on_metal(at) ? std::int32_t{-1} : film.locate(at).grain;
  };
  add("grain", "", [&](Point at) { return static_cast<double>(grain_at(at)); });
  add_on_film(
      "boundary_distance", "m", [&](Point at) { return film.locate(at).boundary_distance_m; });
  add_field("junction_distance", "m", film.junction_distance_m.values);
  add("hotspot", "", [&](Point at) {
    const std::int32_t grain = grain_at(at);
    return grain >= 0 && film.grains[static_cast<std::size_t>(grain)].hotspot ? 1.0 : 0.0;
  });
  add_field("ion_density", "m^-3", s.ion_density_per_m3);
  add_field("diffusivity", "m^2/s", s.diffusivity_m2_per_s);
  add_field("relaxation_frequency", "Hz", frequency_hz);
  add_field("active_share", "", s.active_share);
  add_field("inclusion_share", "", s.inclusion_share);
  add("contact_potential", "V", [&](Point at) { return specimen.contact_potential_v(at); });
  add("height", "m", [&](Point at) { return specimen.height_m(at); });
  return maps;
}

TruthMaps native_truth(const Specimen& specimen) {
  const Grid& grid = specimen.grid();
  std::vector<Point> places;
  places.reserve(grid.size());
  for (std::size_t iy = 0; iy < grid.ny; ++iy) {
    for (std::size_t ix = 0; ix < grid.nx; ++ix) {
      places.push_back(grid.centre(ix, iy));
    }
  }
  return truth_maps(specimen, grid.nx, grid.ny, places);
}

}  // namespace halotwin::sim
