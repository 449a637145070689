// Slow, general solutions of the carrier equation, against which the fast one is held.
#include <algorithm>
#include <cmath>
#include <stdexcept>

#include <Eigen/SparseCholesky>
#include <Eigen/SparseCore>

#include "base/require.hpp"
#include "physics/carrier_film.hpp"
#include "physics/dae_solver.hpp"

namespace halotwin::physics {

namespace {

using Matrix = Eigen::SparseMatrix<double>;

struct Faces {
  const CarrierFilm& film;

  /// visit(i, j, conductance / step^2) for every face.
  template <class Visit>
  void operator()(const Visit& visit) const {
    const double area = film.step_m * film.step_m;
    for (std::size_t iy = 0; iy < film.ny; ++iy) {
      for (std::size_t ix = 0; ix < film.nx; ++ix) {
        const std::size_t i = iy * film.nx + ix;
        const std::size_t right = iy * film.nx + (ix + 1) % film.nx;
        const std::size_t up = ((iy + 1) % film.ny) * film.nx + ix;
        if (film.conductance_x_m2_per_s[i] > 0.0) {
          visit(i, right, film.conductance_x_m2_per_s[i] / area);
        }
        if (film.conductance_y_m2_per_s[i] > 0.0) {
          visit(i, up, film.conductance_y_m2_per_s[i] / area);
        }
      }
    }
  }
};

/// Linear losses of each node but diffusion [1/s].
std::vector<double> linear_loss(const CarrierFilm& film,
                                std::span<const RecombinationCentre> centres,
                                std::span<const double> occupation) {
  require(occupation.size() == centres.size(), "occupation has one value per centre");
  std::vector<double> loss = film.loss_per_s;
  for (double& k : loss) {
    k += film.bimolecular_m3_per_s * film.background_per_m3;
  }
  for (std::size_t c = 0; c < centres.size(); ++c) {
    require(centres[c].node < film.size(), "centres lie on nodes of the film");
    loss[centres[c].node] +=
        occupation[c] * centres[c].strength_m2_per_s / (film.step_m * film.step_m);
  }
  return loss;
}

Eigen::Index index(std::size_t i) {
  return static_cast<Eigen::Index>(i);
}

}  // namespace

std::vector<double> steady_density(const CarrierFilm& film,
                                   std::span<const RecombinationCentre> centres,
                                   std::span<const double> occupation) {
  validate(film);
  const std::size_t n = film.size();
  const std::vector<double> loss = linear_loss(film, centres, occupation);
  std::vector<Eigen::Triplet<double>> entries;
  entries.reserve(7 * n);
  const auto add = [&](std::size_t row, std::size_t column, double value) {
    entries.emplace_back(static_cast<int>(row), static_cast<int>(column), value);
  };
  for (std::size_t i = 0; i < n; ++i) {
    add(i, i, loss[i]);
  }
  Faces{film}([&](std::size_t i, std::size_t j, double g) {
    add(i, i, g);
    add(j, j, g);
    add(i, j, -g);
    add(j, i, -g);
  });
  Matrix linear(index(n), index(n));
  linear.setFromTriplets(entries.begin(), entries.end());

  Eigen::SimplicialLDLT<Matrix> solver;
  solver.analyzePattern(linear);
  Eigen::VectorXd density = Eigen::VectorXd::Zero(index(n));
  Eigen::VectorXd right(index(n));
  const double k2 = film.bimolecular_m3_per_s;
  for (int step = 0; step < 50; ++step) {
    // linearised: (A + 2 k2 n) n' = G + k2 n^2
    Matrix matrix = linear;
    for (std::size_t i = 0; i < n; ++i) {
      const double v = density[index(i)];
      matrix.coeffRef(index(i), index(i)) += 2.0 * k2 * v;
      right[index(i)] = film.generation_per_m3_s[i] + k2 * v * v;
    }
    solver.factorize(matrix);
    if (solver.info() != Eigen::Success) {
      break;
    }
    const Eigen::VectorXd next = solver.solve(right);
    const double change = (next - density).cwiseAbs().maxCoeff();
    density = next;
    if (!std::isfinite(change)) {
      break;
    }
    if (change <= 1e-12 * density.cwiseAbs().maxCoeff() || k2 == 0.0) {
      return {density.begin(), density.end()};
    }
  }
  throw std::runtime_error("steady state of the carriers: Newton's method did not converge");
}

std::vector<std::vector<double>> density_in_time(const CarrierFilm& film,
                                                 std::span<const RecombinationCentre> centres,
                                                 std::span<const double> occupation,
                                                 std::span<const double> density_per_m3,
                                                 std::span<const double> times_s,
                                                 double relative_tolerance) {
  validate(film);
  const std::size_t n = film.size();
  require(density_per_m3.size() == n, "density_per_m3 has one value per node");
  require(!times_s.empty(), "times_s has at least one time");
  // in units of the largest density, so that the tolerance is relative to it
  double scale = 0.0;
  for (std::size_t i = 0; i < n; ++i) {
    scale = std::max({scale, density_per_m3[i], film.generation_per_m3_s[i] / film.loss_per_s[i]});
  }
  const std::vector<double> loss = linear_loss(film, centres, occupation);
  const double k2 = film.bimolecular_m3_per_s * scale;
  const Faces faces{film};
  const auto rates = [&](std::span<const double> y, std::span<double> out) {
    for (std::size_t i = 0; i < n; ++i) {
      out[i] = film.generation_per_m3_s[i] / scale - (loss[i] + k2 * y[i]) * y[i];
    }
    faces([&](std::size_t i, std::size_t j, double g) {
      const double flow = g * (y[j] - y[i]);
      out[i] += flow;
      out[j] -= flow;
    });
  };

  DaeProblem problem;
  problem.size = n;
  problem.half_bandwidth = film.periodic ? n - 1 : std::min(n - 1, film.nx);
  problem.differential.assign(n, 1.0);
  problem.absolute_tolerance.assign(n, 1e-2 * relative_tolerance);
  problem.residual =
      [&](double, std::span<const double> y, std::span<const double> rate, std::span<double> out) {
        rates(y, out);
        for (std::size_t i = 0; i < n; ++i) {
          out[i] -= rate[i];
        }
        return true;
      };
  problem.jacobian = [&](double, double alpha, std::span<const double> y, const BandJacobian& out) {
    for (std::size_t i = 0; i < n; ++i) {
      out(i, i) = -(loss[i] + 2.0 * k2 * y[i]) - alpha;
    }
    faces([&](std::size_t i, std::size_t j, double g) {
      out(i, i) -= g;
      out(j, j) -= g;
      out(i, j) += g;
      out(j, i) += g;
    });
  };

  std::vector<double> y(density_per_m3.begin(), density_per_m3.end());
  for (double& v : y) {
    v /= scale;
  }
  std::vector<double> rate(n);
  rates(y, rate);
  DaeOptions options;
  options.relative_tolerance = relative_tolerance;
  DaeSolver solver(std::move(problem), 0.0, times_s.back(), y, rate, options);
  std::vector<std::vector<double>> out;
  for (const double t : times_s) {
    const auto at = solver.advance(t);
    out.emplace_back(at.begin(), at.end());
    for (double& v : out.back()) {
      v *= scale;
    }
  }
  return out;
}

}  // namespace halotwin::physics
