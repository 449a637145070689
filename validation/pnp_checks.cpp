#include "validation/pnp_checks.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>

#include "base/constants.hpp"
#include "physics/dielectric_response.hpp"
#include "physics/pnp_admittance.hpp"
#include "physics/pnp_harmonics.hpp"
#include "physics/pnp_spectrum.hpp"
#include "physics/pnp_static.hpp"
#include "physics/pnp_transient.hpp"
#include "validation/pnp_linearity.hpp"

namespace halotwin::validation {

namespace {

using Complex = std::complex<double>;

constexpr double diffusivity_m2_per_s = 1.00823e-14;

// 500 nm, 24, 300 K, 1e23 negative ions per m^3 on a fixed background, in contact.
physics::PnpFilmParams reference_film() {
  physics::PnpFilmParams film;
  film.species = {{1e23, diffusivity_m2_per_s, -1}};
  return film;
}

double charging_time_s(const physics::PnpFilmParams& film) {
  return physics::blocking_electrodes_time_s(
      physics::debye_length_m(film), film.thickness_m, diffusivity_m2_per_s);
}

double deviation(double value, double expected) {
  return std::abs(value / expected - 1.0);
}

PhysicsCheck admittance() {
  const physics::PnpFilmParams film = reference_film();
  const double tau = charging_time_s(film);
  const physics::PnpSpectrum spectrum(film);
  double worst = 0.0;
  for (const double x : {0.01, 0.1, 1.0, 10.0, 1000.0}) {
    const Complex exact = physics::pnp_capacitance(film, x / tau);
    worst = std::max(worst, std::abs(spectrum.capacitance(x / tau) / exact - 1.0));
  }
  return {"ion transport (PNP): small-signal spectrum, 400 cells",
          "exact admittance of a film between blocking electrodes, 5 decades",
          worst,
          1e-4};
}

PhysicsCheck step_response() {
  const physics::PnpFilmParams film = reference_film();
  const double tau = charging_time_s(film);
  const std::vector<double> times{0.01 * tau, 0.1 * tau, 0.5 * tau, 2.0 * tau};
  physics::PnpTransient transient(film);
  const auto charge = transient.run([](double) { return 1e-3; }, times);
  double worst = 0.0;
  for (std::size_t k = 0; k < times.size(); ++k) {
    worst = std::max(
        worst, deviation(charge[k] / 1e-3, physics::pnp_step_charge_f_per_m2(film, times[k])));
  }
  return {
      "ion transport: step of 1 mV in time", "Laplace inversion of the admittance", worst, 1e-4};
}

PhysicsCheck static_charge() {
  const physics::PnpFilmParams film = reference_film();
  double worst = 0.0;
  for (const double v : {0.3, 1.0, 2.0}) {
    worst = std::max(worst,
                     deviation(physics::PnpSpectrum(film, v).bias_charge_c_per_m2(),
                               physics::one_species_static_charge_c_per_m2(film, v)));
  }
  return {"ion transport: charge at rest, 0.3 to 2 V",
          "closed form of a depletion and an accumulation layer (2.4474e-3 C/m^2 at 1 V)",
          worst,
          1e-4};
}

PhysicsCheck harmonics() {
  const physics::PnpFilmParams film = reference_film();
  physics::SineOptions options;
  options.grid.cells = 200;
  options.samples = 64;
  const double f = 0.5 / constants::pi / charging_time_s(film);
  const auto r = physics::pnp_sine_response(film, {0.0, 2.0, f}, options);
  const double third = std::abs(r.charge[3] / r.charge[1]);
  const double fifth = std::abs(r.charge[5] / r.charge[1]);
  return {"ion transport: 2 V sine, third and fifth harmonic of the charge",
          "independent finite-volume program, 0.0966 and 0.0258",
          std::max(std::abs(third - 0.0966), std::abs(fifth - 0.0258)),
          1e-4};
}

PhysicsCheck gap_force() {
  const std::array<double, 2> density{1e23, 1e22};
  const std::array<double, 2> expected{0.994, 0.884};
  const std::array<double, 1> ratio{1.0};
  const auto points = linearity(2.0, density, ratio);
  double worst = 0.0;
  for (std::size_t k = 0; k < points.size(); ++k) {
    worst = std::max(worst, std::abs(points[k].force - expected[k]));
  }
  return {"ion transport: 2 w force at 2 V behind a gap, 1e23 and 1e22 ions per m^3",
          "independent finite-volume program, 0.994 and 0.884 of linear",
          worst,
          1e-3};
}

PhysicsCheck conservation() {
  physics::PnpFilmParams film = reference_film();
  film.species = {{1e24, 1e-14, 1}, {1e24, 1e-14, -1}};
  film.site_density_per_m3 = 4e25;
  physics::PnpTransient transient(film, {200});
  const double tau =
      physics::blocking_electrodes_time_s(physics::debye_length_m(film), film.thickness_m, 1e-14);
  for (const double v : {2.0, -1.0}) {
    const std::vector<double> times{transient.time_s() + tau, transient.time_s() + 4.0 * tau};
    static_cast<void>(transient.run([v](double) { return v; }, times));
  }
  double worst = 0.0;
  for (const std::size_t i : {0U, 1U}) {
    worst = std::max(worst, deviation(transient.ions_per_m2(i), 1e24 * film.thickness_m));
  }
  return {
      "ion transport: number of ions, 2 V and -1 V with steric limit", "constant", worst, 1e-12};
}

// Charge after one charging time of a voltage that rises smoothly to 1 V.
double smooth_charge(const physics::PnpGridParams& grid, const physics::DaeOptions& options) {
  const physics::PnpFilmParams film = reference_film();
  const double tau = charging_time_s(film);
  physics::PnpTransient transient(film, grid, options);
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

double order(const std::array<double, 3>& halved) {
  return std::log2((halved[1] - halved[0]) / (halved[2] - halved[1]));
}

PhysicsCheck order_in_space() {
  const physics::PnpFilmParams film = reference_film();
  physics::PnpGridParams grid{80};
  std::array<double, 3> charge{};
  for (double& q : charge) {
    q = smooth_charge(grid, {.relative_tolerance = 1e-9});
    grid = physics::halved(film, grid);
  }
  return {"ion transport: order in space, nonlinear transient, cells halved twice",
          "2",
          std::abs(order(charge) - 2.0),
          0.1};
}

PhysicsCheck order_in_time() {
  const double tau = charging_time_s(reference_film());
  std::array<double, 3> charge{};
  double step = tau / 80.0;
  for (double& q : charge) {
    q = smooth_charge({40}, {.relative_tolerance = 1e-9, .maximum_order = 2, .fixed_step_s = step});
    step *= 0.5;
  }
  return {"ion transport: order in time, fixed steps of the second-order formula, halved twice",
          "2",
          std::abs(order(charge) - 2.0),
          0.1};
}

}  // namespace

std::vector<PhysicsCheck> pnp_checks() {
  return {admittance(),
          step_response(),
          static_charge(),
          harmonics(),
          gap_force(),
          conservation(),
          order_in_space(),
          order_in_time()};
}

}  // namespace halotwin::validation
