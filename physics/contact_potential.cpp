#include "physics/contact_potential.hpp"

#include <cmath>

#include "base/require.hpp"
#include "physics/dielectric_response.hpp"

namespace halotwin::physics {

void validate(const ContactPotentialParams& p) {
  require_range("tip_work_function_ev", p.tip_work_function_ev, 1.0, 10.0);
  require_range("film_work_function_ev", p.film_work_function_ev, 1.0, 10.0);
  require_range("reference_density_per_m3", p.reference_density_per_m3, 1e15, 1.2e28);
  require(p.charge_number != 0 && std::abs(p.charge_number) <= 3,
          "charge_number",
          p.charge_number,
          "-3 to 3, not 0");
  require_range("temperature_k", p.temperature_k, 1.0, 2000.0);
}

double contact_potential_difference_v(const ContactPotentialParams& p, double density_per_m3) {
  return p.tip_work_function_ev - p.film_work_function_ev +
         thermal_voltage_v(p.temperature_k) / p.charge_number *
             std::log(density_per_m3 / p.reference_density_per_m3);
}

}  // namespace halotwin::physics
