#include "devices/simulated/time_domain_chain.hpp"

#include <algorithm>
#include <cmath>
#include <type_traits>

#include "base/constants.hpp"
#include "base/require.hpp"
#include "physics/damped_motion.hpp"
#include "physics/ion_response.hpp"

namespace halotwin::devices::simulated {

namespace {

using Complex = std::complex<double>;
constexpr double nearest_gap_m = 0.25e-9;   // about an atom's radius: no model below it
constexpr double orbit_reach = 1.6;         // of the amplitude: room for the ringing after a step
constexpr double flicker_lowest_hz = 0.1;   // slower: the drift of the resonance
constexpr double flicker_highest_hz = 3e3;  // faster: below 1 % of the thermal phase noise
constexpr std::uint64_t ticks_per_flicker = 16;
constexpr double tolerated_alias = 5e-4;  // of the ripple of lock-in 1, in the phase

double sum_of(const FilmStates::Lanes& a) {
  return ((a[0] + a[4]) + (a[2] + a[6])) + ((a[1] + a[5]) + (a[3] + a[7]));
}

}  // namespace

void validate(const TimeDomainOptions& p) {
  require_range("steps_per_period", p.steps_per_period, 12, 256);
  require(p.steps_per_period % 4 == 0, "steps_per_period", p.steps_per_period, "a multiple of 4");
  require_range("groups", p.groups, 1, static_cast<double>(FilmStates::lanes));
}

GradientTable::GradientTable(const physics::TipParams& tip, double lowest_m, double highest_m)
    : lowest_m_(lowest_m), per_m_(intervals / (highest_m - lowest_m)), cubic_(intervals) {
  require(highest_m > lowest_m, "highest_m", highest_m, "> lowest_m");
  const double width = 1.0 / per_m_;
  double y0 = physics::capacitance_gradient(tip, lowest_m).total();
  double d0 = width * physics::capacitance_curvature(tip, lowest_m).total();
  for (std::size_t i = 0; i < cubic_.size(); ++i) {
    const double u = lowest_m + static_cast<double>(i + 1) * width;
    const double y1 = physics::capacitance_gradient(tip, u).total();
    const double d1 = width * physics::capacitance_curvature(tip, u).total();
    const double rise = y1 - y0;
    cubic_[i] = {y0, d0, 3.0 * rise - 2.0 * d0 - d1, d0 + d1 - 2.0 * rise};
    y0 = y1;
    d0 = d1;
  }
}

void FilmStates::take(std::span<const ResponseGroup> groups, double transient_hz, double step_s) {
  require(groups.size() <= lanes, "a film of more groups than the engine has places for");
  groups_.assign(groups.begin(), groups.end());
  share_.fill(0.0);
  decay_.fill(0.0);
  gain_old_.fill(0.0);
  gain_new_.fill(0.0);
  strength_ = {};
  matrix_ = {};
  line_count_ = 0;
  per_step_s_ = 1.0 / step_s;
  slow_ = physics::FirstOrderHold(1.0 / (constants::two_pi * transient_hz), step_s);
  for (std::size_t g = 0; g < groups_.size(); ++g) {
    const physics::IonVoltageStep ions(groups_[g].ions, step_s);
    share_[g] = groups_[g].share;
    decay_[g] = ions.decay;
    gain_old_[g] = ions.gain_old;
    gain_new_[g] = ions.gain_new;
    require(groups_[g].lines.size() <= lines, "a film with more lines than the engine integrates");
    for (std::size_t k = 0; k < groups_[g].lines.size(); ++k) {
      const physics::ResponseLineStep line(groups_[g].lines[k], step_s);
      line_count_ = std::max(line_count_, k + 1);
      strength_[k][g] = groups_[g].lines[k].strength;
      lag_s_[k][g] = line.lag_s;
      for (std::size_t i = 0; i < 4; ++i) {
        matrix_[k][i][g] = line.matrix[i];
      }
    }
  }
}

void FilmStates::settle(double voltage_v) {
  for (std::size_t g = 0; g < lanes; ++g) {
    const double beta = g < groups_.size() ? groups_[g].ions.ratio : 0.0;
    ion_v_[g] = voltage_v * beta / (1.0 - beta);
    for (std::size_t k = 0; k < lines; ++k) {
      line_v_[k][g] = voltage_v;
      line_v_per_s_[k][g] = 0.0;
    }
  }
  slow_v_ = voltage_v;
}

void FilmStates::step_lines(double v_old, double v_new) {
  const double slope = (v_new - v_old) * per_step_s_;
  for (std::size_t k = 0; k < line_count_; ++k) {
    for (std::size_t g = 0; g < lanes; ++g) {
      const double lag = lag_s_[k][g] * slope;
      const double y = line_v_[k][g] - (v_old - lag);
      const double rate = line_v_per_s_[k][g] - slope;
      line_v_[k][g] = (matrix_[k][0][g] * y + matrix_[k][1][g] * rate) + (v_new - lag);
      line_v_per_s_[k][g] = (matrix_[k][2][g] * y + matrix_[k][3][g] * rate) + slope;
    }
  }
}

double FilmStates::operator()(double v_old, double v_new) {
  if (line_count_ > 0) {
    step_lines(v_old, v_new);
  }
  for (std::size_t g = 0; g < lanes; ++g) {
    ion_v_[g] = decay_[g] * ion_v_[g] + (gain_old_[g] * v_old + gain_new_[g] * v_new);
  }
  slow_v_ = slow_(slow_v_, v_old, v_new);
  return square(v_new);
}

double FilmStates::square(double voltage_v) const {
  const double common = voltage_v + slow_strength_ * slow_v_;
  Lanes slow = ion_v_;
  for (std::size_t k = 0; k < line_count_; ++k) {
    for (std::size_t g = 0; g < lanes; ++g) {
      slow[g] += strength_[k][g] * line_v_[k][g];
    }
  }
  Lanes part;
  for (std::size_t g = 0; g < lanes; ++g) {
    const double v = common + slow[g];
    part[g] = share_[g] * (v * v);
  }
  return sum_of(part);
}

double NormalDraws::operator()(std::uint64_t number) {
  const std::uint64_t block = number / values_.size();
  if (block != block_) {
    block_ = block;
    RandomStream(seed_, purpose_, 1, block).fill_normal(values_);
  }
  return values_[number % values_.size()];
}

void SampledLowPass::step(const physics::FirstOrderHold& hold, int order, Complex next) {
  Complex u_old = input;
  Complex u_new = next;
  input = next;
  for (int k = 0; k < order; ++k) {
    Complex& y = stages.stage[static_cast<std::size_t>(k)];
    const Complex y_new = hold(y, u_old, u_new);
    u_old = y;
    u_new = y_new;
    y = y_new;
  }
}

void SampledLowPass::settle(Complex value) {
  input = value;
  stages.stage.fill(value);
}

TimeDomainChain::TimeDomainChain(const sim::World& world,
                                 const ChainParams& params,
                                 const TimeDomainOptions& options)
    : world_(&world),
      params_(params),
      steps_((validate(options), options.steps_per_period / ticks_per_period)),
      group_count_(options.groups),
      response_(
          world.specimen(), params.tip, params.nominal_orbit, params.cantilever.stiffness_n_per_m),
      flicker_parts_(physics::flicker_parts(world.surroundings().resonance.flicker_coefficient,
                                            flicker_lowest_hz,
                                            flicker_highest_hz)),
      thermal_draws_(world.seed(), Purpose::thermal_motion),
      detection_draws_(world.seed(), Purpose::deflection_noise),
      input_draws_(world.seed(), Purpose::lock_in_noise),
      flicker_(flicker_parts_.size()) {
  const auto steps = static_cast<std::size_t>(options.steps_per_period);
  for (std::size_t i = 0; i < steps; ++i) {
    const double turn = constants::two_pi * static_cast<double>(i) / static_cast<double>(steps);
    drive_cos_.push_back(std::cos(turn));
    drive_sin_.push_back(std::sin(turn));
  }
  if (!world.surroundings().flicker_noise) {
    flicker_parts_.clear();
    flicker_.clear();
  }
  RandomStream draw(world.seed(), Purpose::phase_flicker, 1, 0);
  for (std::size_t i = 0; i < flicker_.size(); ++i) {
    flicker_[i] = flicker_parts_[i].rms * draw.normal();
  }
}

double TimeDomainChain::now_s() const {
  return owed_s_ + 1e-9 * (static_cast<double>(whole_ns_) + part_ns_);
}

physics::CantileverParams TimeDomainChain::lever() const {
  physics::CantileverParams lever = params_.cantilever;
  lever.resonance_hz = settings_.mechanical.resonance_hz;
  return lever;
}

// Brings both oscillators' phases up to now, so that they go on from here at any frequency.
void TimeDomainChain::mark_phases() {
  const double passed = now_s() - marked_s_;
  generator_rad_ = std::remainder(
      generator_rad_ + constants::two_pi * settings_.electrical.frequency_hz * passed,
      constants::two_pi);
  reference_rad_ =
      std::remainder(reference_rad_ + constants::two_pi * settings_.lock_in_2.reference_hz * passed,
                     constants::two_pi);
  marked_s_ = now_s();
}

void TimeDomainChain::start_grid(double owed_s) {
  whole_ns_ = 0;
  part_ns_ = 0.0;
  owed_s_ = owed_s;
  marked_s_ = owed_s;
  ticks_ = 0;
}

void TimeDomainChain::change(const ChainSettings& settings) {
  mark_phases();
  const auto before = settings_.mechanical;
  const bool engages = settings.mechanical.engaged && !before.engaged;
  settings_ = settings;
  if (engages) {
    start_grid(0.0);
  } else if (settings.mechanical.drive_hz != before.drive_hz) {
    start_grid(before.engaged ? now_s() - static_cast<double>(ticks_) * tick_s_ : 0.0);
  }
  take_settings();
  if (engages) {
    engage();
  }
}

// All that follows from the settings.
void TimeDomainChain::take_settings() {
  const auto& m = settings_.mechanical;
  const physics::CantileverParams free = lever();
  tick_s_ = 1.0 / (ticks_per_period * m.drive_hz);
  step_s_ = tick_s_ / steps_;
  motion_ = physics::DampedOscillatorStep(free, step_s_);
  turn_cos_ = std::cos(constants::two_pi * settings_.electrical.frequency_hz * step_s_);
  turn_sin_ = std::sin(constants::two_pi * settings_.electrical.frequency_hz * step_s_);
  hold_1_ = physics::FirstOrderHold(settings_.lock_in_1.time_constant_s, step_s_);
  const double ripple = std::abs(
      physics::low_pass_response({settings_.lock_in_1.order, settings_.lock_in_1.time_constant_s},
                                 2.0 * constants::two_pi * m.drive_hz));
  steps_per_reading_ = steps_;
  while (steps_per_reading_ > 1 &&
         2.0 * std::pow(ripple, 2.0 * steps_ / steps_per_reading_) > tolerated_alias) {
    do {
      --steps_per_reading_;
    } while (steps_ % steps_per_reading_ != 0);
  }
  reading_s_ = steps_per_reading_ * step_s_;
  hold_2_ = physics::FirstOrderHold(settings_.lock_in_2.time_constant_s, reading_s_);
  offset_gain_ = -std::expm1(-physics::amplitude_decay_per_s(free) * reading_s_);
  take_loop();
  take_noise();
  const double softening = m.engaged ? take_place() : 0.0;
  const physics::CantileverParams at_work = physics::stiffened(free, softening);
  drive_n_ = m.amplitude_m /
             std::abs(physics::susceptibility_m_per_n(at_work, constants::two_pi * m.drive_hz));
  target_offset_rad_ =
      physics::static_phase_rad(free, m.drive_hz, softening / free.stiffness_n_per_m);
}

// The height loop of the present settings.
void TimeDomainChain::take_loop() {
  const auto& m = settings_.mechanical;
  const physics::HeightLoopParams& p = params_.height_loop;
  has_loop_ = m.engaged && (m.loop_integral_per_s > 0.0 || m.loop_proportional > 0.0);
  loop_integral_ = m.loop_integral_per_s * reading_s_;
  loop_proportional_ = m.loop_proportional * p.proportional_unit;
  hold_detector_ = physics::FirstOrderHold(1.0 / (constants::two_pi * p.detector_hz), step_s_);
  piezo_ = physics::damped_motion_matrix(
      constants::two_pi * p.z_resonance_hz, p.z_quality_factor, reading_s_);
  if (!has_loop_) {
    loop_sum_m_ = 0.0;
    loop_error_m_ = 0.0;
    base_m_ = 0.0;
    base_m_per_s_ = 0.0;
  }
}

// Film and field below the tip; returns the mean force gradient [N/m].
double TimeDomainChain::take_place() {
  const auto& m = settings_.mechanical;
  const auto& e = settings_.electrical;
  response_.place(m);
  if (response_.revision() != grouped_revision_ || step_s_ != grouped_step_s_) {
    grouped_revision_ = response_.revision();
    grouped_step_s_ = step_s_;
    film_.take(response_.groups(static_cast<std::size_t>(group_count_)),
               response_.transient_hz(),
               step_s_);
  }
  film_.set_transient(response_.transient_amplitude());
  bias_v_ = e.dc_v() - response_.contact_potential_v();
  const double centre = m.mean_gap_m + response_.film_gap_m();
  const physics::TipParams tip = physics::blunter(params_.tip, m.tip_growth_m);
  if (centre != centre_gap_m_ || m.amplitude_m != table_amplitude_m_ ||
      m.tip_growth_m != table_growth_m_) {
    centre_gap_m_ = centre;
    table_growth_m_ = m.tip_growth_m;
    table_amplitude_m_ = m.amplitude_m;
    const double reach = orbit_reach * m.amplitude_m + nearest_gap_m;
    gradient_ = GradientTable(tip, std::max(centre - reach, nearest_gap_m), centre + reach);
  }
  const double curvature = response_.curvature_f_per_m2();
  const double gradient =
      physics::gradient_harmonics(curvature,
                                  std::sqrt(response_.squared_response(0.0)),
                                  std::sqrt(response_.squared_response(e.frequency_hz)),
                                  {bias_v_, e.amplitude_peak_v})
          .static_n_per_m;
  const double mean_square_v2 = -2.0 * gradient / curvature;
  held_n_ =
      -0.5 * mean_square_v2 * physics::orbit_averaged_gradient(tip, m.amplitude_m, centre).total();
  return std::max(gradient, -0.9 * params_.cantilever.stiffness_n_per_m);
}

// White noise as one impulse a tick: two-sided density times the rate of ticks.
void TimeDomainChain::take_noise() {
  const auto& around = world_->surroundings();
  physics::CantileverParams p = lever();
  p.temperature_k += world_->lever_warming_k();
  const double per_tick = 0.5 / tick_s_;  // of a one-sided density
  thermal_kick_m_per_s_ = around.thermal_noise
                              ? std::sqrt(physics::thermal_force_psd(p) * per_tick) * tick_s_ /
                                    physics::effective_mass_kg(p)
                              : 0.0;
  detection_impulse_m_ =
      around.detection_noise ? p.detection_noise_m_per_sqrt_hz * std::sqrt(per_tick) * steps_ : 0.0;
  const bool noisy = around.thermal_noise || around.detection_noise || around.flicker_noise;
  input_noise_v_ = noisy ? params_.input_noise_v_per_sqrt_hz * std::sqrt(0.5 / reading_s_) : 0.0;
}

// The lever comes from its free steady state, the film from rest under the mean voltage.
void TimeDomainChain::engage() {
  const auto& m = settings_.mechanical;
  const double free_phase = physics::static_phase_rad(lever(), m.drive_hz, 0.0);
  const Complex motion = std::polar(m.amplitude_m, free_phase);
  quarter_ = 0;
  motion_state_ = {motion.real(), -constants::two_pi * m.drive_hz * motion.imag()};
  lock_in_1_.settle(motion);
  detector_.settle(motion);
  phase_rad_ = free_phase;
  offset_rad_ = free_phase;
  film_.settle(bias_v_);
  voltage_v_ = bias_v_ + settings_.electrical.amplitude_peak_v * std::cos(generator_rad_);
}

void TimeDomainChain::advance(double dt_s) {
  require(dt_s >= 0.0 && dt_s < 1e9, "dt_s", dt_s, "a time from 0 to 1e9 s");
  // clocks count whole nanoseconds: what a double adds to them by rounding is dropped
  part_ns_ += dt_s * 1e9;
  const double whole = std::round(part_ns_);
  whole_ns_ += static_cast<std::int64_t>(whole);
  part_ns_ = std::abs(part_ns_ - whole) < 1e-3 ? 0.0 : part_ns_ - whole;
  if (!settings_.mechanical.engaged) {
    physics::advance(
        physics::LowPassParams{settings_.lock_in_2.order, settings_.lock_in_2.time_constant_s},
        lock_in_2_.stages,
        {},
        dt_s);
    lock_in_2_.input = 0.0;
    phase_rad_ = target_offset_rad_;
    let_flicker(dt_s, 2);
    return;
  }
  film_.set_transient(response_.transient_amplitude());
  const auto target = static_cast<std::int64_t>(std::floor(now_s() / tick_s_ + 1e-9));
  while (ticks_ < target) {
    tick();
  }
}

void TimeDomainChain::tick() {
  TickArray square_v2;
  TickArray deflection_m;
  if (!flicker_.empty() && all_ticks_ % ticks_per_flicker == 0) {
    let_flicker(static_cast<double>(ticks_per_flicker) * tick_s_, 3);
  }
  generate(square_v2);
  move_lever(square_v2, deflection_m);
  for (int step = 0; step < steps_; step += steps_per_reading_) {
    demodulate(deflection_m, step);
    read_phase(step + steps_per_reading_);
    if (has_loop_) {
      hold_height();
    }
  }
  ++ticks_;
  ++all_ticks_;
  quarter_ = (quarter_ + 1) % ticks_per_period;
}

void TimeDomainChain::let_flicker(double passed_s, std::uint64_t entity) {
  if (flicker_.empty()) {
    return;
  }
  RandomStream draw(
      world_->seed(), Purpose::phase_flicker, static_cast<std::uint32_t>(entity), flickers_++);
  for (std::size_t i = 0; i < flicker_.size(); ++i) {
    const auto& part = flicker_parts_[i];
    const double decay = std::exp(-passed_s / part.correlation_time_s);
    flicker_[i] = flicker_[i] * decay + part.rms * std::sqrt(1.0 - decay * decay) * draw.normal();
  }
}

// Voltage of the tip over one tick, and the square of what acts on it, averaged over the groups: at
// the start and after every step.
void TimeDomainChain::generate(TickArray& square_v2) {
  const double w = constants::two_pi * settings_.electrical.frequency_hz;
  const double start = generator_rad_ + w * (static_cast<double>(ticks_) * tick_s_ - marked_s_);
  double c = std::cos(start);
  double s = std::sin(start);
  const double amplitude = settings_.electrical.amplitude_peak_v;
  FilmStates film = film_;
  double v_old = voltage_v_;
  square_v2[0] = film.square(v_old);
  for (int i = 1; i <= steps_; ++i) {
    const double next = c * turn_cos_ - s * turn_sin_;
    s = s * turn_cos_ + c * turn_sin_;
    c = next;
    const double v = bias_v_ + amplitude * c;
    square_v2[static_cast<std::size_t>(i)] = film(v_old, v);
    v_old = v;
  }
  voltage_v_ = v_old;
  film_ = film;
}

void TimeDomainChain::move_lever(const TickArray& square_v2, TickArray& deflection_m) {
  const physics::DampedOscillatorStep motion = motion_;
  double relative_shift = 0.0;
  for (const double part : flicker_) {
    relative_shift += part;
  }
  const double stiffening = 2.0 * params_.cantilever.stiffness_n_per_m * relative_shift;
  const auto period = drive_cos_.size();
  std::size_t at = static_cast<std::size_t>(quarter_) * static_cast<std::size_t>(steps_);
  physics::OscillatorState state = motion_state_;
  const double centre_m = centre_gap_m_ + base_m_;
  const double drive_n =
      has_loop_ ? drive_n_ * (1.0 + base_m_ / settings_.mechanical.amplitude_m) : drive_n_;
  const auto force_n = [&](double x, double square) {
    return held_n_ + drive_n * drive_cos_[at] + 0.5 * gradient_(centre_m + x) * square -
           stiffening * x;
  };
  if (thermal_kick_m_per_s_ > 0.0) {
    state.velocity_m_per_s += thermal_kick_m_per_s_ * thermal_draws_(all_ticks_);
  }
  double force = force_n(state.displacement_m, square_v2[0]);
  for (int i = 1; i <= steps_; ++i) {
    state.velocity_m_per_s += motion.kick_s_per_kg * force;
    state = motion(state);
    at = at + 1 == period ? 0 : at + 1;
    force = force_n(state.displacement_m, square_v2[static_cast<std::size_t>(i)]);
    state.velocity_m_per_s += motion.kick_s_per_kg * force;
    deflection_m[static_cast<std::size_t>(i)] = state.displacement_m;
  }
  motion_state_ = state;
  if (detection_impulse_m_ > 0.0) {
    deflection_m[static_cast<std::size_t>(steps_)] +=
        detection_impulse_m_ * detection_draws_(all_ticks_);
  }
}

// Lock-in 1: 2 x exp(-i th_d), stages; the steps of one reading of the phase.
void TimeDomainChain::demodulate(const TickArray& deflection_m, int first) {
  const auto period = drive_cos_.size();
  std::size_t at = static_cast<std::size_t>(quarter_) * static_cast<std::size_t>(steps_) +
                   static_cast<std::size_t>(first);
  SampledLowPass filter = lock_in_1_;
  const int order = settings_.lock_in_1.order;
  for (int i = first + 1; i <= first + steps_per_reading_; ++i) {
    at = at + 1 == period ? 0 : at + 1;
    const double twice = 2.0 * deflection_m[static_cast<std::size_t>(i)];
    const Complex turned{twice * drive_cos_[at], -twice * drive_sin_[at]};
    filter.step(hold_1_, order, turned);
    if (has_loop_) {
      detector_.step(hold_detector_, 2, turned);
    }
  }
  lock_in_1_ = filter;
}

// The height feedback: amplitude below its setpoint lifts the base.
void TimeDomainChain::hold_height() {
  const double setpoint_m = settings_.mechanical.amplitude_m;
  const double error_m = setpoint_m - std::abs(detector_.stages.stage[1]);
  loop_sum_m_ += 0.5 * loop_integral_ * (loop_error_m_ + error_m);
  loop_error_m_ = error_m;
  const double target_m = loop_proportional_ * error_m + loop_sum_m_;
  const double away_m = base_m_ - target_m;
  base_m_ = piezo_[0] * away_m + piezo_[1] * base_m_per_s_ + target_m;
  base_m_per_s_ = piezo_[2] * away_m + piezo_[3] * base_m_per_s_;
  base_m_ = std::clamp(base_m_, -0.5 * setpoint_m, 0.5 * setpoint_m);
}

// The phase output of lock-in 1, and lock-in 2: 2 u exp(-i h th_r), stages.
void TimeDomainChain::read_phase(int step) {
  const auto last_1 = static_cast<std::size_t>(settings_.lock_in_1.order) - 1;
  const double raw = std::arg(lock_in_1_.stages.stage[last_1]);
  phase_rad_ = raw + constants::two_pi * std::round((phase_rad_ - raw) / constants::two_pi);
  phase_sum_rad_ += phase_rad_;
  ++phases_;
  offset_rad_ += offset_gain_ * (target_offset_rad_ - offset_rad_);
  const double scale = settings_.lock_in_1.connected ? settings_.lock_in_1.scale_v_per_rad : 0.0;
  double input_v = scale * (phase_rad_ - offset_rad_);
  if (input_noise_v_ > 0.0) {
    input_v += input_noise_v_ * input_draws_(readings_);
  }
  ++readings_;
  input_peak_v_ = std::max(input_peak_v_, std::abs(input_v));
  const auto& stage = settings_.lock_in_2;
  const double reference =
      reference_rad_ + constants::two_pi * stage.reference_hz *
                           (static_cast<double>(ticks_) * tick_s_ + step * step_s_ - marked_s_);
  lock_in_2_.step(hold_2_, stage.order, std::polar(2.0, -stage.harmonic * reference) * input_v);
}

ChainOutput TimeDomainChain::output() {
  const auto last = static_cast<std::size_t>(settings_.lock_in_2.order) - 1;
  ChainOutput out;
  out.phasor_v = lock_in_2_.stages.stage[last];
  out.input_peak_v = input_peak_v_;
  out.mechanical_phase_rad =
      phases_ > 0 ? phase_sum_rad_ / static_cast<double>(phases_) : phase_rad_;
  input_peak_v_ = 0.0;
  phase_sum_rad_ = 0.0;
  phases_ = 0;
  return out;
}

void TimeDomainChain::visit_state(auto& self, auto&& visit) {
  visit(self.whole_ns_);
  visit(self.part_ns_);
  visit(self.owed_s_);
  visit(self.marked_s_);
  visit(self.generator_rad_);
  visit(self.reference_rad_);
  visit(self.ticks_);
  visit(self.all_ticks_);
  visit(self.flickers_);
  visit(self.readings_);
  visit(self.quarter_);
  visit(self.voltage_v_);
  visit(self.drive_n_);
  visit(self.held_n_);
  FilmStates::visit_state(self.film_, visit);
  visit(self.motion_state_.displacement_m);
  visit(self.motion_state_.velocity_m_per_s);
  for (auto& part : self.flicker_) {
    visit(part);
  }
  SampledLowPass::visit_state(self.lock_in_1_, visit);
  SampledLowPass::visit_state(self.lock_in_2_, visit);
  SampledLowPass::visit_state(self.detector_, visit);
  visit(self.loop_sum_m_);
  visit(self.loop_error_m_);
  visit(self.base_m_);
  visit(self.base_m_per_s_);
  visit(self.phase_rad_);
  visit(self.offset_rad_);
  visit(self.target_offset_rad_);
  visit(self.phase_sum_rad_);
  visit(self.phases_);
  visit(self.input_peak_v_);
}

std::vector<double> TimeDomainChain::save() const {
  std::vector<double> state;
  visit_state(*this, [&](const auto& value) {
    if constexpr (std::is_same_v<std::decay_t<decltype(value)>, Complex>) {
      state.push_back(value.real());
      state.push_back(value.imag());
    } else {
      state.push_back(static_cast<double>(value));
    }
  });
  return state;
}

void TimeDomainChain::load(std::span<const double> state) {
  require(state.size() == save().size(),
          "the saved state of the time-domain engine has a wrong size");
  std::size_t i = 0;
  visit_state(*this, [&](auto& value) {
    using Value = std::decay_t<decltype(value)>;
    if constexpr (std::is_same_v<Value, Complex>) {
      value = {state[i], state[i + 1]};
      i += 2;
    } else {
      value = static_cast<Value>(state[i++]);
    }
  });
}

}  // namespace halotwin::devices::simulated
