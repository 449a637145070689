// Two overlapping relaxations in one spectrum.
#pragma once

#include "analysis/peaks.hpp"

namespace halotwin::analysis {

/// A pair of Debye losses, h_1 L(f / f_1) + h_2 L(f / f_2), L(x) = 2 x / (1 + x^2).
///
/// Heights h (in the unit of the spectrum, >= 0) and positions f; each position lies within
/// guess / factor ... guess * factor. Two such losses merge into one maximum when f_2 / f_1 < 5.8,
/// so that maxima cannot tell them apart: the fit can, if the model is right. It does not hold for
/// resonant lines.
struct TwoLines {
  bool known = false;
  Estimate low_hz, high_hz;
  bool low_inside = false;  // not at a limit of the search: there it would be no line
  bool high_inside = false;
  Estimate low_height, high_height;
  Estimate ratio;         // high_height / low_height
  double residual = 0.0;  // root of the weighted mean square
};

struct TwoLineSearch {
  double low_guess_hz = 600.0;   // paper 000, Fig. 7
  double high_guess_hz = 2.0e3;  // paper 000, Fig. 7
  double factor = 1.5;
};
void visit_fields(auto& visit, TwoLineSearch& p) {
  visit("low_guess_hz", p.low_guess_hz);
  visit("high_guess_hz", p.high_guess_hz);
  visit("factor", p.factor);
}
void validate(const TwoLineSearch& p);

/// Least squares, channels weighted by 1 / sigma^2; heights by non-negative projection, positions
/// on a grid refined three times. Values only, errors 0: bootstrap gives them.
[[nodiscard]] TwoLines fit_two_lines(const SpectrumView& spectrum,
                                     const TwoLineSearch& search = {});

}  // namespace halotwin::analysis
