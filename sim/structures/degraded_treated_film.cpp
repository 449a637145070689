#include "sim/structures/degraded_treated_film.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/random.hpp"
#include "base/require.hpp"
#include "sim/specimen_params.hpp"
#include "sim/structures/large_grains.hpp"
#include "sim/topography.hpp"

namespace halotwin::sim {
namespace {

enum Entity : std::uint32_t { mesh_seed = 0x20000, first_boundary = 0x30000 };

/// Strands run along the boundaries of a tessellation of their own.
void add_mesh(Structure& s, const SpecimenParams& params, std::uint64_t seed, Threads threads) {
  const DegradedTreatedFilmParams& p = params.degraded_treated_film;
  MicrostructureParams cells = params.microstructure;
  cells.mean_grain_diameter_m = p.mesh_cell_m;
  cells.grain_size_sigma_ln = 0.35;
  cells.hotspot_fraction = 0.0;
  cells.columns_per_m = 0.0;
  RandomStream draw(seed, Purpose::sample_structure, mesh_seed);
  const std::uint64_t own_seed = (std::uint64_t{draw.bits()} << 32U) | draw.bits();
  const Microstructure mesh = make_microstructure(cells, own_seed, threads);
  const double half = 0.5 * p.mesh_width_m;
  for (std::size_t k = 0; k < s.traits.size(); ++k) {
    const double u = static_cast<double>(mesh.boundary_distance_m.values[k]) / half;
    if (u < 1.0) {
      SiteTraits& t = s.traits[k];
      t.feature = Feature::mesh;
      t.share_factor = static_cast<float>(p.mesh_share_factor);
      t.further_factor = static_cast<float>(p.mesh_further_factor);
      s.height_m.values[k] += static_cast<float>(p.mesh_height_m * (1.0 - u * u * u * u));
    }
  }
}

struct Granule {
  Point at{};
  double radius_m = 0.0;
};

std::vector<Granule> place_granules(const Microstructure& film,
                                    const DegradedTreatedFilmParams& p,
                                    std::uint64_t seed) {
  std::vector<Granule> granules;
  for (std::size_t b = 0; b < film.boundaries.size(); ++b) {
    const GrainBoundary& boundary = film.boundaries[b];
    RandomStream draw(
        seed, Purpose::sample_structure, first_boundary + static_cast<std::uint32_t>(b));
    const double dx = boundary.to.x_m - boundary.from.x_m;
    const double dy = boundary.to.y_m - boundary.from.y_m;
    const double length = std::hypot(dx, dy);
    for (double at = draw.uniform(0.0, p.granule_spacing_m); at < length;
         at += p.granule_spacing_m * draw.uniform(0.7, 1.3)) {
      const double aside = 0.2 * p.granule_radius_m * draw.normal();
      granules.push_back(
          {{boundary.from.x_m + (at * dx - aside * dy) / length,
            boundary.from.y_m + (at * dy + aside * dx) / length},
           p.granule_radius_m * std::exp(p.granule_radius_sigma_ln * draw.normal())});
    }
  }
  return granules;
}

void paint_granule(Structure& s, const DegradedTreatedFilmParams& p, const Granule& g) {
  const Grid& grid = s.film.grid;
  const auto from = [](double value, double origin, double step) {
    return std::max<std::ptrdiff_t>(
        0, static_cast<std::ptrdiff_t>(std::ceil((value - origin) / step)));
  };
  const std::ptrdiff_t x0 = from(g.at.x_m - g.radius_m, grid.origin.x_m, grid.step_x_m);
  const std::ptrdiff_t y0 = from(g.at.y_m - g.radius_m, grid.origin.y_m, grid.step_y_m);
  for (auto iy = y0; iy < static_cast<std::ptrdiff_t>(grid.ny); ++iy) {
    const double dy = grid.centre(0, static_cast<std::size_t>(iy)).y_m - g.at.y_m;
    if (dy > g.radius_m) {
      break;
    }
    for (auto ix = x0; ix < static_cast<std::ptrdiff_t>(grid.nx); ++ix) {
      const double dx = grid.centre(static_cast<std::size_t>(ix), 0).x_m - g.at.x_m;
      const double r2 = (dx * dx + dy * dy) / (g.radius_m * g.radius_m);
      if (dx > g.radius_m) {
        break;
      }
      if (r2 >= 1.0) {
        continue;
      }
      const std::size_t k = static_cast<std::size_t>(iy) * grid.nx + static_cast<std::size_t>(ix);
      SiteTraits& t = s.traits[k];
      if (t.feature != Feature::granule) {
        s.height_m.values[k] += static_cast<float>(p.granule_height_m * std::sqrt(1.0 - r2));
      }
      t = SiteTraits{};
      t.feature = Feature::granule;
      t.inclusion_share = static_cast<float>(p.granule_inclusion_share);
      t.first_factor = static_cast<float>(p.granule_first_factor);
      t.further_factor = static_cast<float>(p.granule_further_factor);
    }
  }
}

}  // namespace

void validate(const DegradedTreatedFilmParams& p) {
  require_range("mesh_cell_m", p.mesh_cell_m, 2e-8, 1e-4);
  require_range("mesh_width_m", p.mesh_width_m, 0.0, p.mesh_cell_m);
  require_range("mesh_height_m", p.mesh_height_m, 0.0, 1e-6);
  require_range("mesh_share_factor", p.mesh_share_factor, 0.0, 10.0);
  require_range("mesh_further_factor", p.mesh_further_factor, 0.0, 10.0);
  require_range("granule_spacing_m", p.granule_spacing_m, 1e-9, 1e-4);
  require_range("granule_radius_m", p.granule_radius_m, 1e-9, 1e-6);
  require_range("granule_radius_sigma_ln", p.granule_radius_sigma_ln, 0.0, 1.0);
  require_range("granule_height_m", p.granule_height_m, 0.0, 1e-6);
  require_range("granule_inclusion_share", p.granule_inclusion_share, 0.0, 1.0);
  require_range("granule_first_factor", p.granule_first_factor, 0.0, 10.0);
  require_range("granule_further_factor", p.granule_further_factor, 0.0, 10.0);
  require_range("grain_disorder", p.grain_disorder, 0.0, 0.3);
}

Structure make_degraded_treated_film(const SpecimenParams& params,
                                     std::uint64_t seed,
                                     Threads threads) {
  const DegradedTreatedFilmParams& p = params.degraded_treated_film;
  Structure s;
  s.film = make_microstructure(
      params.microstructure,
      large_grain_sites(params.microstructure, Middle::boundary, p.grain_disorder, seed),
      seed,
      threads);
  s.height_m = make_topography(s.film, params.topography, seed, threads);
  s.traits.resize(s.film.grid.size());
  if (params.effects.mesh) {
    add_mesh(s, params, seed, threads);
  }
  if (params.effects.granules) {
    for (const Granule& g : place_granules(s.film, p, seed)) {
      paint_granule(s, p, g);
    }
  }
  return s;
}

}  // namespace halotwin::sim
