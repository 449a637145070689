// The height feedback: amplitude (or deflection) error -> proportional and integral controller ->
// z piezo with its resonance. Its loop gain, and how it follows a surface in time.
#pragma once

#include <array>
#include <complex>

namespace halotwin::physics {

struct HeightLoopParams {
  double z_resonance_hz = 3.0e3;    // z piezo with its load; a few kHz
  double z_quality_factor = 8.0;    // of that resonance (estimate)
  double detector_hz = 10.0e3;      // corner of each stage of the controller's amplitude detector
  double proportional_unit = 0.05;  // gain for FeedbackSettings::proportional_gain = 1 (estimate)
  bool operator==(const HeightLoopParams&) const = default;
};
void validate(const HeightLoopParams& p);
void visit_fields(auto& visit, HeightLoopParams& p) {
  visit("z_resonance_hz", p.z_resonance_hz);
  visit("z_quality_factor", p.z_quality_factor);
  visit("detector_hz", p.detector_hz);
  visit("proportional_unit", p.proportional_unit);
}

/// What the user sets.
struct HeightGains {
  double integral_rate_per_s = 300.0;  // open-loop gain is 1 at about this angular frequency
  double proportional_gain = 1.0;      // in units of HeightLoopParams::proportional_unit
  bool operator==(const HeightGains&) const = default;
};

/// Everything of the loop between the sensed error (metres: the amplitude's slope against the gap
/// is 1 in intermittent contact) and the motion of the probe's base. Time factor exp(+i w t).
///
///   z = K(w) e,   K = (K_p + K_i / (i w)) D(w) P(w)
///   D = 1 / (1 + i w / w_d)^2,   P = w_z^2 / (w_z^2 - w^2 + i w w_z / Q_z)
///
/// `follow_per_s` f: how fast the sensed quantity follows the gap: g = w0 / (2 Q) for the amplitude
/// in tapping (the lever's ring time), the detector alone in contact (f infinite: 0 here).
///   loop gain L = K / (1 + i w / f),   surface to error 1 / (1 + L),   surface to z L / (1 + L)
class HeightLoop {
 public:
  HeightLoop(const HeightLoopParams& p, const HeightGains& gains, double follow_per_s);

  [[nodiscard]] std::complex<double> path(double rad_per_s) const;
  [[nodiscard]] std::complex<double> loop_gain(double rad_per_s) const;
  [[nodiscard]] std::complex<double> error_response(double rad_per_s) const;
  [[nodiscard]] bool stable() const { return slowest_per_s_ > 0.0; }
  /// Smallest decay rate of the closed loop [1/s]; 0 or less: unstable.
  [[nodiscard]] double slowest_per_s() const { return slowest_per_s_; }

  /// Error (sensed), integrator, base z, its velocity, the detector's two stages.
  using State = std::array<double, 6>;
  /// Settled over a surface at height `surface_m`.
  [[nodiscard]] static State settled(double surface_m);
  /// Error as sensed [m]: positive where the tip is too near.
  [[nodiscard]] static double error_m(const State& s) { return s[0]; }
  [[nodiscard]] static double base_m(const State& s) { return s[2]; }

  /// Exact motion over `step_s` above a surface that stands still at `surface_m`; the propagator of
  /// the last step length is kept.
  void advance(State& state, double surface_m, double step_s);

 private:
  using Matrix = std::array<std::array<double, 6>, 6>;
  [[nodiscard]] Matrix rates() const;
  void prepare(double step_s);

  HeightLoopParams params_;
  double integral_ = 0.0;
  double proportional_ = 0.0;
  double follow_per_s_ = 0.0;
  double slowest_per_s_ = 0.0;
  double prepared_s_ = -1.0;
  Matrix propagator_{};
};

}  // namespace halotwin::physics
