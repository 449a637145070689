// Grains of a polycrystalline film: a Laguerre tessellation with log-normal sizes, its boundaries,
// junctions, hotspot grains and inclusions.
#pragma once

#include <array>
#include <cstdint>
#include <vector>

#include "base/grid.hpp"
#include "base/parallel.hpp"

namespace halotwin::sim {

struct MicrostructureParams {
  double width_m = 1.536e-6;  // film that instruments look at: 128 pixels of 12 nm
  double height_m = 1.536e-6;
  double margin_m = 150e-9;   // further film on each side that a tip's surroundings need
  double grid_step_m = 6e-9;  // native grid: half of the tip's lateral half-width, 11.7 nm
  double mean_grain_diameter_m =
      100e-9;                         // cavar2026, triple cation; diameter of the equal-area disc
  double grain_size_sigma_ln = 0.35;  // films: 0.3 to 0.5 (estimate)
  int fit_iterations = 24;            // 0: random sites, weights r^2 (sigma 0: Poisson-Voronoi)
  double hotspot_fraction = 0.08;     // share of grains, by number (feasibility study)
  // PbI2-like phase: a thin layer along every boundary and discrete columns on it
  double layer_share = 0.35;    // area share at a boundary, falling as exp(-distance / zone)
  double layer_zone_m = 12e-9;  // 1/e zone; boundaries of about 10 nm (cavar2026)
  double layer_sigma_ln = 0.2;  // differences between boundaries (estimate)
  double column_share = 0.35;   // area share that a column adds at its centre
  double columns_per_m = 4e6;   // along boundaries: one in 250 nm (estimate)
  double junction_column_probability = 0.5;  // junctions are preferred (estimate: N x 3 to 20)
  double column_radius_m = 12e-9;       // inclusions of 10 to 100 nm; the fresh film has small ones
  double column_radius_sigma_ln = 0.3;  // (estimate)
  double max_inclusion_share = 0.5;     // up to half of the area (feasibility study)
  bool operator==(const MicrostructureParams&) const = default;
};
void validate(const MicrostructureParams& p);
void visit_fields(auto& visit, MicrostructureParams& p) {
  visit("width_m", p.width_m);
  visit("height_m", p.height_m);
  visit("margin_m", p.margin_m);
  visit("grid_step_m", p.grid_step_m);
  visit("mean_grain_diameter_m", p.mean_grain_diameter_m);
  visit("grain_size_sigma_ln", p.grain_size_sigma_ln);
  visit("fit_iterations", p.fit_iterations);
  visit("hotspot_fraction", p.hotspot_fraction);
  visit("layer_share", p.layer_share);
  visit("layer_zone_m", p.layer_zone_m);
  visit("layer_sigma_ln", p.layer_sigma_ln);
  visit("column_share", p.column_share);
  visit("columns_per_m", p.columns_per_m);
  visit("junction_column_probability", p.junction_column_probability);
  visit("column_radius_m", p.column_radius_m);
  visit("column_radius_sigma_ln", p.column_radius_sigma_ln);
  visit("max_inclusion_share", p.max_inclusion_share);
}

/// One side of a grain: the half-plane n.x <= offset that the grain lies in; beyond it lies
/// `neighbour` (-1: the rim of the field).
struct GrainSide {
  double normal_x = 0.0;
  double normal_y = 0.0;
  double offset_m = 0.0;
  std::int32_t neighbour = -1;
  Point from{};  // its first corner, counter-clockwise; the next side's `from` is its end
};

struct Grain {
  Point site{};
  double weight_m2 = 0.0;  // of the Laguerre diagram
  double area_m2 = 0.0;
  Point centroid{};
  double inradius_m = 0.0;  // largest distance to the boundary at its sites and its centroid
  bool hotspot = false;
  bool complete = false;  // does not touch the rim of the field
  std::vector<GrainSide> sides;

  [[nodiscard]] double equivalent_diameter_m() const;
};

struct GrainBoundary {
  std::array<std::int32_t, 2> grains{};
  Point from{};
  Point to{};
};

struct GrainJunction {
  std::array<std::int32_t, 3> grains{};
  Point at{};
};

/// A PbI2-like column; its share falls as exp(-(r / radius)^2).
struct Inclusion {
  Point at{};
  double radius_m = 0.0;
  bool at_junction = false;
};

struct GrainPlace {
  std::int32_t grain = -1;
  double boundary_distance_m = 0.0;
};

/// Grains on a field that is larger than the native grid by three mean diameters on each side, so
/// that the grid's edge is like its inside.
///
/// The cell of site i is { x : |x - x_i|^2 - w_i <= |x - x_j|^2 - w_j for all j }, a convex
/// polygon. Sites start random (Poisson, equal weights). Target areas are drawn log-normal and
/// given out by the rank of the first cells' areas. Each iteration moves a weight by a part of
/// (target - area) / sum_j l_ij / (2 |x_i - x_j|), the Newton step of a single cell (l_ij: length
/// of the shared side), and a site a part of the way to its centroid, so that grains become
/// compact; the last third of the iterations moves weights only. Distances are exact (to the sides
/// of the polygons, not to pixels). Map frame: (0, 0) is the corner of the film that instruments
/// look at, the native grid starts at -margin.
struct Microstructure {
  Grid grid;
  std::vector<Grain> grains;
  std::vector<GrainBoundary> boundaries;
  std::vector<GrainJunction> junctions;
  std::vector<Inclusion> inclusions;
  Image<std::int32_t> label;
  Image<float> boundary_distance_m;
  Image<float> junction_distance_m;
  Image<float> inclusion_share;
  Point field_from{};  // corners of the tessellated field
  Point field_to{};

  /// The grain at a place of the grid and the exact distance to its boundary.
  [[nodiscard]] GrainPlace locate(Point at) const;
};

/// Time: about 0.5 s of one core for 1024 x 1024 sites and 5000 grains.
[[nodiscard]] Microstructure make_microstructure(const MicrostructureParams& params,
                                                 std::uint64_t seed,
                                                 Threads threads = {});

/// The same with grains around given sites (Voronoi, no fit): kinds of sample whose grains lie
/// where the operator looks. One site: a single crystal. Sites beyond the field are left out.
[[nodiscard]] Microstructure make_microstructure(const MicrostructureParams& params,
                                                 const std::vector<Point>& sites,
                                                 std::uint64_t seed,
                                                 Threads threads = {});

/// Centre of the area that instruments look at.
[[nodiscard]] Point middle_of(const MicrostructureParams& params);

}  // namespace halotwin::sim
