// How sharp a picture is, and where a series of pictures through focus is sharpest.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "analysis/uncertainty.hpp"

namespace halotwin::analysis {

/// Sharpness of what frames of one place show in common [1], free of the bias by noise:
///
///   S = sum over pairs i != j of  < D_i D_j >  /  (K (K - 1) m^2)
///
/// D_i: differences of frame i between pixels two apart, along x and along y (Brenner et al. 1976,
/// J. Histochem. Cytochem. 24, 100: a filter that grows with the spatial frequency where an
/// objective passes little); < > mean over all of them; m mean signal. Camera noise is independent
/// from frame to frame, so that products of different frames are right in the mean where a square
/// would add its variance. All pairs instead of two halves: half the variance. sigma: jackknife
/// over the frames; with switching centres, which make neighbouring frames alike, it is too small.
/// `frames`: [t][y][x], at least 3 frames of at least 3 x 3 pixels; `dark` (y, x) is taken off
/// (empty: nothing is). A fixed pattern of the sensor adds a constant, which moves no maximum. No
/// light (m within 5 standard errors of 0): 0 with an infinite sigma.
[[nodiscard]] Estimate sharpness(std::span<const std::uint16_t> frames,
                                 std::span<const double> dark,
                                 std::size_t nx,
                                 std::size_t ny);

enum class FocusStatus { found, at_edge, no_structure };

/// The maximum of S(z) = c + h exp(-(z - z0)^2 / (2 w^2)), least squares over all positions.
struct FocusFit {
  FocusStatus status = FocusStatus::no_structure;
  /// z0; sigma from the scatter about the curve, or from the errors of S where these are larger.
  /// Not found: the sharpest position, sigma NaN.
  Estimate best_m;
  double width_m = 0.0;       // w
  double height = 0.0;        // h
  double background = 0.0;    // c
  double significance = 0.0;  // rise of S from its lower quartile to its maximum over its error
};

/// `position_m` ascending, at least 5. no_structure: S rises nowhere by 5 times its error, as with
/// an even film or without light. at_edge: the maximum lies within half a step of an end of the
/// range, beyond it, or the curve does not fit.
[[nodiscard]] FocusFit fit_focus(std::span<const double> position_m,
                                 std::span<const Estimate> sharpness);

/// The same of several sweeps through the same positions, from their mean. sigma: jackknife over
/// the sweeps if these are 3 or more and it is larger. What makes neighbouring positions of a sweep
/// alike (centres that switch more slowly than the stage steps) bends its curve by more than its
/// scatter tells; from sweep to sweep it is another.
[[nodiscard]] FocusFit fit_focus(std::span<const double> position_m,
                                 std::span<const std::vector<Estimate>> sweeps);

}  // namespace halotwin::analysis
