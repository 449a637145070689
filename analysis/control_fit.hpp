// Joint fit of a control sweep: the same places swept at several frequencies of the mechanical
// drive. Ratios of the sweeps do not contain the sample, so they tell the lever's resonance and
// quality factor; the lever is then divided out, and what is left belongs to the sample.
//
//   D_k(f) = g_k h(2 f) Phi(f_k, 2 f; f0, Q) S(f)
//
//   D_k   lock-in reading of setting k, averaged over the places                           [V]
//   g_k   > 0: gain of the setting (gap, amplitude); g_0 = 1
//   h     lock-in 1, known from its settings
//   Phi   phase of the lever per stiffness at 2 f, driven at f_k: lever_phase_response()
//   S     response of the sample times unknown factors that are the same for all settings    [V]
//
// S(f) is linear and eliminated frequency by frequency (variable projection); detuning, Q and g_k
// are fitted by Levenberg-Marquardt from the best of a scan over all detunings. The tune of the
// instrument is not used. Sources: physics-facts a2, b5; feasibility study of PM-DNS, section 6.
#pragma once

#include <array>
#include <complex>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include <Eigen/Core>

#include "analysis/uncertainty.hpp"

namespace halotwin::analysis {

/// Phase modulation of an oscillator with resonance f0 and quality factor Q, driven at `drive_hz`,
/// whose relative stiffness dk/k is modulated at `modulation_hz` (first order in dk/k):
///   Phi = (i/2) [ c(f_d + F) - conj c(f_d - F) ],  c(f) = 1 / (1 - (f/f0)^2 + i f / (f0 Q))
[[nodiscard]] std::complex<double> lever_phase_response(double resonance_hz,
                                                        double quality,
                                                        double drive_hz,
                                                        double modulation_hz);

/// Where |Phi| has its maximum: the sideband of a drive `detuning_hz` beside the resonance, with
/// half width g = f0/(2 Q) (near resonance, F << f0).
///   F^2 = |d| sqrt(d^2 + 4 g^2) - g^2,  if |d| > g sqrt(sqrt(5) - 2) = 0.486 g
struct Sideband {
  bool present = false;
  double stimulus_hz = 0.0;  // F / 2: on the axis of a spectrum taken at twice the stimulus
  double rise = 1.0;         // |Phi(F)| / |Phi(0)|
};
[[nodiscard]] Sideband sideband_of(double detuning_hz, double half_width_hz);

/// Sweeps of a control experiment, averaged over places and directions; spans are borrowed.
struct ControlSweeps {
  std::span<const double> frequencies_hz;  // of the stimulus, ascending
  std::span<const double> drive_hz;        // of each setting; the first one is that of a map
  std::span<const std::complex<double>> readings;  // [setting][frequency], V
  std::span<const double> sigmas;  // of real and imaginary part, each, [setting][frequency]
  double time_constant_s = 0.0;    // of lock-in 1; 0: none
  int filter_order = 4;
};

struct ControlFitOptions {
  double max_detuning_hz = 10.0e3;        // of the scan
  double expected_resonance_hz = 75.0e3;  // only the width of the scan's steps depends on it
  std::array<double, 3> quality_starts{60.0, 150.0, 400.0};
};
void visit_fields(auto& visit, ControlFitOptions& p) {
  visit("max_detuning_hz", p.max_detuning_hz);
  visit("expected_resonance_hz", p.expected_resonance_hz);
  visit("quality_starts", p.quality_starts);
}
void validate(const ControlFitOptions& p);

enum class ControlFitStatus { converged, not_converged, no_data };
constexpr auto enumerators(ControlFitStatus) {
  return std::array<std::pair<ControlFitStatus, std::string_view>, 3>{
      {{ControlFitStatus::converged, "converged"},
       {ControlFitStatus::not_converged, "not_converged"},
       {ControlFitStatus::no_data, "no_data"}}};
}

/// Sigmas are those of the readings, widened by sqrt(chi^2 / freedom) where the model does not fit.
struct ControlFit {
  ControlFitStatus status = ControlFitStatus::no_data;
  Estimate detuning_hz;  // drive of the first setting minus resonance of the lever at work
  Estimate quality;
  std::vector<Estimate> gains;  // g_k
  double chi_squared = 0.0;
  int freedom = 0;
  /// S(f) over its mean real part above the frequency `fast_from`, so that it is near 1 there.
  std::vector<std::complex<double>> response;
  std::vector<double> loss;         // -Im response
  Eigen::MatrixXd loss_covariance;  // noise, and the fit's errors that all channels share
};

/// Throws ParameterError if sizes do not fit together. Fewer than two settings, or a channel
/// without a finite positive sigma: no_data.
[[nodiscard]] ControlFit fit_control(const ControlSweeps& sweeps,
                                     double fast_from_hz,
                                     const ControlFitOptions& options = {});

/// What simpler explanations leave: chi^2 / freedom of the same readings.
struct ControlAlternatives {
  double sample_only = 0.0;      // lever as tuned, S free: no instrument peak
  double instrument_only = 0.0;  // lever free, S a constant: no sample peak
};
[[nodiscard]] ControlAlternatives alternatives_of(const ControlSweeps& sweeps,
                                                  double tuned_resonance_hz,
                                                  double tuned_quality,
                                                  const ControlFit& fit);

}  // namespace halotwin::analysis
