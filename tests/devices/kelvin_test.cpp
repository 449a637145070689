// The Kelvin controller and the user inputs of the simulated microscope: what they hold against
// what the film is.
#include <cmath>
#include <memory>

#include <gtest/gtest.h>

#include "devices/simulated/harmonic_chain.hpp"
#include "devices/simulated/kelvin_sensor.hpp"
#include "devices/simulated/simulated_lock_in.hpp"
#include "devices/simulated/simulated_probe.hpp"
#include "tests/support/small_world.hpp"

namespace halotwin::devices::simulated {
namespace {

struct Instruments {
  explicit Instruments(std::vector<sim::Cable> cables = sim::pm_dns_cables())
      : world(test::small_world({}, std::move(cables))),
        chain(*world, std::make_unique<HarmonicChain>(*world, ChainParams{})),
        afm(*world, chain, ProbeParams{}, "afm") {}
  void close_loop(KelvinMode mode, double gain) {
    const ProbeParams params;
    const double f1 = params.cantilever.resonance_hz;
    const double f2 = f1 * params.second_mode.frequency_ratio;
    afm.drive().configure({.frequency_hz = f1});
    afm.kelvin()->configure({.mode = mode,
                             .modulation_hz = mode == KelvinMode::heterodyne ? f2 - f1 : f2,
                             .modulation_peak_v = 2.0,
                             .proportional_gain = gain,
                             .time_constant_s = 50.0e-6,
                             .bias_v = {-1.0, 1.0}});
    afm.height().approach(from_seconds(60.0), {});
    afm.kelvin()->set_on(true);
    world->clock().sleep(from_seconds(0.3));
  }
  [[nodiscard]] double at(Point place) {
    afm.positioner().start_move(place, 1.0e-4);
    afm.positioner().wait_move(from_seconds(1.0), {});
    world->clock().sleep(from_seconds(0.3));
    return afm.kelvin()->contact_potential_v();
  }

