// Wear of the tip: it becomes blunt by what it touches.
#pragma once

#include "physics/tip_sample.hpp"

namespace halotwin::physics {

struct TipWearParams {
  bool on = false;
  // k = K / H of Archard's law: K 1e-4 (metal without lubricant), H 5 GPa (Pt alloy); estimate
  double contact_m3_per_n_m = 2.0e-14;
  // Lost in one tap: set so that 25 nm become 30 nm in 24 h at 75 kHz (nobody published it for
  // this pair)
  double tapping_m3_per_tap = 2.3e-33;
  bool operator==(const TipWearParams&) const = default;
};
void validate(const TipWearParams& p);
void visit_fields(auto& visit, TipWearParams& p) {
  visit("on", p.on);
  visit("contact_m3_per_n_m", p.contact_m3_per_n_m);
  visit("tapping_m3_per_tap", p.tapping_m3_per_tap);
}

/// Volume that is missing between a cone of half angle th that comes to a point and the same cone
/// with a round apex of radius R that touches it along a circle [m^3]:
///   V = c R^3,   c = (pi / 3) (1 - sin th)^2 / sin th
/// (cone up to the circle, of height R cos^2 th / sin th, less the cap, of height R (1 - sin th)).
[[nodiscard]] double missing_volume_m3(double half_cone_angle_deg, double radius_m);

/// Apex radius after `removed_m3` is gone from a tip of `radius_m`, which stays a round cone:
///   R' = (R^3 + V / c)^(1/3);   blunting slows down as R^-2.
/// 25 to 50 nm takes 1.5e5 nm^3 at 20 degrees.
[[nodiscard]] double worn_radius_m(double half_cone_angle_deg, double radius_m, double removed_m3);

/// V = k F s (Archard, J. Appl. Phys. 24, 981 (1953), archard1953) for a tip that slides `path_m`
/// under `load_n`. Nanometre tips depart from proportionality to F at high stress: read k as that
/// of the load in use.
[[nodiscard]] double sliding_wear_m3(const TipWearParams& p, double load_n, double path_m);
/// V = v N for N taps. A tap's peak force and slip are in v, which is for one drive and setpoint;
/// that wear in tapping goes with use and how it depends on the setpoint: Su et al.,
/// Ultramicroscopy 97, 135 (2003), su2003.
[[nodiscard]] double tapping_wear_m3(const TipWearParams& p, double taps);

}  // namespace halotwin::physics
