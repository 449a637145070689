#include "physics/tip_wear.hpp"

#include <cmath>

#include "base/constants.hpp"
#include "base/require.hpp"

namespace halotwin::physics {

namespace {

double volume_factor(double half_cone_angle_deg) {
  const double s = std::sin(half_cone_angle_deg * constants::pi / 180.0);
  return constants::pi / 3.0 * (1.0 - s) * (1.0 - s) / s;
}

}  // namespace

void validate(const TipWearParams& p) {
  require_range("contact_m3_per_n_m", p.contact_m3_per_n_m, 0.0, 1e-9);
  require_range("tapping_m3_per_tap", p.tapping_m3_per_tap, 0.0, 1e-27);
}

double missing_volume_m3(double half_cone_angle_deg, double radius_m) {
  return volume_factor(half_cone_angle_deg) * radius_m * radius_m * radius_m;
}

double worn_radius_m(double half_cone_angle_deg, double radius_m, double removed_m3) {
  return removed_m3 > 0.0 ? std::cbrt(radius_m * radius_m * radius_m +
                                      removed_m3 / volume_factor(half_cone_angle_deg))
                          : radius_m;
}

double sliding_wear_m3(const TipWearParams& p, double load_n, double path_m) {
  return p.contact_m3_per_n_m * load_n * path_m;
}

double tapping_wear_m3(const TipWearParams& p, double taps) {
  return p.tapping_m3_per_tap * taps;
}

}  // namespace halotwin::physics
