#include "sim/microstructure.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <numeric>
#include <span>

#include "base/constants.hpp"
#include "base/random.hpp"
#include "base/require.hpp"

namespace halotwin::sim {
namespace {

constexpr double rim_diameters = 3.0;  // tessellated film beyond the native grid
// Measured over the default film: 0.4 converges in 24 iterations, 0.8 overshoots and loses small
// cells.
constexpr double weight_relaxation = 0.4;
constexpr double site_move = 0.4;            // part of the way to the centroid
constexpr double largest_weight_step = 0.3;  // of the target area: no cell swallows its neighbours
constexpr double least_area_part = 0.1;      // of its target: a third of the diameter
constexpr std::size_t cell_chunk = 64;
constexpr std::size_t row_chunk = 16;
constexpr double most_sites = 4e7;  // about 3 GB with the fields of a Specimen

struct Field {
  Point from{};
  Point to{};
  [[nodiscard]] double area_m2() const { return (to.x_m - from.x_m) * (to.y_m - from.y_m); }
};

/// Points sorted into square buckets, about one in each.
class Buckets {
 public:
  Buckets(const Field& field, std::vector<Point> points)
      : field_(field), points_(std::move(points)) {
    const double n = std::max<double>(1.0, static_cast<double>(points_.size()));
    size_m_ = std::sqrt(field.area_m2() / n);
    nx_ = 1 + static_cast<int>((field.to.x_m - field.from.x_m) / size_m_);
    ny_ = 1 + static_cast<int>((field.to.y_m - field.from.y_m) / size_m_);
    start_.assign(static_cast<std::size_t>(nx_) * static_cast<std::size_t>(ny_) + 1, 0);
    for (const Point& p : points_) {
      ++start_[bucket(column(p.x_m), row(p.y_m)) + 1];
    }
    std::partial_sum(start_.begin(), start_.end(), start_.begin());
    order_.resize(points_.size());
    std::vector<std::int32_t> next(start_.begin(), start_.end() - 1);
    for (std::size_t i = 0; i < points_.size(); ++i) {
      const auto b = bucket(column(points_[i].x_m), row(points_[i].y_m));
      order_[static_cast<std::size_t>(next[b]++)] = static_cast<std::int32_t>(i);
    }
  }

  [[nodiscard]] double size_m() const { return size_m_; }
  [[nodiscard]] int rings() const { return std::max(nx_, ny_); }
  [[nodiscard]] const Point& point(std::int32_t i) const {
    return points_[static_cast<std::size_t>(i)];
  }

  /// Calls visit(i) for each point in the square ring of `ring` buckets around `at`; those are at
  /// least (ring - 1) bucket sizes away.
  template <class Visit>
  void for_ring(Point at, int ring, Visit&& visit) const {
    const int cx = column(at.x_m);
    const int cy = row(at.y_m);
    for (int y = std::max(0, cy - ring); y <= std::min(ny_ - 1, cy + ring); ++y) {
      const bool whole_row = y == cy - ring || y == cy + ring;
      const int stride = whole_row || ring == 0 ? 1 : 2 * ring;
      for (int x = cx - ring; x <= cx + ring; x += stride) {
        if (x >= 0 && x < nx_) {
          const std::size_t b = bucket(x, y);
          for (std::int32_t k = start_[b]; k < start_[b + 1]; ++k) {
            visit(order_[static_cast<std::size_t>(k)]);
          }
        }
      }
    }
  }

 private:
  [[nodiscard]] int column(double x_m) const {
    return std::clamp(static_cast<int>((x_m - field_.from.x_m) / size_m_), 0, nx_ - 1);
  }
  [[nodiscard]] int row(double y_m) const {
    return std::clamp(static_cast<int>((y_m - field_.from.y_m) / size_m_), 0, ny_ - 1);
  }
  [[nodiscard]] std::size_t bucket(int x, int y) const {
    return static_cast<std::size_t>(y) * static_cast<std::size_t>(nx_) +
           static_cast<std::size_t>(x);
  }

  Field field_;
  std::vector<Point> points_;
  double size_m_ = 1.0;
  int nx_ = 1;
  int ny_ = 1;
  std::vector<std::int32_t> start_;
  std::vector<std::int32_t> order_;
};

double distance(Point a, Point b) {
  return std::hypot(a.x_m - b.x_m, a.y_m - b.y_m);
}

/// A convex polygon whose sides know their neighbour; corner k is the start of side k.
struct Polygon {
  std::vector<GrainSide> sides;
  std::vector<GrainSide> clipped;  // kept for its memory
  std::vector<double> beyond;      // of each corner, beyond the line of the cut [m]

