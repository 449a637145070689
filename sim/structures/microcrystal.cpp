#include "sim/structures/microcrystal.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include "base/constants.hpp"
#include "base/random.hpp"
#include "base/require.hpp"
#include "base/units.hpp"
#include "sim/specimen_params.hpp"
#include "sim/topography.hpp"

namespace halotwin::sim {
namespace {

constexpr std::size_t row_chunk = 16;
enum Entity : std::uint32_t { directions, first_family, second_family, colonies, defects };

/// Walls along one direction, drawn outwards over a given reach, and the zigzag of the surface.
class Lamellae {
 public:
  Lamellae(double normal_rad,
           double reach_m,
           double min_m,
           double max_m,
           std::uint64_t seed,
           Entity entity)
      : cos_(std::cos(normal_rad)), sin_(std::sin(normal_rad)) {
    RandomStream draw(seed, Purpose::sample_structure, entity);
    double at = -reach_m - draw.uniform(0.0, max_m);
    double height = 0.0;
    for (int k = 0; at < reach_m + max_m; ++k) {
      wall_m_.push_back(at);
      height_.push_back(height);
      const double width = draw.uniform(min_m, max_m);
      height += k % 2 == 0 ? width : -width;
      at += width;
    }
    double mean = 0.0;
    for (const double h : height_) {
      mean += h / static_cast<double>(height_.size());
    }
    for (double& h : height_) {
      h -= mean;
    }
  }

  struct Place {
    bool odd = false;
    double height = 0.0;  // of a surface of slopes 1 and -1 in turn [m]
  };
  [[nodiscard]] Place at(double x_m, double y_m) const {
    const double s = x_m * cos_ + y_m * sin_;
    const auto next = std::upper_bound(wall_m_.begin() + 1, wall_m_.end(), s);
    const auto k = static_cast<std::size_t>(next - wall_m_.begin()) - 1;
    const double rise = s - wall_m_[k];
    return {k % 2 == 1, height_[k] + (k % 2 == 0 ? rise : -rise)};
  }

