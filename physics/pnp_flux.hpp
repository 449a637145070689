// Flux of drifting and diffusing particles between two points, exact for a constant field.
#pragma once

#include <cmath>

namespace halotwin::physics {

/// Bernoulli's function B(x) = x / (e^x - 1).
[[nodiscard]] inline double bernoulli(double x) {
  return x == 0.0 ? 1.0 : x / std::expm1(x);
}

/// Bernoulli's function of x and its first two derivatives, all without cancellation near 0.
struct BernoulliTerms {
  double value = 1.0;
  double slope = -0.5;
  double curvature = 1.0 / 6.0;
};
[[nodiscard]] inline BernoulliTerms bernoulli_terms(double x) {
  if (std::abs(x) < 0.05) {
    const double y = x * x;
    return {1.0 - 0.5 * x + y / 12.0 * (1.0 - y / 60.0 * (1.0 - y / 42.0)),
            -0.5 + x / 6.0 * (1.0 - y / 30.0 * (1.0 - y / 28.0)),
            1.0 / 6.0 * (1.0 - y / 10.0 * (1.0 - 5.0 * y / 84.0))};
  }
  const double b = bernoulli(x);
  const double slope = b * (1.0 - b - x) / x;  // from x B' = B (1 - B - x)
  return {b, slope, (slope * (1.0 - b - x) - b * (slope + 1.0) - slope) / x};
}

/// Scharfetter-Gummel flux from the left to the right point, in units of D / h:
///
///   f = c_l B(d) - c_r B(-d)
///
///   d   energy of the right point above the left one, in kB T
///
/// and its derivatives. f = 0 exactly when c_r = c_l e^{-d}. Source: scharfetter1969.
struct FaceFlux {
  double flux = 0.0;
  double by_left = 1.0;    // d f / d c_l
  double by_right = -1.0;  // d f / d c_r
  double by_drop = 0.0;    // d f / d d
};
[[nodiscard]] inline FaceFlux face_flux(double left, double right, double drop) {
  const BernoulliTerms b = bernoulli_terms(drop);
  const double back = b.value + drop;  // B(-d)
  return {left * b.value - right * back, b.value, -back, left * b.slope - right * (b.slope + 1.0)};
}
/// The flux alone.
[[nodiscard]] inline double face_flux_value(double left, double right, double drop) {
  const double b = bernoulli(drop);
  return left * b - right * (b + drop);
}

}  // namespace halotwin::physics
