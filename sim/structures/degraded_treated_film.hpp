// Methylamine-treated film, contaminated or far degraded: mesh, granules, further lines.
#pragma once

#include <cstdint>

#include "base/parallel.hpp"
#include "sim/structure.hpp"

namespace halotwin::sim {

struct SpecimenParams;

/// The operator looks at a boundary between two large grains (cavar2026, Figs. 10 and 11). A raised
/// mesh lies on the grains, about twice as bright as the bulk between; the boundary is lined by
/// raised PbI2-rich granules where the perovskite's lines are weak and those of the interface
/// strong. Beside the two known lines there are further ones (LineParams): more mobile species.
struct DegradedTreatedFilmParams {
  double mesh_cell_m = 300e-9;            // mean diameter of its openings (estimate)
  double mesh_width_m = 90e-9;            // of a strand (estimate)
  double mesh_height_m = 20e-9;           // cavar2026, Fig. 10
  double mesh_share_factor = 2.0;         // cavar2026, Fig. 10: near-doubling
  double mesh_further_factor = 1.33;      // study, section 7: a third more of the slow part
  double granule_spacing_m = 90e-9;       // along the boundary (estimate)
  double granule_radius_m = 55e-9;        // facts f: inclusions of 10 to 100 nm
  double granule_radius_sigma_ln = 0.15;  // (estimate)
  double granule_height_m = 30e-9;        // (estimate)
  double granule_inclusion_share = 0.9;   // (estimate)
  double granule_first_factor = 0.15;     // perovskite left (estimate)
  double granule_further_factor = 0.0;    // cavar2026: no ultralow part
  double grain_disorder = 0.12;           // of the sites, see large_grain_sites
  bool operator==(const DegradedTreatedFilmParams&) const = default;
};
void validate(const DegradedTreatedFilmParams& p);
void visit_fields(auto& visit, DegradedTreatedFilmParams& p) {
  visit("mesh_cell_m", p.mesh_cell_m);
  visit("mesh_width_m", p.mesh_width_m);
  visit("mesh_height_m", p.mesh_height_m);
  visit("mesh_share_factor", p.mesh_share_factor);
  visit("mesh_further_factor", p.mesh_further_factor);
  visit("granule_spacing_m", p.granule_spacing_m);
  visit("granule_radius_m", p.granule_radius_m);
  visit("granule_radius_sigma_ln", p.granule_radius_sigma_ln);
  visit("granule_height_m", p.granule_height_m);
  visit("granule_inclusion_share", p.granule_inclusion_share);
  visit("granule_first_factor", p.granule_first_factor);
  visit("granule_further_factor", p.granule_further_factor);
  visit("grain_disorder", p.grain_disorder);
}

[[nodiscard]] Structure make_degraded_treated_film(const SpecimenParams& params,
                                                   std::uint64_t seed,
                                                   Threads threads = {});

}  // namespace halotwin::sim