  void reset(const Field& f) {
    sides.clear();
    sides.push_back({0, -1, -f.from.y_m, -1, {f.from.x_m, f.from.y_m}});
    sides.push_back({1, 0, f.to.x_m, -1, {f.to.x_m, f.from.y_m}});
    sides.push_back({0, 1, f.to.y_m, -1, {f.to.x_m, f.to.y_m}});
    sides.push_back({-1, 0, -f.from.x_m, -1, {f.from.x_m, f.to.y_m}});
  }

  /// Keeps the part with normal.x <= offset of `cut`. Returns whether anything was cut off.
  bool clip(const GrainSide& cut) {
    const std::size_t n = sides.size();
    beyond.resize(n);
    bool any = false;
    for (std::size_t k = 0; k < n; ++k) {
      const Point& p = sides[k].from;
      beyond[k] = cut.normal_x * p.x_m + cut.normal_y * p.y_m - cut.offset_m;
      any = any || beyond[k] > 0.0;
    }
    if (!any) {
      return false;
    }
    clipped.clear();
    for (std::size_t k = 0; k < n; ++k) {
      const std::size_t next = k + 1 == n ? 0 : k + 1;
      const bool inside = beyond[k] <= 0.0;
      if (inside) {
        clipped.push_back(sides[k]);
      }
      if (inside != (beyond[next] <= 0.0)) {
        const double s = beyond[k] / (beyond[k] - beyond[next]);
        const Point& a = sides[k].from;
        const Point& b = sides[next].from;
        const Point at{a.x_m + s * (b.x_m - a.x_m), a.y_m + s * (b.y_m - a.y_m)};
        GrainSide side = inside ? cut : sides[k];
        side.from = at;
        clipped.push_back(side);
      }
    }
    sides.swap(clipped);
    return true;
  }

