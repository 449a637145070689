// The tip as it is now, worn or changed: what wears it, and who feels it.
#include <algorithm>
#include <cmath>
#include <memory>

#include <gtest/gtest.h>

#include "base/units.hpp"
#include "devices/simulated/harmonic_chain.hpp"
#include "devices/simulated/lateral_chain.hpp"
#include "devices/simulated/probe_tip.hpp"
#include "devices/simulated/simulated_probe.hpp"
#include "devices/simulated/time_domain_chain.hpp"
#include "tests/support/small_world.hpp"

namespace halotwin::devices::simulated {
namespace {

using units::nm;

constexpr Point place{150 * nm, 140 * nm};

ChainSettings at_work(double tip_growth_m) {
  ChainSettings s;
  s.mechanical.engaged = true;
  s.mechanical.tip = place;
  s.mechanical.tip_growth_m = tip_growth_m;
  s.electrical.amplitude_peak_v = 0.5;
  s.electrical.offset_v = 0.55;
  return s;
}

template <class Chain>
ChainOutput reading(const sim::World& world, double new_radius_m, double growth_m) {
  ChainParams params;
  params.tip.apex_radius_m = new_radius_m;
  Chain chain(world, params);
  chain.change(at_work(0.0));
  chain.advance(1e-4);
  chain.change(at_work(growth_m));
  chain.advance(12e-3);
  return chain.output();
}

// A worn tip gives what a tip made with that radius gives, after all that is left of the change.
TEST(Tip, WornOrMadeSoTheEnginesFeelTheSame) {
  const auto world = test::small_world();
  const auto made = reading<HarmonicChain>(*world, 50 * nm, 0.0).phasor_v;
  const auto worn = reading<HarmonicChain>(*world, 25 * nm, 25 * nm).phasor_v;
  const auto fresh = reading<HarmonicChain>(*world, 25 * nm, 0.0).phasor_v;
  EXPECT_LT(std::abs(worn - made), 2e-3 * std::abs(made));
  EXPECT_GT(std::abs(made), 1.3 * std::abs(fresh)) << "more apex, more gradient";
  const auto made_slow = reading<TimeDomainChain>(*world, 50 * nm, 0.0).phasor_v;
  const auto worn_slow = reading<TimeDomainChain>(*world, 25 * nm, 25 * nm).phasor_v;
  EXPECT_LT(std::abs(worn_slow - made_slow), 5e-3 * std::abs(made_slow));
}

struct Microscope {
  explicit Microscope(const ProbeParams& params, std::vector<sim::Fault> faults = {})
      : world(test::small_world(std::move(faults))),
        chain(*world, std::make_unique<HarmonicChain>(*world, ChainParams{})),
        afm(*world, chain, params, "afm") {
    afm.drive().configure({.frequency_hz = params.cantilever.resonance_hz});
  }
  void engage(FeedbackQuantity quantity) {
    FeedbackSettings feedback;
    feedback.quantity = quantity;
    afm.height().configure(feedback);
    afm.height().approach(from_seconds(60.0), {});
  }
  void move(Point target) {
    afm.positioner().start_move(target, 1e-6);
    afm.positioner().wait_move(from_seconds(10.0), {});
  }

