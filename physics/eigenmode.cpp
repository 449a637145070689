#include "physics/eigenmode.hpp"

#include "base/require.hpp"

namespace halotwin::physics {

void validate(const SecondModeParams& p) {
  require_range("frequency_ratio", p.frequency_ratio, 2.0, 20.0);
  require_range("stiffness_ratio", p.stiffness_ratio, 1.0, 1000.0);
  require_range("quality_factor", p.quality_factor, 1.0, 1e7);
  require_range("slope_ratio", p.slope_ratio, 0.1, 100.0);
}

CantileverParams second_mode(const CantileverParams& first, const SecondModeParams& second) {
  CantileverParams mode = first;
  mode.resonance_hz = first.resonance_hz * second.frequency_ratio;
  mode.stiffness_n_per_m = first.stiffness_n_per_m * second.stiffness_ratio;
  mode.quality_factor = second.quality_factor;
  mode.detection_noise_m_per_sqrt_hz = first.detection_noise_m_per_sqrt_hz / second.slope_ratio;
  return mode;
}

}  // namespace halotwin::physics
