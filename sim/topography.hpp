// Height of a polycrystalline film: domes, boundary grooves, facet tilt, waviness; and what a round
// tip sees of it.
#pragma once

#include <cstdint>

#include "base/grid.hpp"
#include "base/parallel.hpp"
#include "sim/microstructure.hpp"

namespace halotwin::sim {

struct TopographyParams {
  double dome_fraction = 0.12;         // of the diameter: 5 to 20 % (estimate)
  double groove_depth_m = 4e-9;        // 2 to 20 nm (estimate)
  double groove_dihedral_deg = 150.0;  // 140 to 170 degrees (estimate)
  double facet_tilt_deg = 4.0;         // standard deviation; 0 to 10 degrees (estimate)
  double grain_height_sigma_m =
      5e-9;                       // grains differ in thickness; gives 10 nm rms in all (estimate)
  double edge_rounding_m = 8e-9;  // facets bend down over this distance from a boundary (estimate)
  double waviness_rms_m = 5e-9;   // long waves of the film (estimate)
  double waviness_length_m = 600e-9;  // their correlation length (estimate)
  double slope_x_deg = 0.3;           // mounting of the sample (estimate)
  double slope_y_deg = -0.2;
  bool operator==(const TopographyParams&) const = default;
};
void validate(const TopographyParams& p);
void visit_fields(auto& visit, TopographyParams& p) {
  visit("dome_fraction", p.dome_fraction);
  visit("groove_depth_m", p.groove_depth_m);
  visit("groove_dihedral_deg", p.groove_dihedral_deg);
  visit("facet_tilt_deg", p.facet_tilt_deg);
  visit("grain_height_sigma_m", p.grain_height_sigma_m);
  visit("edge_rounding_m", p.edge_rounding_m);
  visit("waviness_rms_m", p.waviness_rms_m);
  visit("waviness_length_m", p.waviness_length_m);
  visit("slope_x_deg", p.slope_x_deg);
  visit("slope_y_deg", p.slope_y_deg);
}

/// Mullins' groove by surface diffusion, in units of m (B t)^(1/4), at u = x / (B t)^(1/4).
///
///   Z(u) = sum_n a_n u^n,  a_0 = -1 / (sqrt2 Gamma(5/4)),  a_1 = 1,
///   a_2 = -1 / (2 sqrt2 Gamma(3/4)),  a_3 = 0,
///   a_(n+4) = a_n (n - 1) / (4 (n+1)(n+2)(n+3)(n+4))
///
/// Root -0.780, slope 1 at the root; ridge of 0.19 near u = 2.3; taken as 0 beyond u = 7.
/// Source: Mullins, J. Appl. Phys. 28, 333 (1957).
[[nodiscard]] double mullins_groove(double u);

/// Height above the film's mean plane [m] on the native grid, the mounting slope included.
///
///   h = d_h [1 - (1 - s/s_max)^2] + groove(d) + (1 - exp(-d/l)) (facet plane + grain height)
///       + waviness + slope
///
/// d distance to the boundary, s the same with smoothed medial lines (soft minimum over the sides).
[[nodiscard]] Image<float> make_topography(const Microstructure& film,
                                           const TopographyParams& params,
                                           std::uint64_t seed,
                                           Threads threads = {});

/// What a ball of `tip_radius_m` touching from above reports [m]: the dilation
///   h_seen(x) = max over |s| <= R of h(x + s) + sqrt(R^2 - s^2) - R.
/// Grooves narrower than about 2 sqrt(2 R depth) are closed. Grid steps equal in x and y.
[[nodiscard]] Image<float> dilate_by_ball(const Image<float>& height_m,
                                          double grid_step_m,
                                          double tip_radius_m,
                                          Threads threads = {});

}  // namespace halotwin::sim