  std::unique_ptr<sim::World> world;
  ProbeChain chain;
  SimulatedProbe afm;
};

ProbeParams wearing() {
  ProbeParams params;
  params.wear = {.on = true, .contact_m3_per_n_m = 1e-9, .tapping_m3_per_tap = 1e-30};
  return params;
}

TEST(Tip, StaysNewUnlessWearIsOn) {
  Microscope m(ProbeParams{});
  m.engage(FeedbackQuantity::amplitude);
  m.world->clock().sleep(from_seconds(1e5));
  m.move(place);
  EXPECT_EQ(m.afm.tip_radius_m(), ProbeParams{}.tip.apex_radius_m);
  EXPECT_EQ(m.chain.settings().mechanical.tip_growth_m, 0.0);
}

TEST(Tip, WearsWithItsTapsWhileItIsEngaged) {
  const ProbeParams params = wearing();
  Microscope m(params);
  m.world->clock().sleep(from_seconds(100.0));
  m.move(place);
  EXPECT_EQ(m.afm.tip_radius_m(), params.tip.apex_radius_m) << "not engaged yet";
  m.engage(FeedbackQuantity::amplitude);
  for (int i = 0; i < 10; ++i) {
    m.world->clock().sleep(from_seconds(10.0));
    m.afm.drive().configure(m.afm.drive().settings());
  }
  const double taps = 100.0 * params.cantilever.resonance_hz;
  const double law = physics::worn_radius_m(
      params.tip.half_cone_angle_deg, params.tip.apex_radius_m, 1e-30 * taps);
  EXPECT_NEAR(m.afm.tip_radius_m(), law, 1e-6 * law);
  m.afm.height().withdraw(1e-6, from_seconds(1.0), {});
  m.world->clock().sleep(from_seconds(1000.0));
  m.move({100 * nm, 100 * nm});
  EXPECT_NEAR(m.afm.tip_radius_m(), law, 1e-6 * law);
}

TEST(Tip, WearsWithItsPathInContact) {
  const ProbeParams params = wearing();
  Microscope m(params);
  m.engage(FeedbackQuantity::deflection);
  m.world->clock().sleep(from_seconds(1000.0));
  m.move({0.0, 0.0});
  EXPECT_EQ(m.afm.tip_radius_m(), params.tip.apex_radius_m) << "standing still";
  m.move({200 * nm, 0.0});
  m.move({200 * nm, 150 * nm});
  const double load =
      params.cantilever.stiffness_n_per_m * FeedbackSettings{}.setpoint_deflection_m;
  const double law = physics::worn_radius_m(
      params.tip.half_cone_angle_deg, params.tip.apex_radius_m, 1e-9 * load * 350 * nm);
  EXPECT_GT(law, params.tip.apex_radius_m + 1 * nm);
  EXPECT_NEAR(m.afm.tip_radius_m(), law, 0.02 * (law - params.tip.apex_radius_m));
}

TEST(Tip, AFaultChangesItAtAStroke) {
  Microscope m(ProbeParams{},
               {{.device = "afm",
                 .operation = "approach",
                 .kind = sim::FaultKind::tip_change,
                 .at_count = 2,
                 .tip_radius_change_m = 15 * nm,
                 .tip_potential_change_v = -0.2}});
  m.engage(FeedbackQuantity::amplitude);
  EXPECT_EQ(m.afm.tip_radius_m(), ProbeParams{}.tip.apex_radius_m);
  EXPECT_TRUE(m.world->take_happenings().empty());
  EXPECT_NO_THROW(m.engage(FeedbackQuantity::amplitude)) << "nobody is told";
  EXPECT_NEAR(m.afm.tip_radius_m(), 40 * nm, 1e-20);
  EXPECT_EQ(m.afm.tip_potential_v(), -0.2);
  EXPECT_NEAR(m.chain.settings().mechanical.tip_growth_m, 15 * nm, 0.002 * 40 * nm);
  const auto told = m.world->take_happenings();
  ASSERT_EQ(told.size(), 1U);
  EXPECT_EQ(told[0].text, "tip change: apex radius 40 nm, contact potential -0.2 V");
  EXPECT_TRUE(m.world->take_happenings().empty());
}

TEST(Tip, ItsPotentialIsInWhatTheKelvinLoopHolds) {
  const auto held = [](double change_v) {
    Microscope m(ProbeParams{},
                 {{.device = "afm",
                   .operation = "approach",
                   .kind = sim::FaultKind::tip_change,
                   .at_count = 1,
                   .tip_radius_change_m = 0.0,
                   .tip_potential_change_v = change_v}});
    const ProbeParams params;
    const double f1 = params.cantilever.resonance_hz;
    m.afm.kelvin()->configure({.mode = KelvinMode::heterodyne,
                               .modulation_hz = f1 * params.second_mode.frequency_ratio - f1,
                               .modulation_peak_v = 2.0,
                               .proportional_gain = 10.0,
                               .time_constant_s = 50.0e-6,
                               .bias_v = {-2.0, 2.0}});
    m.move(place);
    m.engage(FeedbackQuantity::amplitude);
    m.afm.kelvin()->set_on(true);
    m.world->clock().sleep(from_seconds(0.3));
    return m.afm.kelvin()->contact_potential_v();
  };
  EXPECT_NEAR(held(0.15) - held(0.0), 0.15, 1e-6);
}

TEST(Tip, ABluntOneHidesGrooves) {
  ProbeParams params;
  params.height_noise_rms_m = 0.0;
  Microscope sharp(params);
  Microscope blunt(params,
                   {{.device = "afm",
                     .operation = "approach",
                     .kind = sim::FaultKind::tip_change,
                     .at_count = 1,
                     .tip_radius_change_m = 40 * nm}});
  const sim::Specimen& film = sharp.world->specimen();
  double raised = 0.0;
  for (double x = 20 * nm; x < 280 * nm; x += 13 * nm) {
    const Point at{x, 150 * nm};
    for (Microscope* m : {&sharp, &blunt}) {
      m->move(at);
      m->engage(FeedbackQuantity::amplitude);
    }
    const double by = blunt.afm.height().height_m() - sharp.afm.height().height_m();
    EXPECT_NEAR(by, film.height_m(at, 40 * nm) - film.height_m(at), 1e-15);
    EXPECT_GE(by, 0.0);
    raised = std::max(raised, by);
  }
  EXPECT_GT(raised, 0.5 * nm);
}

TEST(Tip, SharperOnesStayAboveAnAtomAndNearlyNewOnesAreNew) {
  ProbeTip tip({}, {});
  tip.change(-1e-6, 0.0);
  EXPECT_EQ(tip.radius_m(), ProbeTip::least_radius_m);
  EXPECT_EQ(tip.blunter_by_m(), 0.0);
  ProbeTip worn({}, {.on = true});
  worn.use(1.0, 0.0, 0.0);
  EXPECT_GT(worn.radius_m(), physics::TipParams{}.apex_radius_m);
  EXPECT_EQ(worn.felt_growth_m(), 0.0) << "below a step";
  worn.change(30 * nm, 0.3);
  ProbeTip again({}, {.on = true});
  again.load(worn.save());
  again.use(1e9, 0.0, 0.0);
  worn.use(1e9, 0.0, 0.0);
  EXPECT_EQ(again.save(), worn.save());
}

}  // namespace
}  // namespace halotwin::devices::simulated
