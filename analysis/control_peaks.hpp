// Peaks of a control sweep and whose they are: of the sample, or of the instrument.
#pragma once

#include <array>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "analysis/control_fit.hpp"

namespace halotwin::analysis {

enum class PeakOrigin { sample, instrument };
constexpr auto enumerators(PeakOrigin) {
  return std::array<std::pair<PeakOrigin, std::string_view>, 2>{
      {{PeakOrigin::sample, "sample"}, {PeakOrigin::instrument, "instrument"}}};
}

struct ControlPeak {
  PeakOrigin origin = PeakOrigin::sample;
  Estimate position_hz;
  /// sample: how far the loss rises above the higher of the valleys beside it, relative to the fast
  /// response. instrument: how many times the lever's response there exceeds that at low frequency.
  Estimate height;
  /// That there is such a peak at all: sample, that its rise exceeds `min_rise`; instrument, that
  /// the detuning is large enough for a sideband. Gaussian errors as fitted.
  double probability = 0.0;
};

struct ControlPeakOptions {
  double min_rise = 0.01;           // of the fast response: smaller ones are no peaks
  double min_probability = 0.999;   // of a peak that is listed
  double smoothing_decades = 0.03;  // Gaussian sigma along ln f before maxima are looked for; a
                                    // line of quality 3 is 0.15 decades wide
};
void visit_fields(auto& visit, ControlPeakOptions& p) {
  visit("min_rise", p.min_rise);
  visit("min_probability", p.min_probability);
  visit("smoothing_decades", p.smoothing_decades);
}
void validate(const ControlPeakOptions& p);

/// Maxima of the loss after the lever is divided out (sample), and the sideband of the fitted
/// detuning if it lies in the band (instrument); ascending in frequency.
[[nodiscard]] std::vector<ControlPeak> control_peaks(std::span<const double> frequencies_hz,
                                                     double drive_hz,
                                                     const ControlFit& fit,
                                                     const ControlPeakOptions& options = {});

/// The naive way, for comparison: every sweep is divided by the lever as the tune gives it, loss
/// maxima are followed from sweep to sweep, and one that moves by more than a quarter of the change
/// of the drive (sample: 0, sideband: half) counts as the instrument's.
[[nodiscard]] std::vector<ControlPeak> follow_peaks(const ControlSweeps& sweeps,
                                                    double tuned_resonance_hz,
                                                    double tuned_quality,
                                                    double fast_from_hz,
                                                    const ControlPeakOptions& options = {});

}  // namespace halotwin::analysis
