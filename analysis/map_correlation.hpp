// How alike neighbouring pixels of a map are, and what that leaves of the error of its mean.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "analysis/uncertainty.hpp"

namespace halotwin::analysis {

/// Covariance of pixels at a distance of 0, 1 ... `largest` pixels (rounded), averaged over the
/// directions. values[iy * nx + ix]; NaN = not measured. Products of deviations from the map's own
/// mean are too small by the variance of that mean, which is added: once, from the sum itself. From
/// the first distance on at which nothing is left, 0.
[[nodiscard]] std::vector<double> radial_covariance(std::span<const double> values,
                                                    std::size_t nx,
                                                    std::size_t largest);

/// Sums over all shifts h up to the first zero of the covariance c.
struct CovarianceSums {
  double whole = 0.0;  // sum_h c(h): N times the variance of the mean
  double in_blocks =
      0.0;  // sum_h c(h) (1 - |h_x| / B)+ (1 - |h_y| / B)+: what blocks of side B see
};
[[nodiscard]] CovarianceSums sum_covariance(std::span<const double> radial, double block_side);

/// Mean of the measured pixels and its standard deviation, for a map whose structures are small
/// against its size:
///
///   sigma^2 = sum_h c(h) / N,   h up to the first zero of c and a third of the map
///
/// The zero is that of the measured c, so sigma errs to the safe side: 13 % too large for maps of
/// 60 x 60 pixels that are averages over 3 x 3, 18 % over 6 x 6 (tests).
[[nodiscard]] Estimate correlated_mean(std::span<const double> values, std::size_t nx);

}  // namespace halotwin::analysis
