// How many components a factorisation deserves, and how far two components are determined at all.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "analysis/nmf.hpp"

namespace halotwin::analysis {

/// Number of singular values above the noise.
///
///   threshold = lambda(b) sqrt(n) sigma,   b = m / n <= 1
///   lambda(b) = sqrt(2 (b + 1) + 8 b / ((b + 1) + sqrt(b^2 + 14 b + 1)))
///
///   n, m    pixels and channels (the larger and the smaller)
///   sigma   standard deviation of the noise of one value   [unit of the data]
///
/// Source: Gavish & Donoho, IEEE Trans. Inf. Theory 60, 5040 (2014), Eq. (11).
[[nodiscard]] int significant_rank(std::span<const double> singular_values,
                                   std::size_t pixels,
                                   std::size_t channels,
                                   double sigma);

/// Factor lambda(b) above.
[[nodiscard]] double singular_value_threshold(double aspect);

struct RankStep {
  int rank = 0;
  double relative_residual = 0.0;
  double held_out_residual = 0.0;  // relative, on pixels x channels that the fit did not see
};

/// Factorises with rank 1 ... max_rank. The held-out residual is that of bi-cross-validation (Owen
/// & Perry, Ann. Appl. Stat. 3, 564, 2009): the basis comes from one half of the pixels; on the
/// other half the weights come from the even channels and are scored on the odd ones, and back.
[[nodiscard]] std::vector<RankStep> scan_rank(const SpectraView& spectra,
                                              int max_rank,
                                              const NmfOptions& options = {},
                                              Threads threads = {});

/// All pairs of non-negative basis spectra that reproduce rank-2 data equally well (Lawton &
/// Sylvestre, Technometrics 13, 617, 1971). Every basis spectrum lies on the line through the two
/// found ones, h(t) = (1 - t) h_0 + t h_1 with unit-sum h; inner ends = extreme observed pixels,
/// outer ends = first channel that turns negative.
struct FeasibleBand {
  double low_outer = 0.0;  // most negative t with h(t) >= 0
  double low_inner = 0.0;  // smallest t of a pixel (percentile of the data, see below)
  double high_inner = 1.0;
  double high_outer = 1.0;
  double low_angle_rad = 0.0;   // spectral angle between the two ends of the low band
  double high_angle_rad = 0.0;  // the same for the high band
};

/// `tail` = share of pixels beyond each inner end, so that noise does not set it.
[[nodiscard]] FeasibleBand feasible_band(const NmfResult& rank_two, double tail = 0.01);

}  // namespace halotwin::analysis
