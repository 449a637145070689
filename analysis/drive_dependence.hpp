// The lever's answer to a strong stimulus, measured and taken out.
//
// The film is linear, so the signal of PM-DNS should grow with V^2. It does not quite: the static
// part of the same force detunes the lever, its bending and the change of its amplitude change the
// gradient, the height feedback follows the amplitude. All are of relative order (Q dk / k)^2,
// larger over metal than over the film, and at its worst below the lever's corner f0 / (4 Q). So
// they do not divide out: at 1 V, Q 150, 10 nm / 3 nm they add 0.07 to the loss at 100 Hz.
//
// A check at two drives V and p V, over metal and over the film, measures them without a model:
//
//   D(V) = D0 / (1 - b),  D0 ~ V^2,  b ~ V^4
//   h = D(V),  l = D(p V) / p^2   =>   D0 = (1 - p^4) / (1/l - p^4/h),   b = 1 - D0 / h
//
// b is smooth: products of the lever's one-pole answers H = 1 / (1 + i f / f_c), f_c = f0 / (4 Q),
// with real coefficients: 1, H^2, H^3, |H|^2, H |H|^2, fitted by weighted least squares. A place
// with another signal D' has b' = b |D'|^2 / |D|^2. Of fourth order in the gradient is what is
// left: below 0.003 of the loss at 1 V, 0.02 at 1.4 V.
#pragma once

#include <complex>
#include <cstddef>
#include <span>
#include <vector>

#include "analysis/transfer.hpp"

namespace halotwin::analysis {

/// The check as recorded; the span is borrowed.
struct DriveCheck {
  /// [surface: metal, film][repeat][drive: p V, V][direction][frequency], V
  std::span<const std::complex<float>> readings;
  double drive_ratio = 0.0;      // p, between 0 and 1
  double lever_corner_hz = 0.0;  // f_c; 0: unknown, 1.25 times the lowest frequency is taken
};

/// b(f) of one surface at full drive.
struct SurfaceExcess {
  std::vector<std::complex<double>> relative;  // b, fitted; dimensionless
  std::vector<double> sigma;                   // of its real and of its imaginary part
  std::vector<double> square_v2;               // |D|^2 that it belongs to, at full drive
  [[nodiscard]] double largest() const;        // |b|
};

struct DriveExcess {
  SurfaceExcess metal;
  SurfaceExcess film;
};

/// ParameterError if sizes do not fit, the ratio is not between 0.2 and 0.95, or there are fewer
/// than 6 frequencies or no finite repeat.
[[nodiscard]] DriveExcess measure_excess(const DriveCheck& check,
                                         std::span<const double> frequencies_hz);

/// The reference as a weak stimulus of the same V^2 would give it, with the errors of both excesses
/// added to its own: they are common to all pixels.
[[nodiscard]] ReferenceSweep without_excess(const ReferenceSweep& reference,
                                            const DriveExcess& excess);

/// b / |D|^2 of the film [1/V^2], for TransferOptions::excess_per_v2.
[[nodiscard]] std::vector<std::complex<double>> excess_per_square(const DriveExcess& excess);

}  // namespace halotwin::analysis
