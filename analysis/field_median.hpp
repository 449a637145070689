// Median over a field whose structures are not small against it, with a standard deviation that
// counts how alike neighbouring places are.
#pragma once

#include <cstddef>
#include <span>

#include "analysis/uncertainty.hpp"

namespace halotwin::analysis {

/// Standard deviations from few independent values are too sure: the factor by which they grow, the
/// mean of those that make the 68 % and the 95 % interval of Student's t with n - 1 degrees of
/// freedom right (n need not be whole). NaN for n < 2.
[[nodiscard]] double small_sample_factor(double independent_values);

/// Median of the finite values of a field [y][x], nx wide. Its sigma claims how far another area of
/// the same film would give another value:
///
///   u = 1/2 sqrt(Var(sum_p s_p)) / n,   s_p = sign(v_p - median)
///   sigma = (quantile(1/2 + u) - quantile(1/2 - u)) / 2 x small_sample_factor(1 / (4 u^2))
///
/// (Woodruff, J. Am. Stat. Assoc. 47, 635 (1952), for correlated values.) Var is the sum of the
/// covariances of s over all shifts up to their first zero (radial_covariance), of sums over square
/// cells of `cell_m`, which must be small against the structures. NaN without a value; sigma NaN
/// where fewer than two values would be independent or the field is less than 4 cells wide.
[[nodiscard]] Estimate median_of_field(std::span<const double> values,
                                       std::size_t nx,
                                       double pixel_m,
                                       double cell_m = 0.4e-6);

}  // namespace halotwin::analysis
