#include "devices/simulated/probe_state.hpp"

#include <algorithm>
#include <cmath>
#include <complex>

#include <fmt/format.h>

#include "base/constants.hpp"
#include "base/require.hpp"
#include "devices/simulated/simulated_lock_in.hpp"

namespace halotwin::devices::simulated {

namespace {

constexpr double parked_gap_m = 2.0e-6;  // electrostatics do not matter from here

const physics::PiezoCreepParams* creep_of(const sim::Surroundings& around) {
  return around.piezo_creep ? &around.creep : nullptr;
}

}  // namespace

ProbeState::ProbeState(sim::World& w, ProbeChain& c, const ProbeParams& p, const std::string& r)
    : world(&w),
      chain(&c),
      params(p),
      role(r),
      motion(creep_of(w.surroundings())),
      tip(p.tip, p.wear),
      loop_(make_loop()) {
  settle();
}

bool ProbeState::in_contact() const {
  return engaged && feedback.quantity == FeedbackQuantity::deflection;
}

Point ProbeState::on_sample(Point at) const {
  const Point drift = world->drift();
  const Point creep = motion.creep(world->clock().now());
  return {at.x_m + drift.x_m + creep.x_m, at.y_m + drift.y_m + creep.y_m};
}

double ProbeState::resonance_hz() const {
  const double since_tune_hz = tuned ? params.resonance_shift_after_tune_hz : 0.0;
  const double shift = world->relative_resonance_shift() + sweep.resonance_shift;
  return params.cantilever.resonance_hz * (1.0 + shift) + since_tune_hz;
}

physics::CantileverParams ProbeState::lever() const {
  physics::CantileverParams now = params.cantilever;
  now.resonance_hz = resonance_hz();
  return now;
}

physics::CantileverParams ProbeState::second_mode() const {
  return physics::second_mode(lever(), params.second_mode);
}

double ProbeState::free_amplitude_m() const {
  if (!drive.on) {
    return 0.0;
  }
  const physics::CantileverParams now = lever();
  const double response =
      std::abs(physics::susceptibility_m_per_n(now, 2.0 * constants::pi * drive.frequency_hz)) *
      now.stiffness_n_per_m / now.quality_factor;
  return drive.amplitude_v * params.drive_response_m_per_v * response;
}

double ProbeState::amplitude_at_work_m() const {
  const double free = free_amplitude_m();
  const double held = free * feedback.setpoint_fraction;
  return sweep.lift_m == 0.0 ? held : std::clamp(held + sweep.lift_m, 0.01 * free, free);
}

double ProbeState::height_below_m() const {
  return world->specimen().height_m(on_sample(now_at()), tip.blunter_by_m());
}

physics::HeightLoop ProbeState::make_loop() const {
  const bool contact = feedback.quantity == FeedbackQuantity::deflection;
  return {params.height_loop,
          {feedback.integral_rate_per_s, feedback.proportional_gain},
          contact ? 0.0 : physics::amplitude_decay_per_s(params.cantilever)};
}

double ProbeState::height_error_m() const {
  return engaged && world->surroundings().height_dynamics ? physics::HeightLoop::error_m(followed)
                                                          : 0.0;
}

double ProbeState::deflection_m() const {
  return in_contact()
             ? std::max(feedback.setpoint_deflection_m + height_error_m() - sweep.lift_m, 0.0)
             : 0.0;
}

void ProbeState::rest_on_surface() {
  loop_ = make_loop();
  surface_m = engaged ? height_below_m() : 0.0;
  followed = physics::HeightLoop::settled(surface_m);
  followed_until = world->clock().now();
}

void ProbeState::follow_surface() {
  const Duration now = world->clock().now();
  if (engaged && world->surroundings().height_dynamics && feedback.mode == FeedbackMode::on) {
    // to a tenth of a microsecond, so that the pixels of a line are equally long
    const double step_s = std::round(seconds(now - followed_until) * 1e7) * 1e-7;
    loop_.advance(followed, surface_m, step_s);
    surface_m = height_below_m();
  }
  followed_until = now;
}

void ProbeState::strike(const char* operation) {
  const sim::TipChange change = world->faults().change_tip(role, operation, world->now_s());
  if (change.strikes > 0) {
    tip.change(change.radius_m, change.potential_v);
    world->happened(fmt::format("tip change: apex radius {:.3g} nm, contact potential {:+.3g} V",
                                1e9 * tip.radius_m(),
                                tip.potential_v()));
    settle();
  }
  simulated::strike(*world, role, operation);
}

void ProbeState::wear_tip() {
  const Duration now = world->clock().now();
  const Point here = now_at();
  const auto& before = chain->settings().mechanical;
  const double taps = before.engaged ? before.drive_hz * seconds(now - worn_until) : 0.0;
  const double path_m =
      before.contact ? std::hypot(here.x_m - worn_at.x_m, here.y_m - worn_at.y_m) : 0.0;
  tip.use(taps, before.load_n, path_m);
  worn_at = here;
  worn_until = now;
}

void ProbeState::settle() {
  wear_tip();
  follow_surface();
  if (kelvin != nullptr) {
    kelvin->catch_up();
  }
  ChainSettings settings = chain->settings();
  auto& m = settings.mechanical;
  const double free = free_amplitude_m();
  m.engaged = engaged && !in_contact();
  m.contact = in_contact();
  m.load_n = in_contact() ? params.cantilever.stiffness_n_per_m * deflection_m() : 0.0;
  m.place = place;
  m.tip = on_sample(now_at());
  m.drive_hz = drive.frequency_hz;
  m.resonance_hz = resonance_hz();
  m.amplitude_m = in_contact() ? 0.0 : engaged ? amplitude_at_work_m() : free;
  const double clear_m = free * (feedback.setpoint_fraction - 1.0) + sweep.lift_m;  // of the orbit
  m.mean_gap_m =
      m.engaged ? m.amplitude_m + params.closest_approach_m + gap_error_m + std::max(clear_m, 0.0)
                : parked_gap_m;
  m.deflection_v_per_m = params.deflection_v_per_m;
  m.tip_growth_m = tip.felt_growth_m();
  m.tip_potential_v = tip.potential_v() + sweep.potential_v;
  settings.electrical.tip_bias_v = sweep.bias_v;
  const bool holds =
      m.engaged && feedback.mode == FeedbackMode::on && world->surroundings().height_dynamics;
  m.loop_integral_per_s = holds ? feedback.integral_rate_per_s : 0.0;
  m.loop_proportional = holds ? feedback.proportional_gain : 0.0;
  chain->change(settings);
  if (kelvin != nullptr) {
    kelvin->changed();
  }
}

double ProbeState::draw(Purpose purpose, std::uint64_t step) const {
  return RandomStream(world->seed(), purpose, static_cast<std::uint32_t>(place), step).normal();
}

double ProbeState::measured_height() {
  follow_surface();
  const double noise = params.height_noise_rms_m * draw(Purpose::height_feedback, ++readings);
  if (!engaged) {
    return height_below_m() + parked_gap_m + sweep.lift_m + noise;
  }
  return (world->surroundings().height_dynamics ? physics::HeightLoop::base_m(followed)
                                                : height_below_m()) +
         sweep.lift_m + noise;
}

double ProbeState::aux_input_v(const std::string& port) const {
  return chain->output_v(world->wiring().source_of(role + "." + port));
}

std::vector<double> ProbeState::save() const {
  const auto time = [](Duration d) { return static_cast<double>(d.count()); };
  std::vector<double> state{static_cast<double>(feedback.mode),
                            static_cast<double>(feedback.quantity),
                            feedback.setpoint_fraction,
                            feedback.setpoint_deflection_m,
                            feedback.proportional_gain,
                            feedback.integral_rate_per_s,
                            drive.on ? 1.0 : 0.0,
                            drive.frequency_hz,
                            drive.amplitude_v,
                            drive.phase_rad,
                            engaged ? 1.0 : 0.0,
                            static_cast<double>(place),
                            static_cast<double>(readings),
                            gap_error_m,
                            tuned ? 1.0 : 0.0,
                            followed[0],
                            followed[1],
                            followed[2],
                            followed[3],
                            followed[4],
                            followed[5],
                            surface_m,
                            time(followed_until),
                            worn_at.x_m,
                            worn_at.y_m,
                            time(worn_until)};  // below 2^53 ns = 104 days
  const std::vector<double> changed = tip.save();
  state.insert(state.end(), changed.begin(), changed.end());
  const std::vector<double> moved = motion.save();
  state.insert(state.end(), moved.begin(), moved.end());
  return state;
}

void ProbeState::load(std::span<const double> state) {
  require(state.size() == save().size(), "the saved state of the microscope has a wrong size");
  std::size_t i = 0;
  const auto next = [&] { return state[i++]; };
  feedback.mode = static_cast<FeedbackMode>(static_cast<int>(next()));
  feedback.quantity = static_cast<FeedbackQuantity>(static_cast<int>(next()));
  feedback.setpoint_fraction = next();
  feedback.setpoint_deflection_m = next();
  feedback.proportional_gain = next();
  feedback.integral_rate_per_s = next();
  drive.on = next() != 0.0;
  drive.frequency_hz = next();
  drive.amplitude_v = next();
  drive.phase_rad = next();
  engaged = next() != 0.0;
  place = static_cast<std::uint64_t>(next());
  readings = static_cast<std::uint64_t>(next());
  gap_error_m = next();
  tuned = next() != 0.0;
  for (double& value : followed) {
    value = next();
  }
  surface_m = next();
  followed_until = Duration(static_cast<std::int64_t>(next()));
  worn_at.x_m = next();
  worn_at.y_m = next();
  worn_until = Duration(static_cast<std::int64_t>(next()));
  const std::size_t of_tip = tip.save().size();
  tip.load(state.subspan(i, of_tip));
  motion.load(state.subspan(i + of_tip));
  loop_ = make_loop();
}

}  // namespace halotwin::devices::simulated
