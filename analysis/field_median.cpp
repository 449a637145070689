#include "analysis/field_median.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <boost/math/distributions/students_t.hpp>

#include "analysis/map_correlation.hpp"
#include "base/constants.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

constexpr std::size_t least_cells = 4;   // across
constexpr std::size_t most_shifts = 40;  // cells: 16 um

/// Variance of the sum of all values, by the covariance of the cells' sums.
double variance_of_sum(std::span<const double> values,
                       std::size_t nx,
                       std::size_t side,
                       std::size_t across,
                       std::size_t down) {
  std::vector<double> cells(across * down, 0.0);
  for (std::size_t p = 0; p < values.size(); ++p) {
    cells[p / nx / side * across + p % nx / side] += values[p];
  }
  const std::size_t largest = std::min(most_shifts, std::min(across, down) / 2);
  const std::vector<double> covariance = radial_covariance(cells, across, largest);
  return static_cast<double>(cells.size()) * sum_covariance(covariance, 1.0).whole;
}

}  // namespace

double small_sample_factor(double independent_values) {
  if (!(independent_values >= 2.0)) {
    return nan;
  }
  const boost::math::students_t law(independent_values - 1.0);
  constexpr double upper_68 = 0.841345;
  constexpr double upper_95 = 0.975;
  constexpr double z_95 = 1.959964;
  return 0.5 * (boost::math::quantile(law, upper_68) + boost::math::quantile(law, upper_95) / z_95);
}

Estimate median_of_field(std::span<const double> values,
                         std::size_t nx,
                         double pixel_m,
                         double cell_m) {
  require_positive("pixel_m", pixel_m);
  require_positive("cell_m", cell_m);
  require(nx > 0 && values.size() % nx == 0, "a map of whole lines expected");
  std::vector<double> known;
  std::copy_if(values.begin(), values.end(), std::back_inserter(known), [](double v) {
    return std::isfinite(v);
  });
  if (known.empty()) {
    return {nan, nan};
  }
  std::sort(known.begin(), known.end());
  const double middle = sorted_percentile(known, 50.0);
  const auto side = static_cast<std::size_t>(std::max(1L, std::lround(cell_m / pixel_m)));
  const std::size_t across = (nx + side - 1) / side;
  const std::size_t down = (values.size() / nx + side - 1) / side;
  if (std::min(across, down) < least_cells) {
    return {middle, nan};
  }
  std::vector<double> sign(values.size(), 0.0);
  for (std::size_t p = 0; p < values.size(); ++p) {
    if (std::isfinite(values[p])) {
      sign[p] = values[p] > middle ? 1.0 : (values[p] < middle ? -1.0 : 0.0);
    }
  }
  const double u = 0.5 * std::sqrt(variance_of_sum(sign, nx, side, across, down)) /
                   static_cast<double>(known.size());
  if (!(u > 0.0)) {
    return {middle, known.size() > 1 && known.front() == known.back() ? 0.0 : nan};
  }
  const double reach = std::min(50.0, 100.0 * u);
  const double spread =
      sorted_percentile(known, 50.0 + reach) - sorted_percentile(known, 50.0 - reach);
  return {middle, 0.5 * spread * small_sample_factor(1.0 / (4.0 * u * u))};
}

}  // namespace halotwin::analysis
