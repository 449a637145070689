// Exact free motion of a damped harmonic oscillator over a time step.
#pragma once

#include <array>

namespace halotwin::physics {

/// Row-major matrix that takes (x, x') over `step_s` under x'' + (w0/Q) x' + w0^2 x = 0, Q > 1/2:
///   e^{-g t} [ cos + (g/w1) sin,  sin / w1 ;  -(w0^2/w1) sin,  cos - (g/w1) sin ],  g = w0 / 2Q,
///   w1 = sqrt(w0^2 - g^2), arguments w1 t.
[[nodiscard]] std::array<double, 4> damped_motion_matrix(double resonance_rad_per_s,
                                                         double quality_factor,
                                                         double step_s);

}  // namespace halotwin::physics
