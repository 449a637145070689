#include "sim/microstructure.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <set>
#include <vector>

#include <gtest/gtest.h>

#include "base/constants.hpp"
#include "base/errors.hpp"
#include "base/random.hpp"

namespace halotwin::sim {
namespace {

double distance(Point a, Point b) {
  return std::hypot(a.x_m - b.x_m, a.y_m - b.y_m);
}

bool in_map(Point p, const MicrostructureParams& params) {
  return p.x_m >= 0 && p.x_m < params.width_m && p.y_m >= 0 && p.y_m < params.height_m;
}

double field_area(const Microstructure& film) {
  return (film.field_to.x_m - film.field_from.x_m) * (film.field_to.y_m - film.field_from.y_m);
}

double perimeter(const Grain& g) {
  double sum = 0.0;
  for (std::size_t k = 0; k < g.sides.size(); ++k) {
    sum += distance(g.sides[k].from, g.sides[(k + 1) % g.sides.size()].from);
  }
  return sum;
}

double power(const Grain& g, Point p) {
  const double d = distance(g.site, p);
  return d * d - g.weight_m2;
}

struct Sizes {
  double count = 0, mean_sides = 0, mean_perimeter = 0, mean_area = 0, area_cv = 0;
  double mean_diameter = 0, sigma_ln = 0;
};

Sizes sizes_in_map(const Microstructure& film, const MicrostructureParams& params) {
  Sizes s;
  double area2 = 0, ln = 0, ln2 = 0;
  for (const Grain& g : film.grains) {
    if (in_map(g.site, params)) {
      const double x = std::log(g.equivalent_diameter_m());
      s.count += 1;
      s.mean_sides += static_cast<double>(g.sides.size());
      s.mean_perimeter += perimeter(g);
      s.mean_area += g.area_m2;
      s.mean_diameter += g.equivalent_diameter_m();
      area2 += g.area_m2 * g.area_m2;
      ln += x;
      ln2 += x * x;
    }
  }
  for (double* mean : {&s.mean_sides, &s.mean_perimeter, &s.mean_area, &s.mean_diameter}) {
    *mean /= s.count;
  }
  s.area_cv = std::sqrt(area2 / s.count - s.mean_area * s.mean_area) / s.mean_area;
  s.sigma_ln = std::sqrt(ln2 / s.count - ln * ln / (s.count * s.count));
  return s;
}

MicrostructureParams small_film() {
  MicrostructureParams p;
  p.width_m = 1e-6;
  p.height_m = 0.8e-6;
  p.margin_m = 60e-9;
  return p;
}

// 53000 cells: standard errors 0.1 % of the mean number of sides (sd 1.33), 0.1 % of the perimeter
// (CV 0.24), 0.2 % of the area and 0.4 % of its CV. Cells are taken by their site, so that none is
// preferred by its size.
TEST(PoissonVoronoi, HasSixSidesAndTheKnownPerimeterAndAreaDistribution) {
  MicrostructureParams p;
  p.width_m = p.height_m = 20e-6;
  p.margin_m = 0;
  p.grid_step_m = 25e-9;
  p.grain_size_sigma_ln = 0;
  p.fit_iterations = 0;
  const Microstructure film = make_microstructure(p, 4, {2});
  const Sizes s = sizes_in_map(film, p);
  const double lambda = static_cast<double>(film.grains.size()) / field_area(film);
  EXPECT_GT(s.count, 45000);
  EXPECT_NEAR(s.mean_sides, 6.0, 0.01 * 6.0);
  // Each side belongs to two cells: edge length per area = lambda * perimeter / 2 = 2 sqrt(lambda).
  EXPECT_NEAR(0.5 * lambda * s.mean_perimeter, 2 * std::sqrt(lambda), 0.01 * 2 * std::sqrt(lambda));
  EXPECT_NEAR(s.mean_area * lambda, 1.0, 0.01);
  EXPECT_NEAR(s.area_cv, 0.529, 0.01 * 0.529);  // Gamma(3.6) has 0.527
}

class LogNormalFilm : public ::testing::TestWithParam<double> {};

// 3000 grains: sampling alone gives 0.6 % in the mean (at 0.35) and 1.3 % in sigma_ln; the rest is
// what the fit leaves (ten seeds each: mean within 1.4 %, sigma_ln -5 % to +2 %).
TEST_P(LogNormalFilm, ReachesTheWantedMeanAndSpreadOfDiameters) {
  MicrostructureParams p;
  p.width_m = p.height_m = 5e-6;
  p.margin_m = 0;
  p.grid_step_m = 20e-9;
  p.grain_size_sigma_ln = GetParam();
  const Sizes s = sizes_in_map(make_microstructure(p, 11, {2}), p);
  EXPECT_NEAR(s.mean_diameter, p.mean_grain_diameter_m, 0.025 * p.mean_grain_diameter_m);
  EXPECT_NEAR(s.sigma_ln, p.grain_size_sigma_ln, 0.06 * p.grain_size_sigma_ln);
  EXPECT_NEAR(s.mean_sides, 6.0, 0.02 * 6.0);
}
INSTANTIATE_TEST_SUITE_P(Spreads, LogNormalFilm, ::testing::Values(0.2, 0.35, 0.5));

TEST(Microstructure, EveryJunctionIsEquallyFarInPowerFromItsThreeGrains) {
  const Microstructure film = make_microstructure(small_film(), 2);
  ASSERT_GT(film.junctions.size(), 100U);
  for (const GrainJunction& j : film.junctions) {
    const std::set<std::int32_t> distinct(j.grains.begin(), j.grains.end());
    ASSERT_EQ(distinct.size(), 3U);
    std::vector<double> powers;
    for (const std::int32_t g : j.grains) {
      powers.push_back(power(film.grains[static_cast<std::size_t>(g)], j.at));
    }
    // Rounding of coordinates: 1e-16 of the field's size times the distance.
    EXPECT_NEAR(powers[0], powers[1], 1e-24);
    EXPECT_NEAR(powers[0], powers[2], 1e-24);
  }
}

TEST(Microstructure, NumbersOfGrainsBoundariesAndJunctionsObeyEuler) {
  const Microstructure film = make_microstructure(small_film(), 3);
  // Add one outer face; each rim side and each rim corner belongs to it.
  std::size_t rim_sides = 0;
  std::size_t rim_ends = 0;
  for (const Grain& g : film.grains) {
    for (std::size_t k = 0; k < g.sides.size(); ++k) {
      const bool rim = g.sides[k].neighbour < 0;
      const bool rim_before = g.sides[(k + g.sides.size() - 1) % g.sides.size()].neighbour < 0;
      rim_sides += rim ? 1 : 0;
      rim_ends += rim && !rim_before ? 1 : 0;
    }
  }
  const auto vertices = static_cast<std::ptrdiff_t>(film.junctions.size() + rim_ends + 4);
  const auto edges = static_cast<std::ptrdiff_t>(film.boundaries.size() + rim_sides);
  const auto faces = static_cast<std::ptrdiff_t>(film.grains.size() + 1);
  EXPECT_EQ(vertices - edges + faces, 2);
}

TEST(Microstructure, LabelIsTheGrainOfLeastPowerAndDistanceTheNearestBisector) {
  const Microstructure film = make_microstructure(small_film(), 5);
  RandomStream draw(1, Purpose::test_data);
  for (int n = 0; n < 300; ++n) {
    const auto ix = draw.index(static_cast<std::uint32_t>(film.grid.nx));
    const auto iy = draw.index(static_cast<std::uint32_t>(film.grid.ny));
    const Point at = film.grid.centre(ix, iy);
    const auto label = static_cast<std::size_t>(film.label(ix, iy));
    const Grain& own = film.grains[label];
    double nearest = 1.0;
    for (std::size_t j = 0; j < film.grains.size(); ++j) {
      if (j != label) {
        const Grain& other = film.grains[j];
        const double bisector =
            (power(other, at) - power(own, at)) / (2 * distance(own.site, other.site));
        nearest = std::min(nearest, bisector);
      }
    }
    EXPECT_GE(nearest, -1e-18);
    EXPECT_NEAR(static_cast<double>(film.boundary_distance_m(ix, iy)), nearest, 1e-14);  // float
  }
}

TEST(Microstructure, JunctionDistanceIsThatToTheNearestOfAllJunctions) {
  const Microstructure film = make_microstructure(small_film(), 5);
  for (std::size_t k = 0; k < film.grid.size(); k += 97) {
    const Point at = film.grid.centre(k % film.grid.nx, k / film.grid.nx);
    double nearest = 1.0;
    for (const GrainJunction& j : film.junctions) {
      nearest = std::min(nearest, distance(j.at, at));
    }
    EXPECT_NEAR(static_cast<double>(film.junction_distance_m.values[k]), nearest, 1e-14);
  }
}

TEST(Microstructure, GrainsFillTheFieldAndTheGridShowsTheirAreas) {
  const Microstructure film = make_microstructure(small_film(), 6);
  double area = 0;
  for (const Grain& g : film.grains) {
    area += g.area_m2;
  }
  EXPECT_NEAR(area, field_area(film), 1e-12 * field_area(film));
  std::vector<double> painted(film.grains.size());
  for (const std::int32_t label : film.label.values) {
    painted[static_cast<std::size_t>(label)] += film.grid.step_x_m * film.grid.step_y_m;
  }
  const Point first = film.grid.centre(0, 0);
  const Point last = film.grid.centre(film.grid.nx - 1, film.grid.ny - 1);
  for (std::size_t i = 0; i < film.grains.size(); ++i) {
    const Grain& g = film.grains[i];
    bool whole = true;
    for (const GrainSide& side : g.sides) {
      whole = whole && side.from.x_m > first.x_m && side.from.x_m < last.x_m &&
              side.from.y_m > first.y_m && side.from.y_m < last.y_m;
    }
    if (whole) {  // sites counted in a convex figure: error below perimeter * step / 2
      EXPECT_NEAR(painted[i], g.area_m2, 0.5 * perimeter(g) * film.grid.step_x_m);
    }
    EXPECT_TRUE(painted[i] == 0.0 || g.complete) << "a grain of the grid touches the rim";
  }
}

TEST(Microstructure, LocateAgreesWithTheLabelsAndIsExactBetweenSites) {
  const Microstructure film = make_microstructure(small_film(), 7);
  for (std::size_t k = 0; k < film.grid.size(); k += 53) {
    const Point at = film.grid.centre(k % film.grid.nx, k / film.grid.nx);
    const GrainPlace place = film.locate(at);
    EXPECT_EQ(place.grain, film.label.values[k]);
    EXPECT_FLOAT_EQ(static_cast<float>(place.boundary_distance_m),
                    film.boundary_distance_m.values[k]);
  }
  for (const GrainBoundary& b : film.boundaries) {
    const Point middle{0.5 * (b.from.x_m + b.to.x_m), 0.5 * (b.from.y_m + b.to.y_m)};
    if (in_map(middle, small_film())) {
      EXPECT_LT(film.locate(middle).boundary_distance_m, 1e-20);
    }
  }
}

TEST(Microstructure, IsTheSameForAnyNumberOfThreads) {
  const Microstructure one = make_microstructure(small_film(), 8, {1});
  const Microstructure three = make_microstructure(small_film(), 8, {3});
  EXPECT_EQ(one.label.values, three.label.values);
  EXPECT_EQ(one.boundary_distance_m.values, three.boundary_distance_m.values);
  EXPECT_EQ(one.junction_distance_m.values, three.junction_distance_m.values);
  EXPECT_EQ(one.inclusion_share.values, three.inclusion_share.values);
}

TEST(Microstructure, SeedsGiveDifferentFilms) {
  EXPECT_NE(make_microstructure(small_film(), 8).label.values,
            make_microstructure(small_film(), 9).label.values);
}

TEST(Microstructure, HotspotsAreExactlyTheWantedShareOfTheMap) {
  MicrostructureParams p = small_film();
  p.hotspot_fraction = 0.25;
  const Microstructure film = make_microstructure(p, 10);
  double inside = 0;
  double hot = 0;
  for (const Grain& g : film.grains) {
    if (in_map(g.centroid, p)) {
      inside += 1;
      hot += g.hotspot ? 1 : 0;
    }
  }
  EXPECT_EQ(hot, std::round(0.25 * inside));
}

TEST(Microstructure, InclusionsLieAtBoundariesWithinTheirLimits) {
  const MicrostructureParams p = small_film();
  const Microstructure film = make_microstructure(p, 12);
  double near = 0, near_count = 0, far = 0, far_count = 0;
  for (std::size_t k = 0; k < film.grid.size(); ++k) {
    const auto share = static_cast<double>(film.inclusion_share.values[k]);
    ASSERT_GE(share, 0.0);
    ASSERT_LE(share, p.max_inclusion_share + 1e-7);
    const float d = film.boundary_distance_m.values[k];
    (d < 6e-9F ? near : far) += d < 6e-9F || d > 36e-9F ? share : 0.0;
    near_count += d < 6e-9F ? 1 : 0;
    far_count += d > 36e-9F ? 1 : 0;
  }
  EXPECT_GT(near / near_count, 0.25);
  EXPECT_LT(far / far_count, 0.05);
  EXPECT_TRUE(std::any_of(film.inclusions.begin(), film.inclusions.end(), [](const Inclusion& c) {
    return c.at_junction;
  }));
}

TEST(Microstructure, RefusesValuesThatCannotBeMeant) {
  MicrostructureParams p;
  p.width_m = -1;
  EXPECT_THROW(make_microstructure(p, 1), ParameterError);
  p = {};
  p.width_m = 1e-3;  // 3e10 sites
  EXPECT_THROW(make_microstructure(p, 1), ParameterError);
  p = {};
  p.grid_step_m = 60e-9;  // coarser than the grains
  EXPECT_THROW(make_microstructure(p, 1), ParameterError);
  p = {};
  p.hotspot_fraction = std::numeric_limits<double>::quiet_NaN();
  EXPECT_THROW(make_microstructure(p, 1), ParameterError);
}

}  // namespace
}  // namespace halotwin::sim
