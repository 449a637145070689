#include "physics/damped_motion.hpp"

#include <cmath>

#include "base/require.hpp"

namespace halotwin::physics {

std::array<double, 4> damped_motion_matrix(double resonance_rad_per_s,
                                           double quality_factor,
                                           double step_s) {
  require_positive("resonance_rad_per_s", resonance_rad_per_s);
  require(quality_factor > 0.5, "quality_factor", quality_factor, "> 0.5");
  const double g = resonance_rad_per_s / (2.0 * quality_factor);
  const double w1 = std::sqrt(resonance_rad_per_s * resonance_rad_per_s - g * g);
  const double decay = std::exp(-g * step_s);
  const double c = decay * std::cos(w1 * step_s);
  const double s = decay * std::sin(w1 * step_s) / w1;
  return {c + g * s, s, -resonance_rad_per_s * resonance_rad_per_s * s, c - g * s};
}

}  // namespace halotwin::physics
