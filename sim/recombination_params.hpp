// Parameters of a film whose photoluminescence blinks: carriers, recombination centres, and what
// light does to the film.
//
// Sources: clim = the paper on correlation clustering imaging (004); study = feasibility study of
// that experiment; facts = collected ranges of the literature.
#pragma once

#include "physics/carrier_film.hpp"
#include "physics/telegraph.hpp"

namespace halotwin::sim {

struct RecombinationParams {
  bool on = false;        // the film shines; else it is not computed
  bool diffusion = true;  // off: D = 0, each node by itself (a null)
  double node_m = 50e-9;  // of the carrier grid
  // The strengths of centres are those of a node of this size; at another node_m they are converted
  // so that the density around a centre stays what it was (study: kappa is tied to its node).
  double strength_node_m = 50e-9;
  physics::CarrierFilmParams carriers;                  // at the reference light
  double reference_irradiance_w_per_m2 = 7000.0;        // clim: 0.7 W/cm^2
  double reference_wavelength_m = 720e-9;               // clim
  physics::CentreParams centres;                        // on boundaries
  physics::CentreParams strong{.density_per_m2 = 0.0};  // a rare second population, same rates
  physics::TelegraphEnsembleParams rates{.times = physics::TimeDistribution::log_normal,
                                         .median_time_s = 2.2,
                                         .sigma_ln = 0.3,
                                         .duty_low = 0.4,
                                         .duty_high = 0.6};  // study, MAPI
  // > 0: a centre nearer than this to one placed before is left out: isolated quenchers (a null)
  double isolation_m = 0.0;
  int sub_frames = 1;  // carriers are solved for this many parts of each frame
  // Emission of the film lit so far with radiant exposure H [J/m^2], relative to the soaked film:
  //   (1 - soaking exp(-H / H_soak)) exp(-H / H_bleach)
  double soaking = 0.3;                      // estimate: photobrightening of some ten per cent
  double soaking_exposure_j_per_m2 = 8.4e5;  // two minutes at 0.7 W/cm^2 (estimate)
  double bleaching_exposure_j_per_m2 = 5e8;  // 0.2 % in a movie of 120 s (estimate); 0: none
  bool operator==(const RecombinationParams&) const = default;
};
void validate(const RecombinationParams& p);
void visit_fields(auto& visit, RecombinationParams& p) {
  visit("on", p.on);
  visit("diffusion", p.diffusion);
  visit("node_m", p.node_m);
  visit("strength_node_m", p.strength_node_m);
  visit("carriers", p.carriers);
  visit("reference_irradiance_w_per_m2", p.reference_irradiance_w_per_m2);
  visit("reference_wavelength_m", p.reference_wavelength_m);
  visit("centres", p.centres);
  visit("strong", p.strong);
  visit("rates", p.rates);
  visit("isolation_m", p.isolation_m);
  visit("sub_frames", p.sub_frames);
  visit("soaking", p.soaking);
  visit("soaking_exposure_j_per_m2", p.soaking_exposure_j_per_m2);
  visit("bleaching_exposure_j_per_m2", p.bleaching_exposure_j_per_m2);
}

/// Emission relative to the soaked, unbleached film after a radiant exposure [J/m^2]; see above.
[[nodiscard]] double emission_factor(const RecombinationParams& p, double exposure_j_per_m2);

}  // namespace halotwin::sim
