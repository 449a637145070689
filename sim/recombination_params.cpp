#include "sim/recombination_params.hpp"

#include <cmath>

#include "base/require.hpp"

namespace halotwin::sim {

void validate(const RecombinationParams& p) {
  require_range("node_m", p.node_m, 1e-9, 1e-5);
  require_range("strength_node_m", p.strength_node_m, 1e-9, 1e-5);
  physics::validate(p.carriers);
  require(!p.carriers.periodic,
          "carriers.periodic must be false: the film of a specimen has a rim");
  require_positive("reference_irradiance_w_per_m2", p.reference_irradiance_w_per_m2);
  require_range("reference_wavelength_m", p.reference_wavelength_m, 1e-8, 1e-5);
  physics::validate(p.centres);
  physics::validate(p.strong);
  physics::validate(p.rates);
  require_range("isolation_m", p.isolation_m, 0.0, 1e-3);
  require_range("sub_frames", p.sub_frames, 1, 64);
  require_range("soaking", p.soaking, 0.0, 1.0);
  require_positive("soaking_exposure_j_per_m2", p.soaking_exposure_j_per_m2);
  require_range("bleaching_exposure_j_per_m2", p.bleaching_exposure_j_per_m2, 0.0, 1e30);
}

double emission_factor(const RecombinationParams& p, double exposure_j_per_m2) {
  const double soaked =
      1.0 - p.soaking * std::exp(-exposure_j_per_m2 / p.soaking_exposure_j_per_m2);
  return p.bleaching_exposure_j_per_m2 > 0.0
             ? soaked * std::exp(-exposure_j_per_m2 / p.bleaching_exposure_j_per_m2)
             : soaked;
}

}  // namespace halotwin::sim
