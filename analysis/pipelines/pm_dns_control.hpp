// Analysis of a control sweep: are the peaks of a PM-DNS spectrum the sample's or the instrument's?
// Order: mean over the places with its noise (up against down) -> joint fit of all drive offsets ->
// lever divided out -> peaks with their origin. Beside it: what following the peaks says, and how
// much worse simpler explanations fit.
#pragma once

#include <complex>
#include <cstddef>
#include <span>
#include <vector>

#include "analysis/control_fit.hpp"
#include "analysis/control_peaks.hpp"
#include "analysis/findings.hpp"

namespace halotwin::analysis {

/// A control sweep as measured; spans are borrowed. Places that were not measured are NaN.
struct PmDnsControlInput {
  std::span<const double> frequencies_hz;            // ascending
  std::span<const double> drive_hz;                  // of each setting
  std::span<const std::complex<float>> demodulated;  // [place][setting][direction][frequency], V
  double tuned_resonance_hz = 0.0;
  double tuned_quality = 0.0;
  double time_constant_s = 0.0;  // of lock-in 1
  int filter_order = 4;
};

struct PmDnsControlOptions {
  double fast_from_hz = 4.0e3;  // see transfer.hpp
  ControlFitOptions fit{};
  ControlPeakOptions peaks{};
};
void visit_fields(auto& visit, PmDnsControlOptions& p) {
  visit("fast_from_hz", p.fast_from_hz);
  visit("fit", p.fit);
  visit("peaks", p.peaks);
}
void validate(const PmDnsControlOptions& p);

struct PmDnsControlResult {
  std::size_t places = 0;  // measured
  std::vector<double> frequencies_hz;
  std::vector<double> drive_hz;
  std::vector<std::complex<double>> mean;  // [setting][frequency], V
  std::vector<double> sigma;               // of real and imaginary part, each
  ControlFit fit;
  std::vector<ControlPeak> peaks;
  ControlAlternatives alternatives;
  std::vector<ControlPeak> followed;  // follow_peaks(): the naive way
  double tuned_resonance_hz = 0.0;
  double tuned_quality = 0.0;
};

/// Throws ParameterError if sizes do not fit together.
[[nodiscard]] PmDnsControlResult analyse_pm_dns_control(const PmDnsControlInput& input,
                                                        const PmDnsControlOptions& options = {});

[[nodiscard]] Findings pm_dns_control_findings(const PmDnsControlResult& result);

}  // namespace halotwin::analysis
