#include "devices/simulated/harmonic_chain.hpp"

#include <array>
#include <cmath>

#include "base/constants.hpp"
#include "base/random.hpp"
#include "base/require.hpp"
#include "physics/ion_response.hpp"
#include "physics/resonance_drift.hpp"

namespace halotwin::devices::simulated {

namespace {

using Complex = std::complex<double>;
constexpr std::size_t saved_values = 2 * 8 + 2 * 8 + 2 + 2 + 1 + 2 * 4 + 3;

physics::LowPassParams filter(const ChainSettings::SignalStage& stage) {
  return {stage.order, stage.time_constant_s};
}

// Stiffness that the tip's voltage adds. The height feedback has taken up the mean bending, so that
// of the bending term -B V^4 of gradient_harmonics only -B V^2 (V^2 - s0) is left, s0 the mean of
// V^2.
physics::GradientHarmonics force_gradient(const TipResponse& response,
                                          const ChainSettings::Electrical& electrical,
                                          Complex squared_response) {
  const double curvature = response.curvature_f_per_m2();
  const double bending = response.bending_n_per_m_v4();
  const physics::TipVoltage voltage{electrical.dc_v() - response.contact_potential_v(),
                                    electrical.amplitude_peak_v};
  const Complex r = std::sqrt(squared_response);
  const auto rigid = physics::gradient_harmonics(curvature, response.dc_response(), r, voltage);
  auto total = physics::gradient_harmonics(curvature, response.dc_response(), r, voltage, bending);
  const double taken_up = bending * rigid.static_n_per_m / (0.25 * curvature * curvature);
  total.static_n_per_m += taken_up * rigid.static_n_per_m;
  total.first_n_per_m += taken_up * rigid.first_n_per_m;
  total.second_n_per_m += taken_up * rigid.second_n_per_m;
  return total;
}

}  // namespace

HarmonicChain::HarmonicChain(const sim::World& world, const ChainParams& params)
    : world_(&world),
      params_(params),
      response_(
          world.specimen(), params.tip, params.nominal_orbit, params.cantilever.stiffness_n_per_m),
      strong_(params.tip) {}

Complex HarmonicChain::lock_in_1(Complex rate_per_s) const {
  Complex factor = 1.0;
  const Complex one_stage = 1.0 / (1.0 + rate_per_s * settings_.lock_in_1.time_constant_s);
  for (int k = 0; k < settings_.lock_in_1.order; ++k) {
    factor *= one_stage;
  }
  return factor;
}

HarmonicChain::Steady HarmonicChain::steady_state() {
  Steady steady;
  const auto& m = settings_.mechanical;
  const auto& e = settings_.electrical;
  physics::CantileverParams lever = params_.cantilever;
  lever.resonance_hz = m.resonance_hz;
  if (!m.engaged) {
    steady.mean_phase_rad = physics::static_phase_rad(lever, m.drive_hz, 0.0);
    return steady;
  }
  response_.place(m);
  const bool modulated = e.amplitude_peak_v != 0.0;
  const Complex squared = modulated ? response_.squared_response(e.frequency_hz) : Complex(1.0);
  const physics::GradientHarmonics gradient = force_gradient(response_, e, squared);
  const std::array<Complex, 2> dk{gradient.first_n_per_m, gradient.second_n_per_m};
  steady.mean_phase_rad = physics::static_phase_rad(
      lever, m.drive_hz, gradient.static_n_per_m / lever.stiffness_n_per_m);
  if (!modulated) {
    return steady;
  }
  std::array<LeverModulation, 2> answer;
  const double gap_m = m.mean_gap_m + response_.film_gap_m();
  const physics::HeightLoop* held = loop();
  const LeverAtWork work{.free = lever,
                         .drive_hz = m.drive_hz,
                         .amplitude_m = m.amplitude_m,
                         .centre_gap_m = gap_m,
                         .static_n_per_m = gradient.static_n_per_m,
                         .loop = held,
                         .log_slope_per_m = held == nullptr ? 0.0 : log_slope(gap_m)};
  for (std::size_t n = 0; n < 2; ++n) {
    const double w = constants::two_pi * e.frequency_hz * static_cast<double>(n + 1);
    answer[n] = modulate(work, w, dk[n]);
    steady.phase[n] = answer[n].phase_rad;
    steady.amplitude[n] = answer[n].amplitude;
  }
  if (StrongStimulus::needed(answer[0], answer[1])) {
    const physics::TipVoltage voltage{e.dc_v() - response_.contact_potential_v(),
                                      e.amplitude_peak_v};
    correct_strong(
        work,
        physics::gradient_harmonics(
            response_.curvature_f_per_m2(), response_.dc_response(), std::sqrt(squared), voltage),
        steady);
  }
  return steady;
}

void HarmonicChain::correct_strong(const LeverAtWork& work,
                                   const physics::GradientHarmonics& rigid,
                                   Steady& steady) {
  const double curvature = response_.curvature_f_per_m2();
  const double per_gradient = -2.0 / curvature;
  strong_.take_tip(physics::blunter(params_.tip, settings_.mechanical.tip_growth_m));
  const StrongExcess more =
      strong_.excess(work,
                     {.square = {per_gradient * rigid.static_n_per_m,
                                 per_gradient * rigid.first_n_per_m,
                                 per_gradient * rigid.second_n_per_m},
                      .rad_per_s = constants::two_pi * settings_.electrical.frequency_hz,
                      .curvature_f_per_m2 = curvature,
                      .bending_n_per_m_v4 = response_.bending_n_per_m_v4(),
                      .filter_order = settings_.lock_in_1.order,
                      .filter_time_constant_s = settings_.lock_in_1.time_constant_s});
  steady.phase[1] *= more.phase_factor;
  steady.amplitude[1] += more.amplitude;
  steady.mean_phase_rad += more.mean_phase_rad;
}

// d ln <C''> / d gap, kept while the orbit stays.
double HarmonicChain::log_slope(double gap_m) {
  const double amplitude_m = settings_.mechanical.amplitude_m;
  const double growth_m = settings_.mechanical.tip_growth_m;
  if (gap_m != slope_gap_m_ || amplitude_m != slope_amplitude_m_ || growth_m != slope_growth_m_) {
    slope_gap_m_ = gap_m;
    slope_amplitude_m_ = amplitude_m;
    slope_growth_m_ = growth_m;
    slope_per_m_ =
        curvature_log_slope_per_m(physics::blunter(params_.tip, growth_m), amplitude_m, gap_m);
  }
  return slope_per_m_;
}

// The height loop of the present settings; none without gains.
const physics::HeightLoop* HarmonicChain::loop() {
  const auto& m = settings_.mechanical;
  if (m.loop_integral_per_s <= 0.0 && m.loop_proportional <= 0.0) {
    return nullptr;
  }
  const physics::HeightGains wanted{m.loop_integral_per_s, m.loop_proportional};
  if (!loop_ || !(wanted == gains_)) {
    gains_ = wanted;
    loop_.emplace(params_.height_loop, wanted, physics::amplitude_decay_per_s(params_.cantilever));
  }
  return &*loop_;
}

// (relative amplitude) + i (phase) of the lever's steady modulation at the present generator phase.
Complex HarmonicChain::envelope(const Steady& steady) const {
  const Complex turn = std::polar(1.0, generator_rad_);
  const double m = (steady.amplitude[0] * turn).real() + (steady.amplitude[1] * turn * turn).real();
  const double p = (steady.phase[0] * turn).real() + (steady.phase[1] * turn * turn).real();
  return {m, p};
}

double HarmonicChain::noise_density() const {
  const auto& around = world_->surroundings();
  const auto& m = settings_.mechanical;
  double density = params_.input_noise_v_per_sqrt_hz * params_.input_noise_v_per_sqrt_hz;
  if (!settings_.lock_in_1.connected || m.amplitude_m <= 0.0) {
    return density;
  }
  const double f = settings_.lock_in_2.harmonic * settings_.lock_in_2.reference_hz;
  physics::CantileverParams lever = params_.cantilever;
  lever.resonance_hz = m.resonance_hz;
  lever.temperature_k =
      around.thermal_noise ? lever.temperature_k + world_->lever_warming_k() : 0.0;
  lever.detection_noise_m_per_sqrt_hz =
      around.detection_noise ? lever.detection_noise_m_per_sqrt_hz : 0.0;
  double phase = physics::phase_noise_psd(lever, m.drive_hz, constants::two_pi * f, m.amplitude_m);
  if (around.flicker_noise) {
    phase += physics::flicker_phase_psd(around.resonance, lever, f);
  }
  const double scale = settings_.lock_in_1.scale_v_per_rad;
  return density + scale * scale * std::norm(lock_in_1({0.0, constants::two_pi * f})) * phase;
}

void HarmonicChain::change(const ChainSettings& settings) {
  settle_pending();
  settings_ = settings;
  pending_ = true;
}

// Works out the steady state of new settings once, when time first passes under them: the lever's
// envelope is continuous, so what the new steady state does not have becomes a free transient.
void HarmonicChain::settle_pending() {
  if (!pending_) {
    return;
  }
  pending_ = false;
  const Complex before = envelope(steady_);
  steady_ = steady_state();
  transient_ += before - envelope(steady_);
  if (std::abs(transient_) < 1e-15) {
    transient_ = 0.0;
  }
  const bool noisy = world_->surroundings().thermal_noise ||
                     world_->surroundings().detection_noise || world_->surroundings().flicker_noise;
  noise_density_ = noisy ? noise_density() : 0.0;
}

void HarmonicChain::propagate_signal(double dt_s) {
  const auto& stage = settings_.lock_in_2;
  const double w_e = constants::two_pi * settings_.electrical.frequency_hz;
  const double h = stage.harmonic;
  const double w_r = h * constants::two_pi * stage.reference_hz;
  const double scale = settings_.lock_in_1.connected ? settings_.lock_in_1.scale_v_per_rad : 0.0;
  const Complex reference = std::polar(1.0, -h * reference_rad_);
  std::array<physics::ExponentialTerm, 6> terms;
  std::size_t count = 0;
  for (std::size_t n = 0; n < 2; ++n) {
    const double w = w_e * static_cast<double>(n + 1);
    const Complex phasor = scale * lock_in_1({0.0, w}) * steady_.phase[n] *
                           std::polar(1.0, static_cast<double>(n + 1) * generator_rad_);
    if (phasor != Complex{}) {
      terms[count++] = {phasor * reference, {0.0, w - w_r}};
      terms[count++] = {std::conj(phasor) * reference, {0.0, -w - w_r}};
    }
  }
  const double w_0 = constants::two_pi * settings_.mechanical.resonance_hz;
  const double g = 0.5 * w_0 / params_.cantilever.quality_factor;
  const Complex lambda{-g, w_0 - constants::two_pi * settings_.mechanical.drive_hz};
  if (transient_ != Complex{}) {  // Im[eps] times 2 e^{-i h th_r}
    const Complex i{0.0, 1.0};
    const Complex seen = scale * lock_in_1(lambda) * transient_;
    terms[count++] = {-i * seen * reference, lambda - Complex{0.0, w_r}};
    terms[count++] = {i * std::conj(seen) * reference, std::conj(lambda) - Complex{0.0, w_r}};
    transient_ *= std::exp(lambda * dt_s);
    if (std::abs(transient_) < 1e-15) {
      transient_ = 0.0;
    }
  }
  physics::advance(filter(stage), signal_, std::span(terms).first(count), dt_s);
  generator_rad_ = std::remainder(generator_rad_ + w_e * dt_s, constants::two_pi);
  reference_rad_ = std::remainder(reference_rad_ + constants::two_pi * stage.reference_hz * dt_s,
                                  constants::two_pi);
}

void HarmonicChain::propagate_noise(double dt_s) {
  const auto& stage = settings_.lock_in_2;
  // a grid of time constants, so that the factor never depends on what was worked out before
  const double x = std::min(std::round(dt_s / stage.time_constant_s * 1e6) * 1e-6, 60.0);
  physics::advance(filter(stage), noise_, {}, dt_s);
  if (noise_density_ <= 0.0 || x <= 0.0) {
    return;
  }
  if (x != factor_time_constants_ || factor_.order != stage.order) {
    factor_ = physics::noise_factor(stage.order, x);
    factor_time_constants_ = x;
  }
  RandomStream draw(world_->seed(), Purpose::lock_in_noise, 0, noise_steps_++);
  std::array<double, std::size_t{2} * physics::max_low_pass_order> normals{};
  const auto used = std::span(normals).first(2 * static_cast<std::size_t>(stage.order));
  draw.fill_normal(used);
  physics::add_noise(factor_, std::sqrt(noise_density_ / stage.time_constant_s), used, noise_);
}

void HarmonicChain::advance(double dt_s) {
  settle_pending();
  propagate_signal(dt_s);
  propagate_noise(dt_s);
}

ChainOutput HarmonicChain::output() {
  settle_pending();
  const auto last = static_cast<std::size_t>(settings_.lock_in_2.order) - 1;
  ChainOutput out;
  out.phasor_v = signal_.stage[last] + noise_.stage[last];
  const double scale = settings_.lock_in_1.connected ? settings_.lock_in_1.scale_v_per_rad : 0.0;
  out.input_peak_v =
      scale * (std::abs(steady_.phase[0]) + std::abs(steady_.phase[1]) + std::abs(transient_));
  out.mechanical_phase_rad = steady_.mean_phase_rad;
  return out;
}

std::vector<double> HarmonicChain::save() const {
  std::vector<double> state;
  state.reserve(saved_values);
  const auto put = [&](Complex z) {
    state.push_back(z.real());
    state.push_back(z.imag());
  };
  for (const physics::LowPassState* filter_state : {&signal_, &noise_}) {
    for (const Complex& z : filter_state->stage) {
      put(z);
    }
  }
  put(transient_);
  state.push_back(generator_rad_);
  state.push_back(reference_rad_);
  state.push_back(static_cast<double>(noise_steps_));
  for (std::size_t n = 0; n < 2; ++n) {
    put(steady_.phase[n]);
    put(steady_.amplitude[n]);
  }
  state.push_back(steady_.mean_phase_rad);
  state.push_back(noise_density_);
  state.push_back(pending_ ? 1.0 : 0.0);
  return state;
}

void HarmonicChain::load(std::span<const double> state) {
  require(state.size() == saved_values, "the saved state of the harmonic engine has a wrong size");
  std::size_t i = 0;
  const auto get = [&] {
    const Complex z{state[i], state[i + 1]};
    i += 2;
    return z;
  };
  for (physics::LowPassState* filter_state : {&signal_, &noise_}) {
    for (Complex& z : filter_state->stage) {
      z = get();
    }
  }
  transient_ = get();
  generator_rad_ = state[i++];
  reference_rad_ = state[i++];
  noise_steps_ = static_cast<std::uint64_t>(state[i++]);
  for (std::size_t n = 0; n < 2; ++n) {
    steady_.phase[n] = get();
    steady_.amplitude[n] = get();
  }
  steady_.mean_phase_rad = state[i++];
  noise_density_ = state[i++];
  pending_ = state[i] != 0.0;
}

}  // namespace halotwin::devices::simulated