  [[nodiscard]] double farthest_m(Point from) const {
    double square = 0.0;
    for (const GrainSide& side : sides) {
      const double dx = side.from.x_m - from.x_m;
      const double dy = side.from.y_m - from.y_m;
      square = std::max(square, dx * dx + dy * dy);
    }
    return std::sqrt(square);
  }
};

/// The cell of site i in the Laguerre diagram. A site at distance d cuts at
/// t(d) = (d^2 + w_i - w_j) / (2 d) from site i or farther, which grows with d: the search ends
/// when t(nearest in the ring) exceeds the farthest corner even for the largest weight.
void cut_cell(std::size_t i,
              const Buckets& sites,
              std::span<const double> weight_m2,
              double largest_weight_m2,
              const Field& field,
              Polygon& cell) {
  const auto self = static_cast<std::int32_t>(i);
  const Point at = sites.point(self);
  cell.reset(field);
  double reach = cell.farthest_m(at);
  for (int ring = 0; ring <= sites.rings(); ++ring) {
    const double d_ring = (ring - 1) * sites.size_m();
    if (d_ring > 0.0 &&
        (d_ring * d_ring + weight_m2[i] - largest_weight_m2) / (2 * d_ring) > reach) {
      return;
    }
    bool changed = false;
    sites.for_ring(at, ring, [&](std::int32_t j) {
      const Point& other = sites.point(j);
      const double dx = other.x_m - at.x_m;
      const double dy = other.y_m - at.y_m;
      const double d2 = dx * dx + dy * dy;
      if (j == self || d2 == 0.0) {
        return;
      }
      const double d = std::sqrt(d2);
      const double t = (d2 + weight_m2[i] - weight_m2[static_cast<std::size_t>(j)]) / (2 * d);
      if (t < reach) {
        const double nx = dx / d;
        const double ny = dy / d;
        changed = cell.clip({nx, ny, nx * at.x_m + ny * at.y_m + t, j, {}}) || changed;
      }
    });
    if (changed) {
      reach = cell.farthest_m(at);
    }
    if (cell.sides.empty()) {
      return;
    }
  }
}

struct Moments {
  double area_m2 = 0.0;
  Point centroid{};
};

Moments moments_of(std::span<const GrainSide> sides, Point fallback) {
  double area = 0.0;
  double mx = 0.0;
  double my = 0.0;
  for (std::size_t k = 0; k < sides.size(); ++k) {  // about `fallback`, for precision
    const Point& p = sides[k].from;
    const Point& q = sides[k + 1 == sides.size() ? 0 : k + 1].from;
    const double ax = p.x_m - fallback.x_m;
    const double ay = p.y_m - fallback.y_m;
    const double bx = q.x_m - fallback.x_m;
    const double by = q.y_m - fallback.y_m;
    const double cross = ax * by - bx * ay;
    area += 0.5 * cross;
    mx += cross * (ax + bx) / 6.0;
    my += cross * (ay + by) / 6.0;
  }
  if (!(area > 0.0)) {
    return {0.0, fallback};
  }
  return {area, {fallback.x_m + mx / area, fallback.y_m + my / area}};
}

/// The diagram while it is being fitted.
struct Diagram {
  Field field;
  std::vector<Point> site;
  std::vector<double> weight_m2;
  std::vector<double> target_m2;
};

Diagram start_diagram(const MicrostructureParams& p, const Field& field, std::uint64_t seed) {
  const double s = p.grain_size_sigma_ln;
  const double mean_area =
      0.25 * constants::pi * p.mean_grain_diameter_m * p.mean_grain_diameter_m * std::exp(s * s);
  const auto n = static_cast<std::size_t>(std::max(1.0, std::round(field.area_m2() / mean_area)));
  Diagram d{field, std::vector<Point>(n), std::vector<double>(n), std::vector<double>(n)};
  double sum = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    RandomStream place(seed, Purpose::grain_sites, static_cast<std::uint32_t>(i));
    d.site[i].x_m = place.uniform(field.from.x_m, field.to.x_m);
    d.site[i].y_m = place.uniform(field.from.y_m, field.to.y_m);
    RandomStream size(seed, Purpose::grain_sizes, static_cast<std::uint32_t>(i));
    const double diameter = p.mean_grain_diameter_m * std::exp(s * size.normal() - 0.5 * s * s);
    d.weight_m2[i] = 0.25 * diameter * diameter;
    d.target_m2[i] = constants::pi * d.weight_m2[i];
    sum += d.target_m2[i];
  }
  for (double& target : d.target_m2) {
    target *= field.area_m2() / sum;
  }
  return d;
}

/// Calls visit(i, cell) for every site; the cell's memory is reused.
template <class Visit>
void for_each_cell(const Diagram& d, Threads threads, const Visit& visit) {
  const Buckets sites(d.field, d.site);
  const double largest = *std::max_element(d.weight_m2.begin(), d.weight_m2.end());
  for_each_chunk(d.site.size(), cell_chunk, threads, [&](std::size_t begin, std::size_t end) {
    Polygon cell;
    for (std::size_t i = begin; i < end; ++i) {
      cut_cell(i, sites, d.weight_m2, largest, d.field, cell);
      visit(i, cell);
    }
  });
}

/// Gives the largest target to the site whose cell is largest already, and so on down.
void assign_targets(Diagram& d, Threads threads) {
  std::vector<std::pair<double, std::size_t>> area(d.site.size());
  for_each_cell(d, threads, [&](std::size_t i, const Polygon& cell) {
    area[i] = {moments_of(cell.sides, d.site[i]).area_m2, i};
  });
  std::sort(area.begin(), area.end());
  std::vector<double> target = d.target_m2;
  std::sort(target.begin(), target.end());
  for (std::size_t rank = 0; rank < target.size(); ++rank) {
    d.target_m2[area[rank].second] = target[rank];
  }
}

/// Weight that brings back a cell which its neighbours have swallowed: at its site it has the power
/// of a disc of 0.3 times its target area.
double uncovering_weight(const Diagram& d, std::size_t i) {
  double highest = -std::numeric_limits<double>::infinity();
  for (std::size_t j = 0; j < d.site.size(); ++j) {
    const double distance_m = distance(d.site[i], d.site[j]);
    highest = j == i ? highest : std::max(highest, d.weight_m2[j] - distance_m * distance_m);
  }
  return highest + 0.3 * d.target_m2[i] / constants::pi;
}

/// One step: weights towards the target areas, sites a part `move` of the way to their centroids.
void improve(Diagram& d, double move, Threads threads) {
  std::vector<Point> site(d.site.size());
  std::vector<double> weight(d.site.size());
  for_each_cell(d, threads, [&](std::size_t i, const Polygon& cell) {
    const Moments m = moments_of(cell.sides, d.site[i]);
    double slope = 0.0;  // dA_i / dw_i
    for (std::size_t k = 0; k < cell.sides.size(); ++k) {
      const GrainSide& side = cell.sides[k];
      if (side.neighbour >= 0) {
        const Point& end = cell.sides[k + 1 == cell.sides.size() ? 0 : k + 1].from;
        const Point& other = d.site[static_cast<std::size_t>(side.neighbour)];
        slope += distance(side.from, end) / (2 * distance(d.site[i], other));
      }
    }
    const double missing = d.target_m2[i] - m.area_m2;
    const double most = largest_weight_step * d.target_m2[i];
    weight[i] = slope > 0.0
                    ? d.weight_m2[i] + std::clamp(weight_relaxation * missing / slope, -most, most)
                    : uncovering_weight(d, i);
    site[i] = {d.site[i].x_m + move * (m.centroid.x_m - d.site[i].x_m),
               d.site[i].y_m + move * (m.centroid.y_m - d.site[i].y_m)};
  });
  d.site = std::move(site);
  d.weight_m2 = std::move(weight);
}

void fit(Diagram& d, int iterations, Threads threads) {
  if (iterations == 0) {
    return;
  }
  std::fill(d.weight_m2.begin(), d.weight_m2.end(), 0.0);
  assign_targets(d, threads);
  const int still = iterations / 3;
  for (int k = 0; k < iterations - still; ++k) {
    improve(d, site_move, threads);
  }
  for (int k = 0; k < still; ++k) {
    improve(d, 0.0, threads);
  }
}

std::vector<Grain> final_grains(const Diagram& d, Threads threads) {
  std::vector<Grain> grains(d.site.size());
  for_each_cell(d, threads, [&](std::size_t i, const Polygon& cell) {
    Grain& g = grains[i];
    const Moments m = moments_of(cell.sides, d.site[i]);
    g.site = d.site[i];
    g.weight_m2 = d.weight_m2[i];
    g.area_m2 = m.area_m2;
    g.centroid = m.centroid;
    g.sides = cell.sides;
    g.complete = !g.sides.empty();
    for (const GrainSide& side : g.sides) {
      g.complete = g.complete && side.neighbour >= 0;
    }
  });
  return grains;
}

/// Removes the sites whose cells have less than `least_part` of their target area, or none (a few
/// in a thousand for the widest size distributions). Their neighbours grow, so once is enough.
bool drop_swallowed(Diagram& d, std::span<const Grain> grains, double least_part) {
  std::size_t kept = 0;
  for (std::size_t i = 0; i < grains.size(); ++i) {
    if (grains[i].area_m2 > least_part * d.target_m2[i]) {
      d.site[kept] = d.site[i];
      d.weight_m2[kept] = d.weight_m2[i];
      d.target_m2[kept] = d.target_m2[i];
      ++kept;
    }
  }
  d.site.resize(kept);
  d.weight_m2.resize(kept);
  d.target_m2.resize(kept);
  return kept < grains.size();
}

double depth_in(const Grain& g, Point at) {
  double depth = 1.0;
  for (const GrainSide& side : g.sides) {
    depth = std::min(depth, side.offset_m - side.normal_x * at.x_m - side.normal_y * at.y_m);
  }
  return depth;
}

void collect_boundaries(Microstructure& film) {
  for (std::size_t i = 0; i < film.grains.size(); ++i) {
    const auto self = static_cast<std::int32_t>(i);
    const auto& sides = film.grains[i].sides;
    for (std::size_t k = 0; k < sides.size(); ++k) {
      const std::int32_t here = sides[k].neighbour;
      const std::int32_t before = sides[k == 0 ? sides.size() - 1 : k - 1].neighbour;
      if (here > self) {
        const Point end = sides[k + 1 == sides.size() ? 0 : k + 1].from;
        film.boundaries.push_back({{self, here}, sides[k].from, end});
        if (before > self) {
          film.junctions.push_back({{self, before, here}, sides[k].from});
        }
      }
    }
  }
}

/// The grain of least power distance, by asking all.
std::int32_t nearest_grain(const Microstructure& film, Point at) {
  std::size_t best = 0;
  double least = std::numeric_limits<double>::infinity();
  for (std::size_t i = 0; i < film.grains.size(); ++i) {
    const double d = distance(film.grains[i].site, at);
    const double power = d * d - film.grains[i].weight_m2;
    best = power < least ? i : best;
    least = std::min(least, power);
  }
  return static_cast<std::int32_t>(best);
}

/// The sites of row iy that lie in grain i: label and distance to the boundary.
void paint_row(Microstructure& film, std::size_t i, std::size_t iy) {
  const Grid& grid = film.grid;
  const Grain& g = film.grains[i];
  const double y = grid.centre(0, iy).y_m;
  double left = film.field_from.x_m;
  double right = film.field_to.x_m;
  for (const GrainSide& side : g.sides) {
    const double rest = side.offset_m - side.normal_y * y;
    if (side.normal_x > 0.0) {
      right = std::min(right, rest / side.normal_x);
    } else if (side.normal_x < 0.0) {
      left = std::max(left, rest / side.normal_x);
    }
  }
  const double first = std::ceil((left - grid.origin.x_m) / grid.step_x_m);
  const double last = std::min(std::floor((right - grid.origin.x_m) / grid.step_x_m),
                               static_cast<double>(grid.nx) - 1.0);
  for (double x = std::max(0.0, first); x <= last; x += 1.0) {
    const auto ix = static_cast<std::size_t>(x);
    film.label(ix, iy) = static_cast<std::int32_t>(i);
    film.boundary_distance_m(ix, iy) =
        static_cast<float>(std::max(0.0, depth_in(g, grid.centre(ix, iy))));
  }
}

/// Labels and distances to the boundary, grain by grain along the rows that it crosses.
void paint_grains(Microstructure& film, Threads threads) {
  const Grid& grid = film.grid;
  for_each_chunk(grid.ny, row_chunk, threads, [&](std::size_t begin, std::size_t end) {
    for (std::size_t i = 0; i < film.grains.size(); ++i) {
      double low = film.field_to.y_m;
      double high = film.field_from.y_m;
      for (const GrainSide& side : film.grains[i].sides) {
        low = std::min(low, side.from.y_m);
        high = std::max(high, side.from.y_m);
      }
      for (std::size_t iy = begin; iy < end; ++iy) {
        const double y = grid.centre(0, iy).y_m;
        if (y >= low && y <= high) {
          paint_row(film, i, iy);
        }
      }
    }
    for (std::size_t k = begin * grid.nx; k < end * grid.nx; ++k) {
      if (film.label.values[k] < 0) {  // exactly on a boundary, missed by rounding
        film.label.values[k] = nearest_grain(film, grid.centre(k % grid.nx, k / grid.nx));
      }
    }
  });
}

void measure_junction_distance(Microstructure& film, Threads threads) {
  const Grid& grid = film.grid;
  const Field field{film.field_from, film.field_to};
  std::vector<Point> points;
  points.reserve(film.junctions.size());
  for (const GrainJunction& j : film.junctions) {
    points.push_back(j.at);
  }
  const double largest = distance(field.from, field.to);
  const Buckets buckets(field, std::move(points));
  for_each_chunk(grid.ny, row_chunk, threads, [&](std::size_t begin, std::size_t end) {
    for (std::size_t iy = begin; iy < end; ++iy) {
      for (std::size_t ix = 0; ix < grid.nx; ++ix) {
        const Point at = grid.centre(ix, iy);
        double square = largest * largest;
        for (int ring = 0; ring <= buckets.rings(); ++ring) {
          const double nearest = std::max(0, ring - 1) * buckets.size_m();
          if (nearest * nearest > square) {
            break;
          }
          buckets.for_ring(at, ring, [&](std::int32_t j) {
            const double dx = buckets.point(j).x_m - at.x_m;
            const double dy = buckets.point(j).y_m - at.y_m;
            square = std::min(square, dx * dx + dy * dy);
          });
        }
        film.junction_distance_m(ix, iy) = static_cast<float>(std::sqrt(square));
      }
    }
  });
}

void measure_inradius(Microstructure& film) {
  for (Grain& g : film.grains) {
    g.inradius_m = g.sides.empty() ? 0.0 : std::max(0.0, depth_in(g, g.centroid));
  }
  for (std::size_t k = 0; k < film.label.size(); ++k) {
    double& inradius = film.grains[static_cast<std::size_t>(film.label.values[k])].inradius_m;
    inradius = std::max(inradius, static_cast<double>(film.boundary_distance_m.values[k]));
  }
}

/// Exactly the wanted share of the grains that instruments look at; the others by chance.
void choose_hotspots(Microstructure& film, const MicrostructureParams& p, std::uint64_t seed) {
  std::vector<std::pair<double, std::size_t>> inside;
  for (std::size_t i = 0; i < film.grains.size(); ++i) {
    Grain& g = film.grains[i];
    const double u =
        RandomStream(seed, Purpose::hotspot_choice, static_cast<std::uint32_t>(i)).uniform();
    g.hotspot = u < p.hotspot_fraction;
    const Point c = g.centroid;
    if (c.x_m >= 0 && c.x_m < p.width_m && c.y_m >= 0 && c.y_m < p.height_m) {
      inside.emplace_back(u, i);
    }
  }
  std::sort(inside.begin(), inside.end());
  const double wanted = std::round(p.hotspot_fraction * static_cast<double>(inside.size()));
  for (std::size_t rank = 0; rank < inside.size(); ++rank) {
    film.grains[inside[rank].second].hotspot = static_cast<double>(rank) < wanted;
  }
}

double column_radius(RandomStream& draw, const MicrostructureParams& p) {
  const double s = p.column_radius_sigma_ln;
  return p.column_radius_m * std::exp(s * draw.normal() - 0.5 * s * s);
}

void place_columns(Microstructure& film, const MicrostructureParams& p, std::uint64_t seed) {
  for (std::size_t b = 0; b < film.boundaries.size(); ++b) {
    const GrainBoundary& boundary = film.boundaries[b];
    RandomStream draw(seed, Purpose::inclusions, static_cast<std::uint32_t>(b), 0);
    const double length = distance(boundary.from, boundary.to);
    for (std::uint64_t left = draw.poisson(p.columns_per_m * length); left > 0; --left) {
      const double s = draw.uniform();
      const Point at{boundary.from.x_m + s * (boundary.to.x_m - boundary.from.x_m),
                     boundary.from.y_m + s * (boundary.to.y_m - boundary.from.y_m)};
      film.inclusions.push_back({at, column_radius(draw, p), false});
    }
  }
  for (std::size_t j = 0; j < film.junctions.size(); ++j) {
    RandomStream draw(seed, Purpose::inclusions, static_cast<std::uint32_t>(j), 1);
    if (draw.uniform() < p.junction_column_probability) {
      film.inclusions.push_back({film.junctions[j].at, column_radius(draw, p), true});
    }
  }
}

/// Strength of the layer on each side of each grain, the same seen from both grains.
std::vector<std::vector<double>> layer_strengths(const Microstructure& film,
                                                 const MicrostructureParams& p,
                                                 std::uint64_t seed) {
  std::vector<std::vector<double>> strength(film.grains.size());
  const double s = p.layer_sigma_ln;
  for (std::size_t i = 0; i < film.grains.size(); ++i) {
    for (const GrainSide& side : film.grains[i].sides) {
      const auto self = static_cast<std::int32_t>(i);
      const auto [low, high] = std::minmax(self, side.neighbour);
      RandomStream draw(seed,
                        Purpose::inclusions,
                        static_cast<std::uint32_t>(std::max(low, 0)),
                        2 + static_cast<std::uint64_t>(high));
      strength[i].push_back(p.layer_share * std::exp(s * draw.normal() - 0.5 * s * s));
    }
  }
  return strength;
}

void add_columns(Microstructure& film,
                 const MicrostructureParams& p,
                 std::size_t first_row,
                 std::size_t end_row) {
  const Grid& grid = film.grid;
  const auto last_column = static_cast<double>(grid.nx) - 1.0;
  for (const Inclusion& column : film.inclusions) {
    const double reach = 3.0 * column.radius_m;  // exp(-9)
    const double x0 = (column.at.x_m - reach - grid.origin.x_m) / grid.step_x_m;
    const double x1 = (column.at.x_m + reach - grid.origin.x_m) / grid.step_x_m;
    if (x1 < 0.0 || x0 > last_column) {
      continue;
    }
    const auto from = static_cast<std::size_t>(std::max(0.0, std::ceil(x0)));
    const auto to = static_cast<std::size_t>(std::min(last_column, std::floor(x1)));
    for (std::size_t iy = first_row; iy < end_row; ++iy) {
      const double dy = grid.centre(0, iy).y_m - column.at.y_m;
      if (std::abs(dy) > reach) {
        continue;
      }
      for (std::size_t ix = from; ix <= to; ++ix) {
        const double dx = grid.centre(ix, iy).x_m - column.at.x_m;
        const double r2 = (dx * dx + dy * dy) / (column.radius_m * column.radius_m);
        film.inclusion_share(ix, iy) += static_cast<float>(p.column_share * std::exp(-r2));
      }
    }
  }
}

void paint_inclusions(Microstructure& film,
                      const MicrostructureParams& p,
                      std::uint64_t seed,
                      Threads threads) {
  const auto strength = layer_strengths(film, p, seed);
  const Grid& grid = film.grid;
  for_each_chunk(grid.ny, row_chunk, threads, [&](std::size_t begin, std::size_t end) {
    for (std::size_t iy = begin; iy < end; ++iy) {
      for (std::size_t ix = 0; ix < grid.nx; ++ix) {
        const auto label = static_cast<std::size_t>(film.label(ix, iy));
        const Grain& g = film.grains[label];
        const Point at = grid.centre(ix, iy);
        double nearest = 1.0;
        double layer = 0.0;
        for (std::size_t k = 0; k < g.sides.size(); ++k) {
          const GrainSide& side = g.sides[k];
          const double d = side.offset_m - side.normal_x * at.x_m - side.normal_y * at.y_m;
          layer = d < nearest ? strength[label][k] : layer;
          nearest = std::min(nearest, d);
        }
        film.inclusion_share(ix, iy) = static_cast<float>(
            layer *
            std::exp(-static_cast<double>(film.boundary_distance_m(ix, iy)) / p.layer_zone_m));
      }
    }
    add_columns(film, p, begin, end);
    for (std::size_t k = begin * grid.nx; k < end * grid.nx; ++k) {
      film.inclusion_share.values[k] =
          std::min(film.inclusion_share.values[k], static_cast<float>(p.max_inclusion_share));
    }
  });
}

Grid native_grid(const MicrostructureParams& p) {
  const auto sites = [&](double length_m) {
    return static_cast<std::size_t>(std::ceil((length_m + 2 * p.margin_m) / p.grid_step_m - 1e-9));
  };
  const double start = -p.margin_m + 0.5 * p.grid_step_m;
  return {sites(p.width_m), sites(p.height_m), p.grid_step_m, p.grid_step_m, {start, start}};
}

}  // namespace

