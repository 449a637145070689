#include "devices/simulated/probe_kelvin.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "base/random.hpp"
#include "base/require.hpp"
#include "devices/simulated/simulated_lock_in.hpp"

namespace halotwin::devices::simulated {

void validate(const KelvinModel& p) {
  require_range("filter_order", p.filter_order, 1, 8);
  require_range("filter_time_constant_s", p.filter_time_constant_s, 1e-6, 10.0);
  require_positive("max_modulation_hz", p.max_modulation_hz);
  require_positive("max_bias_v", p.max_bias_v);
}

namespace {

constexpr std::size_t max_loop_states = 12;
constexpr std::size_t saved_header = 14;
constexpr std::size_t saved_values = saved_header + max_loop_states;
constexpr std::size_t max_cached_steps = 64;
constexpr double ions_follow_hz = 20.0e3;  // well above their relaxation at 1 to 2 kHz
constexpr double resonance_step = 1e-4;    // relative; a 25th of the second mode's width
constexpr double wild_growth = 1e3;        // of an unstable loop in one step

physics::KelvinDetection detection_of(KelvinMode mode) {
  switch (mode) {
    case KelvinMode::heterodyne:
      return physics::KelvinDetection::heterodyne;
    case KelvinMode::sideband:
      return physics::KelvinDetection::sideband;
    case KelvinMode::amplitude:
      break;
  }
  return physics::KelvinDetection::amplitude;
}

bool same(const physics::KelvinOperation& a, const physics::KelvinOperation& b) {
  return a.detection == b.detection && a.mechanical_hz == b.mechanical_hz &&
         a.mechanical_m == b.mechanical_m && a.modulation_hz == b.modulation_hz &&
         a.modulation_peak_v == b.modulation_peak_v && a.centre_gap_m == b.centre_gap_m;
}

}  // namespace

ProbeKelvin::ProbeKelvin(ProbeState& state) : s_(&state), reached_(state.world->clock().now()) {
  settings_.bias_v = {-state.params.kelvin.max_bias_v, state.params.kelvin.max_bias_v};
  state.kelvin = this;
}

KelvinSettings ProbeKelvin::configure(const KelvinSettings& wanted) {
  s_->strike("configure Kelvin loop");
  const KelvinModel& model = s_->params.kelvin;
  const auto refuse = [&](const std::string& why) {
    throw DeviceError(s_->role, "configure Kelvin loop", why, Retry::no);
  };
  if (!(wanted.modulation_hz > 0.0 && wanted.modulation_hz <= model.max_modulation_hz)) {
    refuse(fmt::format("modulation at {} Hz (must be above 0 and up to {} Hz)",
                       wanted.modulation_hz,
                       model.max_modulation_hz));
  }
  if (!(wanted.proportional_gain >= 0.0 && std::isfinite(wanted.proportional_gain)) ||
      !(wanted.time_constant_s > 0.0 && std::isfinite(wanted.time_constant_s))) {
    refuse("the gain must be 0 or more and the time constant above 0");
  }
  if (!(wanted.bias_v.low < wanted.bias_v.high) ||
      !(wanted.modulation_peak_v >= 0.0 && wanted.modulation_peak_v <= model.max_bias_v) ||
      !(std::abs(wanted.bias_v.low) <= model.max_bias_v) ||
      !(std::abs(wanted.bias_v.high) <= model.max_bias_v)) {
    refuse(fmt::format("bias from {} to {} V, modulation {} V (the output has +-{} V)",
                       wanted.bias_v.low,
                       wanted.bias_v.high,
                       wanted.modulation_peak_v,
                       model.max_bias_v));
  }
  catch_up();
  settings_ = wanted;
  held_v_ = std::clamp(held_v_, settings_.bias_v.low, settings_.bias_v.high);
  loop_.reset();
  changed();
  return settings_;
}

void ProbeKelvin::set_on(bool on) {
  s_->strike("switch Kelvin loop");
  if (on && settings_.modulation_hz <= 0.0) {
    throw DeviceError(s_->role, "switch Kelvin loop", "the loop is not configured", Retry::no);
  }
  if (!on) {
    switch_off();
    return;
  }
  catch_up();
  on_ = true;
  changed();
}

void ProbeKelvin::switch_off() {
  catch_up();
  on_ = false;
  held_v_ = 0.0;  // the controller's bias goes back to what the user set
  loop_.reset();
  changed();
}

double ProbeKelvin::contact_potential_v() {
  s_->strike("read contact potential");
  catch_up();
  return loop_ ? std::clamp(loop_->bias_v(state_), settings_.bias_v.low, settings_.bias_v.high)
               : held_v_;
}

double ProbeKelvin::bias_v() {
  catch_up();
  return loop_ ? std::clamp(loop_->bias_v(state_), settings_.bias_v.low, settings_.bias_v.high)
               : held_v_;
}

double ProbeKelvin::signal_v() {
  catch_up();
  if (loop_ && pixel_start_ && reached_ > *pixel_start_) {
    return std::clamp(loop_->mean_bias_v(state_, seconds(reached_ - *pixel_start_)),
                      settings_.bias_v.low,
                      settings_.bias_v.high);
  }
  return bias_v();
}

void ProbeKelvin::begin_pixel(bool first) {
  if (!on_) {
    return;
  }
  if (first) {
    if (sensor_) {
      sensor_->refresh();  // the film evolves; its far parts are looked at once a line
    }
    changed();
  }
  if (loop_) {
    loop_->clear_mean(state_);
  }
  pixel_start_ = reached_;
}

// Amplitude of the orbit as set up, the drift of the resonance left out.
double ProbeKelvin::nominal_amplitude_m() const {
  return s_->drive.on ? s_->drive.amplitude_v * s_->params.drive_response_m_per_v *
                            s_->feedback.setpoint_fraction
                      : 0.0;
}

physics::KelvinOperation ProbeKelvin::operation() const {
  const sim::FilmParams& film = s_->world->specimen().params().film;
  physics::KelvinOperation o;
  o.detection = detection_of(settings_.mode);
  o.mechanical_hz = s_->drive.frequency_hz;
  o.mechanical_m = nominal_amplitude_m();
  o.modulation_hz = settings_.modulation_hz;
  o.modulation_peak_v = settings_.modulation_peak_v;
  o.centre_gap_m = o.mechanical_m + s_->params.closest_approach_m +
                   film.effective_depth_m / film.relative_permittivity;
  return o;
}

// The loop for the present lever and drive; its state goes on. The resonance counts in steps of
// `resonance_step`, so that the loop is a function of the present and not of when it was built.
void ProbeKelvin::rebuild() {
  const physics::KelvinOperation wanted = operation();
  const double steps = std::round(s_->world->relative_resonance_shift() / resonance_step);
  const double growth_m = s_->tip.felt_growth_m();
  if (loop_ && same(wanted, built_for_) && steps == built_steps_ && growth_m == built_growth_m_) {
    return;
  }
  const double before = loop_ ? loop_->bias_v(state_) : held_v_;
  const bool fresh = !loop_;
  loop_.reset();
  step_cache_.clear();
  built_for_ = wanted;
  built_steps_ = steps;
  built_growth_m_ = growth_m;
  physics::CantileverParams first = s_->params.cantilever;
  first.resonance_hz *= 1.0 + steps * resonance_step;
  physics::KelvinSensitivity seen =
      physics::kelvin_sensitivity(first,
                                  physics::second_mode(first, s_->params.second_mode),
                                  physics::blunter(s_->params.tip, growth_m),
                                  wanted);
  if (seen.amplitude_m_per_v <= 0.0) {
    held_v_ = before;
    return;
  }
  const auto& around = s_->world->surroundings();
  seen.thermal_m_per_sqrt_hz *= around.thermal_noise ? 1.0 : 0.0;
  seen.detection_m_per_sqrt_hz *= around.detection_noise ? 1.0 : 0.0;
  const double volt_per_volt = seen.amplitude_m_per_v * s_->params.deflection_v_per_m;
  const double proportional = settings_.proportional_gain * volt_per_volt;
  loop_.emplace(
      seen,
      physics::KelvinLoopParams{.filter_order = s_->params.kelvin.filter_order,
                                .filter_time_constant_s = s_->params.kelvin.filter_time_constant_s,
                                .proportional = proportional,
                                .integral_per_s = proportional / settings_.time_constant_s});
  if (fresh || state_.size() != loop_->states()) {
    state_.assign(loop_->states(), 0.0);
    loop_->rest(state_, before);
  }
}

KelvinSensor& ProbeKelvin::sensor() {
  const double amplitude = std::max(nominal_amplitude_m(), 1e-10);
  const bool of_force = settings_.mode == KelvinMode::amplitude;
  const double growth_m = s_->tip.felt_growth_m();
  if (!sensor_ || sensor_amplitude_m_ != amplitude || sensor_of_force_ != of_force ||
      sensor_growth_m_ != growth_m) {
    sensor_ = std::make_unique<KelvinSensor>(
        s_->world->specimen(),
        physics::blunter(s_->params.tip, growth_m),
        physics::OrbitParams{amplitude, s_->params.closest_approach_m},
        of_force ? physics::FootprintOf::gradient : physics::FootprintOf::curvature);
    sensor_amplitude_m_ = amplitude;
    sensor_of_force_ = of_force;
    sensor_growth_m_ = growth_m;
  }
  return *sensor_;
}

void ProbeKelvin::changed() {
  const bool runs = on_ && s_->engaged && settings_.modulation_peak_v > 0.0;
  s_->world->exposure().kelvin_bias = runs && settings_.modulation_hz < ions_follow_hz;
  if (!runs) {
    held_v_ = loop_ ? loop_->bias_v(state_) : held_v_;
    held_v_ = std::clamp(held_v_, settings_.bias_v.low, settings_.bias_v.high);
    loop_.reset();
    return;
  }
  rebuild();
  input_v_ = sensor().nulled_potential_v(s_->on_sample(s_->now_at())) + s_->tip.potential_v();
}

const physics::LinearStep& ProbeKelvin::step_of(Duration duration) {
  const auto found = step_cache_.find(duration.count());
  if (found != step_cache_.end()) {
    return found->second;
  }
  if (step_cache_.size() >= max_cached_steps) {
    step_cache_.clear();
  }
  return step_cache_
      .emplace(duration.count(), physics::LinearStep(loop_->system(), seconds(duration)))
      .first->second;
}

void ProbeKelvin::step(const physics::LinearStep& with) {
  std::array<double, max_loop_states> normals{};
  const bool noisy = !loop_->system().noise_columns.empty();
  const auto used = std::span(normals).first(noisy ? state_.size() : 0);
  if (noisy) {
    RandomStream(s_->world->seed(), Purpose::kelvin_noise, 0, steps_++).fill_normal(used);
  }
  with.apply(state_, input_v_, used);
  loop_->clamp(state_, settings_.bias_v.low, settings_.bias_v.high);
}

void ProbeKelvin::catch_up() {
  const Duration now = s_->world->clock().now();
  const Duration passed = now - reached_;
  if (passed <= Duration::zero()) {
    return;
  }
  reached_ = now;
  if (!loop_) {
    return;
  }
  // an unstable loop is followed in steps in which it can reach its limits, where it stays
  Duration part = passed;
  while (step_of(part).growth() > wild_growth && part > Duration(1000)) {
    part = part / 2;
  }
  Duration left = passed;
  for (; left > part; left -= part) {
    step(step_of(part));
  }
  step(step_of(left));
}

std::vector<double> ProbeKelvin::save() const {
  const std::int64_t whole_s = reached_.count() / 1'000'000'000;
  const std::int64_t rest_ns = reached_.count() % 1'000'000'000;
  std::vector<double> out{static_cast<double>(settings_.mode),
                          settings_.modulation_hz,
                          settings_.modulation_peak_v,
                          settings_.proportional_gain,
                          settings_.time_constant_s,
                          settings_.bias_v.low,
                          settings_.bias_v.high,
                          on_ ? 1.0 : 0.0,
                          static_cast<double>(whole_s),
                          static_cast<double>(rest_ns),
                          static_cast<double>(steps_),
                          held_v_,
                          loop_ ? 1.0 : 0.0,
                          static_cast<double>(state_.size())};
  out.insert(out.end(), state_.begin(), state_.end());
  out.resize(saved_values, 0.0);
  return out;
}

void ProbeKelvin::load(std::span<const double> state) {
  require(state.size() == saved_values, "the saved state of the Kelvin loop has a wrong size");
  std::size_t i = 0;
  const auto next = [&] { return state[i++]; };
  settings_.mode = static_cast<KelvinMode>(static_cast<int>(next()));
  settings_.modulation_hz = next();
  settings_.modulation_peak_v = next();
  settings_.proportional_gain = next();
  settings_.time_constant_s = next();
  settings_.bias_v.low = next();
  settings_.bias_v.high = next();
  on_ = next() != 0.0;
  const double whole_s = next();
  const double rest_ns = next();
  reached_ = Duration(static_cast<std::int64_t>(whole_s) * 1'000'000'000 +
                      static_cast<std::int64_t>(rest_ns));
  steps_ = static_cast<std::uint64_t>(next());
  held_v_ = next();
  const bool ran = next() != 0.0;
  const auto size = static_cast<std::size_t>(next());
  require(size <= max_loop_states, "the saved state of the Kelvin loop is damaged");
  pixel_start_.reset();
  loop_.reset();
  if (ran) {
    changed();
  }
  const auto loop_state = state.subspan(saved_header, size);
  state_.assign(loop_state.begin(), loop_state.end());
}

}  // namespace halotwin::devices::simulated
