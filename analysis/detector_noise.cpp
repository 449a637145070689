#include "analysis/detector_noise.hpp"

#include <algorithm>
#include <cmath>

#include "base/constants.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

bool noise_is_known(const MovieInfo& info) {
  return info.counts_per_electron > 0.0 && info.excess_factor > 0.0;
}

double noise_variance(const MovieInfo& info, double mean_counts, double background) {
  if (!noise_is_known(info)) {
    return nan;
  }
  const double gain = info.counts_per_electron;
  const double read = std::isfinite(info.read_noise_e) ? info.read_noise_e : 0.0;
  const double electrons = std::max(0.0, mean_counts - background) / gain;
  return (info.excess_factor * electrons + read * read) * gain * gain;
}

std::vector<double> signal_electrons(const CorrelationMap& map,
                                     const MovieInfo& info,
                                     std::span<const double> background) {
  require(background.size() == map.intensity.size(), "one background per pixel expected");
  std::vector<double> out(map.intensity.size(), nan);
  for (std::size_t p = 0; p < out.size() && noise_is_known(info); ++p) {
    out[p] = (map.intensity[p] - background[p]) / info.counts_per_electron;
  }
  return out;
}

std::vector<double> reliability(const CorrelationMap& map,
                                const MovieInfo& info,
                                std::span<const double> background) {
  require(background.size() == map.variance.size(), "one background per pixel expected");
  std::vector<double> out(map.variance.size(), nan);
  for (std::size_t p = 0; p < out.size(); ++p) {
    const double noise = noise_variance(info, map.intensity[p], background[p]);
    const double share = 1.0 - noise / map.variance[p];
    if (map.variance[p] > 0.0 && share > 0.0) {
      out[p] = share;
    }
  }
  return out;
}

}  // namespace halotwin::analysis