void validate(const MicrostructureParams& p) {
  require_positive("width_m", p.width_m);
  require_positive("height_m", p.height_m);
  require_range("margin_m", p.margin_m, 0.0, 1e-4);
  require_range("grid_step_m", p.grid_step_m, 1e-10, 1e-6);
  require_range("mean_grain_diameter_m", p.mean_grain_diameter_m, 4 * p.grid_step_m, 1e-4);
  require_range("grain_size_sigma_ln", p.grain_size_sigma_ln, 0.0, 0.8);
  require(p.fit_iterations >= 0 && p.fit_iterations <= 1000,
          "fit_iterations",
          p.fit_iterations,
          "0 to 1000");
  require_range("hotspot_fraction", p.hotspot_fraction, 0.0, 1.0);
  require_range("layer_share", p.layer_share, 0.0, 1.0);
  require_range("layer_zone_m", p.layer_zone_m, 1e-10, 1e-4);
  require_range("layer_sigma_ln", p.layer_sigma_ln, 0.0, 2.0);
  require_range("column_share", p.column_share, 0.0, 1.0);
  require_range("columns_per_m", p.columns_per_m, 0.0, 1e8);
  require_range("junction_column_probability", p.junction_column_probability, 0.0, 1.0);
  require_range("column_radius_m", p.column_radius_m, 1e-10, 1e-6);
  require_range("column_radius_sigma_ln", p.column_radius_sigma_ln, 0.0, 2.0);
  require_range("max_inclusion_share", p.max_inclusion_share, 0.0, 1.0);
  const double sites = (p.width_m + 2 * p.margin_m) * (p.height_m + 2 * p.margin_m) /
                       (p.grid_step_m * p.grid_step_m);
  require(
      sites <= most_sites, "sites of the native grid", sites, "at most 4e7: larger grid_step_m");
}

