#include "analysis/levelling.hpp"

#include <algorithm>
#include <cmath>

#include <Eigen/Dense>

#include "analysis/uncertainty.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

constexpr int max_degree = 8;

void check(const MapRef& map, Mask mask) {
  require(map.values.size() == map.nx * map.ny, "map has another size than nx x ny");
  require(mask.empty() || mask.size() == map.values.size(), "one mask value per pixel expected");
}

bool used(const MapRef& map, Mask mask, std::size_t p) {
  return std::isfinite(map.values[p]) && (mask.empty() || mask[p] != 0);
}

/// Pixel index scaled to [-1, 1]; 0 for a single one.
double scaled(std::size_t i, std::size_t n) {
  return n > 1 ? 2.0 * static_cast<double>(i) / static_cast<double>(n - 1) - 1.0 : 0.0;
}

void fill_powers(const std::vector<PolynomialTerm>& terms,
                 double x,
                 double y,
                 Eigen::VectorXd& out) {
  for (std::size_t t = 0; t < terms.size(); ++t) {
    out(static_cast<Eigen::Index>(t)) =
        std::pow(x, terms[t].power_x) * std::pow(y, terms[t].power_y);
  }
}

}  // namespace

std::vector<PolynomialTerm> level_polynomial(MapRef map, int degree, Mask mask) {
  check(map, mask);
  require_range("degree", degree, 0, max_degree);
  std::vector<PolynomialTerm> terms;
  for (int i = 0; i <= degree; ++i) {
    for (int j = 0; i + j <= degree; ++j) {
      terms.push_back({i, j, 0.0});
    }
  }
  const auto n = static_cast<Eigen::Index>(terms.size());
  Eigen::MatrixXd normal = Eigen::MatrixXd::Zero(n, n);
  Eigen::VectorXd right = Eigen::VectorXd::Zero(n);
  Eigen::VectorXd powers(n);
  for (std::size_t p = 0; p < map.values.size(); ++p) {
    if (used(map, mask, p)) {
      fill_powers(terms, scaled(p % map.nx, map.nx), scaled(p / map.nx, map.ny), powers);
      normal += powers * powers.transpose();
      right += powers * map.values[p];
    }
  }
  // The smallest solution: terms that the pixels do not determine stay zero.
  Eigen::CompleteOrthogonalDecomposition<Eigen::MatrixXd> solver(normal);
  const Eigen::VectorXd c = solver.solve(right);
  for (std::size_t t = 0; t < terms.size(); ++t) {
    terms[t].coefficient = c(static_cast<Eigen::Index>(t));
  }
  for (std::size_t p = 0; p < map.values.size(); ++p) {
    fill_powers(terms, scaled(p % map.nx, map.nx), scaled(p / map.nx, map.ny), powers);
    map.values[p] -= powers.dot(c);
  }
  return terms;
}

std::vector<PolynomialTerm> level_plane(MapRef map, Mask mask) {
  return level_polynomial(map, 1, mask);
}

std::vector<double> align_rows(MapRef map, RowAlignment method, Mask mask) {
  check(map, mask);
  std::vector<double> shift(map.ny, 0.0);
  if (method == RowAlignment::none) {
    return shift;
  }
  std::vector<double> row;
  for (std::size_t y = 0; y < map.ny; ++y) {
    row.clear();
    for (std::size_t x = 0; x < map.nx; ++x) {
      const std::size_t p = y * map.nx + x;
      if (!used(map, mask, p)) {
        continue;
      }
      if (method != RowAlignment::median_of_differences) {
        row.push_back(map.values[p]);
      } else if (y > 0 && used(map, mask, p - map.nx)) {
        row.push_back(map.values[p] - map.values[p - map.nx]);
      }
    }
    const double before = y > 0 ? shift[y - 1] : 0.0;
    if (row.empty()) {
      shift[y] = before;
    } else if (method == RowAlignment::mean) {
      shift[y] = mean(row);
    } else {
      shift[y] = median(row) + (method == RowAlignment::median_of_differences ? before : 0.0);
    }
  }
  if (method == RowAlignment::median_of_differences && !shift.empty()) {
    const double centre = mean(shift);
    for (double& s : shift) {
      s -= centre;
    }
  }
  for (std::size_t p = 0; p < map.values.size(); ++p) {
    map.values[p] -= shift[p / map.nx];
  }
  return shift;
}

double fix_zero(MapRef map, Mask mask) {
  check(map, mask);
  bool any = false;
  double lowest = 0.0;
  for (std::size_t p = 0; p < map.values.size(); ++p) {
    if (used(map, mask, p)) {
      lowest = any ? std::min(lowest, map.values[p]) : map.values[p];
      any = true;
    }
  }
  for (double& v : map.values) {
    v -= lowest;
  }
  return lowest;
}

}  // namespace halotwin::analysis
