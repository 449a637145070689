#include "physics/height_loop.hpp"

#include <cmath>
#include <limits>

#include <Eigen/Core>
#include <Eigen/Eigenvalues>

#include "base/constants.hpp"
#include "base/require.hpp"

namespace halotwin::physics {

using Complex = std::complex<double>;
using constants::pi;

namespace {

constexpr double fastest_follow_per_s = 1e6;  // stands for a quantity that follows at once

}  // namespace

void validate(const HeightLoopParams& p) {
  require_range("z_resonance_hz", p.z_resonance_hz, 1.0, 1e6);
  require_range("z_quality_factor", p.z_quality_factor, 0.5, 1e3);
  require_range("detector_hz", p.detector_hz, 1.0, 1e6);
  require_range("proportional_unit", p.proportional_unit, 0.0, 100.0);
}

HeightLoop::HeightLoop(const HeightLoopParams& p, const HeightGains& gains, double follow_per_s)
    : params_(p),
      integral_(gains.integral_rate_per_s),
      proportional_(gains.proportional_gain * p.proportional_unit),
      follow_per_s_(follow_per_s > 0.0 ? follow_per_s : fastest_follow_per_s) {
  validate(p);
  require(
      gains.integral_rate_per_s >= 0.0, "integral_rate_per_s", gains.integral_rate_per_s, ">= 0");
  require(gains.proportional_gain >= 0.0, "proportional_gain", gains.proportional_gain, ">= 0");
  const Matrix a = rates();
  Eigen::Matrix<double, 6, 6> m;
  for (int r = 0; r < 6; ++r) {
    for (int c = 0; c < 6; ++c) {
      m(r, c) = a[static_cast<std::size_t>(r)][static_cast<std::size_t>(c)];
    }
  }
  const Eigen::EigenSolver<Eigen::Matrix<double, 6, 6>> solver(m, false);
  slowest_per_s_ = -solver.eigenvalues().real().maxCoeff();
}

Complex HeightLoop::path(double rad_per_s) const {
  const double wz = 2.0 * pi * params_.z_resonance_hz;
  const double r = rad_per_s / wz;
  const Complex controller = Complex(proportional_, -integral_ / rad_per_s);
  const Complex stage = 1.0 / Complex(1.0, rad_per_s / (2.0 * pi * params_.detector_hz));
  const Complex piezo = 1.0 / Complex(1.0 - r * r, r / params_.z_quality_factor);
  return controller * stage * stage * piezo;
}

Complex HeightLoop::loop_gain(double rad_per_s) const {
  return path(rad_per_s) / Complex(1.0, rad_per_s / follow_per_s_);
}

Complex HeightLoop::error_response(double rad_per_s) const {
  return 1.0 / (1.0 + loop_gain(rad_per_s));
}

HeightLoop::State HeightLoop::settled(double surface_m) {
  return {0.0, surface_m, surface_m, 0.0, 0.0, 0.0};
}

// d/dt of (error, integrator, z, velocity, detector, detector) without the surface; the surface
// adds follow * height to the first.
HeightLoop::Matrix HeightLoop::rates() const {
  const double wd = 2.0 * pi * params_.detector_hz;
  const double wz = 2.0 * pi * params_.z_resonance_hz;
  Matrix a{};
  a[0] = {-follow_per_s_, 0.0, -follow_per_s_, 0.0, 0.0, 0.0};
  a[1] = {0.0, 0.0, 0.0, 0.0, 0.0, integral_};
  a[2] = {0.0, 0.0, 0.0, 1.0, 0.0, 0.0};
  a[3] = {0.0, wz * wz, -wz * wz, -wz / params_.z_quality_factor, 0.0, wz * wz * proportional_};
  a[4] = {wd, 0.0, 0.0, 0.0, -wd, 0.0};
  a[5] = {0.0, 0.0, 0.0, 0.0, wd, -wd};
  return a;
}

// exp(A t) by scaling and squaring of the Taylor series. Without integrator the states are
// measured from the settled one, so that one matrix does.
void HeightLoop::prepare(double step_s) {
  const Matrix rate = rates();
  Eigen::Matrix<double, 6, 6> a;
  // time in units of the step; velocity in units of w_z, so that the entries are alike
  const double wz = 2.0 * pi * params_.z_resonance_hz;
  for (std::size_t r = 0; r < 6; ++r) {
    for (std::size_t c = 0; c < 6; ++c) {
      const double scale = (c == 3 ? wz : 1.0) / (r == 3 ? wz : 1.0);
      a(static_cast<int>(r), static_cast<int>(c)) = rate[r][c] * scale * step_s;
    }
  }
  const double norm = a.cwiseAbs().rowwise().sum().maxCoeff();
  const int halvings =
      std::max(0, static_cast<int>(std::ceil(std::log2(std::max(norm, 1e-300)))) + 2);
  a /= std::ldexp(1.0, halvings);
  Eigen::Matrix<double, 6, 6> sum = Eigen::Matrix<double, 6, 6>::Identity();
  Eigen::Matrix<double, 6, 6> term = sum;
  for (int k = 1; k <= 14; ++k) {
    term = (term * a / k).eval();
    sum += term;
  }
  for (int k = 0; k < halvings; ++k) {
    sum = (sum * sum).eval();
  }
  for (std::size_t r = 0; r < 6; ++r) {
    for (std::size_t c = 0; c < 6; ++c) {
      const double scale = (r == 3 ? wz : 1.0) / (c == 3 ? wz : 1.0);
      propagator_[r][c] = sum(static_cast<int>(r), static_cast<int>(c)) * scale;
    }
  }
  prepared_s_ = step_s;
}

void HeightLoop::advance(State& state, double surface_m, double step_s) {
  require(step_s >= 0.0, "step_s", step_s, ">= 0");
  if (step_s == 0.0) {
    return;
  }
  if (stable() && integral_ > 0.0 && step_s * slowest_per_s_ > 50.0) {
    state = settled(surface_m);
    return;
  }
  if (step_s != prepared_s_) {
    prepare(step_s);
  }
  State away = state;
  const State end = settled(surface_m);
  for (std::size_t k = 0; k < away.size(); ++k) {
    away[k] -= end[k];
  }
  for (std::size_t r = 0; r < state.size(); ++r) {
    state[r] = end[r];
    for (std::size_t c = 0; c < away.size(); ++c) {
      state[r] += propagator_[r][c] * away[c];
    }
  }
}

}  // namespace halotwin::physics
