#include <cmath>

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include "sim/microstructure.hpp"

namespace halotwin::sim {
namespace {

MicrostructureParams any_film() {
  MicrostructureParams p;
  p.width_m = 1e-9 * *rc::gen::inRange(200, 500);
  p.height_m = 1e-9 * *rc::gen::inRange(200, 500);
  p.margin_m = 1e-9 * *rc::gen::inRange(0, 60);
  p.grid_step_m = 1e-9 * *rc::gen::inRange(4, 9);
  p.mean_grain_diameter_m = 1e-9 * *rc::gen::inRange(40, 300);
  p.grain_size_sigma_ln = 0.01 * *rc::gen::inRange(0, 60);
  p.fit_iterations = *rc::gen::inRange(0, 12);
  return p;
}

Microstructure any_microstructure() {
  return make_microstructure(any_film(), *rc::gen::arbitrary<std::uint32_t>());
}

RC_GTEST_PROP(Microstructure, EverySiteBelongsToAGrainThatContainsIt, ()) {
  const Microstructure film = any_microstructure();
  for (std::size_t k = 0; k < film.grid.size(); k += 7) {
    const Point at = film.grid.centre(k % film.grid.nx, k / film.grid.nx);
    const std::int32_t label = film.label.values[k];
    RC_ASSERT(label >= 0 && label < static_cast<std::int32_t>(film.grains.size()));
    for (const GrainSide& side : film.grains[static_cast<std::size_t>(label)].sides) {
      RC_ASSERT(side.normal_x * at.x_m + side.normal_y * at.y_m <= side.offset_m + 1e-18);
    }
  }
}

RC_GTEST_PROP(Microstructure, AreasAddUpToTheField, ()) {
  const Microstructure film = any_microstructure();
  double sum = 0;
  for (const Grain& g : film.grains) {
    RC_ASSERT(g.area_m2 > 0.0);
    sum += g.area_m2;
  }
  const double field =
      (film.field_to.x_m - film.field_from.x_m) * (film.field_to.y_m - film.field_from.y_m);
  RC_ASSERT(std::abs(sum - field) < 1e-11 * field);
}

RC_GTEST_PROP(Microstructure, DistancesGrowNoFasterThanTheWay, ()) {
  const Microstructure film = any_microstructure();
  const auto step = static_cast<float>(film.grid.step_x_m * (1 + 1e-5));
  for (std::size_t iy = 0; iy < film.grid.ny; ++iy) {
    for (std::size_t ix = 1; ix < film.grid.nx; ++ix) {
      const float boundary = film.boundary_distance_m(ix, iy);
      const float junction = film.junction_distance_m(ix, iy);
      RC_ASSERT(boundary >= 0.0F);
      RC_ASSERT(std::abs(boundary - film.boundary_distance_m(ix - 1, iy)) <= step);
      RC_ASSERT(std::abs(junction - film.junction_distance_m(ix - 1, iy)) <= step);
      RC_ASSERT(film.junctions.empty() || junction >= boundary - 1e-13F);
    }
  }
}

RC_GTEST_PROP(Microstructure, NeighboursKnowEachOther, ()) {
  const Microstructure film = any_microstructure();
  for (const GrainBoundary& b : film.boundaries) {
    bool found = false;
    for (const GrainSide& side : film.grains[static_cast<std::size_t>(b.grains[1])].sides) {
      found = found || side.neighbour == b.grains[0];
    }
    RC_ASSERT(found || std::hypot(b.to.x_m - b.from.x_m, b.to.y_m - b.from.y_m) < 1e-18);
  }
}

}  // namespace
}  // namespace halotwin::sim
