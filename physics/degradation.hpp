// Degradation of a film while it is measured: ions take new places, PbI2 grows at defects, and both
// change response, contact potential and height.
//
// cavar2026 (paper 000) sees in the second map of an area: boundary zones thicker, contact
// potential within grains less homogeneous and its contrast about five times greater in places, the
// profile of the boundaries in the topography the same; boundaries and hotspots are its candidates
// for nucleation, 24 h under about 2 V its cause. It gives no rates. Numbers marked "set to" are
// set so that one such map changes the next one visibly; the forms are what theory offers.
#pragma once

namespace halotwin::physics {

struct DegradationParams {
  // Stress: seconds below the biased tip at the reference bias and temperature; see stress_rate
  double reference_bias_v = 1.0;      // peak; cavar2026: about 2 V peak to peak
  double bias_exponent = 1.0;         // drift in the field: linear (estimate)
  double activation_energy_ev = 0.7;  // MAPbI3 to PbI2, thermally: 0.6 to 1.2 (estimate)
  double reference_temperature_k = 300.0;
  double ageing_per_s = 3.0e-6;  // without bias: a map's stress in two months (cavar2026:
                                 // pristine crystals show no PbI2 for some weeks)
  // Ions: towards boundaries and nuclei, within each grain
  double redistribution_s = 30.0;  // stress for 63 %; set to
  double zone_m = 40.0e-9;         // 1/e zone of the enrichment at boundaries they end in
  double boundary_factor = 5.0;    // density there over that inside; facts f: 2 to 10
  double nucleus_factor = 25.0;    // the same at nuclei; facts f: 3 to 20 at junctions; set to
  // PbI2: nucleation and growth
  double growth_s = 6.0;              // stress for 63 % where the defect density is 1; set to
  double avrami_exponent = 2.0;       // 2 to 4 while nuclei form and grow (estimate)
  double end_share = 0.8;             // of the area of a fully converted place (estimate)
  double converted_depth_m = 5.0e-9;  // of the film that is PbI2 there: a skin (estimate)
  double potential_step_v = -0.15;    // contact potential of covered film (estimate: PbI2 5.0 eV
                                      // against perovskite of 4.9 and less)
  // Nuclei: near boundaries, more of them in hotspot grains
  double nuclei_per_m = 1.5e6;         // along the rim of a grain (estimate: one in 700 nm)
  double hotspot_nuclei_factor = 4.0;  // cavar2026: hotspots as preferred sites (estimate)
  double nucleus_radius_m = 20.0e-9;   // inclusions after degradation: 10 to 100 nm (facts f)
  double nucleus_radius_sigma_ln = 0.3;
  double nucleus_depth_m = 10.0e-9;  // of their centres from the boundary (estimate)
  double update_s = 300.0;           // of laboratory time between updates of the film (numerical)
  bool operator==(const DegradationParams&) const = default;
};
void validate(const DegradationParams& p);
void visit_fields(auto& visit, DegradationParams& p) {
  visit("reference_bias_v", p.reference_bias_v);
  visit("bias_exponent", p.bias_exponent);
  visit("activation_energy_ev", p.activation_energy_ev);
  visit("reference_temperature_k", p.reference_temperature_k);
  visit("ageing_per_s", p.ageing_per_s);
  visit("redistribution_s", p.redistribution_s);
  visit("zone_m", p.zone_m);
  visit("boundary_factor", p.boundary_factor);
  visit("nucleus_factor", p.nucleus_factor);
  visit("growth_s", p.growth_s);
  visit("avrami_exponent", p.avrami_exponent);
  visit("end_share", p.end_share);
  visit("converted_depth_m", p.converted_depth_m);
  visit("potential_step_v", p.potential_step_v);
  visit("nuclei_per_m", p.nuclei_per_m);
  visit("hotspot_nuclei_factor", p.hotspot_nuclei_factor);
  visit("nucleus_radius_m", p.nucleus_radius_m);
  visit("nucleus_radius_sigma_ln", p.nucleus_radius_sigma_ln);
  visit("nucleus_depth_m", p.nucleus_depth_m);
  visit("update_s", p.update_s);
}

/// Stress per second of time under the tip:
///   (|V| / V_ref)^m exp[-(E_a / kB) (1/T - 1/T_ref)]
/// so that stress adds up over times of different bias and temperature. V: peak of the drive.
[[nodiscard]] double stress_rate(const DegradationParams& p, double bias_v, double temperature_k);
/// The same without bias, everywhere: ageing_per_s times the Arrhenius factor.
[[nodiscard]] double ageing_rate(const DegradationParams& p, double temperature_k);

/// Share of a grain's ions that have taken their new places: 1 - exp(-s / s_r). One relaxation
/// towards an end state with the same total: what is between is a mixture of both,
///   N(x, s) = N_0(x) [1 - p(s) + p(s) N_end(x) / N_0(x)],
/// so that the total of a grain is conserved exactly at any stress.
[[nodiscard]] double redistributed_share(const DegradationParams& p, double stress_s);

/// Where the ions of a grain end, up to a constant that its total fixes: 1 inside,
/// 1 + (E - 1) exp(-d / zone) + A nucleus towards a boundary at distance d; `nucleus` in [0, 1].
[[nodiscard]] double end_density(const DegradationParams& p,
                                 double boundary_distance_m,
                                 double nucleus,
                                 bool with_boundaries = true);

/// Converted part of the area that can convert, Avrami's law with a rate that goes with the local
/// density of defects: X = 1 - exp[-(s defects / s_g)^n]. With defects = exp(-d / zone) the front
/// X = 0.63 stands at d = zone ln(s / s_g): zones widen as the logarithm of the stress.
[[nodiscard]] double converted_share(const DegradationParams& p, double stress_s, double defects);

/// Area share of PbI2 that was `fresh` before: fresh + (end - fresh) X; never above 1, never falls.
[[nodiscard]] double inclusion_share(const DegradationParams& p, double fresh, double converted);

/// Molar volumes: MAPbI3 620.0 g/mol at 4.16 g/cm^3 = 149 cm^3/mol, PbI2 461.0 at 6.16 = 74.8;
/// what evaporates (CH3NH3I) leaves half of the volume.
inline constexpr double pbi2_volume_ratio = (461.0 / 6.16) / (620.0 / 4.16);
/// Height of the surface against fresh film, for a PbI2 share that grew by `grown` [m]; <= 0.
[[nodiscard]] double height_change_m(const DegradationParams& p, double grown);

}  // namespace halotwin::physics
