#include "physics/pnp_static.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "base/constants.hpp"
#include "physics/dielectric_response.hpp"
#include "physics/pnp_steady_state.hpp"
#include "physics/pnp_transient.hpp"
#include "tests/physics/pnp_films.hpp"

namespace halotwin::physics {
namespace {

double static_charge(const PnpFilmParams& film, double voltage_v, const PnpGridParams& grid = {}) {
  const PnpEquations equations(film, grid);
  return equations.charge_c_per_m2(pnp_steady_state(equations, voltage_v), voltage_v);
}

TEST(PnpStatic, LayersAreCapacitorsForSmallDrops) {
  for (const double v : {1e-4, 1e-3}) {
    EXPECT_NEAR(accumulation_charge(v) / v, 1.0, v);
    EXPECT_NEAR(depletion_charge(v) / v, 1.0, v);
    EXPECT_NEAR(gouy_chapman_charge(v) / v, 1.0, v);
    EXPECT_NEAR(bikerman_charge(v, 1e-3) / v, 1.0, v);
  }
}

TEST(PnpStatic, OneSpeciesDepletesOnOneSideAndGathersOnTheOther) {
  const PnpFilmParams film = golden_film();
  for (const double v : {0.05, 0.3, 1.0, 2.0}) {
    const double expected = one_species_static_charge_c_per_m2(film, v);
    EXPECT_NEAR(static_charge(film, v) / expected, 1.0, 1e-4) << v;
    EXPECT_NEAR(static_charge(film, -v) / expected, -1.0, 1e-4) << v;
  }
}

TEST(PnpStatic, BinaryElectrolyteFollowsGouyAndChapmanAndDrawsSaltFromItsBulk) {
  const PnpFilmParams film = binary_film();
  const double lam = debye_length_m(film);
  for (const double v : {0.05, 0.2, 0.4}) {
    const double expected = binary_static_charge_c_per_m2(film, v);
    const PnpGridParams grid{600, lam * 2e-3 * std::exp(-5.0 * v)};
    EXPECT_NEAR(static_charge(film, v, grid) / expected, 1.0, 1e-4) << v;
  }
  // without the salt that the layers draw the charge would be 30 % larger
  const double v = 0.4;
  const double infinite = film.relative_permittivity * constants::vacuum_permittivity_f_per_m *
                          thermal_voltage_v(300.0) / lam *
                          gouy_chapman_charge(0.5 * v / thermal_voltage_v(300.0));
  EXPECT_LT(binary_static_charge_c_per_m2(film, v), 0.8 * infinite);
}

TEST(PnpStatic, StericLimitSaturatesAsBikerman) {
  PnpFilmParams film = binary_film(1e24);
  film.thickness_m = 1e-6;
  film.site_density_per_m3 = 2e26;  // nu = 0.01
  const PnpGridParams grid{1000, 2e-12};
  const PnpEquations equations(film, grid);
  for (const double v : {0.1, 0.3, 0.6, 1.0}) {
    const auto y = pnp_steady_state(equations, v);
    // the bulk, in the middle, has given ions to the layers: take its density as it is
    const std::size_t middle = equations.points() / 2;
    const double bulk = equations.density_scale_per_m3() * y[4 * middle];
    const double nu = 2.0 * bulk / film.site_density_per_m3;
    const double vt = equations.thermal_voltage_v();
    const double drop = v / vt - y[4 * middle + 3];
    const double lam = debye_length_m(film.relative_permittivity, 2.0 * bulk, film.temperature_k);
    const double expected = film.relative_permittivity * constants::vacuum_permittivity_f_per_m *
                            vt / lam * bikerman_charge(drop, nu);
    EXPECT_NEAR(equations.charge_c_per_m2(y, v) / expected, 1.0, 1e-4) << v;
    const double wall = equations.density_scale_per_m3() * (y[0] + y[1]);
    EXPECT_LT(wall, film.site_density_per_m3);
    if (drop > std::log(2.0 / nu) + 6.0) {
      EXPECT_GT(wall, 0.99 * film.site_density_per_m3);
    }
  }
}

TEST(PnpStatic, StericLimitFarAwayChangesNothing) {
  PnpFilmParams film = golden_film();
  const double free = static_charge(film, 1.0);
  film.site_density_per_m3 = 1e30;
  EXPECT_NEAR(static_charge(film, 1.0) / free, 1.0, 1e-5);
  film.site_density_per_m3 = 4e23;
  EXPECT_LT(static_charge(film, 1.0), 0.999 * free);
}

TEST(PnpStatic, BehindAGapTheChargeIsThatOfTheFilmUnderWhatTheGapLeaves) {
  const PnpFilmParams behind = film_behind_gap(1e23);
  const double q = static_charge(behind, 3.0);
  PnpFilmParams film = behind;
  film.gap_m = 0.0;
  const double left = 3.0 - q * behind.gap_m / constants::vacuum_permittivity_f_per_m;
  EXPECT_NEAR(static_charge(film, left) / q, 1.0, 1e-10);
}

TEST(PnpStatic, SteadyStateHasNoFluxAndIsWhereTheTransientEnds) {
  for (PnpFilmParams film : {golden_film(), binary_film(), film_behind_gap(1e22)}) {
    film.site_density_per_m3 = 5e24;
    const double v = 0.3;
    PnpTransient transient(film, {}, {.relative_tolerance = 1e-8});
    const std::vector<double> late{1e3 * charging_time_s(film)};
    const double q = transient.run([v](double) { return v; }, late).front();
    const PnpEquations equations(film, {});
    const auto y = pnp_steady_state(equations, v);
    EXPECT_NEAR(equations.charge_c_per_m2(y, v) / q, 1.0, 1e-6);
    std::vector<double> rate(equations.size());
    equations.rates(y, rate);
    for (const double r : rate) {
      EXPECT_LE(std::abs(r) * charging_time_s(film), 1e-6);
    }
    for (std::size_t i = 0; i < film.species.size(); ++i) {
      EXPECT_NEAR(equations.ions_per_m2(y, i) / (film.species[i].density_per_m3 * film.thickness_m),
                  1.0,
                  1e-12);
    }
  }
}

}  // namespace
}  // namespace halotwin::physics
