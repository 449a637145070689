// Parameters of the simulated film, each with its source.
//
// Sources: cavar2026 = the PM-DNS paper (triple-cation film); facts = ranges collected in
// physics-facts (sections b, f); study = the feasibility study of the PM-DNS chain, whose settings
// reproduce the published signs.
#pragma once

#include <array>
#include <string_view>
#include <utility>
#include <vector>

#include "physics/contact_potential.hpp"
#include "physics/degradation.hpp"
#include "sim/microstructure.hpp"
#include "sim/recombination_params.hpp"
#include "sim/structures/degraded_treated_film.hpp"
#include "sim/structures/microcrystal.hpp"
#include "sim/structures/pellet.hpp"
#include "sim/structures/treated_film.hpp"
#include "sim/topography.hpp"

namespace halotwin::sim {

/// physical: ionic conductivity -> relaxation of the film charge. phenomenological: narrow lines
/// tied to the same ionic fields, which no linear passive relaxation gives (facts b5).
enum class ResponseKind { physical, phenomenological };
[[nodiscard]] constexpr auto enumerators(ResponseKind) {
  return std::array<std::pair<ResponseKind, std::string_view>, 2>{
      {{ResponseKind::physical, "physical"}, {ResponseKind::phenomenological, "phenomenological"}}};
}

/// What the sample is; the parameters of other kinds are then without effect.
enum class SpecimenKind { film, microcrystal, pellet, treated_film, degraded_treated_film };
[[nodiscard]] constexpr auto enumerators(SpecimenKind) {
  return std::array<std::pair<SpecimenKind, std::string_view>, 5>{
      {{SpecimenKind::film, "film"},
       {SpecimenKind::microcrystal, "microcrystal"},
       {SpecimenKind::pellet, "pellet"},
       {SpecimenKind::treated_film, "treated_film"},
       {SpecimenKind::degraded_treated_film, "degraded_treated_film"}}};
}

struct FilmParams {
  double thickness_m = 500e-9;        // usual triple-cation absorber
  double relative_permittivity = 30;  // facts b3: 25 to 50
  double effective_depth_m = 75e-9;   // study: 3 tip radii of 25 nm
  double temperature_k = 300;
  bool operator==(const FilmParams&) const = default;
};
void validate(const FilmParams& p);
void visit_fields(auto& visit, FilmParams& p) {
  visit("thickness_m", p.thickness_m);
  visit("relative_permittivity", p.relative_permittivity);
  visit("effective_depth_m", p.effective_depth_m);
  visit("temperature_k", p.temperature_k);
}

struct IonParams {
  // Inside the ion-active part of the film; facts b4: 2 V are linear above 1e23.
  double vacancy_density_per_m3 = 1e24;
  double diffusivity_m2_per_s = 2.9e-13;            // at 300 K; with that density: 1 kHz (facts b2)
  double interface_diffusivity_m2_per_s = 5.8e-13;  // PbI2 interface at 300 K: 2 kHz (facts b2)
  double activation_energy_ev = 0.29;               // iodide in MAPI: 0.29 +- 0.06 (facts b3)
  double interface_activation_energy_ev = 0.29;     // of the PbI2 interface: unknown, the same
  double active_share = 0.5;                        // of the depth below the tip (study)
  double hotspot_active_share = 1.0;                // study
  // Keeps the pole (1 - b_a/Z)/t where it is for b/Z = 0.21: an assumption (study)
  double hotspot_density_factor = 1.13;
  double boundary_density_factor =
      5.0;                         // facts f: 2 to 10; with 3, large hotspots hide the boundaries
  double boundary_zone_m = 12e-9;  // 1/e zone; study
  // Diffusivity from grain to grain; small, since cavar2026 finds no shift between grains
  // (Interpretation)
  double grain_frequency_sigma_ln = 0.03;
  double grain_share_sigma_ln = 0.05;  // active share from grain to grain (estimate)
  bool operator==(const IonParams&) const = default;
};
void validate(const IonParams& p);
void visit_fields(auto& visit, IonParams& p) {
  visit("vacancy_density_per_m3", p.vacancy_density_per_m3);
  visit("diffusivity_m2_per_s", p.diffusivity_m2_per_s);
  visit("interface_diffusivity_m2_per_s", p.interface_diffusivity_m2_per_s);
  visit("activation_energy_ev", p.activation_energy_ev);
  visit("interface_activation_energy_ev", p.interface_activation_energy_ev);
  visit("active_share", p.active_share);
  visit("hotspot_active_share", p.hotspot_active_share);
  visit("hotspot_density_factor", p.hotspot_density_factor);
  visit("boundary_density_factor", p.boundary_density_factor);
  visit("boundary_zone_m", p.boundary_zone_m);
  visit("grain_frequency_sigma_ln", p.grain_frequency_sigma_ln);
  visit("grain_share_sigma_ln", p.grain_share_sigma_ln);
}

/// One line of the phenomenological response.
struct LineOfResponse {
  double frequency_hz = 1000;
  double amplitude = 0.0;  // relative to the fast response; 0: not there
  double quality = 3;      // above 0.5; near it the line is as broad as a Debye relaxation
  bool operator==(const LineOfResponse&) const = default;
};
void validate(const LineOfResponse& p);
void visit_fields(auto& visit, LineOfResponse& p) {
  visit("frequency_hz", p.frequency_hz);
  visit("amplitude", p.amplitude);
  visit("quality", p.quality);
}

/// Lines of the phenomenological response, at 300 K. Amplitude: a_1 = amplitude * active share /
/// reference share; a_2 = amplitude * (interior + boundary * inclusion share / largest share).
struct LineParams {
  double first_hz = 1000;         // cavar2026, Fig. 2: near 1 kHz
  double second_hz = 2000;        // cavar2026, Fig. 2: near 2 kHz
  double quality = 3;             // study: 2 to 4 resolve both
  double amplitude = 0.03;        // study: loss 2 a q = 18 % of the fast response
  double boundary_shift = 1.25;   // first line at a boundary; study
  double second_interior = 0.35;  // study
  double second_boundary = 1.0;   // study
  // Further lines of degraded samples (cavar2026, Fig. 11), the same everywhere but for SiteTraits
  LineOfResponse third, fourth, fifth, sixth;
  bool operator==(const LineParams&) const = default;

