// Contact potential difference of a film whose mobile ions charge its surface.
#pragma once

namespace halotwin::physics {

/// CPD = V_sample - V_tip.
struct ContactPotentialParams {
  double tip_work_function_ev = 5.3;  // Pt: 5.0 to 5.6
  double film_work_function_ev =
      4.7;  // at the reference density (estimate: 4.5 to 5.0 for lead halides)
  double reference_density_per_m3 = 1e24;
  int charge_number = -1;  // of the mobile defects; cavar2026 reads its maps as negative ones
  double temperature_k = 300.0;
  bool operator==(const ContactPotentialParams&) const = default;
};
void validate(const ContactPotentialParams& p);
void visit_fields(auto& visit, ContactPotentialParams& p) {
  visit("tip_work_function_ev", p.tip_work_function_ev);
  visit("film_work_function_ev", p.film_work_function_ev);
  visit("reference_density_per_m3", p.reference_density_per_m3);
  visit("charge_number", p.charge_number);
  visit("temperature_k", p.temperature_k);
}

/// Contact potential difference [V] over a film with N mobile defects per volume:
///
///   CPD = (W_tip - W_film) / q + (VT / n) ln(N / N0),   VT = kB T / q
///
///   n    charge number of the defects (-1: CPD falls by 59.5 mV a decade of N at 300 K)
///   N0   density at which the film has the work function W_film
///
/// Surface sites in equilibrium with the ions inside hold a fixed density N_s (saturated layer):
/// kB T ln N + n q phi is the same inside and at the surface, so the drop over the surface layer is
/// phi_s = (VT / n) ln(N / N_s) (Nernst; the constant goes into W_film). Valid while the surface
/// layer stays saturated and N is well below the site density, 1.2e28 m^-3.
[[nodiscard]] double contact_potential_difference_v(const ContactPotentialParams& p,
                                                    double density_per_m3);

}  // namespace halotwin::physics
