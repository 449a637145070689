// Contact potential from curves of the lever's phase against the bias: a parabola of the detuning
// at every place, in both directions.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "analysis/pipelines/pipeline.hpp"
#include "analysis/uncertainty.hpp"

namespace halotwin::analysis {

/// y = c + a d^2 + b d^4, d = x - x0, by weighted least squares; sigmas from the scatter about it.
struct ParabolaFit {
  Estimate apex;       // x0
  Estimate curvature;  // a
  double offset = 0.0;
  double quartic = 0.0;
  double scatter = 0.0;  // standard deviation of a point of weight 1
  bool found = false;    // the fit ended and the curvature is more than five sigma
};
/// `with_quartic`: else b = 0. Weights may be empty (all 1); points of weight 0 do not count.
[[nodiscard]] ParabolaFit fit_parabola(std::span<const double> x,
                                       std::span<const double> y,
                                       std::span<const double> weights,
                                       bool with_quartic);

/// The lever as the tune found it.
struct LeverTune {
  double resonance_hz = 75e3;
  double quality_factor = 150.0;
  double phase_on_resonance_rad = -1.5707963267948966;
  double drive_hz = 75e3;
};
/// Shift of the resonance [Hz] that a phase tells:
///   f0 (sqrt(1 + k) - 1),  k = r^2 - 1 - (r / Q) cot(phase - phase_on_resonance - pi/2)
[[nodiscard]] double detuning_hz(const LeverTune& lever, double phase_rad);

struct BiasSpectroscopyOptions {
  bool bending = true;  // the fourth power: the field bends the lever towards the sample
  // Points where the phase is nearer to 0 or pi than this are left out: nothing of the detuning
  // can be seen there
  double least_sine = 0.1;
  std::uint64_t seed = 1;  // of the null
  bool operator==(const BiasSpectroscopyOptions&) const = default;
};
void validate(const BiasSpectroscopyOptions& p);
void visit_fields(auto& visit, BiasSpectroscopyOptions& p) {
  visit("bending", p.bending);
  visit("least_sine", p.least_sine);
  visit("seed", p.seed);
}

struct BiasSpectroscopyInput {
  LeverTune lever{};
  std::span<const double> bias_v{};         // ascending
  std::span<const double> phase_rad{};      // (place, direction, bias); NaN = not measured
  std::span<const double> reference_rad{};  // (repeat, direction, bias) over metal; may be empty
};

/// What both directions at one place say.
struct PlaceOfSpectroscopy {
  Estimate potential_v;   // mean of the two apexes; NaN if either was not found
  Estimate curvature;     // [Hz/V^2], mean
  Estimate hysteresis_v;  // rising less falling
};

struct BiasSpectroscopyResult {
  std::vector<PlaceOfSpectroscopy> places;
  Estimate mean_v;
  Estimate against_metal_v;  // film less metal; NaN without a reference
  Estimate metal_v;
  Estimate mean_hysteresis_v;
  Estimate mean_curvature;
  double noise_v = 0.0;     // median sigma of a place
  double contrast_v = 0.0;  // standard deviation of the places, their noise taken off
  /// Scatter of the hysteresis over what the fits of single curves promise; above 1 (1/f noise,
  /// drift) all sigmas of places have been multiplied by it. What moves both directions alike, 1/f
  /// noise slower than a curve, stays unseen: with that of the default lever sigmas are 20 % small.
  double excess_scatter = 1.0;
  double resolved = 0.0;       // share of measured places with a parabola in both directions
  double null_resolved = 0.0;  // the same with the points of each curve shuffled
  std::size_t measured = 0;
};
[[nodiscard]] BiasSpectroscopyResult analyse_bias_spectroscopy(
    const BiasSpectroscopyInput& input, const BiasSpectroscopyOptions& options = {});

void check_bias_spectroscopy_settings(const Table& settings);
/// Reads phase, tune, reference and topography of a bias_spectroscopy.
[[nodiscard]] Findings run_bias_spectroscopy_pipeline(const PipelineRun& run);

}  // namespace halotwin::analysis