  /// All that are there: the first two always, the further ones if they have an amplitude.
  [[nodiscard]] std::vector<LineOfResponse> all() const;
};
void validate(const LineParams& p);
void visit_fields(auto& visit, LineParams& p) {
  visit("first_hz", p.first_hz);
  visit("second_hz", p.second_hz);
  visit("quality", p.quality);
  visit("amplitude", p.amplitude);
  visit("boundary_shift", p.boundary_shift);
  visit("second_interior", p.second_interior);
  visit("second_boundary", p.second_boundary);
  visit("third", p.third);
  visit("fourth", p.fourth);
  visit("fifth", p.fifth);
  visit("sixth", p.sixth);
}

/// Ultraslow relaxation after the bias was first applied (cavar2026, Fig. S2: first forty lines).
struct TransientParams {
  double amplitude = 0.1;  // at 60 Hz: falls below 2 % of the main peak after about 40 lines
  // Under bias; study: 13 lines of 675 s (24 h / 128), of which the drive is on for 0.92
  double time_constant_s = 8070;
  double relaxation_hz = 60;  // seen below 200 Hz (study)
  bool operator==(const TransientParams&) const = default;
};
void validate(const TransientParams& p);
void visit_fields(auto& visit, TransientParams& p) {
  visit("amplitude", p.amplitude);
  visit("time_constant_s", p.time_constant_s);
  visit("relaxation_hz", p.relaxation_hz);
}

/// Each effect can be switched off, for nulls.
struct EffectSwitches {
  bool boundary = true;    // ion density (and line shift) at boundaries
  bool hotspot = true;     // hotspot grains differ
  bool inclusions = true;  // PbI2 interface at boundaries (second line inside grains stays)
  bool transient = true;
  bool degradation = false;  // by bias and time: fresh films are measured once, see pm_dns_repeats
  bool twins = true;         // ions of the enriched set of twins (microcrystal)
  bool piezo = true;         // orientations differ in piezo response and contact resonance
  bool marbling = true;      // surface defects (microcrystal)
  bool sectors = true;       // ions of the second orientation (treated film)
  bool thick_boundary = true;  // (treated film)
  bool mesh = true;            // (degraded treated film)
  bool granules = true;        // (degraded treated film)
  bool operator==(const EffectSwitches&) const = default;
};
void visit_fields(auto& visit, EffectSwitches& p) {
  visit("boundary", p.boundary);
  visit("hotspot", p.hotspot);
  visit("inclusions", p.inclusions);
  visit("transient", p.transient);
  visit("degradation", p.degradation);
  visit("twins", p.twins);
  visit("piezo", p.piezo);
  visit("marbling", p.marbling);
  visit("sectors", p.sectors);
  visit("thick_boundary", p.thick_boundary);
  visit("mesh", p.mesh);
  visit("granules", p.granules);
}

struct SpecimenParams {
  SpecimenKind kind = SpecimenKind::film;
  ResponseKind response = ResponseKind::physical;
  MicrostructureParams microstructure;
  TopographyParams topography;
  FilmParams film;
  IonParams ions;
  LineParams lines;
  TransientParams transient;
  physics::DegradationParams degradation;
  EffectSwitches effects;
  MicrocrystalParams microcrystal;
  PelletParams pellet;
  TreatedFilmParams treated_film;
  DegradedTreatedFilmParams degraded_treated_film;
  RecombinationParams clim;  // photoluminescence
  // Reference: the mean density, vacancy_density * active_share; its temperature is the film's.
  physics::ContactPotentialParams contact_potential{.reference_density_per_m3 = 5e23};
  double metal_contact_potential_v = 0.6;  // Pt tip 5.3 eV over ITO 4.7 eV (estimate)
  double dose_cell_m = 96e-9;              // cells of the dose ledger: 8 pixels of 12 nm
  bool operator==(const SpecimenParams&) const = default;
};
void validate(const SpecimenParams& p);
void visit_fields(auto& visit, SpecimenParams& p) {
  visit("kind", p.kind);
  visit("response", p.response);
  visit("microstructure", p.microstructure);
  visit("topography", p.topography);
  visit("film", p.film);
  visit("ions", p.ions);
  visit("lines", p.lines);
  visit("transient", p.transient);
  visit("degradation", p.degradation);
  visit("effects", p.effects);
  visit("microcrystal", p.microcrystal);
  visit("pellet", p.pellet);
  visit("treated_film", p.treated_film);
  visit("degraded_treated_film", p.degraded_treated_film);
  visit("clim", p.clim);
  visit("contact_potential", p.contact_potential);
  visit("metal_contact_potential_v", p.metal_contact_potential_v);
  visit("dose_cell_m", p.dose_cell_m);
}

}  // namespace halotwin::sim