 private:
  double cos_;
  double sin_;
  std::vector<double> wall_m_;
  std::vector<double> height_;
};

void set_orientation(SiteTraits& t, const OrientationParams& o, std::uint8_t domain, bool ions) {
  t.domain = domain;
  t.piezo_m_per_v = static_cast<float>(o.piezo_m_per_v);
  t.contact_resonance_factor = static_cast<float>(o.contact_resonance_factor);
  t.share_factor = ions ? static_cast<float>(o.share_factor) : 1.0F;
  t.density_factor = ions ? static_cast<float>(o.density_factor) : 1.0F;
}

/// Isolated defects on the sites of the enriched set; those whose centre lies elsewhere are left
/// out.
void add_marbling(Structure& s, const MicrocrystalParams& p, std::uint64_t seed) {
  const Grid& grid = s.film.grid;
  const double width = static_cast<double>(grid.nx) * grid.step_x_m;
  const double height = static_cast<double>(grid.ny) * grid.step_y_m;
  RandomStream draw(seed, Purpose::sample_structure, defects);
  const auto reach = static_cast<std::ptrdiff_t>(p.marbling_radius_m / grid.step_x_m) + 1;
  const double square = p.marbling_radius_m * p.marbling_radius_m;
  for (auto left = draw.poisson(p.marbling_per_m2 * width * height); left > 0; --left) {
    const auto cx = static_cast<std::ptrdiff_t>(draw.uniform() * static_cast<double>(grid.nx));
    const auto cy = static_cast<std::ptrdiff_t>(draw.uniform() * static_cast<double>(grid.ny));
    const auto site = [&](std::ptrdiff_t x, std::ptrdiff_t y) -> SiteTraits& {
      return s.traits[static_cast<std::size_t>(y) * grid.nx + static_cast<std::size_t>(x)];
    };
    if (site(cx, cy).domain == 0) {
      continue;
    }
    for (std::ptrdiff_t y = cy - reach; y <= cy + reach; ++y) {
      for (std::ptrdiff_t x = cx - reach; x <= cx + reach; ++x) {
        const double dx = static_cast<double>(x - cx) * grid.step_x_m;
        const double dy = static_cast<double>(y - cy) * grid.step_y_m;
        if (x < 0 || y < 0 || x >= static_cast<std::ptrdiff_t>(grid.nx) ||
            y >= static_cast<std::ptrdiff_t>(grid.ny) || dx * dx + dy * dy > square) {
          continue;
        }
        SiteTraits& t = site(x, y);
        if (t.domain != 0 && t.feature == Feature::bulk) {
          t.feature = Feature::marbling;
          t.share_factor *= static_cast<float>(p.marbling_share_factor);
          t.density_factor *= static_cast<float>(p.marbling_density_factor);
        }
      }
    }
  }
}

/// The crystal's own relief: no grains, so neither domes nor facets.
TopographyParams flat(const TopographyParams& given) {
  TopographyParams p = given;
  p.dome_fraction = 0.0;
  p.groove_depth_m = 0.0;
  p.facet_tilt_deg = 0.0;
  p.grain_height_sigma_m = 0.0;
  return p;
}

}  // namespace

void validate(const OrientationParams& p) {
  require_range("piezo_m_per_v", p.piezo_m_per_v, -1e-9, 1e-9);
  require_range("contact_resonance_factor", p.contact_resonance_factor, 0.5, 2.0);
  require_range("share_factor", p.share_factor, 0.0, 10.0);
  require_range("density_factor", p.density_factor, 1e-2, 100.0);
}

void validate(const MicrocrystalParams& p) {
  require_range("stripe_min_m", p.stripe_min_m, 1e-8, 1e-5);
  require_range("stripe_max_m", p.stripe_max_m, p.stripe_min_m, 1e-5);
  require_range("family_angle_deg", p.family_angle_deg, 0.0, 90.0);
  require_range("colony_width_m", p.colony_width_m, 1e-7, 1e-3);
  require_range("surface_tilt_deg", p.surface_tilt_deg, 0.0, 5.0);
  validate(p.first);
  validate(p.second);
  validate(p.third);
  require_range("marbling_per_m2", p.marbling_per_m2, 0.0, 1e15);
  require_range("marbling_radius_m", p.marbling_radius_m, 1e-9, 1e-6);
  require_range("marbling_share_factor", p.marbling_share_factor, 0.0, 10.0);
  require_range("marbling_density_factor", p.marbling_density_factor, 1e-2, 100.0);
}

std::array<double, 2> twin_normals_rad(const MicrocrystalParams& p, std::uint64_t seed) {
  RandomStream draw(seed, Purpose::sample_structure, directions);
  const double first = draw.uniform(0.0, constants::pi);
  return {first, first + p.family_angle_deg * units::deg};
}

Structure make_microcrystal(const SpecimenParams& params, std::uint64_t seed, Threads threads) {
  const MicrocrystalParams& p = params.microcrystal;
  Structure s;
  s.film = make_microstructure(
      params.microstructure, std::vector<Point>{middle_of(params.microstructure)}, seed, threads);
  s.height_m = make_topography(s.film, flat(params.topography), seed, threads);
  const Grid& grid = s.film.grid;
  const Point middle = middle_of(params.microstructure);
  const double reach = std::hypot(static_cast<double>(grid.nx) * grid.step_x_m,
                                  static_cast<double>(grid.ny) * grid.step_y_m);
  const auto [first, second] = twin_normals_rad(p, seed);
  const std::array<Lamellae, 2> families{
      Lamellae(first, reach, p.stripe_min_m, p.stripe_max_m, seed, first_family),
      Lamellae(second, reach, p.stripe_min_m, p.stripe_max_m, seed, second_family)};
  // the walls between colonies halve the angle between the families
  const Lamellae colony(0.5 * (first + second) + 0.5 * constants::pi,
                        reach,
                        0.8 * p.colony_width_m,
                        1.2 * p.colony_width_m,
                        seed,
                        colonies);
  const double slope = std::tan(p.surface_tilt_deg * units::deg);
  s.traits.resize(grid.size());
  for_each_chunk(grid.ny, row_chunk, threads, [&](std::size_t begin, std::size_t end) {
    for (std::size_t k = begin * grid.nx; k < end * grid.nx; ++k) {
      const Point at = grid.centre(k % grid.nx, k / grid.nx);
      const double x = at.x_m - middle.x_m;
      const double y = at.y_m - middle.y_m;
      const bool other = colony.at(x, y).odd;
      const Lamellae::Place place = families[other ? 1 : 0].at(x, y);
      const OrientationParams& enriched = other ? p.third : p.second;
      set_orientation(s.traits[k],
                      place.odd ? enriched : p.first,
                      place.odd ? static_cast<std::uint8_t>(other ? 2 : 1) : std::uint8_t{0},
                      params.effects.twins);
      s.height_m.values[k] += static_cast<float>(slope * place.height);
    }
  });
  if (!params.effects.piezo) {
    for (SiteTraits& t : s.traits) {
      t.piezo_m_per_v = static_cast<float>(p.first.piezo_m_per_v);
      t.contact_resonance_factor = static_cast<float>(p.first.contact_resonance_factor);
    }
  }
  if (params.effects.marbling) {
    add_marbling(s, p, seed);
  }
  return s;
}

}  // namespace halotwin::sim
