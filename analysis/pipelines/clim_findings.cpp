// What the reader gets of a CLIM analysis: numbers with their errors, nulls, maps and curves; and
// the pipeline on a recording.
#include <algorithm>
#include <cmath>
#include <numeric>

#include <fmt/format.h>

#include "analysis/field_median.hpp"
#include "analysis/findings_file.hpp"
#include "analysis/pipelines/clim.hpp"
#include "analysis/pipelines/clim_file.hpp"
#include "analysis/pipelines/clim_times.hpp"
#include "analysis/score.hpp"
#include "base/constants.hpp"

namespace halotwin::analysis {

namespace {

std::vector<double> finite(const std::vector<double>& values) {
  std::vector<double> out;
  std::copy_if(values.begin(), values.end(), std::back_inserter(out), [](double v) {
    return std::isfinite(v);
  });
  return out;
}

Estimate median_of_map(const ClimResult& r, const std::vector<double>& map) {
  return median_of_field(map, r.nx, r.pixel_m);
}

double share(const std::vector<double>& map, double low, double high) {
  const std::vector<double> values = finite(map);
  const auto inside =
      std::count_if(values.begin(), values.end(), [&](double v) { return v > low && v <= high; });
  return values.empty() ? nan : static_cast<double>(inside) / static_cast<double>(values.size());
}

void add(Findings& f,
         const std::string& name,
         const Estimate& e,
         const std::string& unit,
         const std::string& note) {
  f.values.push_back({name, e.value, e.sigma, unit, note});
}

void add_map_numbers(const ClimResult& r, Findings& f) {
  add(f, "median_correlation", median_of_map(r, r.map.mean_r), "", "mean r with 8 neighbours");
  f.nulls.push_back(
      {"median_correlation", r.shifted_r, nan, "", "neighbours to the east half a record later"});
  f.values.push_back({"share_above_0.75", share(r.map.mean_r, 0.75, 2.0), nan, "", "of the map"});
  f.values.push_back({"share_0.5_to_0.7", share(r.map.mean_r, 0.5, 0.7), nan, "", "of the map"});
  if (r.quality.noise_known) {
    add(f,
        "median_signal",
        median_of_map(r, r.signal_e),
        "electron",
        "photoelectrons of a pixel in a frame");
    add(f,
        "median_reliability",
        median_of_map(r, r.reliability),
        "",
        "share of a pixel's variance that is not noise of the detector");
    add(f,
        "median_disattenuated",
        median_of_map(r, r.disattenuated),
        "",
        "r without the detector's noise");
  }
}

double agreement(const ClusterMap& a, const ClusterMap& b) {
  return compare_labels(a.label, b.label).adjusted_rand;
}

void add_clusters(const ClimResult& r, Findings& f) {
  f.values.push_back({"clusters",
                      static_cast<double>(r.clusters.count()),
                      nan,
                      "",
                      "published rule, its random members drawn from the seed"});
  f.values.push_back({"clustered_share", r.table.clustered_share, nan, "", "of the pixels"});
  f.values.push_back(
      {"mean_silhouette", r.table.mean_silhouette, nan, "", "over all pixels, 0 in no cluster"});
  const auto clean = std::count(r.clean.begin(), r.clean.end(), std::uint8_t{1});
  f.values.push_back({"clean_share",
                      static_cast<double>(clean) / static_cast<double>(r.clean.size()),
                      nan,
                      "",
                      "of the pixels, those of low silhouette left out"});
  add(f, "cluster_diameter", r.diameter_m, "m", "area-weighted, clusters of 5 pixels and more");
  f.values.push_back({"deterministic_clusters",
                      static_cast<double>(r.deterministic.count()),
                      nan,
                      "",
                      "members tested by their mean trace"});
  f.values.push_back({"deterministic_agreement",
                      agreement(r.clusters, r.deterministic),
                      nan,
                      "",
                      "adjusted Rand index of both"});
  f.values.push_back({"best_threshold", r.scan.threshold(), nan, "", "self-optimised"});
  add(f, "best_cluster_diameter", r.optimised_diameter_m, "m", "at the self-optimised threshold");
  f.values.push_back({"published_threshold",
                      r.published_threshold,
                      nan,
                      "",
                      "the same, scanned from 0.40 on as the public program does"});
  add(f, "published_cluster_diameter", r.published_diameter_m, "m", "at that threshold");
  if (r.scan.at_edge) {
    f.warnings.emplace_back("the self-optimised threshold lies at the edge of the scan");
  }
}

void add_decay(const ClimResult& r, Findings& f) {
  const DecaySummary& d = r.decay_summary;
  add(f, "domain_diameter", d.diameter_m, "m", "of the connected region r >= 0.5 around a pixel");
  add(f, "domain_feret", d.feret_m, "m", "its longest Feret diameter");
  add(f, "decay_radius", d.radius_m, "m", "where the mean over rings falls to 0.5");
  add(f, "drop_per_pixel", d.drop_per_pixel, "", "0.5 over this radius in pixels");
  add(f, "first_pixel_drop", d.first_drop, "", "1 - r of the eight neighbours");
  add(f, "first_pixel_drop_low", r.low_pixels.first_drop, "", "where the map is 0.5 to 0.7");
  add(f, "drop_per_pixel_high", r.high_pixels.drop_per_pixel, "", "where the map is above 0.8");
  if (r.quality.noise_known) {
    add(f,
        "clean_first_pixel_drop",
        r.clean_decay_summary.first_drop,
        "",
        "the same without the detector's noise");
    add(f,
        "clean_domain_diameter",
        r.clean_decay_summary.diameter_m,
        "m",
        "region around a pixel without the detector's noise");
  }
}

void add_times(const ClimResult& r, Findings& f) {
  std::vector<double> times;
  std::vector<double> exponents;
  for (const ClusterSpectrum& s : r.spectra) {
    if (s.single_time) {
      times.push_back(s.lorentzian.time_s());
    } else if (s.power_law.converged) {
      exponents.push_back(s.power_law.exponent.value);
    }
  }
  const auto n = static_cast<double>(r.spectra.size());
  const double single = n > 0.0 ? static_cast<double>(times.size()) / n : nan;
  f.values.push_back({"single_time_share",
                      single,
                      n > 0.0 ? std::sqrt(single * (1.0 - single) / n) : nan,
                      "",
                      "of the clusters, by rule L2"});
  const auto spread = [](const std::vector<double>& v) {
    return v.size() > 1 ? standard_deviation(v) / std::sqrt(static_cast<double>(v.size())) : nan;
  };
  f.values.push_back({"characteristic_time",
                      times.empty() ? nan : median(times),
                      1.2533 * spread(times),
                      "s",
                      "median over these"});
  f.values.push_back({"power_law_exponent",
                      exponents.empty() ? nan : mean(exponents),
                      spread(exponents),
                      "",
                      "mean over the others"});
  constexpr double least_reliability = 0.5;  // below, noise taken off leaves nothing to explain
  const bool fluctuates = r.levels.reliability.median >= least_reliability;
  f.values.push_back({"two_level_share",
                      fluctuates ? r.levels.explained.median : nan,
                      r.level_share.sigma,
                      "",
                      "of the variance without noise, by the best two levels; top of the map"});
  f.nulls.push_back({"two_level_share",
                     r.levels.explained_gaussian.median,
                     nan,
                     "",
                     "a Gaussian signal under the same noise"});
  f.values.push_back({"excess_kurtosis",
                      r.levels.excess_kurtosis.median,
                      nan,
                      "",
                      "of the same traces; -2 for two equal levels, 0 for a Gaussian"});
}

void add_valleys(const ClimResult& r, Findings& f) {
  add(f,
      "valley_gain",
      r.valleys.median_gain,
      "",
      fmt::format("r with the mix of its surroundings less the best single one, median of {}",
                  r.valleys.valleys.size()));
  add(f, "valley_share", r.valleys.share_positive, "", "of the valleys with a gain above 0");
  add(f,
      "valley_gain_over_wide",
      r.valleys.median_gain_over_wide,
      "",
      "the same against one region averaged over as many pixels");
}

void add_centres(const ClimResult& r, Findings& f) {
  f.values.push_back({"resolved_centres",
                      static_cast<double>(r.centres.size()),
                      nan,
                      "",
                      fmt::format("of {} maxima of the map: one centre dominates", r.maxima)});
  f.values.push_back({"centre_density",
                      r.centre_count.per_m2,
                      r.centre_count.sigma_per_m2,
                      "1/m^2",
                      "of different centres that dominate: a lower limit of all"});
  std::vector<double> times;
  for (const Centre& c : r.centres) {
    times.push_back(c.rates.tau_s);
  }
  const bool some = times.size() > 1;
  f.values.push_back(
      {"centre_time",
       times.empty() ? nan : median(times),
       some ? 1.2533 * standard_deviation(times) / std::sqrt(static_cast<double>(times.size()))
            : nan,
       "s",
       "1 / (rate on + rate off), median of the resolved centres"});
}

FoundMap map_of(const ClimResult& r,
                const std::string& name,
                const std::string& title,
                const std::string& unit,
                const std::vector<double>& values,
                const std::string& note) {
  FoundMap map{name,
               title,
               unit,
               r.nx,
               r.ny,
               r.pixel_m,
               r.pixel_m,
               std::vector<float>(values.begin(), values.end())};
  map.x_m = static_cast<double>(r.first_x) * r.pixel_m;
  map.y_m = static_cast<double>(r.first_y) * r.pixel_m;
  map.note = note;
  return map;
}

/// Correlations of the pairs in each cluster, best clusters first.
FoundCurve pair_curve(const ClimResult& r) {
  FoundCurve curve{"pair_correlation", "Correlation within clusters", "cluster", "r of two pixels"};
  FoundSeries mean{"mean", {}, {}};
  FoundSeries lowest{"lowest", {}, {}};
  FoundSeries median{"median", {}, {}};
  FoundSeries highest{"highest", {}, {}};
  for (std::size_t k = 0; k < r.pairs.size(); ++k) {
    for (FoundSeries* series : {&mean, &lowest, &median, &highest}) {
      series->x.push_back(r.table.clusters[k].label);
      series->markers = true;
    }
    mean.y.push_back(r.table.clusters[k].mean_r);
    lowest.y.push_back(r.pairs[k].lowest);
    median.y.push_back(r.pairs[k].median);
    highest.y.push_back(r.pairs[k].highest);
  }
  curve.series = {std::move(highest), std::move(median), std::move(mean), std::move(lowest)};
  curve.note =
      "The growing rule asks for the threshold with 70 % of ten members, not with all: the lowest "
      "pair lies below it. The mean is of all pairs, the others of 2000 drawn at random.";
  return curve;
}

std::vector<double> numbers(const ClusterMap& clusters) {
  std::vector<double> out;
  for (const int label : clusters.label) {
    out.push_back(label > 0 ? static_cast<double>(label) : nan);
  }
  return out;
}

void add_maps(const ClimResult& r, Findings& f) {
  f.maps.push_back(
      map_of(r, "intensity", "mean intensity", "counts", r.map.intensity, "Mean over the frames."));
  f.maps.push_back(map_of(r,
                          "correlation",
                          "correlation map",
                          "1",
                          r.map.mean_r,
                          "Mean Pearson r of a pixel with its eight neighbours."));
  if (r.quality.noise_known) {
    f.maps.push_back(map_of(r,
                            "correlation_disattenuated",
                            "correlation map without the detector's noise",
                            "1",
                            r.disattenuated,
                            "Each r divided by the square root of both reliabilities."));
    f.maps.push_back(map_of(r,
                            "reliability",
                            "share of the variance that is not noise",
                            "1",
                            r.reliability,
                            "From gain, excess factor and read noise of the camera."));
  }
  f.maps.push_back(map_of(r,
                          "clusters",
                          "clusters",
                          "1",
                          numbers(r.clusters),
                          "Numbers in the order in which they grew: best correlated first."));
  f.maps.push_back(map_of(r,
                          "clusters_best_threshold",
                          "clusters at the self-optimised threshold",
                          "1",
                          numbers(r.optimised),
                          ""));
  std::vector<double> clean = numbers(r.clusters);
  for (std::size_t p = 0; p < clean.size(); ++p) {
    clean[p] = r.clean[p] != 0 ? clean[p] : nan;
  }
  f.maps.push_back(map_of(r,
                          "clusters_clean",
                          "clusters without doubtful pixels",
                          "1",
                          clean,
                          "Pixels of low silhouette are left out."));
  f.maps.push_back(map_of(r,
                          "silhouette",
                          "silhouette",
                          "1",
                          r.table.silhouette,
                          "How much better a pixel goes with its cluster than with the next."));
  if (!r.every_decay.pixels.empty()) {
    std::vector<double> radius;
    for (const Decay& d : r.every_decay.pixels) {
      radius.push_back(d.radius_m);
    }
    f.maps.push_back(map_of(r, "decay_radius_map", "decay radius", "m", radius, ""));
  }
}

double model(const LorentzianFit& l, double f) {
  return l.amplitude.value / (1.0 + std::pow(f / l.corner_hz.value, l.exponent.value));
}

void add_curves(const ClimResult& r, Findings& f) {
  FoundCurve traces{"traces", "Traces of the largest clusters", "time (s)", "counts"};
  FoundCurve spectra{"spectra",
                     "Power spectra of the largest clusters",
                     "frequency (Hz)",
                     "relative power (1/Hz)",
                     true,
                     true};
  for (const std::size_t k : largest_clusters(r, shown_clusters)) {
    const std::string name = fmt::format("cluster {}", r.spectra[k].label);
    FoundSeries trace{name, {}, {}};
    for (std::size_t t = 0; t < r.table.trace[k].size(); ++t) {
      trace.x.push_back(static_cast<double>(t) * r.frame_period_s);
      trace.y.push_back(r.table.trace[k][t]);
    }
    traces.series.push_back(std::move(trace));
    const ClusterSpectrum& s = r.spectra[k];
    spectra.series.push_back({name, r.spectra_hz, s.density});
    spectra.series.back().markers = true;
    FoundSeries fit{name + (s.single_time ? ", Lorentzian" : ", power law"), r.spectra_hz, {}};
    for (const double hz : r.spectra_hz) {
      const double power =
          s.single_time ? model(s.lorentzian, hz)
                        : s.power_law.amplitude.value * std::pow(hz, -s.power_law.exponent.value);
      fit.y.push_back(power + s.white);
    }
    spectra.series.push_back(std::move(fit));
    FoundSeries published{name + ", published estimator", s.published.frequency_hz, {}};
    published.y = s.published.density;
    published.dashed = true;
    if (!published.x.empty()) {
      spectra.series.push_back(std::move(published));
    }
  }
  traces.note = "Means over the clusters' pixels.";
  spectra.note =
      "Points: Hann periodogram in logarithmic bins; fits hold the camera's noise, and are drawn "
      "without the frames' averaging and folding. Dashed: windows of three periods (published).";
  f.curves.push_back(std::move(traces));
  f.curves.push_back(std::move(spectra));
  FoundCurve decay{"decay", "Correlation around a pixel", "distance (m)", "r"};
  decay.series.push_back({"measured", r.decay.mean_profile.distance_m, r.decay.mean_profile.r});
  if (!r.clean_decay.pixels.empty()) {
    decay.series.push_back({"without the detector's noise",
                            r.clean_decay.mean_profile.distance_m,
                            r.clean_decay.mean_profile.r});
  }
  decay.note =
      "Mean over rings one pixel wide, over pixels drawn at random where the map is above "
      "0.5.";
  f.curves.push_back(std::move(decay));
  f.curves.push_back(pair_curve(r));
  FoundCurve scan{"threshold_scan", "Choice of the threshold", "threshold", "objective"};
  FoundSeries objective{"mean silhouette x clustered share", {}, {}};
  for (const ThresholdPoint& point : r.scan.points) {
    objective.x.push_back(point.threshold);
    objective.y.push_back(point.objective);
  }
  scan.series.push_back(std::move(objective));
  scan.vertical_lines = {r.scan.threshold()};
  f.curves.push_back(std::move(scan));
  FoundCurve mean{"mean_frame", "Mean of the field", "time (s)", "counts"};
  FoundSeries field{"field", {}, r.mean_frame};
  for (std::size_t t = 0; t < r.mean_frame.size(); ++t) {
    field.x.push_back(static_cast<double>(t) * r.frame_period_s);
  }
  mean.series.push_back(std::move(field));
  mean.note = "Lamp, soaking, bleaching.";
  f.curves.push_back(std::move(mean));
}

void add_quality(const ClimResult& r, Findings& f) {
  f.values.push_back(
      {"frames_used", static_cast<double>(r.quality.frames_used), nan, "", "for correlations"});
  if (!r.drift.groups.empty()) {
    const std::string note = r.drift.status == DriftStatus::found
                                 ? "from the first to the last frame; taken out by whole pixels"
                                 : "from the first to the last frame; none found";
    add(f, "drift_x", r.drift.trend_x_pixels, "pixel", note);
    add(f, "drift_y", r.drift.trend_y_pixels, "pixel", note);
  }
  for (const std::string& warning : warnings_of(r.quality)) {
    f.warnings.push_back(warning);
  }
}

}  // namespace

Findings findings_of(const ClimResult& r) {
  Findings f;
  add_quality(r, f);
  add_map_numbers(r, f);
  add_clusters(r, f);
  add_decay(r, f);
  add_times(r, f);
  add_valleys(r, f);
  add_centres(r, f);
  add_maps(r, f);
  add_curves(r, f);
  f.note =
      "Noise of the detector lowers every correlation but that of a pixel with itself: the map "
      "shows "
      "signal over noise as much as the sample. The optics correlate pixels closer than about 400 "
      "nm, whatever the sample does.";
  return f;
}

void check_clim_settings(const Table& settings) {
  static_cast<void>(options_from<ClimOptions>(settings, "clim"));
}

Findings run_clim_pipeline(const PipelineRun& run) {
  const auto options = options_from<ClimOptions>(run.settings, "clim");
  Findings f;
  std::string read;
  {
    const RecordedMovie movie(run.recording, run.scope);
    read = movie.signals_read();
    f = findings_of(analyse_clim(movie, options, run.threads));
  }
  write_findings(run, {"clim", effective_fields(options), read}, f);
  return f;
}

}  // namespace halotwin::analysis
