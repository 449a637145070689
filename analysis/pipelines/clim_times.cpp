#include "analysis/pipelines/clim_times.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <limits>
#include <numeric>

#include "analysis/detector_noise.hpp"
#include "analysis/field_median.hpp"
#include "analysis/power_spectrum.hpp"

namespace halotwin::analysis {

namespace {

/// Two levels must explain this share of the variance where rates are fitted: below it other
/// centres nearby make switches of their own. Chosen on simulated films: the median error of tau is
/// 10 % above, 40 % between 0.78 and 0.85.
constexpr double ruled = 0.85;
constexpr double lines_to_corner = 6.0;  // of the record, up to the corner that rule L2 asks for

/// Trace of 3 x 3 pixels around one, and what the detector's noise adds to its variance.
struct SquareTrace {
  std::vector<float> values;
  double noise_variance = 0.0;
};

SquareTrace square_trace(const MovieInfo& info,
                         const Traces& traces,
                         const std::vector<double>& background,
                         const ClimResult& r,
                         std::size_t pixel) {
  SquareTrace out;
  std::vector<std::size_t> square;
  for (const std::size_t row : {pixel - r.nx, pixel, pixel + r.nx}) {
    for (const std::size_t p : {row - 1, row, row + 1}) {
      square.push_back(p);
      out.noise_variance += noise_variance(info, r.map.intensity[p], background[p]) / 81.0;
    }
  }
  const std::vector<double> mean = mean_trace(traces, square);
  out.values.assign(mean.begin(), mean.end());
  return out;
}

/// Highest pixels of the correlation map within 7 x 7, whole squares inside the field.
std::vector<std::size_t> peaks_of_map(const ClimResult& r) {
  constexpr std::size_t half = 3;
  std::vector<std::size_t> peaks;
  for (std::size_t y = half; y + half < r.ny; ++y) {
    for (std::size_t x = half; x + half < r.nx; ++x) {
      const double here = r.map.mean_r[y * r.nx + x];
      bool highest = std::isfinite(here);
      for (std::size_t v = y - half; highest && v <= y + half; ++v) {
        for (std::size_t u = x - half; highest && u <= x + half; ++u) {
          const double there = r.map.mean_r[v * r.nx + u];
          const bool earlier = v < y || (v == y && u < x);
          highest = !(there > here) && !(earlier && there == here);
        }
      }
      if (highest) {
        peaks.push_back(y * r.nx + x);
      }
    }
  }
  return peaks;
}

/// Candidates are all squares of which two levels explain enough, not maxima of the map alone: a
/// centre may rule a place that has no maximum of its own.
void count_ruled_places(const MovieInfo& info,
                        const Traces& traces,
                        const std::vector<double>& background,
                        Threads threads,
                        ClimResult& r) {
  constexpr std::size_t apart = 2;
  std::vector<std::size_t> squares;
  for (std::size_t y = 1; y + 1 < r.ny; y += apart) {
    for (std::size_t x = 1; x + 1 < r.nx; x += apart) {
      squares.push_back(y * r.nx + x);
    }
  }
  std::vector<CentreCandidate> found(squares.size());  // amplitude 0: none
  std::vector<std::vector<float>> values(squares.size());
  for_each_chunk(squares.size(), 16, threads, [&](std::size_t begin, std::size_t end) {
    for (std::size_t k = begin; k < end; ++k) {
      SquareTrace square = square_trace(info, traces, background, r, squares[k]);
      const TwoLevelShape shape =
          two_level_shape(square.values, r.quality.noise_known ? square.noise_variance : -1.0);
      if (shape.explained >= ruled) {
        found[k] = {squares[k], shape.high - shape.low, shape.reliability};
        values[k] = std::move(square.values);
      }
    }
  });
  std::vector<CentreCandidate> candidates;
  std::vector<float> kept;
  for (std::size_t k = 0; k < found.size(); ++k) {
    if (found[k].amplitude > 0.0) {
      candidates.push_back(found[k]);
      kept.insert(kept.end(), values[k].begin(), values[k].end());
    }
  }
  r.centre_count = count_centres(candidates, kept, {r.nx, r.ny, r.pixel_m});
}

}  // namespace

std::vector<std::size_t> largest_clusters(const ClimResult& r, std::size_t most) {
  std::vector<std::size_t> order(r.table.clusters.size());
  std::iota(order.begin(), order.end(), std::size_t{0});
  std::stable_sort(order.begin(), order.end(), [&](std::size_t a, std::size_t b) {
    return r.table.clusters[a].pixels > r.table.clusters[b].pixels;
  });
  order.resize(std::min(order.size(), most));
  return order;
}

void take_spectra(const MovieInfo& info,
                  const std::vector<std::vector<double>>& traces,
                  const std::vector<double>& background,
                  const ClimOptions& options,
                  Threads threads,
                  ClimResult& r) {
  if (traces.empty()) {
    return;
  }
  const std::size_t length = traces.front().size();
  const Periodogram plan(length, {info.frame_period_s, static_cast<int>(options.bins_per_decade)});
  const SpectrumFitter fitter(plan.frequency_hz(), plan.freedom(), info.frame_period_s);
  r.spectra_hz = plan.frequency_hz();
  const SaturationRule rule{.corner_hz = lines_to_corner /
                                         (static_cast<double>(length) * info.frame_period_s)};
  r.spectra.resize(traces.size());
  std::vector<std::uint8_t> is_large(traces.size(), 0);
  for (const std::size_t k : largest_clusters(r, shown_clusters)) {
    is_large[k] = 1;
  }
  for_each_chunk(traces.size(), 8, threads, [&](std::size_t begin, std::size_t end) {
    for (std::size_t k = begin; k < end; ++k) {
      double dark = 0.0;
      double noise = 0.0;
      for (const std::size_t p : r.clusters.members[k]) {
        const double share = r.table.share[p];
        dark += share * background[p];
        noise += share * share * noise_variance(info, r.map.intensity[p], background[p]);
      }
      const double mean_counts = mean(traces[k]);
      std::vector<double> relative = traces[k];
      for (double& value : relative) {
        value = (value - mean_counts) / (mean_counts - dark);
      }
      ClusterSpectrum& s = r.spectra[k];
      s.label = static_cast<int>(k) + 1;
      s.density = plan.density(relative);
      if (is_large[k] != 0 && length >= least_variable_window_values) {
        s.published = variable_window_spectrum(relative, info.frame_period_s);
      }
      const double scale = (mean_counts - dark) * (mean_counts - dark);
      s.white = std::isfinite(noise) ? white_density(noise / scale, info.frame_period_s) : 0.0;
      s.lorentzian = fitter.lorentzian(s.density, s.white);
      s.power_law = fitter.power_law(s.density, s.white);
      s.single_time = saturates(s.lorentzian, s.power_law, rule);
    }
  });
}

void take_levels(const MovieInfo& info,
                 const Traces& traces,
                 const std::vector<double>& background,
                 const ClimOptions& options,
                 ClimResult& r) {
  std::vector<double> known;
  std::copy_if(r.map.mean_r.begin(), r.map.mean_r.end(), std::back_inserter(known), [](double v) {
    return std::isfinite(v);
  });
  if (known.empty()) {
    return;
  }
  const double top = percentile(known, 100.0 - options.steps_top_percent);
  std::vector<float> values;
  std::vector<double> noise;
  std::vector<double> explained(r.nx * r.ny, std::numeric_limits<double>::quiet_NaN());
  for (std::size_t y = 1; y + 1 < r.ny; y += 3) {
    for (std::size_t x = 1; x + 1 < r.nx; x += 3) {
      if (!(r.map.mean_r[y * r.nx + x] >= top)) {
        continue;
      }
      const SquareTrace square = square_trace(info, traces, background, r, y * r.nx + x);
      values.insert(values.end(), square.values.begin(), square.values.end());
      noise.push_back(square.noise_variance);
      explained[y * r.nx + x] =
          two_level_shape(square.values, r.quality.noise_known ? square.noise_variance : -1.0)
              .explained;
    }
  }
  r.level_traces = noise.size();
  r.level_share = median_of_field(explained, r.nx, r.pixel_m);
  if (!r.quality.noise_known) {
    noise.clear();
  }
  r.levels = summarise_two_levels(values, traces.frames, noise);
}

void take_centres(const MovieInfo& info,
                  const Traces& traces,
                  const std::vector<double>& background,
                  Threads threads,
                  ClimResult& r) {
  const std::vector<std::size_t> peaks = peaks_of_map(r);
  std::vector<Centre> fitted(peaks.size());
  for_each_chunk(peaks.size(), 4, threads, [&](std::size_t begin, std::size_t end) {
    for (std::size_t k = begin; k < end; ++k) {
      const SquareTrace square = square_trace(info, traces, background, r, peaks[k]);
      SwitchingOptions options;
      options.noise_variance = r.quality.noise_known ? square.noise_variance : -1.0;
      options.least_explained = ruled;
      fitted[k] = {peaks[k], fit_switching(square.values, info.frame_period_s, options)};
    }
  });
  std::copy_if(fitted.begin(), fitted.end(), std::back_inserter(r.centres), [](const Centre& c) {
    return c.rates.status == SwitchingStatus::resolved;
  });
  r.maxima = peaks.size();
  count_ruled_places(info, traces, background, threads, r);
}

}  // namespace halotwin::analysis
