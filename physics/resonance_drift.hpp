// Slow changes of a lever's resonance: warming, the day's temperature, 1/f noise.
#pragma once

#include <span>
#include <vector>

#include "physics/cantilever.hpp"

namespace halotwin::physics {

/// Temperature at the lever and what it does to f0.
struct ResonanceDriftParams {
  double temperature_coefficient_per_k = -40e-6;  // relative; silicon levers: -30e-6 to -60e-6
  double warm_up_k = 0.2;                         // total rise after the start (estimate)
  double warm_up_time_s = 2.0 * 3600.0;           // 1/e time of it (estimate)
  double daily_peak_k = 0.1;                      // swing of a stabilised room (estimate)
  double daily_phase_rad = 0.0;                   // of the day at time 0
  double flicker_coefficient =
      1e-11;  // h in S_y = h / f of df/f0, dimensionless (estimate: 3 ppm per e-fold)
  bool operator==(const ResonanceDriftParams&) const = default;
};
void validate(const ResonanceDriftParams& p);
void visit_fields(auto& visit, ResonanceDriftParams& p) {
  visit("temperature_coefficient_per_k", p.temperature_coefficient_per_k);
  visit("warm_up_k", p.warm_up_k);
  visit("warm_up_time_s", p.warm_up_time_s);
  visit("daily_peak_k", p.daily_peak_k);
  visit("daily_phase_rad", p.daily_phase_rad);
  visit("flicker_coefficient", p.flicker_coefficient);
}

/// Temperature change since the start [K]:
///   dT(t) = T_w (1 - exp(-t / t_w)) + T_d [ sin(2 pi t / 24 h + p) - sin p ]
[[nodiscard]] double temperature_change_k(const ResonanceDriftParams& p, double time_s);

/// Relative shift of the resonance, df / f0 = c dT(t); smooth and deterministic.
[[nodiscard]] double relative_resonance_shift(const ResonanceDriftParams& p, double time_s);

/// One-sided density of df/f0 [1/Hz]: h / f.
[[nodiscard]] double flicker_frequency_psd(const ResonanceDriftParams& p, double frequency_hz);

/// Phase noise that flicker of f0 makes of a lever driven on resonance [rad^2/Hz], one-sided:
///   S_phi(f) = (2 Q)^2 (h / f) / (1 + (2 pi f / g)^2),  g = w0 / (2 Q)
[[nodiscard]] double flicker_phase_psd(const ResonanceDriftParams& p,
                                       const CantileverParams& lever,
                                       double frequency_hz);

/// One exponentially correlated part: x1 = x0 e^{-dt/tau} + rms sqrt(1 - e^{-2 dt/tau}) n, exact at
/// any dt.
struct CorrelatedPart {
  double correlation_time_s = 0.0;
  double rms = 0.0;
};

/// 1/f noise of density h / f as a sum of exponentially correlated parts, two a decade, equal
/// variances h ln r (r: ratio of correlation times). Within 3 % between the corners' e-folds; flat
/// below, 1/f^2 above.
[[nodiscard]] std::vector<CorrelatedPart> flicker_parts(double flicker_coefficient,
                                                        double lowest_hz,
                                                        double highest_hz);
/// One-sided density of the sum [1/Hz]: sum 4 rms^2 tau / (1 + (2 pi f tau)^2).
[[nodiscard]] double correlated_psd(std::span<const CorrelatedPart> parts, double frequency_hz);

}  // namespace halotwin::physics
