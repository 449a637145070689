#include "sim/heated_stage.hpp"

#include <cmath>

#include <gtest/gtest.h>

#include "base/errors.hpp"
#include "physics/dielectric_response.hpp"
#include "sim/time_factors.hpp"
#include "tests/support/small_world.hpp"

namespace halotwin::sim {
namespace {

constexpr double room_k = 295.0;

TEST(HeatedStage, FollowsItsEquation) {
  const HeatedStageParams p{.rate_k_per_s = 0.2, .time_constant_s = 30.0};
  HeatedStage stage(p, room_k);
  stage.set_target(320.0, 10.0);
  // dT/dt = (S - T) / tau by small steps
  double t_k = room_k;
  double set_point = room_k;
  constexpr double dt = 0.01;
  for (int i = 1; i <= 40000; ++i) {
    const double next = std::min(set_point + p.rate_k_per_s * dt, 320.0);
    t_k += dt * (0.5 * (set_point + next) - t_k) / p.time_constant_s;
    set_point = next;
    if (i % 4000 == 0) {
      EXPECT_NEAR(stage.temperature_k(10.0 + i * dt), t_k, 2e-3) << i;
    }
  }
}

TEST(HeatedStage, ANewTargetOnItsWayIsContinuous) {
  HeatedStage stage({}, room_k);
  stage.set_target(330.0, 0.0);
  const double before = stage.temperature_k(100.0);
  stage.set_target(280.0, 100.0);
  EXPECT_NEAR(stage.temperature_k(100.0), before, 1e-9);
  EXPECT_LT(stage.temperature_k(400.0), before);
  EXPECT_EQ(stage.temperature_k(1e5), 280.0);
}

TEST(HeatedStage, RelaxesToTheSurroundingsWhenOff) {
  HeatedStage stage({.time_constant_s = 60.0}, room_k);
  stage.set_target(330.0, 0.0);
  stage.switch_off(1e5);
  EXPECT_FALSE(stage.on());
  EXPECT_NEAR(stage.temperature_k(1e5 + 60.0), room_k + 35.0 * std::exp(-1.0), 1e-9);
  EXPECT_EQ(stage.temperature_k(2e5), room_k);
}

TEST(HeatedStage, SurfaceLagsByItsShare) {
  HeatedStage stage({.surface_lag_fraction = 0.02}, room_k);
  EXPECT_EQ(stage.surface_k(0.0), room_k);
  stage.set_target(345.0, 0.0);
  EXPECT_NEAR(stage.surface_k(1e5), 344.0, 1e-9);
}

TEST(HeatedStage, GoesOnFromItsSavedState) {
  HeatedStage stage({}, room_k);
  stage.set_target(320.0, 5.0);
  HeatedStage other({}, room_k);
  other.load(stage.save());
  EXPECT_EQ(other.temperature_k(77.0), stage.temperature_k(77.0));
  EXPECT_THROW(other.load(std::vector<double>{1.0}), ParameterError);
}

TEST(TimeFactors, AreThoseOfTheConductivity) {
  IonParams ions;
  ions.activation_energy_ev = 0.29;
  ions.interface_activation_energy_ev = 0.45;
  const TimeFactors factors = time_factors(ions, 300.0, 320.0);
  const auto time = [](double energy, double t) {
    const double d = physics::arrhenius_diffusivity_m2_per_s(1e-9, energy, t);
    return physics::dielectric_time_s(30.0, physics::ionic_conductivity_s_per_m(1e24, d, t));
  };
  EXPECT_NEAR(factors.perovskite, time(0.29, 320.0) / time(0.29, 300.0), 1e-12);
  EXPECT_NEAR(factors.interface, time(0.45, 320.0) / time(0.45, 300.0), 1e-12);
  EXPECT_EQ(time_factors(ions, 310.0, 310.0), TimeFactors{});
}

TEST(SpecimenTemperature, IsTheSameWhetherMadeOrHeated) {
  SpecimenParams warm = test::small_film();
  warm.ions.interface_activation_energy_ev = 0.4;
  SpecimenParams cold = warm;
  warm.film.temperature_k = 325.0;
  Specimen heated(cold, 3);
  const Specimen made(warm, 3);
  const auto revision = heated.revision();
  heated.set_temperature_k(325.0);
  EXPECT_GT(heated.revision(), revision);
  for (const std::size_t site : {0U, 100U, 333U}) {
    SiteResponse a;
    SiteResponse b;
    heated.present(site, a);
    made.present(site, b);
    const TimeFactors f = heated.time_factors();
    EXPECT_NEAR(static_cast<double>(a.relaxation_time_s) * f.perovskite /
                    static_cast<double>(b.relaxation_time_s),
                1.0,
                1e-6);
    EXPECT_NEAR(static_cast<double>(a.interface_time_s) * f.interface /
                    static_cast<double>(b.interface_time_s),
                1.0,
                1e-6);
    EXPECT_NEAR(static_cast<double>(heated.present_contact_potential_v(site)),
                static_cast<double>(made.present_contact_potential_v(site)),
                1e-6);
  }
}

TEST(WorldTemperature, WarmsSampleAndLever) {
  const auto world = test::small_world();
  world->install_stage({.surface_lag_fraction = 0.0});
  world->stage().set_target(320.0, 0.0);
  world->clock().sleep(from_seconds(1e5));
  EXPECT_EQ(world->specimen().temperature_k(), 320.0);
  EXPECT_NEAR(world->lever_warming_k(), 10.0, 1e-12);
  EXPECT_NEAR(world->relative_resonance_shift(), -40e-6 * 10.0, 1e-12);
  const auto state = world->save();
  const auto other = test::small_world();
  other->install_stage({.surface_lag_fraction = 0.0});
  other->load(state);
  EXPECT_EQ(other->specimen().temperature_k(), 320.0);
  EXPECT_EQ(other->save(), state);
}

}  // namespace
}  // namespace halotwin::sim
