// Kelvin probe force microscopy: what the lock-in sees per volt of contact potential difference,
// and the loop that nulls it.
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "physics/cantilever.hpp"
#include "physics/linear_system.hpp"
#include "physics/tip_sample.hpp"

namespace halotwin::physics {

/// heterodyne: electrical drive at f2 - f1 while f1 is driven mechanically, read on the second
/// mode. sideband: drive at f_e << f1, read at f1 + f_e. amplitude: drive on a resonance, read
/// there.
enum class KelvinDetection { heterodyne, sideband, amplitude };

/// How the lever is driven while the loop works.
struct KelvinOperation {
  KelvinDetection detection = KelvinDetection::heterodyne;
  double mechanical_hz = 75e3;     // drive of the first mode
  double mechanical_m = 10e-9;     // its amplitude A1
  double modulation_hz = 395e3;    // electrical drive f_e
  double modulation_peak_v = 2.0;  // V_ac
  double centre_gap_m = 15.5e-9;   // u_c: orbit centre above the sample + h / eps_r
};

/// First order in the voltage difference DV = V_dc - V_cpd:
///
///   heterodyne, sideband   F = (1/2) <C''> A1 DV V_ac  at f_m + f_e
///   amplitude              F = |<C'>| DV V_ac          at f_e
///   A = |chi(f)| F of the mode that is nearest to f
///
/// The envelope a(t) of that mode, x = Re[a e^{i w t}], follows F by da/dt = -(g + i d) a + ...,
/// g = w0/(2Q), d = w - w0: on resonance a one-pole low-pass of corner f0/(2Q).
///
/// Sources: physics-facts a6; FM against AM: zerweck2005; heterodyne: garrett2016. Ions do not
/// follow f_e.
struct KelvinSensitivity {
  double force_n_per_v = 0.0;
  double amplitude_m_per_v = 0.0;  // dA / dDV
  double detection_hz = 0.0;
  double decay_per_s = 0.0;              // g
  double detuning_rad_per_s = 0.0;       // d
  double thermal_m_per_sqrt_hz = 0.0;    // at the detection frequency, one-sided
  double detection_m_per_sqrt_hz = 0.0;  // of the detector, in metres of that mode
};
[[nodiscard]] KelvinSensitivity kelvin_sensitivity(const CantileverParams& first,
                                                   const CantileverParams& second,
                                                   const TipParams& tip,
                                                   const KelvinOperation& operation);

/// White noise of the contact potential [V/sqrt(Hz)] inside the loop's bandwidth, one-sided in the
/// sense of the low-pass filters of a lock-in: n / (dA/dDV).
[[nodiscard]] double contact_potential_noise_v_per_sqrt_hz(const KelvinSensitivity& s);

/// The loop: demodulator (n stages) and controller.
struct KelvinLoopParams {
  int filter_order = 4;
  double filter_time_constant_s = 0.2e-3;
  double proportional = 0.0;       // g_p: volts out per volt of DV seen, dimensionless
  double integral_per_s = 1000.0;  // g_i: the loop's crossover, 2 pi times its bandwidth
};
void validate(const KelvinLoopParams& p);

/// The closed loop as a linear system. With y the demodulated signal divided by dA/dDV and the
/// detector's sensitivity, so that y = DV at rest:
///
///   dw/dt  = -(g + i d)(w - e) + thermal noise      envelope of the mode, normalised
///   dy1/dt = (Re w + detector noise - y1) / tau     and so on for n stages
///   dI/dt  = g_i y_n,  V_dc = I + g_p y_n,  e = V_null - V_dc
///   dM/dt  = V_dc                                   for the mean over a pixel
///
/// The lock-in's phase is kept on the signal. At rest V_dc = V_null exactly (integrator); a ramp of
/// V_null is followed with the error (dV/dt) / g_i. Bandwidth g_i / (2 pi) as long as that is well
/// below g / (2 pi) and 1 / (2 pi n tau); above, the loop rings and then oscillates.
class KelvinLoop {
 public:
  KelvinLoop(const KelvinSensitivity& sensitivity, const KelvinLoopParams& params);

  [[nodiscard]] const LinearSystem& system() const { return system_; }
  [[nodiscard]] std::size_t states() const { return system_.size; }
  [[nodiscard]] double bias_v(std::span<const double> state) const;
  [[nodiscard]] double mean_bias_v(std::span<const double> state, double duration_s) const;
  void clear_mean(std::span<double> state) const { state[mean_] = 0.0; }
  /// Keeps the output within the controller's range.
  void clamp(std::span<double> state, double low_v, double high_v) const;
  /// Everything at rest at this contact potential.
  void rest(std::span<double> state, double contact_potential_v) const;

 private:
  LinearSystem system_;
  double proportional_;
  std::size_t output_;    // last stage of the filter
  std::size_t integral_;  // I
  std::size_t mean_;      // M
};

}  // namespace halotwin::physics