double Grain::equivalent_diameter_m() const {
  return 2.0 * std::sqrt(area_m2 / constants::pi);
}

GrainPlace Microstructure::locate(Point at) const {
  const auto index = [](double value, std::size_t n) {
    return static_cast<std::size_t>(std::clamp(value + 0.5, 0.0, static_cast<double>(n) - 1.0));
  };
  std::int32_t here = label(index((at.x_m - grid.origin.x_m) / grid.step_x_m, grid.nx),
                            index((at.y_m - grid.origin.y_m) / grid.step_y_m, grid.ny));
  // Crossing the most violated side lowers the power distance, so the walk ends.
  for (std::size_t step = 0; step < grains.size(); ++step) {
    double depth = 1.0;
    std::int32_t beyond = -1;
    for (const GrainSide& side : grains[static_cast<std::size_t>(here)].sides) {
      const double d = side.offset_m - side.normal_x * at.x_m - side.normal_y * at.y_m;
      if (d < depth) {
        depth = d;
        beyond = side.neighbour;
      }
    }
    if (depth >= 0.0 || beyond < 0) {
      return {here, std::max(0.0, depth)};
    }
    if (step > 0 && depth > -1e-15) {  // on the boundary within rounding
      return {here, 0.0};
    }
    here = beyond;
  }
  return {here, 0.0};
}

