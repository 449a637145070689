#include "sim/topography.hpp"

#include <algorithm>
#include <cmath>

#include <gtest/gtest.h>

#include "base/units.hpp"
#include "sim/specimen.hpp"

namespace halotwin::sim {
namespace {

MicrostructureParams small_film() {
  MicrostructureParams p;
  p.width_m = p.height_m = 1.2e-6;
  p.margin_m = 0;
  return p;
}

TopographyParams flat() {
  TopographyParams p;
  p.dome_fraction = p.groove_depth_m = p.facet_tilt_deg = p.grain_height_sigma_m = 0;
  p.waviness_rms_m = p.slope_x_deg = p.slope_y_deg = 0;
  return p;
}

TEST(MullinsGroove, HasThePublishedRootAndRidgeAndSolvesItsEquation) {
  EXPECT_NEAR(mullins_groove(0.0), -0.7801, 1e-4);  // Mullins 1957
  double ridge = 0;
  for (double u = 1; u < 5; u += 0.01) {
    ridge = std::max(ridge, mullins_groove(u));
  }
  EXPECT_NEAR(ridge / 0.7801, 0.25, 0.01);  // depth from ridge 0.973 = 0.780 + 0.193
  EXPECT_NEAR(mullins_groove(6.9), 0.0, 0.01);
  // Z'''' = (u Z' - Z) / 4, with central differences of step h: error of order h^2.
  const double h = 0.05;
  for (const double u : {0.5, 1.0, 2.0, 3.0, 4.0}) {
    const auto z = [&](int k) { return mullins_groove(u + k * h); };
    const double fourth = (z(-2) - 4 * z(-1) + 6 * z(0) - 4 * z(1) + z(2)) / (h * h * h * h);
    const double slope = (z(1) - z(-1)) / (2 * h);
    EXPECT_NEAR(fourth, 0.25 * (u * slope - z(0)), 1e-3);
  }
}

TEST(Topography, IsFlatIfEverythingIsOff) {
  const Microstructure film = make_microstructure(small_film(), 1);
  for (const float h : make_topography(film, flat(), 1).values) {
    ASSERT_EQ(h, 0.0F);
  }
}

TEST(Topography, FollowsTheMountingSlope) {
  const Microstructure film = make_microstructure(small_film(), 1);
  TopographyParams p = flat();
  p.slope_x_deg = 1.0;
  const Image<float> h = make_topography(film, p, 1);
  const double rise = static_cast<double>(h(film.grid.nx - 1, 3) - h(0, 3));
  const double run = static_cast<double>(film.grid.nx - 1) * film.grid.step_x_m;
  EXPECT_NEAR(rise / run, std::tan(1.0 * units::deg), 1e-6);
}

TEST(Topography, GrooveIsAsDeepAsWantedAtABoundary) {
  const Microstructure film = make_microstructure(small_film(), 2);
  TopographyParams p = flat();
  p.groove_depth_m = 5e-9;
  const Image<float> h = make_topography(film, p, 1);
  float lowest = 0;
  for (std::size_t k = 0; k < h.size(); ++k) {
    lowest = std::min(lowest, h.values[k]);
  }
  // The site nearest to a boundary lies within a fraction of a nanometre of it; slope 0.27.
  EXPECT_NEAR(static_cast<double>(lowest), -5e-9, 0.1e-9);
}

TEST(Topography, GrainsStandHigherInsideThanAtTheirBoundary) {
  const Microstructure film = make_microstructure(small_film(), 3);
  const Image<float> h = make_topography(film, {}, 3);
  double inside = 0, inside_count = 0, rim = 0, rim_count = 0;
  for (std::size_t k = 0; k < h.size(); ++k) {
    const bool middle = film.boundary_distance_m.values[k] > 30e-9F;
    const bool boundary = film.boundary_distance_m.values[k] < 4e-9F;
    inside += middle ? static_cast<double>(h.values[k]) : 0.0;
    inside_count += middle ? 1 : 0;
    rim += boundary ? static_cast<double>(h.values[k]) : 0.0;
    rim_count += boundary ? 1 : 0;
  }
  EXPECT_GT(inside / inside_count - rim / rim_count, 8e-9);
}

TEST(Topography, RoughnessLiesInTheRangeOfSuchFilms) {
  const Microstructure film = make_microstructure(small_film(), 4);
  TopographyParams p;
  p.slope_x_deg = p.slope_y_deg = 0;
  const Image<float> h = make_topography(film, p, 4);
  double sum = 0, squares = 0;
  for (const float v : h.values) {
    sum += static_cast<double>(v);
    squares += static_cast<double>(v) * static_cast<double>(v);
  }
  const auto n = static_cast<double>(h.size());
  const double rms_m = std::sqrt(squares / n - sum * sum / (n * n));
  EXPECT_GT(rms_m, 6e-9);  // 10 to 20 nm for grains of 150 to 300 nm, less for 100 nm
  EXPECT_LT(rms_m, 20e-9);
}

TEST(BallDilation, LeavesAPlaneAloneAndNeverGoesBelowTheSurface) {
  Image<float> plane(30, 20, 3e-9F);
  EXPECT_EQ(dilate_by_ball(plane, 6e-9, 25e-9).values, plane.values);
  const Microstructure film = make_microstructure(small_film(), 5);
  const Image<float> h = make_topography(film, {}, 5);
  const Image<float> seen = dilate_by_ball(h, film.grid.step_x_m, 25e-9, {2});
  for (std::size_t k = 0; k < h.size(); ++k) {
    ASSERT_GE(seen.values[k], h.values[k]);
  }
  EXPECT_EQ(dilate_by_ball(h, film.grid.step_x_m, 25e-9, {1}).values, seen.values);
}

TEST(BallDilation, ASpikeShowsTheBall) {
  Image<float> spike(21, 21, -1e-6F);
  spike(10, 10) = 0;
  const double step = 5e-9, radius = 25e-9;
  const Image<float> seen = dilate_by_ball(spike, step, radius);
  for (int dx = -4; dx <= 4; ++dx) {
    const double s = dx * step;
    EXPECT_NEAR(static_cast<double>(seen(static_cast<std::size_t>(10 + dx), 10)),
                std::sqrt(radius * radius - s * s) - radius,
                1e-14);
  }
}

TEST(BallDilation, ANarrowGrooveIsClosed) {
  Image<float> groove(41, 41, 0.0F);
  for (std::size_t iy = 0; iy < 41; ++iy) {
    groove(20, iy) = -10e-9F;  // 3 nm wide; the ball bridges 2 sqrt(2 R depth) = 45 nm
  }
  const Image<float> seen = dilate_by_ball(groove, 3e-9, 25e-9);
  // The ball rests on both edges, 3 nm away: it sinks by R - sqrt(R^2 - 9) = 0.18 nm.
  EXPECT_NEAR(static_cast<double>(seen(20, 20)), -0.18e-9, 0.01e-9);
}

TEST(BallDilation, OfOnePlaceIsThatOfTheImage) {
  SpecimenParams params;
  params.microstructure = small_film();
  const Specimen specimen(params, 6);
  const Grid& grid = specimen.grid();
  Image<float> height(grid.nx, grid.ny);
  height.values = specimen.sites().height_m;
  constexpr double radius_m = 30e-9;
  const Image<float> seen = dilate_by_ball(height, grid.step_x_m, radius_m);
  double raised = 0.0;
  for (std::size_t site = 0; site < height.size(); site += 37) {
    const Point at = grid.centre(site % grid.nx, site / grid.nx);
    if (specimen.on_metal(at)) {
      continue;
    }
    const auto expected = static_cast<double>(seen.values[site]);
    EXPECT_NEAR(specimen.height_m(at, radius_m), expected, 1e-14);
    EXPECT_EQ(specimen.height_m(at, 0.0), specimen.height_m(at));
    raised = std::max(raised, expected - specimen.height_m(at));
  }
  EXPECT_GT(raised, 1e-9) << "the film has grooves";
}

}  // namespace
}  // namespace halotwin::sim
