#include "sim/specimen_params.hpp"

#include "base/require.hpp"

namespace halotwin::sim {

void validate(const FilmParams& p) {
  require_positive("thickness_m", p.thickness_m);
  require_range("relative_permittivity", p.relative_permittivity, 1.0, 1e4);
  require_positive("effective_depth_m", p.effective_depth_m);
  require_range("temperature_k", p.temperature_k, 10.0, 1000.0);
}

void validate(const IonParams& p) {
  require_range("vacancy_density_per_m3", p.vacancy_density_per_m3, 1e18, 1.5e28);
  require_positive("diffusivity_m2_per_s", p.diffusivity_m2_per_s);
  require_positive("interface_diffusivity_m2_per_s", p.interface_diffusivity_m2_per_s);
  require_range("activation_energy_ev", p.activation_energy_ev, 0.0, 3.0);
  require_range("interface_activation_energy_ev", p.interface_activation_energy_ev, 0.0, 3.0);
  require_range("active_share", p.active_share, 1e-3, 1.0);
  require_range("hotspot_active_share", p.hotspot_active_share, 1e-3, 1.0);
  require_range("hotspot_density_factor", p.hotspot_density_factor, 1e-2, 100.0);
  require_range("boundary_density_factor", p.boundary_density_factor, 1.0, 100.0);
  require_range("boundary_zone_m", p.boundary_zone_m, 1e-10, 1e-4);
  require_range("grain_frequency_sigma_ln", p.grain_frequency_sigma_ln, 0.0, 2.0);
  require_range("grain_share_sigma_ln", p.grain_share_sigma_ln, 0.0, 2.0);
}

void validate(const LineOfResponse& p) {
  require_range("frequency_hz", p.frequency_hz, 1e-3, 1e6);
  require_range("amplitude", p.amplitude, 0.0, 10.0);
  require_range("quality", p.quality, 0.51, 100.0);
}

std::vector<LineOfResponse> LineParams::all() const {
  std::vector<LineOfResponse> lines{{first_hz, amplitude, quality},
                                    {second_hz, amplitude, quality}};
  for (const LineOfResponse& further : {third, fourth, fifth, sixth}) {
    if (further.amplitude > 0.0) {
      lines.push_back(further);
    }
  }
  return lines;
}

void validate(const LineParams& p) {
  require_positive("first_hz", p.first_hz);
  require_positive("second_hz", p.second_hz);
  require_range("quality", p.quality, 0.5, 100.0);
  require_range("amplitude", p.amplitude, 0.0, 1.0);
  require_range("boundary_shift", p.boundary_shift, 0.1, 10.0);
  require_range("second_interior", p.second_interior, 0.0, 10.0);
  require_range("second_boundary", p.second_boundary, 0.0, 10.0);
  validate(p.third);
  validate(p.fourth);
  validate(p.fifth);
  validate(p.sixth);
}

void validate(const TransientParams& p) {
  require_range("amplitude", p.amplitude, 0.0, 10.0);
  require_positive("time_constant_s", p.time_constant_s);
  require_positive("relaxation_hz", p.relaxation_hz);
}

void validate(const SpecimenParams& p) {
  validate(p.microstructure);
  validate(p.topography);
  validate(p.film);
  validate(p.ions);
  validate(p.lines);
  validate(p.transient);
  validate(p.degradation);
  validate(p.contact_potential);
  validate(p.microcrystal);
  validate(p.pellet);
  validate(p.treated_film);
  validate(p.degraded_treated_film);
  validate(p.clim);
  require_range("metal_contact_potential_v", p.metal_contact_potential_v, -5.0, 5.0);
  require_range("dose_cell_m", p.dose_cell_m, p.microstructure.grid_step_m, 1e-3);
}

}  // namespace halotwin::sim
