// Triple-cation film recrystallised in methylamine at low temperature: large grains with stars.
#pragma once

#include <cstdint>

#include "base/parallel.hpp"
#include "sim/structure.hpp"

namespace halotwin::sim {

struct SpecimenParams;

/// The operator looks at one grain and its boundaries (cavar2026, Figs. 8 and 9). From where each
/// grain nucleated sectors of two alternating lattice orientations spread: those of the second are
/// raised, respond less and faster (anisotropic mobility). Beside one boundary of the grain in the
/// middle, the longest inside the area, unstoichiometric material was swept together: a zone of
/// about a micrometre of low perovskite content.
struct TreatedFilmParams {
  int arms = 4;                       // raised projections of a star (cavar2026, Fig. 8: several)
  double arm_angle_sigma_deg = 5.0;   // disorder of the sectors' edges (estimate)
  double arm_height_m = 60e-9;        // "significant topographical contrast"; estimate
  double arm_edge_m = 60e-9;          // width over which height changes (estimate)
  double sector_share_factor = 0.75;  // second orientation: lower signal (sign published)
  double sector_mobility_factor = 1.35;  // and blue shift (sign published)
  double thick_width_m = 1e-6;           // cavar2026: nearly a micrometre
  double thick_share_factor = 0.25;      // low perovskite content (sign published)
  double grain_disorder = 0.12;          // of the sites, see large_grain_sites
  bool operator==(const TreatedFilmParams&) const = default;
};
void validate(const TreatedFilmParams& p);
void visit_fields(auto& visit, TreatedFilmParams& p) {
  visit("arms", p.arms);
  visit("arm_angle_sigma_deg", p.arm_angle_sigma_deg);
  visit("arm_height_m", p.arm_height_m);
  visit("arm_edge_m", p.arm_edge_m);
  visit("sector_share_factor", p.sector_share_factor);
  visit("sector_mobility_factor", p.sector_mobility_factor);
  visit("thick_width_m", p.thick_width_m);
  visit("thick_share_factor", p.thick_share_factor);
  visit("grain_disorder", p.grain_disorder);
}

[[nodiscard]] Structure make_treated_film(const SpecimenParams& params,
                                          std::uint64_t seed,
                                          Threads threads = {});

}  // namespace halotwin::sim