  std::unique_ptr<sim::World> world;
  ProbeChain chain;
  SimulatedProbe afm;
};

TEST(KelvinLoop, NullsTheWeightedPotentialOfThePlace) {
  Instruments s;
  s.close_loop(KelvinMode::heterodyne, 10.0);
  KelvinSensor judge(s.world->specimen(),
                     {},
                     {.amplitude_m = 10e-9, .closest_approach_m = 3e-9},
                     physics::FootprintOf::curvature);
  for (const Point place : {Point{50e-9, 60e-9}, Point{160e-9, 130e-9}, Point{240e-9, 90e-9}}) {
    EXPECT_NEAR(s.at(place), judge.nulled_potential_v(place), 1e-6);
  }
  EXPECT_NEAR(s.at(s.world->specimen().reference_position()),
              s.world->specimen().params().metal_contact_potential_v,
              1e-6);
}

TEST(KelvinLoop, AmplitudeDetectionHasLessContrast) {
  double spread[2] = {0.0, 0.0};
  for (const int mode : {0, 1}) {
    Instruments s;
    mode == 0 ? s.close_loop(KelvinMode::heterodyne, 10.0)
              : s.close_loop(KelvinMode::amplitude, 1.0);
    double sum = 0.0;
    double squares = 0.0;
    constexpr int places = 40;
    for (int i = 0; i < places; ++i) {
      const double v = s.at({(20.0 + 6.5 * i) * 1e-9, (30.0 + 5.0 * i) * 1e-9});
      sum += v / places;
      squares += v * v / places;
    }
    spread[mode] = std::sqrt(squares - sum * sum);
  }
  EXPECT_LT(spread[1], 0.5 * spread[0]);
}

TEST(KelvinSensor, SeesAUniformFilmAsItIs) {
  sim::SpecimenParams params = test::small_film();
  params.effects.boundary = false;
  params.effects.hotspot = false;
  params.effects.inclusions = false;
  params.ions.grain_share_sigma_ln = 0.0;
  const sim::Specimen film(params, 1);
  for (const auto quantity : {physics::FootprintOf::curvature, physics::FootprintOf::gradient}) {
    KelvinSensor sensor(film, {}, {}, quantity);
    const Point place{150e-9, 150e-9};
    EXPECT_NEAR(sensor.nulled_potential_v(place), film.contact_potential_v(place), 1e-7);
  }
}

TEST(KelvinLoop, HoldsWhileTheTipIsWithdrawn) {
  Instruments s;
  s.close_loop(KelvinMode::heterodyne, 10.0);
  const double held = s.at({150e-9, 150e-9});
  s.afm.height().withdraw(1e-6, from_seconds(10.0), {});
  s.world->clock().sleep(from_seconds(100.0));
  EXPECT_NEAR(s.afm.kelvin()->contact_potential_v(), held, 1e-12);
}

TEST(KelvinLoop, GoesOnFromASavedStateToTheSameBits) {
  Instruments s;
  s.close_loop(KelvinMode::heterodyne, 3.0);
  static_cast<void>(s.at({150e-9, 150e-9}));
  s.afm.positioner().start_move({100e-9, 100e-9}, 1.0e-4);
  s.afm.positioner().wait_move(from_seconds(1.0), {});
  s.world->clock().sleep(from_seconds(1.0e-3));  // on its way to the new place
  static_cast<void>(s.afm.kelvin()->contact_potential_v());
  const auto world = s.world->save();
  const auto afm = s.afm.save();
  const auto chain = s.chain.save();
  s.world->clock().sleep(from_seconds(2.0e-3));
  const double straight = s.afm.kelvin()->contact_potential_v();

  Instruments other;
  other.world->load(world);
  other.afm.load(afm);
  other.chain.load(chain);
  other.world->clock().sleep(from_seconds(2.0e-3));
  EXPECT_EQ(other.afm.kelvin()->contact_potential_v(), straight);
}

TEST(UserInputs, CarryWhatTheLockInPutsOut) {
  std::vector<sim::Cable> cables = sim::pm_dns_cables();
  cables.push_back({"lockin_electrical.aux_1", "afm.aux_1"});
  cables.push_back({"lockin_electrical.aux_2", "afm.aux_2"});
  Instruments s(cables);
  SimulatedLockIn mechanical(*s.world, s.chain, hf2li(), "lockin_mechanical");
  SimulatedLockIn electrical(*s.world, s.chain, mfli(), "lockin_electrical");
  mechanical.configure({.reference_hz = 75.0e3, .time_constant_s = 3.0e-6});
  mechanical.set_aux_output(0, {.quantity = AuxQuantity::phase});
  electrical.configure({.reference_hz = 800.0, .harmonic = 2, .time_constant_s = 1.0e-3});
  electrical.set_output({.on = true, .amplitude_peak_v = 1.0});
  electrical.set_aux_output(0, {AuxQuantity::x, 20.0, 0.1});
  electrical.set_aux_output(1, {AuxQuantity::y, 20.0, 0.0});
  s.afm.height().approach(from_seconds(60.0), {});
  s.world->clock().sleep(from_seconds(1.0));
  const auto read = [&](const char* name) {
    const std::array<std::size_t, 1> index{find_signal(s.afm.signals(), "afm", name)};
    std::array<double, 1> value{};
    s.afm.signals().read(index, value);
    return value[0];
  };
  const LockInReading now = electrical.read();
  EXPECT_GT(std::abs(now.y_v), 1e-4);
  EXPECT_DOUBLE_EQ(read("aux_1"), 20.0 * now.x_v + 0.1);
  EXPECT_DOUBLE_EQ(read("aux_2"), 20.0 * now.y_v);
  electrical.set_aux_output(1, {AuxQuantity::y, 1.0e6, 0.0});
  EXPECT_DOUBLE_EQ(std::abs(read("aux_2")), 10.0) << "what the output can give";
  Instruments open;
  EXPECT_EQ(open.chain.output_v("lockin_electrical.aux_1"), 0.0);
}

// A step of the film is followed with the lock-in's memory: scanned too fast, forward and backward
// images are shifted against each other by the settling.
TEST(UserInputs, ScannedTooFastSmearsAlongTheLine) {
  double difference[2] = {0.0, 0.0};
  for (const int fast : {0, 1}) {
    std::vector<sim::Cable> cables = sim::pm_dns_cables();
    cables.push_back({"lockin_electrical.aux_2", "afm.aux_2"});
    Instruments s(cables);
    SimulatedLockIn mechanical(*s.world, s.chain, hf2li(), "lockin_mechanical");
    SimulatedLockIn electrical(*s.world, s.chain, mfli(), "lockin_electrical");
    mechanical.configure({.reference_hz = 75.0e3, .time_constant_s = 3.0e-6});
    mechanical.set_aux_output(0, {.quantity = AuxQuantity::phase});
    electrical.configure({.reference_hz = 800.0, .harmonic = 2, .time_constant_s = 1.0e-3});
    electrical.set_output({.on = true, .amplitude_peak_v = 1.0});
    electrical.set_aux_output(1, {AuxQuantity::y, 20.0, 0.0});
    s.afm.height().approach(from_seconds(60.0), {});
    s.world->clock().sleep(from_seconds(0.1));
    const std::array<std::size_t, 1> index{find_signal(s.afm.signals(), "afm", "aux_2")};
    s.afm.scanner()->configure({.centre = {150e-9, 150e-9},
                                .width_m = 240e-9,
                                .height_m = 12e-9,
                                .columns = 20,
                                .rows = 1,
                                .line_time_s = fast == 1 ? 0.02 : 0.4},
                               index);
    s.afm.scanner()->start();
    ASSERT_EQ(s.afm.scanner()->wait_line(from_seconds(10.0), {}), 1U);
    const auto there = s.afm.scanner()->data(index[0], ScanDirection::forward);
    const auto back = s.afm.scanner()->data(index[0], ScanDirection::backward);
    for (std::size_t i = 3; i + 3 < 20; ++i) {
      difference[fast] += std::abs(static_cast<double>(there(i, 0) - back(i, 0)));
    }
  }
  EXPECT_GT(difference[1], 5.0 * difference[0]);
}

}  // namespace
}  // namespace halotwin::devices::simulated
