// Switching rates of one recombination centre from a trace that it dominates, and how many such
// centres there are (row D9).
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace halotwin::analysis {

struct SwitchingOptions {
  /// Variance of the noise of one frame (shot and read noise of this trace); negative = from first
  /// differences, which is right for dwell times of many frames only.
  double noise_variance = -1.0;
  /// Share of the noise-corrected variance that two levels must explain (two_levels.hpp): below it
  /// no centre dominates. 2/pi is a Gaussian's.
  double least_explained = 0.78;
  /// Switches that must be seen, both ways together.
  double least_switches = 6.0;
  int most_iterations = 300;
};
void validate(const SwitchingOptions& options);

enum class SwitchingStatus { resolved, no_two_levels, too_few_switches, too_fast, not_converged };
[[nodiscard]] std::string_view name_of(SwitchingStatus status);

/// A centre that quenches makes the trace low while it is active: to_low is the rate at which it
/// becomes active, to_high the rate at which it rests. Sigmas are one standard deviation.
struct SwitchingRates {
  SwitchingStatus status = SwitchingStatus::no_two_levels;
  double low = 0.0;  // levels, in the trace's unit
  double high = 0.0;
  double low_sd = 0.0;  // scatter around them
  double high_sd = 0.0;
  double to_high_hz = 0.0;
  double to_high_sigma_hz = 0.0;
  double to_low_hz = 0.0;
  double to_low_sigma_hz = 0.0;
  double tau_s = 0.0;  // 1 / (to_high + to_low)
  double tau_sigma_s = 0.0;
  double low_share = 0.0;  // to_low / (to_high + to_low)
  double switches = 0.0;   // expected number, both ways
  double explained = 0.0;  // by two levels, of the noise-corrected variance
};

/// Two-state hidden Markov model with a Gaussian per level, fitted by Baum and Welch (Baum, Petrie,
/// Soules, Weiss, Ann. Math. Stat. 41, 164 (1970); Rabiner, Proc. IEEE 77, 257 (1989)). From the
/// probabilities p (to high) and q (to low) per frame of length T
///   to_high + to_low = -ln(1 - p - q) / T,   to_high : to_low = p : q
/// so that visits shorter than a frame are allowed for. That frames in which the level changed are
/// means of both is ignored: tau comes out too long by 0.3 to 0.5 frames (measured for steps of 2
/// to 10 noise sd; 10 to 15 % at tau = 3 frames). Relative sigma of a rate: 1 / sqrt(switches that
/// way) and 0.35 T / tau for this, in quadrature. Records of few switches are left out, so that
/// among tau above a tenth of the record those that are resolved read too short. `valid` (1 = good,
/// may be empty): other frames are treated as not observed. What is not resolved is NaN. Throws
/// ParameterError for values that are not finite and for fewer than 16 good frames.
[[nodiscard]] SwitchingRates fit_switching(std::span<const float> trace,
                                           double frame_period_s,
                                           const SwitchingOptions& options = {},
                                           std::span<const std::uint8_t> valid = {});

/// A place where a centre may be.
struct CentreCandidate {
  std::size_t pixel = 0;     // y * nx + x
  double amplitude = 0.0;    // high - low, in any unit
  double reliability = 1.0;  // share of the trace's variance that is not noise, above 0
};

struct CentreCount {
  std::vector<CentreCandidate> centres;  // the strongest candidate of each
  double per_m2 = 0.0;
  double sigma_per_m2 = 0.0;  // Poisson, and CountOptions::balance of the density
};

/// Two candidates are one centre if they are nearer than `resolution_px`, or nearer than
/// `reach_px` with traces that correlate by `same_centre` or more without their noise: carriers
/// carry the switching of a centre over its whole neighbourhood.
struct CountOptions {
  double resolution_px = 4.0;
  double reach_px = 20.0;
  double same_centre = 0.75;
  /// Places counted twice, or where two levels of several centres pass for one, against centres
  /// that no candidate shows: they balance to this share of the density (three simulated films, of
  /// 0.25 to 1.5 strong centres in a square micrometre; same_centre is chosen for it).
  double balance = 0.15;
};
void validate(const CountOptions& options);

/// The field that candidates come from.
struct CountedField {
  std::size_t nx = 0;
  std::size_t ny = 0;
  double pixel_m = 0.0;
};

/// Counts distinct centres among candidates, the strongest first. `traces` is [candidate][frame].
/// Weak centres in the shadow of strong ones are not seen, so that it is a lower limit of the
/// density of all centres and an estimate of that of those that rule a place.
[[nodiscard]] CentreCount count_centres(std::span<const CentreCandidate> candidates,
                                        std::span<const float> traces,
                                        const CountedField& field,
                                        const CountOptions& options = {});

}  // namespace halotwin::analysis
