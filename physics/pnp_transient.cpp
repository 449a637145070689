#include "physics/pnp_transient.hpp"

#include "base/require.hpp"
#include "physics/pnp_steady_state.hpp"

namespace halotwin::physics {

namespace {

DaeProblem problem_of(const PnpEquations& equations, const Waveform& voltage_v, double tolerance) {
  const std::size_t stride = equations.stride();
  DaeProblem problem;
  problem.size = equations.size();
  problem.half_bandwidth = 2 * stride - 1;
  problem.differential.assign(problem.size, 1.0);
  problem.absolute_tolerance.assign(problem.size, 1e-2 * tolerance);
  for (std::size_t k = 0; k < problem.size; ++k) {
    if (k % stride >= equations.species()) {
      problem.differential[k] = 0.0;
      problem.absolute_tolerance[k] = tolerance;
    }
  }
  problem.residual = [&equations, &voltage_v](double t,
                                              std::span<const double> y,
                                              std::span<const double> rate,
                                              std::span<double> out) {
    equations.residual(voltage_v(t), y, rate, out);
    return true;
  };
  problem.jacobian = [&equations](
                         double, double alpha, std::span<const double> y, const BandJacobian& out) {
    equations.jacobian(alpha, y, out);
  };
  problem.project = [&equations](double alpha, std::span<const double> b, std::span<double> x) {
    equations.keep_ions(alpha, b, x);
  };
  return problem;
}

}  // namespace

PnpTransient::PnpTransient(const PnpFilmParams& film,
                           const PnpGridParams& grid,
                           const DaeOptions& options)
    : equations_(film, grid), options_(options), state_(equations_.neutral_state(0.0)) {}

std::vector<double> PnpTransient::run(const Waveform& voltage_v, std::span<const double> times_s) {
  require(!times_s.empty(), "times_s has at least one time");
  require(times_s.back() > time_s_, "times_s", times_s.back(), "after the present");
  equations_.solve_potential(state_, voltage_v(time_s_));
  std::vector<double> rate(equations_.size());
  equations_.rates(state_, rate);
  DaeSolver solver(problem_of(equations_, voltage_v, options_.relative_tolerance),
                   time_s_,
                   times_s.back(),
                   state_,
                   rate,
                   options_);
  std::vector<double> charge;
  charge.reserve(times_s.size());
  for (const double t : times_s) {
    require(t >= time_s_, "times_s", t, "rising");
    if (t > time_s_) {
      const auto y = solver.advance(t);
      state_.assign(y.begin(), y.end());
      time_s_ = t;
    }
    charge.push_back(equations_.charge_c_per_m2(state_, voltage_v(t)));
  }
  summary_ = solver.summary();
  return charge;
}

void PnpTransient::settle(double voltage_v) {
  state_ = pnp_steady_state(equations_, voltage_v);
}

std::vector<double> PnpTransient::density_per_m3(std::size_t species) const {
  std::vector<double> density(equations_.points());
  for (std::size_t j = 0; j < density.size(); ++j) {
    density[j] = equations_.density_scale_per_m3() * state_[j * equations_.stride() + species];
  }
  return density;
}

std::vector<double> PnpTransient::potential_v() const {
  std::vector<double> potential(equations_.points());
  for (std::size_t j = 0; j < potential.size(); ++j) {
    potential[j] = equations_.thermal_voltage_v() * equations_.potential(state_, j);
  }
  return potential;
}

double PnpTransient::ions_per_m2(std::size_t species) const {
  return equations_.ions_per_m2(state_, species);
}

}  // namespace halotwin::physics
