// The checks of the physics that a reader of the report wants to see. Each compares a model with
// something that does not share its derivation: a series, a quadrature, a limit.
#include <array>
#include <cmath>
#include <complex>

#include "base/constants.hpp"
#include "base/settling.hpp"
#include "physics/cantilever.hpp"
#include "physics/ion_response.hpp"
#include "physics/low_pass.hpp"
#include "physics/tip_sample.hpp"
#include "validation/pnp_checks.hpp"
#include "validation/validate.hpp"

namespace halotwin::validation {

namespace {

using Complex = std::complex<double>;

// Equation of motion integrated in small steps (fourth-order Runge-Kutta) with a modulated spring,
// demodulated.
Complex integrated_phase(const physics::CantileverParams& lever,
                         double drive_hz,
                         double modulation_hz,
                         double dk) {
  const double w0 = physics::resonance_rad_per_s(lever);
  const double m = physics::effective_mass_kg(lever);
  const double wm = constants::two_pi * drive_hz;
  const double w = constants::two_pi * modulation_hz;
  const double dt = 1.0 / drive_hz / 40.0;
  const auto acceleration = [&](double t, double x, double v) {
    return (1.0e-9 * std::cos(wm * t) - dk * std::cos(w * t) * x) / m -
           w0 / lever.quality_factor * v - w0 * w0 * x;
  };
  const double ring = 2.0 * lever.quality_factor / w0;
  const double begin = std::ceil(12.0 * ring * modulation_hz) / modulation_hz;
  const double end = begin + std::ceil(0.01 * modulation_hz) / modulation_hz;
  const auto steps = static_cast<long>(std::llround(end / dt));
  const auto period = static_cast<long>(std::llround(1.0 / drive_hz / dt));
  double x = 0.0;
  double v = 0.0;
  Complex carrier{};
  Complex sum{};
  double weight = 0.0;
  for (long n = 0; n < steps; ++n) {
    const double t = static_cast<double>(n) * dt;
    const double a1 = acceleration(t, x, v);
    const double a2 = acceleration(t + 0.5 * dt, x + 0.5 * dt * v, v + 0.5 * dt * a1);
    const double a3 =
        acceleration(t + 0.5 * dt, x + 0.5 * dt * v + 0.25 * dt * dt * a1, v + 0.5 * dt * a2);
    const double a4 = acceleration(t + dt, x + dt * v + 0.5 * dt * dt * a2, v + dt * a3);
    x += dt * (v + dt / 6.0 * (a1 + a2 + a3));
    v += dt / 6.0 * (a1 + 2.0 * a2 + 2.0 * a3 + a4);
    // mean of x e^{-i w_m t} over whole periods of the drive: the envelope
    carrier += x * std::polar(1.0, -wm * (t + dt));
    if ((n + 1) % period == 0) {
      const double middle = t + dt - 0.5 / drive_hz;
      if (middle >= begin) {
        const double phase = std::arg(carrier * Complex(0.0, 1.0));
        sum += 2.0 * phase * std::polar(1.0, -w * middle);
        weight += 1.0;
      }
      carrier = 0.0;
    }
  }
  return sum / weight;
}

PhysicsCheck phase_modulation() {
  physics::CantileverParams lever;
  double worst = 0.0;
  for (const double modulation_hz : {200.0, 1000.0, 4000.0}) {
    const double dk = 1.0e-4;
    const Complex expected =
        dk * physics::phase_response(lever, lever.resonance_hz, constants::two_pi * modulation_hz);
    const double x =
        constants::pi * modulation_hz / lever.resonance_hz;  // mean over one period of the drive
    const Complex found =
        integrated_phase(lever, lever.resonance_hz, modulation_hz, dk) * x / std::sin(x);
    worst = std::max(worst, std::abs(std::abs(found / expected) - 1.0));
  }
  return {"phase modulation of the cantilever, closed form",
          "equation of motion integrated, 200 Hz to 4 kHz",
          worst,
          5e-3};
}

PhysicsCheck thermal_motion() {
  const physics::CantileverParams lever;
  double integral = 0.0;
  const double w = lever.resonance_hz / lever.quality_factor;
  for (int n = -200000; n < 200000; ++n) {  // sinh-spaced around the resonance
    const double f = lever.resonance_hz + w * std::sinh(static_cast<double>(n) * 5e-5);
    const double g = lever.resonance_hz + w * std::sinh(static_cast<double>(n + 1) * 5e-5);
    if (f > 0.0) {
      integral += 0.5 * (g - f) *
                  (physics::displacement_psd(lever, f) + physics::displacement_psd(lever, g));
    }
  }
  const double rms = physics::thermal_displacement_rms_m(lever);
  return {"thermal motion of the cantilever",
          "equipartition, integral of the spectrum",
          std::abs(integral / (rms * rms) - 1.0),
          5e-3};
}

PhysicsCheck apex_capacitance() {
  physics::TipParams tip;
  tip.half_cone_angle_deg = 1.0;  // nearly a sphere
  double worst = 0.0;
  for (const double z : {5e-9, 10e-9, 20e-9}) {
    const double exact = physics::sphere_plane(tip.apex_radius_m, z).gradient_f_per_m;
    worst = std::max(worst, std::abs(physics::capacitance_gradient(tip, z).apex / exact - 1.0));
  }
  return {"apex capacitance gradient (Hudlet)",
          "exact sphere-plane series, 5 to 20 nm, cone of 1 deg",
          worst,
          0.05};
}

PhysicsCheck capacitance_derivative() {
  const physics::TipParams tip;
  double worst = 0.0;
  for (const double z : {3e-9, 10e-9, 50e-9}) {
    const double h = 1e-4 * z;
    const auto c = [&](double at) { return physics::capacitance_gradient(tip, at).total(); };
    const double numeric =
        (8.0 * (c(z + h) - c(z - h)) - (c(z + 2 * h) - c(z - 2 * h))) / (12.0 * h);
    worst =
        std::max(worst, std::abs(numeric / physics::capacitance_curvature(tip, z).total() - 1.0));
  }
  return {"C'' of the probe", "numerical derivative of C'", worst, 1e-8};
}

PhysicsCheck orbit_average() {
  const physics::TipParams tip;
  const double amplitude = 10e-9;
  const double centre = 15.5e-9;
  double sum = 0.0;
  constexpr int n = 4096;
  for (int k = 0; k < n; ++k) {
    const double u = constants::two_pi * (static_cast<double>(k) + 0.5) / n;
    sum +=
        physics::capacitance_gradient(tip, centre + amplitude * std::cos(u)).total() * std::cos(u);
  }
  const double quadrature = 2.0 * sum / n / amplitude;
  const double closed = physics::orbit_averaged_curvature(tip, amplitude, centre).total();
  return {"orbit-averaged curvature, closed form",
          "quadrature over the orbit",
          std::abs(closed / quadrature - 1.0),
          1e-8};
}

PhysicsCheck frozen_ions() {
  // With the whole film active and no oscillation r* is the divider of two plate capacitors.
  physics::IonFilmParams film;
  film.active_share = 1.0;
  const double gap = 20e-9;
  const double sigma = 1.0e-6;
  const double eps = film.relative_permittivity * constants::vacuum_permittivity_f_per_m;
  const physics::IonCoupling coupling = physics::ion_coupling(film, eps / sigma, gap, 0.0);
  double worst = 0.0;
  for (const double f : {100.0, 1000.0, 8000.0}) {
    const double w = constants::two_pi * f;
    const Complex eps_r = film.relative_permittivity -
                          Complex(0.0, sigma / (w * constants::vacuum_permittivity_f_per_m));
    const Complex exact =
        (gap + film.thickness_m / film.relative_permittivity) / (gap + film.thickness_m / eps_r);
    worst = std::max(worst, std::abs(physics::physical_response(coupling, w) / exact - 1.0));
  }
  return {"frozen-ion response r*", "two plate capacitors in series", worst, 1e-10};
}

PhysicsCheck lock_in_filter() {
  const physics::LowPassParams filter{4, 1.0e-3};
  physics::LowPassState state;
  const std::array<physics::ExponentialTerm, 1> step{{{1.0, 0.0}}};
  double worst = 0.0;
  for (int n = 1; n <= 12; ++n) {
    physics::advance(filter, state, step, 1.0e-3);
    worst = std::max(worst, std::abs(1.0 - state.stage[3].real() - settling_error(4, n)));
  }
  const auto factor = physics::noise_factor(4, 60.0);
  double variance = 0.0;
  for (std::size_t k = 0; k < 4; ++k) {
    variance += factor.lower[3][k] * factor.lower[3][k];
  }
  const double expected =
      2.0 * physics::noise_equivalent_bandwidth_hz(filter) * filter.time_constant_s;
  worst = std::max(worst, std::abs(variance / expected - 1.0));
  return {
      "lock-in filter, order 4: settling and noise", "settling series; 5/(64 tau)", worst, 1e-3};
}

}  // namespace

std::vector<PhysicsCheck> physics_checks() {
  std::vector<PhysicsCheck> checks{phase_modulation(),
                                   thermal_motion(),
                                   apex_capacitance(),
                                   capacitance_derivative(),
                                   orbit_average(),
                                   frozen_ions(),
                                   lock_in_filter()};
  for (const PhysicsCheck& check : pnp_checks()) {
    checks.push_back(check);
  }
  return checks;
}

}  // namespace halotwin::validation
