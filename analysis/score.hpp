// Scores of an estimate against truth: detection, labels, spectra, maps, intervals.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "analysis/spectra.hpp"
#include "analysis/uncertainty.hpp"

namespace halotwin::analysis {

/// Area under the receiver operating curve: probability that a positive item scores above a
/// negative one, ties half. Sigma: DeLong, DeLong & Clarke-Pearson, Biometrics 44, 837 (1988);
/// items count as independent. ParameterError unless both kinds occur.
[[nodiscard]] Estimate roc_auc(std::span<const double> scores,
                               std::span<const std::uint8_t> positive);

/// Labels are any integers. Definitions of scikit-learn: adjusted Rand index; mutual information
/// normalised by the arithmetic mean of the entropies; variation of information in bits.
struct LabelAgreement {
  double adjusted_rand = 0.0;
  double normalised_information = 0.0;
  double variation_bits = 0.0;
};
[[nodiscard]] LabelAgreement compare_labels(std::span<const int> a, std::span<const int> b);

/// Angle between two spectra, 0 for equal shapes [rad].
[[nodiscard]] double spectral_angle(std::span<const double> a, std::span<const double> b);

/// Which row of `found` belongs to each row of `truth` (both rank x channels, rank <= 8): the
/// assignment with the smallest sum of spectral angles.
struct BasisMatch {
  std::vector<std::size_t> found_row;
  std::vector<double> angle_rad;
};
[[nodiscard]] BasisMatch match_bases(const RowArray& truth, const RowArray& found);

/// Pearson's and Spearman's (ranks, ties averaged) coefficients.
[[nodiscard]] double pearson(std::span<const double> x, std::span<const double> y);
[[nodiscard]] double spearman(std::span<const double> x, std::span<const double> y);
/// Pearson's coefficient of two maps with its bootstrap error over blocks.
[[nodiscard]] Estimate block_pearson(std::span<const double> x,
                                     std::span<const double> y,
                                     const BlockMap& blocks,
                                     const BootstrapOptions& options = {},
                                     Threads threads = {});

/// Share of |estimate - truth| <= z sigma, with its binomial error, and the pulls' mean and sd.
struct Coverage {
  double share = 0.0;
  double share_sigma = 0.0;
  double pull_mean = 0.0;
  double pull_deviation = 0.0;
};
[[nodiscard]] Coverage coverage(std::span<const double> estimates,
                                std::span<const double> sigmas,
                                std::span<const double> truths,
                                double z = 1.0);

}  // namespace halotwin::analysis
