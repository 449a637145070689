#include "sim/structures/treated_film.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <vector>

#include "base/constants.hpp"
#include "base/random.hpp"
#include "base/require.hpp"
#include "base/units.hpp"
#include "sim/specimen_params.hpp"
#include "sim/structures/large_grains.hpp"
#include "sim/topography.hpp"

namespace halotwin::sim {
namespace {

constexpr std::size_t row_chunk = 16;

/// Edges of a star's sectors, ascending in [0, 2 pi); odd sectors are the raised ones.
using Star = std::vector<double>;

Star draw_star(const TreatedFilmParams& p, std::uint64_t seed, std::size_t grain) {
  RandomStream draw(seed, Purpose::sample_structure, static_cast<std::uint32_t>(grain));
  const int sectors = 2 * p.arms;
  const double width = 2.0 * constants::pi / sectors;
  const double start = draw.uniform(0.0, width);
  Star star;
  for (int k = 0; k < sectors; ++k) {
    const double off = p.arm_angle_sigma_deg * units::deg * draw.normal();
    star.push_back(start + width * k + std::clamp(off, -0.4 * width, 0.4 * width));
  }
  return star;
}

/// Whether a place lies in a raised sector, and how far from the nearest edge [m].
struct StarPlace {
  bool raised = false;
  double edge_m = 0.0;
};
StarPlace place_in(const Star& star, double dx, double dy) {
  const double turn = 2.0 * constants::pi;
  double angle = std::atan2(dy, dx);
  angle += angle < 0.0 ? turn : 0.0;
  const auto sector =
      static_cast<std::size_t>(std::upper_bound(star.begin(), star.end(), angle) - star.begin());
  double nearest = turn;
  for (const double edge : star) {
    nearest = std::min(nearest, std::abs(std::remainder(angle - edge, turn)));
  }
  const double radius = std::hypot(dx, dy);
  return {sector % 2 == 1, radius * std::sin(std::min(nearest, 0.5 * constants::pi))};
}

/// Length of a segment inside the area that instruments look at [m], by sampling.
double length_inside(const MicrostructureParams& area, const GrainBoundary& b) {
  constexpr int samples = 200;
  int inside = 0;
  for (int k = 0; k < samples; ++k) {
    const double s = (k + 0.5) / samples;
    const double x = b.from.x_m + s * (b.to.x_m - b.from.x_m);
    const double y = b.from.y_m + s * (b.to.y_m - b.from.y_m);
    inside += x >= 0.0 && x <= area.width_m && y >= 0.0 && y <= area.height_m ? 1 : 0;
  }
  return std::hypot(b.to.x_m - b.from.x_m, b.to.y_m - b.from.y_m) * inside / samples;
}

/// The boundary of grain 0 with the longest part inside the area.
const GrainBoundary* thick_boundary(const Microstructure& film, const MicrostructureParams& area) {
  const GrainBoundary* longest = nullptr;
  double most = 0.0;
  for (const GrainBoundary& b : film.boundaries) {
    const double length = b.grains[0] == 0 ? length_inside(area, b) : 0.0;
    if (length > most) {
      most = length;
      longest = &b;
    }
  }
  return longest;
}

double distance_to(const GrainBoundary& b, Point at) {
  const double ux = b.to.x_m - b.from.x_m;
  const double uy = b.to.y_m - b.from.y_m;
  const double along =
      ((at.x_m - b.from.x_m) * ux + (at.y_m - b.from.y_m) * uy) / (ux * ux + uy * uy);
  const double s = std::clamp(along, 0.0, 1.0);
  return std::hypot(at.x_m - b.from.x_m - s * ux, at.y_m - b.from.y_m - s * uy);
}

}  // namespace

void validate(const TreatedFilmParams& p) {
  require_range("arms", p.arms, 1, 32);
  require_range("arm_angle_sigma_deg", p.arm_angle_sigma_deg, 0.0, 45.0);
  require_range("arm_height_m", p.arm_height_m, 0.0, 1e-6);
  require_range("arm_edge_m", p.arm_edge_m, 1e-9, 1e-5);
  require_range("sector_share_factor", p.sector_share_factor, 0.0, 10.0);
  require_range("sector_mobility_factor", p.sector_mobility_factor, 1e-2, 100.0);
  require_range("thick_width_m", p.thick_width_m, 0.0, 1e-4);
  require_range("thick_share_factor", p.thick_share_factor, 0.0, 10.0);
  require_range("grain_disorder", p.grain_disorder, 0.0, 0.3);
}

Structure make_treated_film(const SpecimenParams& params, std::uint64_t seed, Threads threads) {
  const TreatedFilmParams& p = params.treated_film;
  Structure s;
  s.film = make_microstructure(
      params.microstructure,
      large_grain_sites(params.microstructure, Middle::grain, p.grain_disorder, seed),
      seed,
      threads);
  s.height_m = make_topography(s.film, params.topography, seed, threads);
  std::vector<Star> stars;
  for (std::size_t i = 0; i < s.film.grains.size(); ++i) {
    stars.push_back(draw_star(p, seed, i));
  }
  const GrainBoundary* thick =
      params.effects.thick_boundary ? thick_boundary(s.film, params.microstructure) : nullptr;
  const Grid& grid = s.film.grid;
  s.traits.resize(grid.size());
  for_each_chunk(grid.ny, row_chunk, threads, [&](std::size_t begin, std::size_t end) {
    for (std::size_t k = begin * grid.nx; k < end * grid.nx; ++k) {
      SiteTraits& t = s.traits[k];
      const Point at = grid.centre(k % grid.nx, k / grid.nx);
      const auto grain = static_cast<std::size_t>(s.film.label.values[k]);
      const Point site = s.film.grains[grain].site;
      const StarPlace place = place_in(stars[grain], at.x_m - site.x_m, at.y_m - site.y_m);
      // half the height at the edge, soft on both sides
      const double inside = place.raised ? place.edge_m : -place.edge_m;
      s.height_m.values[k] +=
          static_cast<float>(p.arm_height_m / (1.0 + std::exp(-4.0 * inside / p.arm_edge_m)));
      if (place.raised) {
        t.domain = 1;
        t.feature = Feature::sector;
        t.share_factor = params.effects.sectors ? static_cast<float>(p.sector_share_factor) : 1.0F;
        t.mobility_factor =
            params.effects.sectors ? static_cast<float>(p.sector_mobility_factor) : 1.0F;
      }
      if (thick != nullptr && distance_to(*thick, at) < 0.5 * p.thick_width_m) {
        t.feature = Feature::thick_boundary;
        t.share_factor *= static_cast<float>(p.thick_share_factor);
      }
    }
  });
  return s;
}

}  // namespace halotwin::sim
