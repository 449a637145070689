#include "analysis/pipelines/clim.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>

#include <fmt/format.h>

#include "analysis/detector_noise.hpp"
#include "analysis/pipelines/clim_times.hpp"
#include "analysis/steadied_movie.hpp"
#include "base/require.hpp"

namespace halotwin::analysis {

namespace {

constexpr std::size_t least_frames = 16;
constexpr std::size_t portion_bytes = std::size_t{64} << 20U;
constexpr std::size_t summary_pixels = 400;  // of those with a low and with a high map

/// The central square of at most `side` pixels.
void choose_field(const MovieInfo& info, std::size_t side, ClimResult& r) {
  r.nx = std::min(info.nx, side);
  r.ny = std::min(info.ny, side);
  r.first_x = (info.nx - r.nx) / 2;
  r.first_y = (info.ny - r.ny) / 2;
  r.pixel_m = info.pixel_m;
  r.frame_period_s = info.frame_period_s;
}

/// Goes through the movie portion by portion: body(first frame, frames of the field [t][y][x]).
template <class Body>
void for_each_portion(const MovieSource& movie, const ClimResult& field, const Body& body) {
  const MovieInfo& info = movie.info();
  const std::size_t portion = frames_per_portion(info, portion_bytes);
  std::vector<std::uint16_t> whole;
  std::vector<std::uint16_t> part;
  for (std::size_t first = 0; first < info.frames; first += portion) {
    const std::size_t count = std::min(portion, info.frames - first);
    whole.resize(count * info.pixels());
    movie.read(first, count, whole);
    if (field.nx == info.nx && field.ny == info.ny) {
      body(first, std::span<const std::uint16_t>(whole));
      continue;
    }
    part.resize(count * field.nx * field.ny);
    for (std::size_t row = 0; row < count * field.ny; ++row) {
      const std::size_t t = row / field.ny;
      const std::size_t y = row % field.ny + field.first_y;
      const auto* from = whole.data() + t * info.pixels() + y * info.nx + field.first_x;
      std::copy_n(from, field.nx, part.data() + row * field.nx);
    }
    body(first, std::span<const std::uint16_t>(part));
  }
}

Traces take_traces(const MovieSource& movie,
                   const ClimOptions& options,
                   ClimResult& r,
                   Threads threads) {
  const MovieInfo& info = movie.info();
  TraceOptions t;
  t.pixel_m = info.pixel_m;
  t.use_frame = frames_to_use(info, options.first_frames);
  t.remove_common_mode = options.remove_common_mode;
  r.quality = quality_of(info, t.use_frame);
  TraceBuilder builder(r.nx, r.ny, info.frames, t, threads);
  FrameCounter counter(r.nx * r.ny, info.saturation_counts);
  for_each_portion(movie, r, [&](std::size_t, std::span<const std::uint16_t> frames) {
    builder.add(frames);
    counter.add(frames, threads);
  });
  r.mean_frame = counter.mean_frame();
  r.quality.saturated_share = counter.saturated_share();
  return std::move(builder).finish();
}

/// Background of each pixel of the field. [counts]
std::vector<double> background_of_field(const MovieInfo& info, const ClimResult& r) {
  const Background all = background_of(info);
  std::vector<double> field(r.nx * r.ny);
  for (std::size_t p = 0; p < field.size(); ++p) {
    const std::size_t x = p % r.nx + r.first_x;
    const std::size_t y = p / r.nx + r.first_y;
    field[p] = all.counts[y * info.nx + x];
  }
  return field;
}

void take_noise_out(const MovieInfo& info, const std::vector<double>& background, ClimResult& r) {
  if (r.quality.noise_known) {
    r.reliability = reliability(r.map, info, background);
    r.signal_e = signal_electrons(r.map, info, background);
    r.disattenuated = disattenuated(r.map, r.reliability);
  }
}

/// Median over the field of r with the pixel to the east, half a record later: what chance gives.
double shifted_correlation(const Traces& traces) {
  const std::size_t half = traces.frames / 2;
  std::vector<double> found;
  for (std::size_t p = 0; p + 1 < traces.pixels(); p += 7) {
    if (p % traces.nx + 1 == traces.nx || traces.constant[p] != 0 || traces.constant[p + 1] != 0) {
      continue;
    }
    const auto a = traces.of(p);
    const auto b = traces.of(p + 1);
    double sum = 0.0;
    for (std::size_t t = 0; t < traces.frames; ++t) {
      sum += static_cast<double>(a[t]) * static_cast<double>(b[(t + half) % traces.frames]);
    }
    found.push_back(sum);
  }
  return found.empty() ? std::numeric_limits<double>::quiet_NaN() : median(found);
}

/// Mean traces of labelled pixels in all good frames; for clusters that were found in a part of
/// them.
std::vector<std::vector<double>> traces_of_clusters(const MovieSource& movie,
                                                    const ClusterMap& clusters,
                                                    const ClimResult& field) {
  std::vector<std::vector<double>> traces(clusters.count());
  const std::size_t pixels = field.nx * field.ny;
  for_each_portion(movie, field, [&](std::size_t first, std::span<const std::uint16_t> frames) {
    for (std::size_t at = 0; at < frames.size(); at += pixels) {
      if (movie.info().valid[first + at / pixels] == 0) {
        continue;
      }
      for (std::size_t k = 0; k < clusters.count(); ++k) {
        double sum = 0.0;
        for (const std::size_t p : clusters.members[k]) {
          sum += field.table.share[p] * static_cast<double>(frames[at + p]);
        }
        traces[k].push_back(sum);
      }
    }
  });
  return traces;
}

/// The best threshold of the scan where the public program looks: from 0.40 on; the last if none is
/// there.
double published_choice(const ThresholdScan& scan) {
  constexpr double first = 0.40 - 1e-9;
  double threshold = scan.points.back().threshold;
  double best = -std::numeric_limits<double>::infinity();
  for (const ThresholdPoint& point : scan.points) {
    if (point.threshold >= first && point.objective > best) {
      best = point.objective;
      threshold = point.threshold;
    }
  }
  return threshold;
}

void take_clusters(const Traces& traces,
                   const ClimOptions& options,
                   Threads threads,
                   ClimResult& r) {
  ClusterParams params = options.clusters;
  r.clusters = grow_clusters(traces, r.map, params);
  r.table = describe_clusters(traces, r.clusters, threads);
  r.pairs =
      pair_correlations(traces, r.clusters, static_cast<std::uint64_t>(options.seed), threads);
  r.clean.resize(traces.pixels());
  std::transform(
      r.table.silhouette.begin(), r.table.silhouette.end(), r.clean.begin(), [&](double s) {
        return s >= options.clean_silhouette ? 1 : 0;
      });
  if (options.weigh_traces) {
    weigh_by_silhouette(traces, r.clusters, r.table);
  }
  r.diameter_m = area_weighted_diameter(r.table.clusters);
  ThresholdScanOptions scan;
  scan.first = options.scan_first;
  scan.last = options.scan_last;
  r.scan = scan_thresholds(traces, params, scan, threads);
  params.test = MemberTest::mean_trace;
  r.deterministic = grow_clusters(traces, r.map, params);
  params = options.clusters;
  params.threshold = r.scan.threshold();
  r.optimised = grow_clusters(traces, r.map, params);
  r.optimised_table = describe_clusters(traces, r.optimised, threads);
  r.optimised_diameter_m = area_weighted_diameter(r.optimised_table.clusters);
  r.published_threshold = published_choice(r.scan);
  params.threshold = r.published_threshold;
  const ClusterMap published = grow_clusters(traces, r.map, params);
  r.published_diameter_m =
      area_weighted_diameter(describe_clusters(traces, published, threads).clusters);
}

void take_decays(const Traces& traces, const ClimOptions& options, Threads threads, ClimResult& r) {
  PixelChoice choice;
  choice.count = static_cast<std::size_t>(options.decay_pixels);
  choice.above = options.decay_above;
  choice.seed = static_cast<std::uint64_t>(options.seed);
  const auto chosen = random_pixels(r.map.mean_r, r.nx, r.ny, choice);
  r.decay = decays(traces, chosen, options.decay, {}, threads);
  r.decay_summary = summarise(r.decay, traces, options.decay);
  if (r.quality.noise_known) {
    r.clean_decay = decays(traces, chosen, options.decay, r.reliability, threads);
    r.clean_decay_summary = summarise(r.clean_decay, traces, options.decay);
  }
  const auto where = [&](double low, double high) {
    std::vector<double> inside = r.map.mean_r;
    for (double& value : inside) {
      value = value > low && value < high ? 1.0 : 0.0;
    }
    choice.count = summary_pixels;
    choice.above = 0.5;
    const auto pixels = random_pixels(inside, r.nx, r.ny, choice);
    return summarise(decays(traces, pixels, options.decay, {}, threads), traces, options.decay);
  };
  r.low_pixels = where(0.5, 0.7);
  r.high_pixels = where(0.8, 2.0);
  if (options.decay_map) {
    r.every_decay = decay_map(traces, options.decay, r.reliability, threads);
  }
}

}  // namespace

void validate(const ClimOptions& p) {
  require(
      p.first_frames == 0 || p.first_frames >= static_cast<std::int64_t>(least_frames),
      fmt::format("first_frames = {} (must be 0 or at least {})", p.first_frames, least_frames));
  require(p.field_pixels >= 16 && p.field_pixels <= 1024,
          fmt::format("field_pixels = {} (must be 16 to 1024)", p.field_pixels));
  require(
      p.scan_first > 0.0 && p.scan_first < p.scan_last && p.scan_last < 1.0,
      fmt::format(
          "scan_first = {}, scan_last = {} (must rise within 0 to 1)", p.scan_first, p.scan_last));
  require(p.decay_pixels >= 1, fmt::format("decay_pixels = {} (must be positive)", p.decay_pixels));
  require(p.decay_above > 0.0 && p.decay_above < 1.0,
          fmt::format("decay_above = {} (must be between 0 and 1)", p.decay_above));
  require(p.clean_silhouette >= -1.0 && p.clean_silhouette <= 1.0,
          fmt::format("clean_silhouette = {} (must be within -1 to 1)", p.clean_silhouette));
  require(p.steps_top_percent > 0.0 && p.steps_top_percent <= 100.0,
          fmt::format("steps_top_percent = {} (must be in (0, 100])", p.steps_top_percent));
  require(p.bins_per_decade >= 4 && p.bins_per_decade <= 100,
          fmt::format("bins_per_decade = {} (must be 4 to 100)", p.bins_per_decade));
  require(p.seed >= 0, fmt::format("seed = {} (must not be negative)", p.seed));
  validate(p.drift);
  validate(p.clusters);
  validate(p.decay);
  validate(p.valleys);
}

namespace {

ClimResult analyse_steady(const MovieSource& movie, const ClimOptions& options, Threads threads) {
  const MovieInfo& info = movie.info();
  ClimResult r;
  choose_field(info, static_cast<std::size_t>(options.field_pixels), r);
  const Traces traces = take_traces(movie, options, r, threads);
  r.map = correlation_map(traces, threads);
  r.shifted_r = shifted_correlation(traces);
  r.quality.constant_pixels = static_cast<std::size_t>(
      std::count(traces.constant.begin(), traces.constant.end(), std::uint8_t{1}));
  const std::vector<double> background = background_of_field(info, r);
  take_noise_out(info, background, r);
  take_clusters(traces, options, threads, r);
  const bool all_frames = options.first_frames == 0;
  take_spectra(info,
               all_frames ? r.table.trace : traces_of_clusters(movie, r.clusters, r),
               background,
               options,
               threads,
               r);
  take_decays(traces, options, threads, r);
  take_levels(info, traces, background, options, r);
  take_centres(info, traces, background, threads, r);
  r.valleys = test_valleys(traces, r.map, options.valleys, {}, threads);
  return r;
}

}  // namespace

ClimResult analyse_clim(const MovieSource& movie, const ClimOptions& options, Threads threads) {
  validate(options);
  const MovieInfo& info = movie.info();
  const int groups = static_cast<int>(info.frames) / options.drift.frames_per_group;
  if (!options.correct_drift || groups < 2) {
    return analyse_steady(movie, options, threads);
  }
  Drift drift = measure_drift(movie, options.drift, threads);
  ClimResult r;
  if (drift.status == DriftStatus::found) {
    const SteadiedMovie steadied(movie, drift);
    r = analyse_steady(steadied, options, threads);
    r.first_x += steadied.first_x();
    r.first_y += steadied.first_y();
  } else {
    r = analyse_steady(movie, options, threads);
  }
  r.drift = std::move(drift);
  return r;
}

}  // namespace halotwin::analysis
