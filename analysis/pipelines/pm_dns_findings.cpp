// The result of the PM-DNS analysis in the form that all pipelines share.
#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "analysis/pipelines/pm_dns_groups.hpp"
#include "analysis/pipelines/pm_dns_summary.hpp"
#include "base/constants.hpp"
#include "base/fields.hpp"

namespace halotwin::analysis {

namespace {

const char* const frequency_label = "stimulus frequency (Hz)";
const char* const response_label = "response / fast response";

/// rms of data minus factorisation, per channel and per pixel.
struct Residual {
  std::vector<double> channel;
  std::vector<float> pixel;  // NaN where not used
};

Residual residual_of(const PmDnsResult& r) {
  const std::size_t channels = r.frequencies_hz.size();
  const std::size_t pixels = r.nx * r.ny;
  const std::size_t rank = pixels == 0 ? 0 : r.weight_maps.size() / pixels;
  Residual out{std::vector<double>(channels, 0.0),
               std::vector<float>(pixels, std::numeric_limits<float>::quiet_NaN())};
  double used = 0.0;
  for (std::size_t p = 0; p < pixels && rank > 0; ++p) {
    if (std::isnan(r.weight_maps[p])) {
      continue;
    }
    double sum = 0.0;
    for (std::size_t i = 0; i < channels; ++i) {
      auto rest = static_cast<double>(r.response.values[p * channels + i]);
      for (std::size_t k = 0; k < rank; ++k) {
        rest -= static_cast<double>(r.weight_maps[k * pixels + p]) *
                r.nmf.basis(static_cast<Eigen::Index>(k), static_cast<Eigen::Index>(i));
      }
      sum += rest * rest;
      out.channel[i] += rest * rest;
    }
    out.pixel[p] = static_cast<float>(std::sqrt(sum / static_cast<double>(channels)));
    used += 1.0;
  }
  for (double& c : out.channel) {
    c = std::sqrt(c / std::max(used, 1.0));
  }
  return out;
}

Finding finding(std::string name, const MaybeEstimate& e, std::string note) {
  return {std::move(name), e.known ? e.value : nan, e.known ? e.sigma : nan, "", std::move(note)};
}

Finding peak_finding(std::string name, const Peak& peak, std::string note) {
  const bool known = peak.usable();
  return {std::move(name),
          known ? peak.position_hz : nan,
          known ? peak.position_sigma_hz : nan,
          "Hz",
          known ? std::move(note) : "not resolved"};
}

void add_comparisons(const std::vector<ClassComparison>& from,
                     const std::string& note,
                     std::vector<Finding>& into) {
  const auto all_of = [&](const char* first) { return note.empty() ? std::string(first) : note; };
  for (const ClassComparison& c : from) {
    const std::string name(halotwin::name_of(c.label));
    into.push_back(
        finding(name + "_shift", c.shift, all_of("ln of the peak position over that of grains")));
    into.push_back(finding(name + "_wide_shift", c.wide_shift, all_of("the same, broad maximum")));
    into.push_back(finding(
        name + "_enhancement", c.enhancement, all_of("intensity at the first peak over grains")));
    into.push_back(finding(name + "_ratio_contrast",
                           c.ratio_contrast,
                           all_of("last peak over first peak, over the same of grains")));
  }
}

void add_values(const PmDnsResult& r, Findings& out) {
  for (std::size_t k = 0; k < r.all.peaks.size(); ++k) {
    out.values.push_back(peak_finding(fmt::format("all_peak_{}_position", k + 1),
                                      r.all.peaks[k],
                                      "mean spectrum, three channels around the maximum"));
  }
  if (r.all.wide.usable()) {
    out.values.push_back(
        peak_finding("all_wide_peak_position",
                     r.all.wide,
                     "one broad maximum; merges lines that lie within its window"));
  }
  out.values.push_back(
      finding("all_peak_ratio", r.all.peak_ratio, "mean spectrum, last peak over first peak"));
  if (r.transient.status == TransientStatus::found) {
    out.values.push_back({"transient_end_line",
                          r.transient.end_line,
                          r.transient.end_sigma,
                          "",
                          "where the ultraslow transient ends"});
  }
  add_comparisons(r.comparisons, "", out.values);
  add_comparisons(r.selection_null, "one spectral shape, measured noise", out.nulls);
  add_comparisons(r.shuffled_null, "labels of the pixels shuffled", out.nulls);
  for (std::size_t k = r.selection_null.size() * 4; k < out.nulls.size(); ++k) {
    out.nulls[k].name.insert(0, "shuffled_");
  }
}

FoundMap empty_map(const Grid& grid, const char* name, const char* title, const char* unit) {
  FoundMap map{name, title, unit, grid.nx, grid.ny, grid.step_x_m, grid.step_y_m, {}};
  map.x_m = grid.origin.x_m;
  map.y_m = grid.origin.y_m;
  return map;
}

void add_maps(const PmDnsResult& r, const Residual& residual, const Grid& grid, Findings& out) {
  if (!r.topography_m.empty()) {
    FoundMap map = empty_map(grid, "topography", "topography, levelled", "m");
    map.values.assign(r.topography_m.begin(), r.topography_m.end());
    out.maps.push_back(std::move(map));
  }
  const std::size_t pixels = grid.size();
  const std::size_t rank = pixels == 0 ? 0 : r.weight_maps.size() / pixels;
  if (rank == 0) {
    return;
  }
  FoundMap classes = empty_map(grid, "classes", "classes by NMF weights", "");
  classes.labels = true;
  classes.label_names = {
      "not considered", "grain", "boundary", "hotspot", "excluded", "unmeasured"};
  for (const PixelClass label : r.class_map) {
    classes.values.push_back(static_cast<float>(label));
  }
  out.maps.push_back(std::move(classes));
  for (std::size_t k = 0; k < rank; ++k) {
    FoundMap map = empty_map(grid, "", "", "");
    map.name = fmt::format("weight_{}", k + 1);
    map.title = k == 0          ? "low-frequency weight"
                : k + 1 == rank ? "high-frequency weight"
                                : fmt::format("weight of component {}", k + 1);
    map.values.assign(r.weight_maps.begin() + static_cast<std::ptrdiff_t>(k * pixels),
                      r.weight_maps.begin() + static_cast<std::ptrdiff_t>((k + 1) * pixels));
    out.maps.push_back(std::move(map));
  }
  FoundMap rest = empty_map(grid, "pixel_residual", "rms residual of each pixel", "");
  rest.values = residual.pixel;
  rest.note = "What the factorisation leaves in each pixel, in units of the fast response.";
  out.maps.push_back(std::move(rest));
}

FoundCurve spectrum_curve(const char* name, const char* title, const char* note) {
  FoundCurve curve{name, title, frequency_label, response_label, true, false, {}};
  curve.note = note;
  return curve;
}

FoundCurve bases(const PmDnsResult& r) {
  FoundCurve plot = spectrum_curve("bases", "NMF bases", "Each scaled to its maximum.");
  plot.y_label = "basis (relative)";
  for (Eigen::Index k = 0; k < r.nmf.basis.rows(); ++k) {
    FoundSeries series{fmt::format("component {}{}", k + 1, k == 0 ? " (lowest frequency)" : ""),
                       r.frequencies_hz,
                       {}};
    const auto row = r.nmf.basis.row(k);
    const double top = std::max(row.maxCoeff(), 1e-300);
    for (Eigen::Index i = 0; i < row.size(); ++i) {
      series.y.push_back(row(i) / top);
    }
    plot.series.push_back(std::move(series));
  }
  return plot;
}

FoundCurve class_spectra(const PmDnsResult& r) {
  FoundCurve plot = spectrum_curve("class_spectra",
                                   "Class mean spectra",
                                   "Bands: one standard deviation (block bootstrap). Classes by "
                                   "percentiles of the NMF weights.");
  for (const ClassSpectrum& c : r.classes) {
    if (!c.mean.empty()) {
      plot.series.push_back(
          {std::string(halotwin::name_of(c.label)), r.frequencies_hz, c.mean, c.sigma});
    }
  }
  return plot;
}

FoundCurve channel_residual(const PmDnsResult& r, const Residual& residual) {
  FoundCurve plot = spectrum_curve(
      "channel_residual",
      "Residual of the factorisation",
      "Rms over the pixels. Where it lies on the noise, the components explain the map.");
  plot.log_y = true;
  FoundSeries noise{"noise of one pixel (up against down)", r.frequencies_hz, {}};
  noise.y.assign(r.response.noise_sigma.begin(), r.response.noise_sigma.end());
  noise.dashed = true;
  plot.series = {{"residual", r.frequencies_hz, residual.channel}, std::move(noise)};
  return plot;
}

FoundCurve rank_scan(const PmDnsResult& r) {
  FoundSeries residual{"relative residual", {}, {}, {}, true};
  FoundSeries held_out{"on data that the fit did not see", {}, {}, {}, true};
  for (const RankStep& step : r.rank_scan) {
    residual.x.push_back(step.rank);
    residual.y.push_back(step.relative_residual);
    held_out.x.push_back(step.rank);
    held_out.y.push_back(step.held_out_residual);
  }
  FoundCurve plot{"rank_scan", "Rank scan", "rank", "relative residual", false, false, {}};
  plot.series = {std::move(residual), std::move(held_out)};
  plot.note =
      "Relative residual of the best factorisation of each rank; a rank that fits noise only does "
      "not help on held-out data.";
  return plot;
}

FoundCurve line_residual(const PmDnsResult& r) {
  FoundSeries series{"residual at low frequency", {}, {}, {}, true};
  for (std::size_t y = 0; y < r.transient.residual.size(); ++y) {
    series.x.push_back(static_cast<double>(y));
    series.y.push_back(r.transient.residual[y]);
  }
  FoundCurve plot{"line_residual",
                  "Ultraslow transient of the first lines",
                  "scan line",
                  response_label,
                  false,
                  false,
                  {}};
  plot.series = {std::move(series)};
  plot.note =
      "What the bases of the later lines leave at low frequency. Vertical: its end as found.";
  if (r.transient.status == TransientStatus::found) {
    plot.vertical_lines = {r.transient.end_line};
  }
  return plot;
}

void add_curves(const PmDnsResult& r, const Residual& residual, Findings& out) {
  FoundCurve mean = spectrum_curve("mean_spectrum",
                                   "Mean spectrum",
                                   "After division by the sweep over bare metal; band: one "
                                   "standard deviation (block bootstrap, noise of the reference "
                                   "included).");
  mean.series = {{"mean of all used pixels", r.frequencies_hz, r.all.mean, r.all.sigma}};
  if (!r.all.mean.empty()) {
    out.curves.push_back(std::move(mean));
  }
  if (r.nmf.basis.rows() > 0) {
    out.curves.push_back(bases(r));
    out.curves.push_back(class_spectra(r));
    out.curves.push_back(channel_residual(r, residual));
  }
  if (!r.rank_scan.empty()) {
    out.curves.push_back(rank_scan(r));
  }
  if (!r.transient.residual.empty()) {
    out.curves.push_back(line_residual(r));
  }
}

}  // namespace

Findings pm_dns_findings(const PmDnsResult& result, const PmDnsOptions& options, const Grid& grid) {
  const Residual residual = residual_of(result);
  Findings out;
  add_values(result, out);
  add_maps(result, residual, grid, out);
  add_curves(result, residual, out);
  add_group_findings(result, grid, out);
  if (result.status != PmDnsStatus::complete) {
    out.warnings.push_back(
        fmt::format("the analysis stopped: {}", halotwin::name_of(result.status)));
  }
  out.text = summary_text(result, options);
  out.note =
      "PM-DNS map: calibrated response, factorised and classified. Shifts are natural logarithms "
      "of ratios. The nulls are the same analysis of a map with one spectral shape and the "
      "measured "
      "noise (what the selection of classes does by itself), and with the labels shuffled.";
  return out;
}

}  // namespace halotwin::analysis
