// Pictures of one analysed PM-DNS map, for the rows of the report and for the page of a single
// recording.
#pragma once

#include <string>
#include <vector>

#include "analysis/pipelines/pm_dns.hpp"
#include "validation/plot.hpp"
#include "validation/target.hpp"

namespace halotwin::validation {

/// `which` stands behind each title, e.g. ", physical response".
struct MapPictures {
  const analysis::PmDnsResult& result;
  double step_m = 0.0;
  std::string which{};

  /// Component k as a map (0 = lowest peak frequency); NaN where a pixel was not used.
  [[nodiscard]] MapPlot weight(std::size_t k) const;
  [[nodiscard]] MapPlot topography() const;
  [[nodiscard]] MapPlot classes() const;
  [[nodiscard]] MapPlot pixel_residual() const;
  [[nodiscard]] Figure mean_spectrum() const;
  [[nodiscard]] Figure bases() const;
  [[nodiscard]] Figure class_spectra() const;
  /// What the factorisation leaves in each channel, beside the noise of one pixel.
  [[nodiscard]] Figure channel_residual() const;
  [[nodiscard]] Figure rank_scan() const;
  [[nodiscard]] Figure line_residual() const;
};

/// All of them, for the page of a recording.
[[nodiscard]] std::vector<Figure> all_pictures(const MapPictures& map);

/// Key numbers with uncertainties, and their nulls.
struct MapNumbers {
  std::vector<Measured> values;
  std::vector<Measured> nulls;
};
[[nodiscard]] MapNumbers key_numbers(const analysis::PmDnsResult& result);

}  // namespace halotwin::validation
