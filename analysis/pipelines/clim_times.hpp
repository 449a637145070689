// What a CLIM analysis says of time: spectra of clusters, levels, single centres. Internal to
// pipelines/.
#pragma once

#include <vector>

#include "analysis/movie.hpp"
#include "analysis/pipelines/clim.hpp"
#include "analysis/traces.hpp"

namespace halotwin::analysis {

inline constexpr std::size_t shown_clusters = 3;
/// Places of the largest clusters in the table, largest first.
[[nodiscard]] std::vector<std::size_t> largest_clusters(const ClimResult& r, std::size_t most);

/// Relative fluctuations (x - mean) / (mean - background) of each cluster's trace, their spectra
/// and fits.
void take_spectra(const MovieInfo& info,
                  const std::vector<std::vector<double>>& traces,
                  const std::vector<double>& background,
                  const ClimOptions& options,
                  Threads threads,
                  ClimResult& r);

/// Two-level shape of 3 x 3 pixel traces around pixels in the top of the map, one in nine of them
/// so that traces share no pixels.
void take_levels(const MovieInfo& info,
                 const Traces& traces,
                 const std::vector<double>& background,
                 const ClimOptions& options,
                 ClimResult& r);

/// Single centres: where a maximum of the map has two levels, its rates; and how many there are.
void take_centres(const MovieInfo& info,
                  const Traces& traces,
                  const std::vector<double>& background,
                  Threads threads,
                  ClimResult& r);

}  // namespace halotwin::analysis
