#include "physics/kelvin.hpp"

#include <algorithm>
#include <cmath>

#include "base/constants.hpp"
#include "base/require.hpp"
#include "physics/low_pass.hpp"

namespace halotwin::physics {

namespace {

double force_n_per_v(const TipParams& tip, const KelvinOperation& o) {
  if (o.detection == KelvinDetection::amplitude) {
    const double gradient =
        o.mechanical_m > 0.0 ? orbit_averaged_gradient(tip, o.mechanical_m, o.centre_gap_m).total()
                             : capacitance_gradient(tip, o.centre_gap_m).total();
    return std::abs(gradient) * o.modulation_peak_v;
  }
  if (o.mechanical_m <= 0.0) {
    return 0.0;
  }
  const double curvature = orbit_averaged_curvature(tip, o.mechanical_m, o.centre_gap_m).total();
  return 0.5 * curvature * o.mechanical_m * o.modulation_peak_v;
}

}  // namespace

KelvinSensitivity kelvin_sensitivity(const CantileverParams& first,
                                     const CantileverParams& second,
                                     const TipParams& tip,
                                     const KelvinOperation& operation) {
  require(operation.centre_gap_m > operation.mechanical_m,
          "centre_gap_m",
          operation.centre_gap_m,
          "above the amplitude of the orbit");
  KelvinSensitivity s;
  s.detection_hz = operation.detection == KelvinDetection::amplitude
                       ? operation.modulation_hz
                       : operation.mechanical_hz + operation.modulation_hz;
  const CantileverParams& mode =
      std::abs(s.detection_hz - first.resonance_hz) < std::abs(s.detection_hz - second.resonance_hz)
          ? first
          : second;
  const double w = constants::two_pi * s.detection_hz;
  s.force_n_per_v = force_n_per_v(tip, operation);
  s.amplitude_m_per_v = std::abs(susceptibility_m_per_n(mode, w)) * s.force_n_per_v;
  s.decay_per_s = amplitude_decay_per_s(mode);
  s.detuning_rad_per_s = w - resonance_rad_per_s(mode);
  s.thermal_m_per_sqrt_hz = std::sqrt(displacement_psd(mode, s.detection_hz));
  s.detection_m_per_sqrt_hz = mode.detection_noise_m_per_sqrt_hz;
  return s;
}

double contact_potential_noise_v_per_sqrt_hz(const KelvinSensitivity& s) {
  return std::hypot(s.thermal_m_per_sqrt_hz, s.detection_m_per_sqrt_hz) / s.amplitude_m_per_v;
}

void validate(const KelvinLoopParams& p) {
  require_range("filter_order", p.filter_order, 1, max_low_pass_order);
  require_positive("filter_time_constant_s", p.filter_time_constant_s);
  require_range("proportional", p.proportional, 0.0, 1e6);
  require_range("integral_per_s", p.integral_per_s, 0.0, 1e9);
}

// States: Re w, Im w, filter stages, I, M.
KelvinLoop::KelvinLoop(const KelvinSensitivity& sensitivity, const KelvinLoopParams& params)
    : system_(4 + static_cast<std::size_t>(params.filter_order)),
      proportional_(params.proportional),
      output_(1 + static_cast<std::size_t>(params.filter_order)),
      integral_(output_ + 1),
      mean_(output_ + 2) {
  validate(params);
  const double g = sensitivity.decay_per_s;
  const double d = sensitivity.detuning_rad_per_s;
  system_.rate(0, 0) = -g;
  system_.rate(0, 1) = d;
  system_.rate(1, 0) = -d;
  system_.rate(1, 1) = -g;
  // e = u - I - g_p y_n enters both parts of the envelope
  const auto enter = [&](std::size_t row, double gain) {
    system_.input[row] = gain;
    system_.rate(row, integral_) = -gain;
    system_.rate(row, output_) -= gain * params.proportional;
  };
  enter(0, g);
  enter(1, d);
  const double per_tau = 1.0 / params.filter_time_constant_s;
  for (std::size_t stage = 0; stage < static_cast<std::size_t>(params.filter_order); ++stage) {
    system_.rate(2 + stage, stage == 0 ? 0 : 1 + stage) += per_tau;
    system_.rate(2 + stage, 2 + stage) -= per_tau;
  }
  system_.rate(integral_, output_) = params.integral_per_s;
  system_.rate(mean_, integral_) = 1.0;
  system_.rate(mean_, output_) = params.proportional;
  if (sensitivity.amplitude_m_per_v <= 0.0) {
    return;
  }
  // both quadratures of the thermal motion; its density at the detection frequency is that of the
  // force seen through the detuned mode, so that of the force itself is larger by |g + i d|^2 / g^2
  const double thermal = sensitivity.thermal_m_per_sqrt_hz / sensitivity.amplitude_m_per_v;
  if (thermal > 0.0) {
    for (std::size_t part = 0; part < 2; ++part) {
      std::vector<double> column(system_.size, 0.0);
      column[part] = std::hypot(g, d) * thermal;
      system_.noise_columns.push_back(column);
    }
  }
  const double detector = sensitivity.detection_m_per_sqrt_hz / sensitivity.amplitude_m_per_v;
  if (detector > 0.0) {
    std::vector<double> column(system_.size, 0.0);
    column[2] = per_tau * detector;
    system_.noise_columns.push_back(column);
  }
}

double KelvinLoop::bias_v(std::span<const double> state) const {
  return state[integral_] + proportional_ * state[output_];
}

double KelvinLoop::mean_bias_v(std::span<const double> state, double duration_s) const {
  return duration_s > 0.0 ? state[mean_] / duration_s : bias_v(state);
}

void KelvinLoop::clamp(std::span<double> state, double low_v, double high_v) const {
  state[integral_] = std::clamp(state[integral_], low_v, high_v);
}

void KelvinLoop::rest(std::span<double> state, double contact_potential_v) const {
  std::fill(state.begin(), state.end(), 0.0);
  state[integral_] = contact_potential_v;
}

}  // namespace halotwin::physics
