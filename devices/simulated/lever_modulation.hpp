// What a modulated force gradient does to amplitude and phase of the lever at work, height loop
// included.
#pragma once

#include <complex>
#include <cstdint>
#include <optional>
#include <unordered_map>

#include "physics/cantilever.hpp"
#include "physics/envelope.hpp"
#include "physics/height_loop.hpp"
#include "physics/tip_sample.hpp"

namespace halotwin::devices::simulated {

/// The lever in the mean field of the tip, and the loop that holds its amplitude.
struct LeverAtWork {
  physics::CantileverParams free;  // without field
  double drive_hz = 75e3;
  double amplitude_m = 10e-9;
  double centre_gap_m = 15e-9;
  double static_n_per_m = 0.0;                // gradient of the mean field
  const physics::HeightLoop* loop = nullptr;  // none: the base stands still
  double log_slope_per_m = 0.0;               // d ln <C''> / d gap, for the loop
};

struct LeverModulation {
  std::complex<double> phase_rad;
  std::complex<double> amplitude;  // relative
};

/// d ln <C''> / d gap of the probe [1/m].
[[nodiscard]] double curvature_log_slope_per_m(const physics::TipParams& tip,
                                               double amplitude_m,
                                               double gap_m);

/// Linear answer to a gradient Re[dk e^{i W t}]. With a loop the base moves by z = -A K(W) m (m:
/// relative modulation of the amplitude), which changes the mean gradient by (d dk_0 / dz) z and
/// takes energy: in intermittent contact the amplitude follows the gap with slope 1, as if the
/// drive changed by z / A:
///
///   m = M dk / (1 + A K [M dk_0' + M_F / A]),   phase = Phi dk - A K m [Phi dk_0' + Phi_F / A]
///   M_F   = (1/2)  [X(+W) + conj X(-W)],   X(W) = chi(w_m + W) / chi(w_m)
///   Phi_F = (1/2i) [X(+W) - conj X(-W)]
///
/// On resonance M = 0, so that the loop does nothing at first order (facts a2).
[[nodiscard]] LeverModulation modulate(const LeverAtWork& lever,
                                       double modulation_rad_per_s,
                                       std::complex<double> gradient_n_per_m);

/// What a strong stimulus adds to the linear answer at its second harmonic.
struct StrongExcess {
  std::complex<double> phase_factor = 1.0;
  std::complex<double> amplitude;  // added to the relative modulation
  double mean_phase_rad = 0.0;     // added
};

/// The difference between harmonic balance (physics/envelope) and linear theory. Below 5 % it is
/// taken from a table of rounded settings (a function of the settings alone, whatever came before)
/// and scaled with the square of the gradient, as it goes at first order; above, and with a bias of
/// more than an eighth of the drive, it is worked out for the settings themselves.
class StrongStimulus {
 public:
  explicit StrongStimulus(const physics::TipParams& tip) : tip_(tip) {}
  /// Another tip from now on.
  void take_tip(const physics::TipParams& tip);

  /// Whether linear theory is off by more than about 5e-4: squares of the modulation above 1e-4.
  /// `first`: the answer at the stimulus itself, whose square has a share in the second harmonic
  /// when a bias makes it large.
  [[nodiscard]] static bool needed(const LeverModulation& first, const LeverModulation& second);

  /// `bending`: TipResponse::bending_n_per_m_v4, of the linear form. `filter`: time constant and
  /// order of lock-in 1, which filters the envelope before it takes the phase.
  struct Stimulus {
    physics::SquaredVoltage square;
    double rad_per_s = 0.0;
    double curvature_f_per_m2 = 0.0;
    double bending_n_per_m_v4 = 0.0;
    int filter_order = 4;
    double filter_time_constant_s = 3e-6;
  };
  [[nodiscard]] StrongExcess excess(const LeverAtWork& lever, const Stimulus& given);

 private:
  [[nodiscard]] StrongExcess excess_in_phase(const LeverAtWork& lever, const Stimulus& stimulus);
  [[nodiscard]] std::optional<StrongExcess> solve(const LeverAtWork& lever,
                                                  const Stimulus& stimulus) const;

  physics::TipParams tip_;
  std::unordered_map<std::uint64_t, StrongExcess> table_;
};

}  // namespace halotwin::devices::simulated
