// One crystal of MAPbI3, grown in a narrow gap, with ferroelastic twins.
#pragma once

#include <cstdint>

#include "base/parallel.hpp"
#include "sim/structure.hpp"

namespace halotwin::sim {

struct SpecimenParams;

/// What one crystal orientation does.
struct OrientationParams {
  double piezo_m_per_v = 0.0;             // lateral, signed
  double contact_resonance_factor = 1.0;  // elastic anisotropy
  double share_factor = 1.0;              // on the ion-active share
  double density_factor = 1.0;            // on the vacancies inside the active part
  bool operator==(const OrientationParams&) const = default;
};
void validate(const OrientationParams& p);
void visit_fields(auto& visit, OrientationParams& p) {
  visit("piezo_m_per_v", p.piezo_m_per_v);
  visit("contact_resonance_factor", p.contact_resonance_factor);
  visit("share_factor", p.share_factor);
  visit("density_factor", p.density_factor);
}

/// Twins: the crystal falls into colonies; in one of the first family lamellae alternate between
/// orientations 0 and 1, in one of the second between 0 and 2, and the walls of the two families
/// stand at `family_angle_deg` to each other (cavar2026, Fig. 5). Orientations 1 and 2 are the
/// defect-enriched set: more of the depth below the tip takes part in ionic motion (share_factor).
/// The density inside goes with it so that the relaxation keeps its frequency, as published
/// (cavar2026, Fig. 4); study, section 6: 1.3 by compensated share; eps_r would shift it by 20 %.
/// Out-of-plane twinning: the surfaces of the two sets are tilted against each other.
struct MicrocrystalParams {
  double stripe_min_m = 100e-9;  // facts f: 100 to 400 nm
  double stripe_max_m = 400e-9;
  double family_angle_deg = 70.0;  // cavar2026, text to Fig. 5
  double colony_width_m = 1.5e-6;  // of one family (estimate)
  double surface_tilt_deg = 0.3;   // of either set against the mean plane: faint (estimate)
  // Facts a7: 1 to 10 pm/V; the signs and the spread of the contact resonance are estimates
  OrientationParams first{6e-12, 1.0, 1.0, 1.0};
  OrientationParams second{-4e-12, 1.012, 1.3, 1.02};
  OrientationParams third{2e-12, 0.99, 1.3, 1.02};
  // Isolated surface defects ('marbling', cavar2026, Fig. 6) of the defect-enriched set: surface
  // degradation has begun there and takes ions (estimates)
  double marbling_per_m2 = 2e13;  // of the enriched set
  double marbling_radius_m = 30e-9;
  double marbling_share_factor = 0.75;
  double marbling_density_factor = 0.75;
  bool operator==(const MicrocrystalParams&) const = default;
};
void validate(const MicrocrystalParams& p);
void visit_fields(auto& visit, MicrocrystalParams& p) {
  visit("stripe_min_m", p.stripe_min_m);
  visit("stripe_max_m", p.stripe_max_m);
  visit("family_angle_deg", p.family_angle_deg);
  visit("colony_width_m", p.colony_width_m);
  visit("surface_tilt_deg", p.surface_tilt_deg);
  visit("first", p.first);
  visit("second", p.second);
  visit("third", p.third);
  visit("marbling_per_m2", p.marbling_per_m2);
  visit("marbling_radius_m", p.marbling_radius_m);
  visit("marbling_share_factor", p.marbling_share_factor);
  visit("marbling_density_factor", p.marbling_density_factor);
}

/// Directions of the walls' normals [rad] of the two families in the crystal of `seed`.
[[nodiscard]] std::array<double, 2> twin_normals_rad(const MicrocrystalParams& p,
                                                     std::uint64_t seed);

[[nodiscard]] Structure make_microcrystal(const SpecimenParams& params,
                                          std::uint64_t seed,
                                          Threads threads = {});

}  // namespace halotwin::sim
