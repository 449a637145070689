// Point spectroscopy of the simulated microscope. Internal: users see simulated_probe.hpp.
#pragma once

#include <memory>
#include <span>
#include <vector>

#include "base/random.hpp"
#include "devices/simulated/kelvin_sensor.hpp"
#include "devices/simulated/probe_parts.hpp"
#include "physics/resonance_drift.hpp"

namespace halotwin::devices::simulated {

/// Sweeps bias or height at the place of the tip, with the feedback on hold; afterwards bias,
/// height and feedback are as before.
///
/// The engine of the signal chain says what the lever does: its static phase under the gradient
/// -(1/2) <C''> r(0)^2 (V - V_CPD)^2. V_CPD is what a Kelvin loop on the gradient would null here
/// (KelvinSensor). Amplitude, the height being held: A ~ |sin phase|, of a driven oscillator whose
/// stiffness changes; lifted or pressed it follows with slope 1 up to the free one. In contact the
/// bending follows the height; nothing holds the tip to the sample (no adhesion).
///
/// A value is that at the end of its integration time. Where the engine has no noise of its own,
/// phase and amplitude get the mean of thermal and detector noise over that time (independent from
/// point to point: settling or integration much longer than the ring time) and the resonance
/// wanders by its 1/f noise. Sensors of height and deflection are read once a point.
class ProbeSpectroscopy final : public PointSpectroscopy {
 public:
  ProbeSpectroscopy(ProbeState& state, ProbeSignals& signals) : s_(&state), signals_(&signals) {}
  [[nodiscard]] Duration expected_time(const SpectroscopySettings& settings) const override;
  SpectroscopyCurve run(const SpectroscopySettings& settings, const std::stop_token& stop) override;

 private:
  void check(const SpectroscopySettings& settings) const;
  [[nodiscard]] double sensed_above_spot_v();
  void begin_flicker(const SpectroscopySettings& settings);
  void let_flicker(double passed_s, RandomStream& draw);
  void set(const SpectroscopySettings& settings, double value);
  void measure(const SpectroscopySettings& settings, std::span<double> values);
  void sweep(const SpectroscopySettings& settings,
             const std::vector<double>& swept,
             std::vector<std::vector<double>>& rows,
             const std::stop_token& stop);

  ProbeState* s_;
  ProbeSignals* signals_;
  std::unique_ptr<KelvinSensor> sensor_;
  physics::OrbitParams sensor_orbit_;
  double sensor_growth_m_ = 0.0;
  std::vector<physics::CorrelatedPart> flicker_parts_;
  std::vector<double> flicker_;
  double held_sine_ = 1.0;  // of the lever's phase, when the height was held
};

}  // namespace halotwin::devices::simulated