namespace {

/// An empty film with its grid and the field that is tessellated.
Microstructure start_film(const MicrostructureParams& params) {
  validate(params);
  Microstructure film;
  film.grid = native_grid(params);
  const Grid& grid = film.grid;
  const double rim = rim_diameters * params.mean_grain_diameter_m;
  const Point last = grid.centre(grid.nx - 1, grid.ny - 1);
  film.field_from = {grid.origin.x_m - rim, grid.origin.y_m - rim};
  film.field_to = {last.x_m + rim, last.y_m + rim};
  return film;
}

/// Everything that follows from the grains.
void finish_film(Microstructure& film,
                 const MicrostructureParams& params,
                 std::uint64_t seed,
                 Threads threads) {
  const Grid& grid = film.grid;
  collect_boundaries(film);
  film.label = Image<std::int32_t>(grid.nx, grid.ny, -1);
  film.boundary_distance_m = Image<float>(grid.nx, grid.ny);
  film.junction_distance_m = Image<float>(grid.nx, grid.ny);
  film.inclusion_share = Image<float>(grid.nx, grid.ny);
  paint_grains(film, threads);
  measure_inradius(film);
  measure_junction_distance(film, threads);
  choose_hotspots(film, params, seed);
  place_columns(film, params, seed);
  paint_inclusions(film, params, seed, threads);
}

}  // namespace

