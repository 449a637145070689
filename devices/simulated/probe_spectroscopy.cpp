#include "devices/simulated/probe_spectroscopy.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "base/errors.hpp"
#include "devices/simulated/simulated_lock_in.hpp"

namespace halotwin::devices::simulated {

namespace {

constexpr const char* operation = "run spectroscopy";
constexpr std::size_t most_points = 65536;
constexpr double longest_s = 1.0e5;  // of a curve

/// Standard deviation of the lever's phase, averaged over `mean_s` [rad]: what thermal motion (a
/// band of the ring rate g) and the detector (white) leave,
///   s^2 = S_th(0) / (2 T) [1 - (1 - e^{-gT}) / (gT)] + S_d / (2 T).
double mean_phase_noise_rad(physics::CantileverParams lever,
                            const sim::Surroundings& around,
                            double drive_hz,
                            double amplitude_m,
                            double mean_s) {
  if (amplitude_m <= 0.0) {
    return 0.0;
  }
  const double detection = around.detection_noise ? lever.detection_noise_m_per_sqrt_hz : 0.0;
  lever.detection_noise_m_per_sqrt_hz = 0.0;
  const double thermal =
      around.thermal_noise ? physics::phase_noise_psd(lever, drive_hz, 0.0, amplitude_m) : 0.0;
  const double x = physics::amplitude_decay_per_s(lever) * mean_s;
  const double of_band = 1.0 + std::expm1(-x) / x;
  const double white = 2.0 * detection * detection / (amplitude_m * amplitude_m);
  return std::sqrt((thermal * of_band + white) / (2.0 * mean_s));
}

double point_s(const SpectroscopySettings& s) {
  return s.settling_s + s.integration_s;
}

double curve_s(const SpectroscopySettings& s) {
  const double ways = s.backward_too ? 2.0 : 1.0;
  return s.initial_settling_s + ways * static_cast<double>(s.points) * point_s(s);
}

}  // namespace

Duration ProbeSpectroscopy::expected_time(const SpectroscopySettings& settings) const {
  check(settings);
  return from_seconds(curve_s(settings));
}

void ProbeSpectroscopy::check(const SpectroscopySettings& s) const {
  const auto refuse = [&](const std::string& why) {
    throw DeviceError(s_->role, operation, why, Retry::no);
  };
  if (s.points < 2 || s.points > most_points) {
    refuse(fmt::format("{} points (must be 2 to {})", s.points, most_points));
  }
  if (!(s.initial_settling_s >= 0.0 && s.settling_s >= 0.0 && s.integration_s > 0.0) ||
      !(curve_s(s) <= longest_s)) {
    refuse(
        fmt::format("settling of {} s and {} s, integration of {} s: must be 0 or more, above "
                    "0, and {} s together at most",
                    s.initial_settling_s,
                    s.settling_s,
                    s.integration_s,
                    longest_s));
  }
  const double most_v = s_->params.kelvin.max_bias_v;
  const double most_m = 5.0e-6;  // half of the range
  const double most = s.swept == SweptQuantity::bias ? most_v : most_m;
  if (!(std::abs(s.from) <= most && std::abs(s.to) <= most) ||
      !(std::abs(s.z_offset_m) <= most_m)) {
    refuse(fmt::format("from {} to {}, offset {} m (must be within +-{} V and +-{} m)",
                       s.from,
                       s.to,
                       s.z_offset_m,
                       most_v,
                       most_m));
  }
  const std::size_t there = signals_->signals().size();
  if (s.signal_indices.empty() || std::any_of(s.signal_indices.begin(),
                                              s.signal_indices.end(),
                                              [&](std::size_t k) { return k >= there; })) {
    refuse(fmt::format("no signals, or some beyond the {} that there are", there));
  }
}

double ProbeSpectroscopy::sensed_above_spot_v() {
  if (!s_->engaged) {
    return 0.0;
  }
  const sim::Specimen& film = s_->world->specimen();
  const double growth_m = s_->tip.felt_growth_m();
  const double amplitude_m = std::max(s_->amplitude_at_work_m(), 1e-10);
  const physics::OrbitParams orbit{amplitude_m, s_->params.closest_approach_m};
  if (!sensor_ || !(orbit == sensor_orbit_) || growth_m != sensor_growth_m_) {
    sensor_ = std::make_unique<KelvinSensor>(
        film, physics::blunter(s_->params.tip, growth_m), orbit, physics::FootprintOf::curvature);
    sensor_orbit_ = orbit;
    sensor_growth_m_ = growth_m;
  }
  sensor_->refresh();
  const Point at = s_->on_sample(s_->now_at());
  return sensor_->nulled_potential_v(at) - film.contact_potential_v(at);
}

// 1/f noise from below the rate of curves to that of points.
void ProbeSpectroscopy::begin_flicker(const SpectroscopySettings& settings) {
  flicker_parts_.clear();
  const auto& around = s_->world->surroundings();
  if (around.flicker_noise && !s_->chain->phase_is_noisy()) {
    flicker_parts_ = physics::flicker_parts(
        around.resonance.flicker_coefficient, 0.1 / curve_s(settings), 1.0 / point_s(settings));
  }
  flicker_.assign(flicker_parts_.size(), 0.0);
  s_->sweep.resonance_shift = 0.0;
}

// From nought, where the curve begins: what was there before belongs to the tune.
void ProbeSpectroscopy::let_flicker(double passed_s, RandomStream& draw) {
  double sum = 0.0;
  for (std::size_t k = 0; k < flicker_.size(); ++k) {
    const double keeps = std::exp(-passed_s / flicker_parts_[k].correlation_time_s);
    flicker_[k] = keeps * flicker_[k] +
                  flicker_parts_[k].rms * std::sqrt(1.0 - keeps * keeps) * draw.normal();
    sum += flicker_[k];
  }
  s_->sweep.resonance_shift = sum;
}

void ProbeSpectroscopy::set(const SpectroscopySettings& settings, double value) {
  const bool of_bias = settings.swept == SweptQuantity::bias;
  s_->sweep.bias_v = of_bias ? value : 0.0;
  s_->sweep.lift_m = settings.z_offset_m + (of_bias ? 0.0 : value);
  s_->settle();
}

void ProbeSpectroscopy::measure(const SpectroscopySettings& settings, std::span<double> values) {
  const bool noisy = s_->chain->phase_is_noisy();
  const auto& m = s_->chain->settings().mechanical;
  const double noise_rad = noisy ? 0.0
                                 : mean_phase_noise_rad(s_->lever(),
                                                        s_->world->surroundings(),
                                                        m.drive_hz,
                                                        m.amplitude_m,
                                                        settings.integration_s);
  RandomStream draw(s_->world->seed(),
                    Purpose::deflection_noise,
                    static_cast<std::uint32_t>(s_->place),
                    ++s_->readings);
  const double phase = s_->chain->read().mechanical_phase_rad;
  const double phase_read = phase + noise_rad * draw.normal();
  const double sine = std::abs(std::sin(phase));
  const double free_sine =
      std::abs(std::sin(physics::static_phase_rad(s_->lever(), m.drive_hz, 0.0)));
  const double most_amplitude_m = s_->free_amplitude_m() * sine / free_sine;  // in this field
  const double amplitude_noise_m = m.amplitude_m * noise_rad * draw.normal();
  const std::vector<Signal> names = signals_->signals();
  for (std::size_t k = 0; k < values.size(); ++k) {
    const std::size_t index = settings.signal_indices[k];
    if (names[index].name == "phase") {
      values[k] = phase_read;
    } else if (names[index].name == "amplitude") {
      values[k] = std::min(signals_->value(index) * sine / held_sine_, most_amplitude_m) +
                  amplitude_noise_m;
    } else {
      values[k] = signals_->value(index);
    }
  }
  let_flicker(point_s(settings), draw);
}

void ProbeSpectroscopy::sweep(const SpectroscopySettings& settings,
                              const std::vector<double>& swept,
                              std::vector<std::vector<double>>& rows,
                              const std::stop_token& stop) {
  sim::VirtualClock& clock = s_->world->clock();
  rows.assign(settings.signal_indices.size(), {});
  std::vector<double> values(rows.size());
  for (const double value : swept) {
    set(settings, value);
    clock.sleep(from_seconds(settings.settling_s), stop);
    s_->settle();  // what drifts has gone on
    static_cast<void>(s_->chain->read());
    clock.sleep(from_seconds(settings.integration_s), stop);
    measure(settings, values);
    for (std::size_t k = 0; k < rows.size(); ++k) {
      rows[k].push_back(values[k]);
    }
  }
}

SpectroscopyCurve ProbeSpectroscopy::run(const SpectroscopySettings& settings,
                                         const std::stop_token& stop) {
  s_->strike(operation);
  check(settings);
  if (s_->kelvin->on()) {
    throw DeviceError(s_->role, operation, "the Kelvin loop is on", Retry::no);
  }
  if (stop.stop_requested()) {
    throw Interrupted("stopped on request");
  }
  const FeedbackMode mode = s_->feedback.mode;
  const auto restore = [&] {
    s_->settle();
    s_->sweep = {};
    s_->feedback.mode = mode;
    s_->settle();
  };
  s_->settle();
  if (mode == FeedbackMode::on) {
    s_->feedback.mode = FeedbackMode::hold;
  }
  s_->sweep.potential_v = sensed_above_spot_v();
  begin_flicker(settings);
  s_->settle();
  static_cast<void>(s_->chain->read());  // the mean of another time
  held_sine_ = std::max(std::abs(std::sin(s_->chain->read().mechanical_phase_rad)), 1e-3);
  SpectroscopyCurve curve;
  curve.swept_forward = linear_spacing(settings.from, settings.to, settings.points);
  try {
    set(settings, settings.from);
    s_->world->clock().sleep(from_seconds(settings.initial_settling_s), stop);
    sweep(settings, curve.swept_forward, curve.forward, stop);
    if (settings.backward_too) {
      curve.swept_backward.assign(curve.swept_forward.rbegin(), curve.swept_forward.rend());
      sweep(settings, curve.swept_backward, curve.backward, stop);
    }
  } catch (...) {
    restore();
    throw;
  }
  restore();
  return curve;
}

}  // namespace halotwin::devices::simulated
