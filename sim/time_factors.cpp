#include "sim/time_factors.hpp"

#include "physics/dielectric_response.hpp"

namespace halotwin::sim {

TimeFactors time_factors(const IonParams& ions, double from_k, double to_k) {
  const auto factor = [&](double energy_ev) {
    const double slower = physics::arrhenius_diffusivity_m2_per_s(1.0, energy_ev, from_k) /
                          physics::arrhenius_diffusivity_m2_per_s(1.0, energy_ev, to_k);
    return to_k / from_k * slower;
  };
  return {factor(ions.activation_energy_ev), factor(ions.interface_activation_energy_ev)};
}

}  // namespace halotwin::sim
