#include "devices/simulated/lever_modulation.hpp"

#include <algorithm>
#include <bit>
#include <cmath>

#include "base/constants.hpp"

namespace halotwin::devices::simulated {

namespace {

using Complex = std::complex<double>;
constexpr double linear_tolerance = 1e-4;
constexpr double table_limit = 0.05;
constexpr double small_first = 0.5;  // of the second harmonic: a bias of an eighth of the drive.
                                     // Below, the square of the first adds less than 1 %
constexpr double second_order_tolerance = 5e-4;
constexpr double envelope_tolerance = 1e-5;
constexpr std::size_t table_size = 50000;

physics::CantileverParams in_field(const LeverAtWork& lever, double static_n_per_m) {
  return physics::stiffened(lever.free,
                            std::max(static_n_per_m, -0.9 * lever.free.stiffness_n_per_m));
}

Complex low_pass(double rad_per_s, int order, double time_constant_s) {
  const Complex stage = 1.0 / Complex(1.0, rad_per_s * time_constant_s);
  Complex all = 1.0;
  for (int k = 0; k < order; ++k) {
    all *= stage;
  }
  return all;
}

// Mixes the bits of several numbers (splitmix64).
std::uint64_t mixed(std::uint64_t seed, std::uint64_t value) {
  std::uint64_t z = seed + 0x9E3779B97F4A7C15ULL + value;
  z = (z ^ (z >> 30U)) * 0xBF58476D1CE4E5B9ULL;
  z = (z ^ (z >> 27U)) * 0x94D049BB133111EBULL;
  return z ^ (z >> 31U);
}

// To the grid of the table; the key gets the number of the grid's cell.
double rounded(double value, double step, std::uint64_t& key) {
  const double cell = std::round(value / step);
  key = mixed(key, std::bit_cast<std::uint64_t>(cell + 0.0));
  return cell * step;
}

double rounded_log(double value, double step, std::uint64_t& key) {
  return value > 0.0 ? std::exp(rounded(std::log(value), step, key)) : 0.0;
}

}  // namespace

double curvature_log_slope_per_m(const physics::TipParams& tip, double amplitude_m, double gap_m) {
  const double step = 1e-4 * gap_m;
  return (physics::orbit_averaged_curvature(tip, amplitude_m, gap_m + step).total() /
              physics::orbit_averaged_curvature(tip, amplitude_m, gap_m - step).total() -
          1.0) /
         (2.0 * step);
}

LeverModulation modulate(const LeverAtWork& lever,
                         double modulation_rad_per_s,
                         Complex gradient_n_per_m) {
  const physics::CantileverParams here = in_field(lever, lever.static_n_per_m);
  const double w = constants::two_pi * lever.drive_hz;
  // physics::phase_response and amplitude_response
  const Complex upper = physics::susceptibility_m_per_n(here, w + modulation_rad_per_s);
  const Complex lower = std::conj(physics::susceptibility_m_per_n(here, w - modulation_rad_per_s));
  const Complex phase = Complex(0.0, 0.5) * (upper - lower);
  const Complex amplitude = -0.5 * (upper + lower);
  if (lever.loop == nullptr) {
    return {phase * gradient_n_per_m, amplitude * gradient_n_per_m};
  }
  const Complex per_carrier = 1.0 / physics::susceptibility_m_per_n(here, w);
  const Complex up = upper * per_carrier;
  const Complex down = lower * std::conj(per_carrier);
  const Complex by_drive = 0.5 * (up + down) / lever.amplitude_m;
  const Complex phase_by_drive = Complex(0.0, -0.5) * (up - down) / lever.amplitude_m;
  const double stiffening = lever.static_n_per_m * lever.log_slope_per_m;
  const Complex path = lever.amplitude_m * lever.loop->path(modulation_rad_per_s);
  const Complex m =
      amplitude * gradient_n_per_m / (1.0 + path * (amplitude * stiffening + by_drive));
  return {phase * gradient_n_per_m - path * m * (phase * stiffening + phase_by_drive), m};
}

void StrongStimulus::take_tip(const physics::TipParams& tip) {
  if (!(tip == tip_)) {
    tip_ = tip;
    table_.clear();
  }
}

bool StrongStimulus::needed(const LeverModulation& first, const LeverModulation& second) {
  const double of_second = std::norm(second.phase_rad) + std::norm(second.amplitude);
  if (of_second > linear_tolerance) {
    return true;
  }
  // phase and amplitude of the first together make a phase at twice its frequency
  const double of_first = std::norm(first.phase_rad) + std::norm(first.amplitude);
  return of_first > small_first * small_first * of_second && of_first > second_order_tolerance;
}

std::optional<StrongExcess> StrongStimulus::solve(const LeverAtWork& lever,
                                                  const Stimulus& stimulus) const {
  physics::EnvelopeProblem p;
  p.lever = lever.free;
  p.drive_hz = lever.drive_hz;
  p.tip = tip_;
  p.amplitude_m = lever.amplitude_m;
  p.centre_gap_m = lever.centre_gap_m;
  p.voltage = stimulus.square;
  p.stimulus_rad_per_s = stimulus.rad_per_s;
  const double mean = stimulus.square.mean_v2;
  const double curvature = stimulus.curvature_f_per_m2;
  const double rigid = -0.5 * curvature * mean;
  p.force_n = lever.amplitude_m / std::abs(physics::susceptibility_m_per_n(
                                      in_field(lever, rigid), constants::two_pi * lever.drive_hz));
  p.held_n = -0.5 * mean *
             physics::orbit_averaged_gradient(tip_, lever.amplitude_m, lever.centre_gap_m).total();
  if (lever.loop != nullptr) {
    p.base_m = [&lever](double w) { return -lever.amplitude_m * lever.loop->path(w); };
    p.contact_per_m = 1.0 / lever.amplitude_m;
  }
  const physics::Envelope solved = physics::solve_envelope(p, {.tolerance = envelope_tolerance});
  if (!solved.converged) {
    return std::nullopt;
  }
  const auto filter = [&](double w) {
    return low_pass(w, stimulus.filter_order, stimulus.filter_time_constant_s);
  };
  const physics::EnvelopeModulation seen = physics::modulation_of(solved, filter);
  // the linear answer, bending included (physics::gradient_harmonics, with the mean taken up)
  const double b = stimulus.bending_n_per_m_v4;
  const Complex second = stimulus.square.second_v2;
  LeverAtWork linear = lever;
  linear.log_slope_per_m = lever.loop == nullptr ? 0.0
                                                 : curvature_log_slope_per_m(
                                                       tip_, lever.amplitude_m, lever.centre_gap_m);
  linear.static_n_per_m =
      rigid - 0.5 * b * (std::norm(second) + std::norm(stimulus.square.first_v2));
  const Complex dk = -0.5 * curvature * second - b * mean * second -
                     0.5 * b * stimulus.square.first_v2 * stimulus.square.first_v2;
  const double w2 = 2.0 * stimulus.rad_per_s;
  const LeverModulation expected = modulate(linear, w2, dk);
  StrongExcess out;
  out.phase_factor = seen.phase_rad[1] / (filter(w2) * expected.phase_rad);
  out.amplitude = seen.amplitude[1] / filter(w2) - expected.amplitude;
  out.mean_phase_rad =
      seen.mean_phase_rad -
      physics::static_phase_rad(
          lever.free, lever.drive_hz, linear.static_n_per_m / lever.free.stiffness_n_per_m);
  return out;
}

StrongExcess StrongStimulus::excess(const LeverAtWork& lever, const Stimulus& given) {
  // in the time in which the second harmonic is real
  const double turn = std::arg(given.square.second_v2);
  Stimulus stimulus = given;
  stimulus.square.second_v2 = std::abs(given.square.second_v2);
  stimulus.square.first_v2 *= std::polar(1.0, -0.5 * turn);
  const bool biased =
      std::abs(stimulus.square.first_v2) > small_first * std::abs(stimulus.square.second_v2);
  StrongExcess out =
      biased ? solve(lever, stimulus).value_or(StrongExcess{}) : excess_in_phase(lever, stimulus);
  out.amplitude *= std::polar(1.0, turn);
  return out;
}

StrongExcess StrongStimulus::excess_in_phase(const LeverAtWork& lever, const Stimulus& stimulus) {
  std::uint64_t key = mixed(0, std::bit_cast<std::uint64_t>(stimulus.rad_per_s));
  key = mixed(key, static_cast<std::uint64_t>(stimulus.filter_order));
  key = mixed(key, std::bit_cast<std::uint64_t>(stimulus.filter_time_constant_s));
  LeverAtWork near = lever;
  Stimulus rough = stimulus;
  near.amplitude_m = rounded(lever.amplitude_m, 0.05e-9, key);
  near.centre_gap_m =
      near.amplitude_m + rounded(lever.centre_gap_m - lever.amplitude_m, 0.05e-9, key);
  near.free.resonance_hz = rounded(lever.free.resonance_hz, 20.0, key);
  near.drive_hz =
      near.free.resonance_hz + rounded(lever.drive_hz - lever.free.resonance_hz, 4.0, key);
  rough.square.mean_v2 = rounded_log(stimulus.square.mean_v2, 0.05, key);
  rough.square.second_v2 = rounded_log(stimulus.square.second_v2.real(), 0.05, key);
  rough.square.first_v2 = 0.0;  // small, see small_first
  if (lever.loop != nullptr) {
    const Complex path = lever.loop->path(stimulus.rad_per_s);
    key = mixed(key, std::bit_cast<std::uint64_t>(path.real()));
    key = mixed(key, std::bit_cast<std::uint64_t>(path.imag()));
  }
  auto found = table_.find(key);
  if (found == table_.end()) {
    rough.curvature_f_per_m2 =
        physics::orbit_averaged_curvature(tip_, near.amplitude_m, near.centre_gap_m).total();
    rough.bending_n_per_m_v4 = physics::bending_coefficient(
        tip_, lever.free.stiffness_n_per_m, near.amplitude_m, near.centre_gap_m);
    if (table_.size() >= table_size) {
      table_.clear();
    }
    found = table_.emplace(key, solve(near, rough).value_or(StrongExcess{})).first;
  }
  const StrongExcess& here = found->second;
  if (std::abs(here.phase_factor - 1.0) > table_limit) {
    return solve(lever, stimulus).value_or(StrongExcess{});
  }
  const double curvature =
      physics::orbit_averaged_curvature(tip_, near.amplitude_m, near.centre_gap_m).total();
  const double ratio = stimulus.curvature_f_per_m2 * stimulus.square.second_v2.real() /
                       (curvature * rough.square.second_v2.real());
  const double scale = ratio * ratio;
  return {
      1.0 + scale * (here.phase_factor - 1.0), scale * here.amplitude, scale * here.mean_phase_rad};
}

}  // namespace halotwin::devices::simulated
