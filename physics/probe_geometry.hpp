// The lengths and prefactors that the formulas of tip_sample and tip_footprint share.
#pragma once

#include "physics/tip_sample.hpp"

namespace halotwin::physics {

struct ProbeGeometry {
  double shoulder_m = 0.0;     // a = R (1 - sin th)
  double cone_length_m = 0.0;  // b = R cos^2 th / sin th
  double apex_factor = 0.0;    // 2 pi eps0 R [F]
  double cone_factor = 0.0;    // 2 pi eps0 / ln(tan(th/2))^2 [F/m]
  double lever_factor = 0.0;   // eps0 A_l [F m]
  double angle_rad = 0.0;      // th
};
[[nodiscard]] ProbeGeometry probe_geometry(const TipParams& p);

}  // namespace halotwin::physics
