// A World that is ready in milliseconds: 300 nm of film, no noise and no drift unless asked for.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "sim/world.hpp"

namespace halotwin::test {

[[nodiscard]] inline sim::SpecimenParams small_film() {
  sim::SpecimenParams p;
  p.microstructure.width_m = 300.0e-9;
  p.microstructure.height_m = 300.0e-9;
  p.microstructure.margin_m = 60.0e-9;
  p.microstructure.grid_step_m = 12.0e-9;
  p.microstructure.fit_iterations = 0;
  return p;
}

[[nodiscard]] inline sim::Surroundings quiet() {
  sim::Surroundings s;
  s.thermal_noise = false;
  s.detection_noise = false;
  s.flicker_noise = false;
  s.height_noise = false;
  s.resonance_drift = false;
  s.lateral_drift = false;
  s.piezo_creep = false;
  return s;
}

[[nodiscard]] inline std::unique_ptr<sim::World> small_world(
    std::vector<sim::Fault> faults = {},
    std::vector<sim::Cable> cables = sim::pm_dns_cables(),
    std::uint64_t seed = 1) {
  return std::make_unique<sim::World>(
      quiet(), std::move(cables), std::move(faults), sim::Specimen(small_film(), seed), seed);
}

}  // namespace halotwin::test
