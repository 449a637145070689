#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

#include <Eigen/Dense>
#include <gtest/gtest.h>

#include "base/constants.hpp"
#include "base/errors.hpp"
#include "physics/dae_solver.hpp"
#include "physics/pnp_equations.hpp"
#include "physics/pnp_flux.hpp"
#include "physics/pnp_transient.hpp"
#include "tests/physics/pnp_films.hpp"

namespace halotwin::physics {
namespace {

// y0' = -y0, 0 = y1 - y0^2
DaeProblem decay() {
  DaeProblem p;
  p.size = 2;
  p.half_bandwidth = 1;
  p.differential = {1.0, 0.0};
  p.absolute_tolerance = {1e-12, 1e-12};
  p.residual =
      [](double, std::span<const double> y, std::span<const double> rate, std::span<double> out) {
        out[0] = rate[0] + y[0];
        out[1] = y[1] - y[0] * y[0];
        return true;
      };
  p.jacobian = [](double, double alpha, std::span<const double> y, const BandJacobian& j) {
    j(0, 0) = alpha + 1.0;
    j(1, 0) = -2.0 * y[0];
    j(1, 1) = 1.0;
  };
  return p;
}

TEST(DaeSolver, SolvesAnAlgebraicSystem) {
  const std::vector<double> y{1.0, 1.0};
  const std::vector<double> rate{-1.0, 0.0};
  DaeSolver solver(decay(), 0.0, 3.0, y, rate, {.relative_tolerance = 1e-10});
  for (const double t : {0.5, 1.0, 3.0}) {
    const auto now = solver.advance(t);
    EXPECT_NEAR(now[0], std::exp(-t), 1e-8);
    EXPECT_NEAR(now[1], std::exp(-2.0 * t), 1e-8);
  }
  EXPECT_GT(solver.summary().steps, 10);
}

TEST(DaeSolver, HandsOnWhatACallbackThrows) {
  DaeProblem p = decay();
  p.residual =
      [](double, std::span<const double>, std::span<const double>, std::span<double>) -> bool {
    throw ParameterError("from inside");
  };
  const std::vector<double> y{1.0, 1.0};
  const std::vector<double> rate{-1.0, 0.0};
  DaeSolver solver(p, 0.0, 3.0, y, rate);
  EXPECT_THROW(solver.advance(1.0), ParameterError);
}

TEST(DaeSolver, SaysThatItCannotGoOn) {
  DaeProblem p = decay();
  p.residual = [](double, std::span<const double>, std::span<const double>, std::span<double>) {
    return false;
  };
  const std::vector<double> y{1.0, 1.0};
  const std::vector<double> rate{-1.0, 0.0};
  DaeSolver solver(p, 0.0, 3.0, y, rate);
  EXPECT_THROW(solver.advance(1.0), std::runtime_error);
  EXPECT_THROW(DaeSolver(decay(), 1.0, 1.0, y, rate), ParameterError);
}

TEST(PnpFlux, BernoulliAndItsDerivativesAreSmoothAcrossTheSeries) {
  for (const double x : {-60.0, -3.0, -0.051, -0.049, -1e-3, 1e-3, 0.049, 0.051, 2.0, 40.0}) {
    const BernoulliTerms b = bernoulli_terms(x);
    EXPECT_NEAR(b.value, bernoulli(x), 1e-14 * (1.0 + std::abs(x)));
    const double h = 1e-4;
    EXPECT_NEAR(b.slope, (bernoulli(x + h) - bernoulli(x - h)) / (2.0 * h), 1e-8);
    EXPECT_NEAR(b.curvature,
                (bernoulli_terms(x + h).slope - bernoulli_terms(x - h).slope) / (2.0 * h),
                1e-8);
  }
  EXPECT_EQ(bernoulli(0.0), 1.0);
  EXPECT_EQ(bernoulli(800.0), 0.0);
}

TEST(PnpFlux, VanishesInABoltzmannProfileAndDriftsOtherwise) {
  for (const double d : {-5.0, -0.3, 0.0, 0.02, 7.0}) {
    EXPECT_NEAR(face_flux_value(2.0, 2.0 * std::exp(-d), d), 0.0, 1e-14 * (1.0 + std::abs(d)));
    EXPECT_NEAR(face_flux_value(1.0, 1.0, d), -d, 1e-14 * (1.0 + std::abs(d)));
    EXPECT_NEAR(face_flux(0.3, 0.8, d).flux, face_flux_value(0.3, 0.8, d), 1e-14);
  }
}

TEST(PnpGrid, FillsTheFilmAndIsSymmetricAndFineAtTheElectrodes) {
  const PnpFilmParams film = golden_film();
  const PnpGrid grid = pnp_grid(film, {});
  ASSERT_EQ(grid.points(), 401U);
  EXPECT_NEAR(grid.position_m.back(), film.thickness_m, 1e-15 * film.thickness_m * 100);
  EXPECT_NEAR(grid.cell_m.front(), debye_length_m(film) / 200.0, 1e-6 * grid.cell_m.front());
  for (std::size_t j = 0; j < 400; ++j) {
    EXPECT_EQ(grid.cell_m[j], grid.cell_m[399 - j]);
  }
  EXPECT_NEAR(std::accumulate(grid.width_m.begin(), grid.width_m.end(), 0.0),
              film.thickness_m,
              1e-13 * film.thickness_m);
  const PnpGrid fine = pnp_grid(film, halved(film, {}));
  for (std::size_t j = 0; j < grid.points(); ++j) {
    EXPECT_NEAR(fine.position_m[2 * j], grid.position_m[j], 1e-9 * film.thickness_m);
  }
}

// All derivatives against differences of the residual, with steric limit and gap.
TEST(PnpEquations, JacobianIsTheDerivativeOfTheResidual) {
  PnpFilmParams film = binary_film();
  film.species[1].density_per_m3 = 0.7e23;
  film.species[1].diffusivity_m2_per_s = 3e-14;
  film.site_density_per_m3 = 8e23;
  for (const double gap : {0.0, 20e-9}) {
    film.gap_m = gap;
    const PnpEquations equations(film, {8});
    const std::size_t n = equations.size();
    std::vector<double> y = equations.neutral_state(0.2);
    for (std::size_t k = 0; k < n; ++k) {
      y[k] *= 1.0 + 0.1 * std::sin(1.0 + 3.0 * static_cast<double>(k));
    }
    std::vector<double> rate(n, 0.3);
    std::vector<double> storage(n * n, 0.0);
    std::vector<double*> columns(n);
    for (std::size_t k = 0; k < n; ++k) {
      columns[k] = &storage[k * n] + k;  // element (row, column) at storage[column * n + row]
    }
    const double alpha = 1e3;
    equations.jacobian(alpha, y, BandJacobian(columns.data(), 0));
    for (std::size_t k = 0; k < n; ++k) {
      const double h = 1e-5;
      std::vector<double> up(n);
      std::vector<double> down(n);
      auto moved = y;
      auto moved_rate = rate;
      moved[k] = y[k] + h;
      moved_rate[k] = rate[k] + alpha * h;
      equations.residual(0.2, moved, moved_rate, up);
      moved[k] = y[k] - h;
      moved_rate[k] = rate[k] - alpha * h;
      equations.residual(0.2, moved, moved_rate, down);
      double scale = 0.0;
      for (std::size_t row = 0; row < n; ++row) {
        scale = std::max(scale, std::abs(storage[k * n + row]));
      }
      for (std::size_t row = 0; row < n; ++row) {
        EXPECT_NEAR((up[row] - down[row]) / (2.0 * h), storage[k * n + row], 1e-6 * scale)
            << row << ", " << k;
      }
    }
  }
}

TEST(PnpEquations, PotentialAndChargeObeyGaussExactly) {
  PnpFilmParams film = binary_film();
  for (const double gap : {0.0, 30e-9}) {
    film.gap_m = gap;
    const PnpEquations equations(film, {40});
    std::vector<double> y = equations.neutral_state(1.3);
    for (std::size_t j = 0; j < equations.points(); ++j) {
      y[3 * j] *= 1.0 + 0.5 * std::cos(static_cast<double>(j));
    }
    equations.solve_potential(y, 1.3);
    std::vector<double> out(equations.size());
    const std::vector<double> zero(equations.size(), 0.0);
    equations.residual(1.3, y, zero, out);
    const double vt = equations.thermal_voltage_v();
    const double field = (1.3 / vt) / film.thickness_m;
    for (std::size_t j = 0; j < equations.points(); ++j) {
      EXPECT_NEAR(out[3 * j + 2], 0.0, 1e-10 * field) << j;
    }
    EXPECT_NEAR(y[3 * (equations.points() - 1) + 2], 0.0, 1e-10);
    if (gap > 0.0) {
      EXPECT_NEAR(equations.charge_c_per_m2(y, 1.3),
                  constants::vacuum_permittivity_f_per_m * (1.3 - vt * y[2]) / gap,
                  1e-12);
    }
  }
}

TEST(PnpTransient, ConservesIonsWhateverTheVoltageDoes) {
  PnpFilmParams crowded = binary_film(1e24);
  crowded.site_density_per_m3 = 4e25;
  for (const PnpFilmParams& film : {golden_film(), crowded, film_behind_gap(1e22)}) {
    PnpTransient transient(film);
    const double tau = charging_time_s(film);
    for (const double v : {2.0, -1.0, 0.3}) {
      std::vector<double> times;
      for (int k = 1; k <= 20; ++k) {
        times.push_back(transient.time_s() + k * tau / 4.0);
      }
      static_cast<void>(
          transient.run([&](double t) { return v + 0.2 * std::sin(3.0 * t / tau); }, times));
    }
    for (std::size_t i = 0; i < film.species.size(); ++i) {
      const double expected = film.species[i].density_per_m3 * film.thickness_m;
      EXPECT_NEAR(transient.ions_per_m2(i) / expected, 1.0, 1e-12);
    }
  }
}

TEST(PnpTransient, ConservesIonsOfVeryDifferentMobilityOverLongTimes) {
  PnpFilmParams film = binary_film(1e24);
  film.species[1].diffusivity_m2_per_s = 1e-17;
  PnpTransient transient(film);
  const double slow = blocking_electrodes_time_s(
      debye_length_m(film), film.thickness_m, film.species[1].diffusivity_m2_per_s);
  const std::vector<double> times{0.01 * slow, slow, 100.0 * slow};
  static_cast<void>(transient.run([](double) { return 0.3; }, times));
  for (const std::size_t i : {0U, 1U}) {
    EXPECT_NEAR(transient.ions_per_m2(i) / (1e24 * film.thickness_m), 1.0, 1e-12);
  }
}

TEST(PnpTransient, WithManySitesIsThatWithoutALimit) {
  PnpFilmParams film = golden_film();
  const std::vector<double> times{0.1 * charging_time_s(film), charging_time_s(film)};
  const auto step = [&times](const PnpFilmParams& of) {
    PnpTransient transient(of);
    return transient.run([](double) { return 1.0; }, times);
  };
  const auto free = step(film);
  film.site_density_per_m3 = 1e30;
  const auto limited = step(film);
  for (std::size_t k = 0; k < times.size(); ++k) {
    EXPECT_NEAR(limited[k] / free[k], 1.0, 2e-5);
  }
}

TEST(PnpTransient, IsOddInTheVoltageOfTwoEqualElectrodes) {
  const PnpFilmParams film = golden_film();
  const std::vector<double> times{0.1, 0.3, 1.0};
  PnpTransient up(film);
  PnpTransient down(film);
  const auto a = up.run([](double) { return 1.0; }, times);
  const auto b = down.run([](double) { return -1.0; }, times);
  for (std::size_t k = 0; k < a.size(); ++k) {
    EXPECT_NEAR(a[k], -b[k], 1e-5 * std::abs(a[k]));
  }
}

TEST(PnpTransient, ChargesFasterThanLinearWithOneSpeciesAndSlowerWithTwo) {
  const auto share = [](const PnpFilmParams& film, double v) {
    PnpTransient transient(film, {400, 5e-12});
    const double tau = charging_time_s(film);
    const std::vector<double> times{tau, 1e4 * tau};
    const auto q = transient.run([v](double) { return v; }, times);
    return q[0] / q[1];
  };
  EXPECT_GT(share(golden_film(), 1.0), share(golden_film(), 1e-3) + 0.2);
  EXPECT_LT(share(binary_film(), 0.3), share(binary_film(), 1e-3) - 0.1);
}

TEST(PnpTransient, AJumpIsANewRunAndLeavesTheIonsWhereTheyAre) {
  const PnpFilmParams film = golden_film();
  PnpTransient transient(film);
  const std::vector<double> first{0.5};
  const double before = transient.run([](double) { return 1.0; }, first).front();
  const std::vector<double> now{0.5, 0.6};
  const double after = transient.run([](double) { return 0.0; }, now).front();
  EXPECT_NEAR(before - after, frozen_capacitance_f_per_m2(film) * 1.0, 1e-9 * before);
}

TEST(PnpTransient, RefusesTimesThatDoNotRise) {
  PnpTransient transient(golden_film());
  const std::vector<double> wrong{0.2, 0.1, 0.3};
  EXPECT_THROW(transient.run([](double) { return 0.1; }, wrong), ParameterError);
  EXPECT_THROW(transient.run([](double) { return 0.1; }, {}), ParameterError);
}

// Charge after half a charging time of a smooth voltage; the exact one of this grid by a fine
// tolerance.
double smooth_charge(const DaeOptions& options, const PnpGridParams& grid = {40}) {
  const PnpFilmParams film = golden_film();
  const double tau = charging_time_s(film);
  PnpTransient transient(film, grid, options);
  const std::vector<double> times{tau};
  return transient
      .run(
          [tau](double t) {
            const double s = std::sin(0.5 * constants::pi * t / tau);
            return s * s;
          },
          times)
      .front();
}

TEST(PnpTransient, IsSecondOrderInTimeWithFixedStepsOfTheSecondOrderFormula) {
  const double exact = smooth_charge({.relative_tolerance = 1e-11});
  const double tau = charging_time_s(golden_film());
  std::vector<double> error;
  for (const double steps : {40.0, 80.0, 160.0, 320.0}) {
    error.push_back(std::abs(
        smooth_charge(
            {.relative_tolerance = 1e-9, .maximum_order = 2, .fixed_step_s = tau / steps}) -
        exact));
  }
  for (std::size_t k = 1; k < error.size(); ++k) {
    EXPECT_NEAR(std::log2(error[k - 1] / error[k]), 2.0, 0.1) << k;
  }
}

TEST(PnpTransient, ErrorFollowsTheToleranceOfTheVariableFormula) {
  const double exact = smooth_charge({.relative_tolerance = 1e-11});
  double before = 1.0;
  for (const double tolerance : {1e-4, 1e-6, 1e-8}) {
    const double error = std::abs(smooth_charge({.relative_tolerance = tolerance}) / exact - 1.0);
    EXPECT_LE(error, 20.0 * tolerance);
    EXPECT_LT(error, before);
    before = error;
  }
}

TEST(PnpTransient, IsSecondOrderInSpace) {
  const PnpFilmParams film = golden_film();
  std::vector<double> charge;
  PnpGridParams grid{40};
  for (int level = 0; level < 5; ++level) {
    charge.push_back(smooth_charge({.relative_tolerance = 1e-9}, grid));
    grid = halved(film, grid);
  }
  for (std::size_t k = 2; k < charge.size(); ++k) {
    const double order = std::log2((charge[k - 1] - charge[k - 2]) / (charge[k] - charge[k - 1]));
    EXPECT_NEAR(order, 2.0, 0.1) << k;
  }
}

// A judge that shares only the residual: the trapezoidal rule with fixed steps, dense Newton.
TEST(PnpTransient, AgreesWithTheTrapezoidalRule) {
  const PnpFilmParams film = film_behind_gap(1e22);
  const PnpEquations eq(film, {24});
  const std::size_t n = eq.size();
  const double tau = film_behind_gap_time_s(30.0, 1e-6, film.thickness_m, film.gap_m);
  const auto voltage = [tau](double t) { return 2.0 * std::sin(t / tau); };
  const int steps = 400;
  const double dt = 3.0 * tau / steps;
  std::vector<double> y = eq.neutral_state(0.0);
  std::vector<double> f(n);
  eq.rates(y, f);
  for (int k = 1; k <= steps; ++k) {
    std::vector<double> next = y;
    for (int newton = 0; newton < 6; ++newton) {
      std::vector<double> rate(n);
      for (std::size_t i = 0; i < n; ++i) {
        rate[i] = 2.0 * (next[i] - y[i]) / dt - f[i];
      }
      Eigen::VectorXd r(n);
      eq.residual(voltage(k * dt), next, rate, {r.data(), n});
      Eigen::MatrixXd j = Eigen::MatrixXd::Zero(n, n);
      std::vector<double*> columns(n);
      for (std::size_t i = 0; i < n; ++i) {
        columns[i] = &j(0, static_cast<Eigen::Index>(i)) + i;
      }
      eq.jacobian(2.0 / dt, next, BandJacobian(columns.data(), 0));
      const Eigen::VectorXd step = j.partialPivLu().solve(r);
      for (std::size_t i = 0; i < n; ++i) {
        next[i] -= step[static_cast<Eigen::Index>(i)];
      }
    }
    y = next;
    eq.rates(y, f);
  }
  PnpTransient transient(film, {24}, {.relative_tolerance = 1e-8});
  const std::vector<double> end{steps * dt};
  const double q = transient.run(voltage, end).front();
  EXPECT_NEAR(eq.charge_c_per_m2(y, voltage(steps * dt)) / q, 1.0, 2e-5);
}

}  // namespace
}  // namespace halotwin::physics
