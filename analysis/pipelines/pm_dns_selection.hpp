// What the noise of the readings does to classes that are chosen by the same readings. Internal to
// pipelines/.
//
// Noise moves pixels into the class towards which it shifts their spectra: the mean of a class is
// drawn away from the others (its noise does not average out) and diluted (pixels that do not
// belong there). Let x = s + n be a spectrum, the mean of up and down sweep, and d half of their
// difference: noise of the same variance, independent of n. Then
//
//   x + t d   chooses,  x - d / t   is measured:   their noises are independent
//
// (data fission: Rasines & Young, Biometrika 110, 597, 2023), so that the mean over both signs of d
//
//   m(1 + t^2) = 1/2 sum over signs of  mean of (x -+ d / t) over the class chosen from x +- t d
//
// holds no noise of the choice, only its dilution, at 1 + t^2 times the variance of the noise. Two
// values of t give m on the line through them at variance 0 (SIMEX: Cook & Stefanski, J. Am. Stat.
// Assoc. 89, 1314, 1994).
#pragma once

#include <array>
#include <complex>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <span>
#include <vector>

#include "analysis/spectra.hpp"
#include "analysis/transfer.hpp"

namespace halotwin::analysis {

/// Half of up less down sweep of these pixels, in the unit and channel of the response.
[[nodiscard]] std::vector<float> half_differences(std::span<const std::complex<float>> demodulated,
                                                  const ReferenceSweep& reference,
                                                  const ResponseCube& response,
                                                  ResponseChannel channel,
                                                  std::span<const std::uint32_t> pixels);

/// Shares t of the half difference that are added before the choice: +t and -t of each.
inline constexpr std::array<double, 2> added_noise{0.5, 1.0};

/// Labels of some spectra.
struct Labelling {
  std::vector<std::uint8_t> own;
  /// Of the same spectra with noise added: [2 k] with +added_noise[k], [2 k + 1] with -; empty
  /// where the half differences are not known.
  std::vector<std::vector<std::uint8_t>> noisier;
};

/// Labels of these spectra, if they were the whole map.
using Labels = std::function<Labelling(std::span<const std::uint32_t> spectra)>;

using Means = std::vector<std::vector<double>>;  // [label][channel]; empty if no spectrum

/// Mean of the spectra `rows` of each label below `labels`.
[[nodiscard]] Means label_means(const SpectraView& spectra,
                                std::span<const std::uint32_t> rows,
                                std::span<const std::uint8_t> label,
                                std::size_t labels);

/// The same, freed of what noise does to the choice; `difference`: half differences of the same
/// spectra. label_means() of the own labels where the noisier ones are not known, or leave a class
/// empty.
[[nodiscard]] Means means_without_noise_choice(const SpectraView& spectra,
                                               const SpectraView& difference,
                                               std::span<const std::uint32_t> rows,
                                               const Labelling& labelling,
                                               std::size_t labels);

}  // namespace halotwin::analysis
