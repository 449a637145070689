// The second flexural mode of the cantilever, as an oscillator of its own.
#pragma once

#include "physics/cantilever.hpp"

namespace halotwin::physics {

/// Second flexural mode, relative to the first. The defaults for frequency, stiffness and slope are
/// those of an ideal beam of uniform section clamped at one end (roots 1.8751 and 4.6941 of
/// 1 + cos x cosh x = 0); a tip mass and the picket end of real levers change them by 5 to 20 %.
struct SecondModeParams {
  double frequency_ratio = 6.267;  // f2 / f1 = (4.6941 / 1.8751)^2
  double stiffness_ratio = 39.3;   // k2 / k1 = (f2 / f1)^2: both modes have the mass m / 4
  double quality_factor = 400.0;   // levers in gas have 300 to 600 there (estimate)
  // Bending slope at the end per displacement, against the first mode (4.781 / 1.376 per length):
  // the optical lever senses slope, so its noise in metres is that much lower.
  double slope_ratio = 3.473;
  bool operator==(const SecondModeParams&) const = default;
};
void validate(const SecondModeParams& p);
void visit_fields(auto& visit, SecondModeParams& p) {
  visit("frequency_ratio", p.frequency_ratio);
  visit("stiffness_ratio", p.stiffness_ratio);
  visit("quality_factor", p.quality_factor);
  visit("slope_ratio", p.slope_ratio);
}

/// The second mode as a CantileverParams, so that susceptibility and noise are those of
/// cantilever.hpp. A drift of the first resonance moves the second in proportion.
[[nodiscard]] CantileverParams second_mode(const CantileverParams& first,
                                           const SecondModeParams& second);

}  // namespace halotwin::physics
