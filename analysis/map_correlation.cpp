#include "analysis/map_correlation.hpp"

#include <algorithm>
#include <cmath>

#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

constexpr std::size_t most_pixels = 40;  // farther shifts cost much and say little

std::size_t length_of(std::ptrdiff_t dx, std::ptrdiff_t dy) {
  return static_cast<std::size_t>(
      std::lround(std::hypot(static_cast<double>(dx), static_cast<double>(dy))));
}

/// Adds the products of all pairs of pixels at the shift (dx, dy), dy >= 0.
void add_pairs(std::span<const double> deviation,
               std::size_t nx,
               std::ptrdiff_t dx,
               std::size_t dy,
               double& sum,
               double& count) {
  const std::size_t ny = deviation.size() / nx;
  const auto first = static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, -dx));
  const auto last = nx - static_cast<std::size_t>(std::max<std::ptrdiff_t>(0, dx));
  for (std::size_t y = 0; y + dy < ny; ++y) {
    const double* here = deviation.data() + y * nx;
    const double* there = deviation.data() + (y + dy) * nx + dx;
    for (std::size_t x = first; x < last; ++x) {
      const double product = here[x] * there[x];
      if (std::isfinite(product)) {
        sum += product;
        count += 1.0;
      }
    }
  }
}

/// Mean product of all pairs of pixels at a distance that rounds to `radius`; 0 without a pair.
double covariance_at(std::span<const double> deviation, std::size_t nx, std::size_t radius) {
  double sum = 0.0;
  double count = 0.0;
  const auto reach = static_cast<std::ptrdiff_t>(radius);
  for (std::size_t dy = 0; dy <= radius; ++dy) {
    for (std::ptrdiff_t dx = dy == 0 ? 0 : -reach; dx <= reach; ++dx) {
      if (length_of(dx, static_cast<std::ptrdiff_t>(dy)) == radius) {
        add_pairs(deviation, nx, dx, dy, sum, count);
      }
    }
  }
  return count > 0.0 ? sum / count : 0.0;
}

}  // namespace

std::vector<double> radial_covariance(std::span<const double> values,
                                      std::size_t nx,
                                      std::size_t largest) {
  require(nx > 0 && values.size() % nx == 0, "a map of whole lines expected");
  require(largest < nx && largest < values.size() / nx, "shifts larger than the map");
  double sum = 0.0;
  double count = 0.0;
  for (const double v : values) {
    sum += std::isfinite(v) ? v : 0.0;
    count += std::isfinite(v) ? 1.0 : 0.0;
  }
  require(count > 0.0, "a map with at least one measured pixel expected");
  std::vector<double> deviation(values.begin(), values.end());
  for (double& d : deviation) {
    d -= sum / count;
  }
  std::vector<double> covariance(largest + 1, 0.0);
  std::size_t kept = 0;  // up to the first zero; farther pairs need not be looked at
  while (kept <= largest) {
    const double c = covariance_at(deviation, nx, kept);
    if (c <= 0.0) {
      break;
    }
    covariance[kept++] = c;
  }
  const double of_mean = sum_covariance(covariance, 1.0).whole / count;
  for (std::size_t r = 0; r < kept; ++r) {
    covariance[r] += of_mean;
  }
  return covariance;
}

CovarianceSums sum_covariance(std::span<const double> radial, double block_side) {
  require_positive("block_side", block_side);
  std::ptrdiff_t reach = 0;  // shifts up to the first zero
  while (static_cast<std::size_t>(reach) < radial.size() &&
         radial[static_cast<std::size_t>(reach)] > 0.0) {
    ++reach;
  }
  CovarianceSums sums;
  const auto kept = [&](std::ptrdiff_t d) {
    return std::max(0.0, 1.0 - std::abs(static_cast<double>(d)) / block_side);
  };
  for (std::ptrdiff_t dy = -reach; dy <= reach; ++dy) {
    for (std::ptrdiff_t dx = -reach; dx <= reach; ++dx) {
      const std::size_t radius = length_of(dx, dy);
      if (radius < static_cast<std::size_t>(reach)) {
        sums.whole += radial[radius];
        sums.in_blocks += radial[radius] * kept(dx) * kept(dy);
      }
    }
  }
  return sums;
}

Estimate correlated_mean(std::span<const double> values, std::size_t nx) {
  require(nx > 0 && !values.empty(), "a map of at least one pixel expected");
  const std::size_t largest = std::min(most_pixels, std::min(nx, values.size() / nx) / 3);
  const auto covariance = radial_covariance(values, nx, largest);
  double sum = 0.0;
  double count = 0.0;
  for (const double v : values) {
    sum += std::isfinite(v) ? v : 0.0;
    count += std::isfinite(v) ? 1.0 : 0.0;
  }
  return {sum / count, std::sqrt(sum_covariance(covariance, 1.0).whole / count)};
}

}  // namespace halotwin::analysis
