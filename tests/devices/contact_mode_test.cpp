// The simulated microscope in contact: lateral signal, its lock-in, the feedback on the deflection.
#include <cmath>
#include <complex>

#include <gtest/gtest.h>

#include "base/constants.hpp"
#include "base/errors.hpp"
#include "base/units.hpp"
#include "devices/simulated/simulated_bench.hpp"

namespace halotwin::devices::simulated {
namespace {

using Complex = std::complex<double>;
using namespace std::chrono_literals;
using units::nm;

SimulatedBenchParams crystal(bool noise) {
  SimulatedBenchParams p;
  p.specimen.kind = sim::SpecimenKind::microcrystal;
  p.specimen.microstructure.width_m = 800 * nm;
  p.specimen.microstructure.height_m = 800 * nm;
  p.surroundings.thermal_noise = noise;
  p.surroundings.detection_noise = noise;
  p.surroundings.height_noise = false;
  p.surroundings.resonance_drift = false;
  p.surroundings.lateral_drift = false;
  p.cables = {{"lockin_mechanical.output", "afm.tip_bias"},
              {"afm.lateral", "lockin_mechanical.input"},
              {"lockin_mechanical.aux_1", "afm.aux_1"}};
  return p;
}

struct Bench {
  explicit Bench(const SimulatedBenchParams& given)
      : params(given),
        bench(given, 3),
        afm(bench.take_probe("afm")),
        lock_in(bench.take_lock_in("lockin_mechanical")) {
    FeedbackSettings feedback;
    feedback.quantity = FeedbackQuantity::deflection;
    feedback.setpoint_deflection_m = 30 * nm;
    afm->height().configure(feedback);
    lock_in->configure({.reference_hz = 1.3e6, .time_constant_s = 1e-3});
    lock_in->set_output({true, 2.0, 0.0});
    lock_in->set_aux_output(0, {AuxQuantity::x, 10.0, 0.0});
    afm->height().approach(10s, {});
  }
  Complex read_at(double frequency_hz) {
    lock_in->set_reference_hz(frequency_hz);
    bench.world().clock().sleep(30ms, {});
    const LockInReading r = lock_in->read();
    return {r.x_v, r.y_v};
  }
  // What the chain has to give at the place of the tip.
  Complex expected(double frequency_hz) {
    const ContactModel& m = params.afm.contact;
    const double load = params.afm.cantilever.stiffness_n_per_m * 30 * nm;
    const double radius =
        physics::contact_radius_m(m.elasticity, params.afm.tip.apex_radius_m, load);
    const physics::TorsionContact contact(
        m.torsion, physics::lateral_contact_stiffness_n_per_m(m.elasticity, radius));
    const ContactSite site = contact_site(bench.world().specimen(), {}, radius);
    return 2.0 * m.lateral_v_per_m *
           (site.piezo_m_per_v * contact.transfer(frequency_hz / site.resonance_factor) +
            m.background_m_per_v);
  }

  SimulatedBenchParams params;
  SimulatedBench bench;
  std::unique_ptr<ProbeMicroscope> afm;
  std::unique_ptr<LockIn> lock_in;
};

TEST(ContactMode, LockInReadsTheLateralResponse) {
  Bench b(crystal(false));
  for (const double f : {1.1e6, 1.34e6, 1.353e6, 1.37e6, 1.6e6}) {
    const Complex wanted = b.expected(f);
    EXPECT_LT(std::abs(b.read_at(f) - wanted), 1e-6 * std::abs(wanted)) << f;
  }
}

TEST(ContactMode, ReachesTheUserInput) {
  Bench b(crystal(false));
  const Complex z = b.read_at(1.353e6);
  const std::size_t aux = find_signal(b.afm->signals(), "afm", "aux_1");
  double value = 0.0;
  b.afm->signals().read({&aux, 1}, {&value, 1});
  EXPECT_NEAR(value, 10.0 * z.real(), 1e-12);
}

TEST(ContactMode, NothingMovesOutOfContact) {
  Bench b(crystal(false));
  b.afm->height().withdraw(1e-6, 10s, {});
  EXPECT_LT(std::abs(b.read_at(1.353e6)), 1e-12);
}

TEST(ContactMode, NoiseIsThatOfTorsionAndDetector) {
  SimulatedBenchParams p = crystal(true);
  p.afm.contact.background_m_per_v = 0.0;
  Bench b(p);
  b.lock_in->set_output({false, 0.0, 0.0});
  static_cast<void>(b.read_at(1.353e6));
  double squares = 0.0;
  const int readings = 4000;
  for (int i = 0; i < readings; ++i) {
    b.bench.world().clock().sleep(20ms, {});
    const LockInReading r = b.lock_in->read();
    squares += (r.x_v * r.x_v + r.y_v * r.y_v) / (2.0 * readings);
  }
  const ContactModel& m = p.afm.contact;
  const double radius = physics::contact_radius_m(
      m.elasticity, p.afm.tip.apex_radius_m, p.afm.cantilever.stiffness_n_per_m * 30 * nm);
  const physics::TorsionContact contact(
      m.torsion, physics::lateral_contact_stiffness_n_per_m(m.elasticity, radius));
  const ContactSite site = contact_site(b.bench.world().specimen(), {}, radius);
  const double density =
      contact.thermal_psd(1.353e6 / site.resonance_factor) + std::pow(20e-15, 2.0);
  // four stages: variance of X = S1 * 2 * 5 / (64 tau)
  const double wanted = m.lateral_v_per_m * m.lateral_v_per_m * density * 10.0 / 64.0 / 1e-3;
  EXPECT_NEAR(squares / wanted, 1.0, 0.06);
}

TEST(ContactMode, DeflectionIsTheSetpointAtRest) {
  Bench b(crystal(false));
  const std::size_t deflection = find_signal(b.afm->signals(), "afm", "deflection");
  double value = 0.0;
  b.afm->signals().read({&deflection, 1}, {&value, 1});
  EXPECT_NEAR(value, 30 * nm, 1e-13);
  b.afm->positioner().start_move({300 * nm, 200 * nm}, 1e-6);
  b.afm->positioner().wait_move(10s, {});
  b.bench.world().clock().sleep(1ms, {});
  b.afm->signals().read({&deflection, 1}, {&value, 1});
  EXPECT_GT(std::abs(value - 30 * nm), 1e-12);  // another surface: the feedback is on its way
  b.bench.world().clock().sleep(1s, {});
  b.afm->signals().read({&deflection, 1}, {&value, 1});
  EXPECT_NEAR(value, 30 * nm, 1e-13);
}

TEST(ContactMode, BadSetpointIsRefused) {
  Bench b(crystal(false));
  FeedbackSettings feedback = b.afm->height().settings();
  feedback.setpoint_deflection_m = -1e-9;
  EXPECT_THROW(b.afm->height().configure(feedback), DeviceError);
  feedback.setpoint_deflection_m = std::nan("");
  EXPECT_THROW(b.afm->height().configure(feedback), DeviceError);
}

TEST(ContactMode, SavedStateGoesOnWithTheSameBits) {
  Bench a(crystal(true));
  static_cast<void>(a.read_at(1.34e6));
  const std::vector<double> state = a.bench.save();
  Bench b(crystal(true));
  b.bench.load(state);
  EXPECT_EQ(a.read_at(1.35e6), b.read_at(1.35e6));
}

}  // namespace
}  // namespace halotwin::devices::simulated
