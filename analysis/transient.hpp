// The slow transient of the first scan lines: where it ends.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "analysis/spectra.hpp"

namespace halotwin::analysis {

enum class TransientStatus { none, found, too_few_lines };
constexpr auto enumerators(TransientStatus) {
  return std::array<std::pair<TransientStatus, std::string_view>, 3>{
      {{TransientStatus::none, "none"},
       {TransientStatus::found, "found"},
       {TransientStatus::too_few_lines, "too_few_lines"}}};
}

struct TransientParams {
  double residual_below_hz = 200.0;  // the ultraslow response shows below
  double fit_above_hz = 1000.0;  // what the film does is told from the channels above, where the
                                 // ultraslow response is below 10 % of its height
  int components = 3;            // principal components of those channels
  double threshold_fraction = 0.02;  // of the main peak: where the transient counts as over
  double detection_sigmas = 5.0;     // amplitude over its error; the decay length is searched for,
                                     // which costs about one sigma of significance
};
void visit_fields(auto& visit, TransientParams& p) {
  visit("residual_below_hz", p.residual_below_hz);
  visit("fit_above_hz", p.fit_above_hz);
  visit("components", p.components);
  visit("threshold_fraction", p.threshold_fraction);
  visit("detection_sigmas", p.detection_sigmas);
}
void validate(const TransientParams& p);

/// Residual of line y below `residual_below_hz` fitted by c + a exp(-y / L).
struct Transient {
  TransientStatus status = TransientStatus::none;
  double end_line = 0.0;  // |a| exp(-end/L) = threshold x main peak; 0 if none
  double end_sigma = 0.0;
  double amplitude = 0.0;  // a, unit of the spectra
  double amplitude_sigma = 0.0;
  double decay_lines = 0.0;      // L
  std::vector<double> residual;  // per line; what was fitted
  /// Lines to leave out: the first whole line after the end.
  [[nodiscard]] std::size_t lines_to_exclude() const;
};

/// `line_means` (lines x channels; rows with NaN are left out). `later` (samples x channels):
/// spectra of places that the transient no longer touches, e.g. means of blocks of the later lines.
/// From these, the mean below `residual_below_hz` is regressed on the principal components of the
/// channels above `fit_above_hz`; what a line shows beyond the prediction is its ultraslow
/// residual. (Two NMF bases predict the low-frequency loss less well where lines are not resolved:
/// they left a bias of up to four lines in the end of the transient.)
[[nodiscard]] Transient find_transient(const RowArray& line_means,
                                       std::span<const double> frequencies_hz,
                                       const RowArray& later,
                                       const TransientParams& params = {});

}  // namespace halotwin::analysis