Microstructure make_microstructure(const MicrostructureParams& params,
                                   std::uint64_t seed,
                                   Threads threads) {
  Microstructure film = start_film(params);
  Diagram diagram = start_diagram(params, {film.field_from, film.field_to}, seed);
  fit(diagram, params.fit_iterations, threads);
  film.grains = final_grains(diagram, threads);
  if (drop_swallowed(diagram, film.grains, params.fit_iterations > 0 ? least_area_part : 0.0)) {
    film.grains = final_grains(diagram, threads);
  }
  finish_film(film, params, seed, threads);
  return film;
}

Microstructure make_microstructure(const MicrostructureParams& params,
                                   const std::vector<Point>& sites,
                                   std::uint64_t seed,
                                   Threads threads) {
  Microstructure film = start_film(params);
  Diagram diagram;
  diagram.field = {film.field_from, film.field_to};
  std::copy_if(sites.begin(), sites.end(), std::back_inserter(diagram.site), [&](Point at) {
    return at.x_m > film.field_from.x_m && at.x_m < film.field_to.x_m &&
           at.y_m > film.field_from.y_m && at.y_m < film.field_to.y_m;
  });
  require(!diagram.site.empty(), "a microstructure needs at least one site in its field");
  diagram.weight_m2.assign(diagram.site.size(), 0.0);
  film.grains = final_grains(diagram, threads);
  finish_film(film, params, seed, threads);
  return film;
}

Point middle_of(const MicrostructureParams& params) {
  return {0.5 * params.width_m, 0.5 * params.height_m};
}

}  // namespace halotwin::sim
