// Noise of the camera in a movie.
//
// Of n photoelectrons in a pixel and frame the detector makes a signal of variance F2 n + s^2 in
// electrons^2: F2 = 1 without, about 2 with electron multiplication; s the read noise referred to
// photoelectrons. It is independent from pixel to pixel, so that it lowers every correlation but
// adds to none; disattenuated() in correlation_sums.hpp takes it out.
#pragma once

#include <span>
#include <vector>

#include "analysis/correlation_sums.hpp"
#include "analysis/movie.hpp"

namespace halotwin::analysis {

/// Gain and excess factor of the camera are known.
[[nodiscard]] bool noise_is_known(const MovieInfo& info);

/// Variance of the detector's noise of one pixel in one frame [counts^2]; NaN if unknown.
[[nodiscard]] double noise_variance(const MovieInfo& info, double mean_counts, double background);

/// Mean photoelectrons of each pixel in a frame. `background` in counts, one value per pixel.
[[nodiscard]] std::vector<double> signal_electrons(const CorrelationMap& map,
                                                   const MovieInfo& info,
                                                   std::span<const double> background);

/// The part of a pixel's variance that is not noise of the detector:
///
///   R = 1 - noise_variance / variance
///
/// NaN where R <= 0 (nothing but noise).
[[nodiscard]] std::vector<double> reliability(const CorrelationMap& map,
                                              const MovieInfo& info,
                                              std::span<const double> background);

}  // namespace halotwin::analysis
