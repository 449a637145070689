// A small specimen that shines, for the tests of movies.
#pragma once

#include "sim/specimen_params.hpp"

namespace halotwin::test {

/// 3.2 um of film with grains of 280 nm; 40 centres or so.
[[nodiscard]] inline sim::SpecimenParams shining_film() {
  sim::SpecimenParams p;
  p.microstructure.width_m = 2.4e-6;
  p.microstructure.height_m = 2.4e-6;
  p.microstructure.margin_m = 400e-9;
  p.microstructure.grid_step_m = 50e-9;
  p.microstructure.mean_grain_diameter_m = 280e-9;
  p.microstructure.fit_iterations = 0;
  p.film.thickness_m = 200e-9;
  p.clim.on = true;
  return p;
}

}  // namespace halotwin::test
