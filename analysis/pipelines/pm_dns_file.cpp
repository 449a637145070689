#include "analysis/pipelines/pm_dns_file.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <numeric>
#include <string_view>

#include "analysis/pipelines/pm_dns_groups.hpp"
#include "analysis/pipelines/pm_dns_summary.hpp"
#include "base/errors.hpp"
#include "base/fields.hpp"
#include "data/recording_reader.hpp"
#include "data/result_writer.hpp"

namespace halotwin::analysis {

namespace {

constexpr double nan_value = std::numeric_limits<double>::quiet_NaN();

/// Mean step of an axis; 0 if it has none.
double spacing(const std::vector<double>& axis) {
  return axis.size() > 1 ? (axis.back() - axis.front()) / static_cast<double>(axis.size() - 1)
                         : 0.0;
}

template <class T>
std::vector<T> read_if_there(const data::RecordingReader& recording,
                             std::string_view group,
                             std::size_t expected) {
  if (!recording.has_signal(group)) {
    return {};
  }
  auto values = recording.read<T>(group);
  if (values.size() != expected) {
    throw DataError(recording.path().string() + ": /entry/" + std::string(group) + " has " +
                    std::to_string(values.size()) + " values, expected " +
                    std::to_string(expected) + ", one per pixel");
  }
  return values;
}

data::SignalSpec signal(std::string group,
                        std::string unit,
                        std::vector<data::Axis> axes,
                        data::Interpretation interpretation,
                        std::string description) {
  data::SignalSpec spec;
  spec.group = std::move(group);
  spec.unit = std::move(unit);
  spec.axes = std::move(axes);
  spec.interpretation = interpretation;
  spec.description = std::move(description);
  return spec;
}

data::SignalSpec of_type(data::SignalSpec spec, data::ElementType type) {
  spec.type = type;
  return spec;
}

data::Axis index_axis(std::string name, std::size_t count) {
  data::Axis axis{std::move(name), "1", std::vector<double>(count), {}};
  std::iota(axis.values.begin(), axis.values.end(), 0.0);
  return axis;
}

void add_estimate(data::ResultWriter& out,
                  const std::string& name,
                  const MaybeEstimate& estimate,
                  std::string_view unit) {
  if (estimate.known) {
    out.add_scalar(name, estimate.value, unit, estimate.sigma);
  } else {
    out.add_text(name + "_status", "not_resolved");
  }
}

void add_peak(data::ResultWriter& out, const std::string& name, const Peak& peak) {
  out.add_text(name + "_status", name_of(peak.status));
  if (peak.usable()) {
    out.add_scalar(name + "_position", peak.position_hz, "Hz", peak.position_sigma_hz);
  }
  if (peak.status != PeakStatus::no_data) {
    out.add_scalar(name + "_height", peak.height, "1", peak.height_sigma);
  }
}

void add_spectrum(data::ResultWriter& out,
                  const std::string& name,
                  const ClassSpectrum& s,
                  const data::Axis& frequency) {
  out.add_scalar(name + "_pixels", static_cast<double>(s.pixels), "1", 0.0);
  if (s.mean.empty()) {
    return;
  }
  auto spec = signal("spectrum_" + name,
                     "1",
                     {frequency},
                     data::Interpretation::spectrum,
                     "mean response with its block bootstrap error");
  spec.type = data::ElementType::f64;
  spec.with_errors = true;
  out.add_signal(spec, s.mean, s.sigma);
  for (std::size_t g = 0; g < s.peaks.size(); ++g) {
    add_peak(out, name + "_peak_" + std::to_string(g + 1), s.peaks[g]);
  }
  add_peak(out, name + "_wide_peak", s.wide);
  add_estimate(out, name + "_peak_ratio", s.peak_ratio, "1");
}

void add_comparisons(data::ResultWriter& out,
                     const std::string& prefix,
                     const std::vector<ClassComparison>& comparisons) {
  for (const auto& c : comparisons) {
    const std::string name = prefix + std::string(name_of(c.label));
    add_estimate(out, name + "_shift", c.shift, "1");
    add_estimate(out, name + "_wide_shift", c.wide_shift, "1");
    add_estimate(out, name + "_enhancement", c.enhancement, "1");
    add_estimate(out, name + "_ratio_contrast", c.ratio_contrast, "1");
  }
}

void add_components(data::ResultWriter& out,
                    const PmDnsResult& r,
                    const data::Axis& y,
                    const data::Axis& x,
                    const data::Axis& frequency) {
  using data::ElementType;
  using data::Interpretation;
  const auto rank = static_cast<std::size_t>(r.nmf.basis.rows());
  if (rank == 0) {
    return;
  }
  const data::Axis component = index_axis("component", rank);
  out.add_signal(
      of_type(signal("basis",
                     "1",
                     {component, frequency},
                     Interpretation::spectrum,
                     "components, ordered by peak frequency, low to high"),
              ElementType::f64),
      std::span<const double>(r.nmf.basis.data(), static_cast<std::size_t>(r.nmf.basis.size())));
  if (!r.weight_maps.empty()) {
    out.add_signal(signal("weights",
                          "1",
                          {component, y, x},
                          Interpretation::image,
                          "amount of each component, NaN where the pixel was not used"),
                   std::span<const float>(r.weight_maps));
  }
  for (std::size_t k = 0; k < r.weight_sigma.size(); ++k) {
    out.add_scalar("weight_noise_" + std::to_string(k + 1), r.weight_sigma[k], "1", nan_value);
  }
  out.add_scalar("relative_residual", r.nmf.relative_residual, "1");
  out.add_scalar("nmf_sweeps", r.nmf.sweeps, "1");
  out.add_text("nmf_stop", name_of(r.nmf.stop));
  out.add_scalar("significant_rank", r.significant_rank, "1");
  if (rank == 2) {
    out.add_scalar("band_low_angle", r.band.low_angle_rad, "rad");
    out.add_scalar("band_high_angle", r.band.high_angle_rad, "rad");
  }
  if (!r.rank_scan.empty()) {
    data::Axis ranks{"rank", "1", {}, {}};
    std::vector<double> residual;
    std::vector<double> held_out;
    for (const auto& step : r.rank_scan) {
      ranks.values.push_back(step.rank);
      residual.push_back(step.relative_residual);
      held_out.push_back(step.held_out_residual);
    }
    const auto spec = [&](const char* name, const char* text) {
      return of_type(signal(name, "1", {ranks}, Interpretation::spectrum, text), ElementType::f64);
    };
    out.add_signal(spec("rank_residual", "relative residual"), residual);
    out.add_signal(spec("rank_held_out", "relative residual on data that the fit did not see"),
                   held_out);
  }
}

void add_maps(data::ResultWriter& out,
              const PmDnsResult& r,
              const data::Axis& y,
              const data::Axis& x,
              const data::Axis& frequency) {
  using data::ElementType;
  using data::Interpretation;
  out.add_signal(
      signal("response",
             "1",
             {y, x, frequency},
             Interpretation::spectrum,
             "calibrated response in units of the fast response; see parameters/channel"),
      std::span<const float>(r.response.values));
  out.add_signal(of_type(signal("noise",
                                "1",
                                {frequency},
                                Interpretation::spectrum,
                                "standard deviation of one pixel, from up against down sweeps"),
                         ElementType::f64),
                 std::span<const double>(r.response.noise_sigma));
  std::vector<std::uint8_t> classes(r.class_map.size());
  for (std::size_t i = 0; i < classes.size(); ++i) {
    classes[i] = static_cast<std::uint8_t>(r.class_map[i]);
  }
  out.add_signal(of_type(signal("classes",
                                "1",
                                {y, x},
                                Interpretation::image,
                                "0 not considered, 1 grain, 2 boundary, 3 hotspot, 4 excluded, 5 "
                                "unmeasured"),
                         ElementType::u8),
                 std::span<const std::uint8_t>(classes));
  if (!r.topography_m.empty()) {
    out.add_signal(
        of_type(signal("topography_levelled", "m", {y, x}, Interpretation::image, "height"),
                ElementType::f64),
        std::span<const double>(r.topography_m));
  }
}

}  // namespace

PmDnsInput PmDnsMap::input() const {
  PmDnsInput in;
  in.nx = nx;
  in.ny = ny;
  in.frequencies_hz = frequencies_hz;
  in.demodulated = demodulated;
  in.reference = reference;
  in.topography_m = topography_m;
  in.pixel_time_s = pixel_time_s;
  in.overload = overload;
  in.step_m = spacing(x_m);
  in.drive_check = {drive_check, drive_ratio, lever_corner_hz};
  return in;
}

Grid PmDnsMap::grid() const {
  return {
      nx, ny, spacing(x_m), spacing(y_m), {x_m.empty() ? 0.0 : x_m[0], y_m.empty() ? 0.0 : y_m[0]}};
}

namespace {

/// The check at two drives, if it was recorded to its end.
void read_drive_check(const data::RecordingReader& recording, PmDnsMap& map) {
  if (!recording.has_signal("drive_check")) {
    return;
  }
  const auto spec = recording.spec("drive_check");
  if (spec.axes.size() != 5 || spec.axes[0].values.size() != 2 || spec.axes[2].values.size() != 2 ||
      spec.axes[3].values.size() != 2 || spec.axes[4].values.size() != map.frequencies_hz.size()) {
    throw DataError(recording.path().string() +
                    ": /entry/drive_check must have the dimensions (2 surfaces, repeat, 2 drives, "
                    "2 directions, frequency)");
  }
  map.drive_check = recording.read<std::complex<float>>("drive_check");
  if (!std::all_of(map.drive_check.begin(), map.drive_check.end(), [](std::complex<float> z) {
        return std::isfinite(z.real()) && std::isfinite(z.imag());
      })) {
    map.drive_check.clear();
    return;
  }
  map.drive_ratio = spec.axes[2].values[0] / spec.axes[2].values[1];
  if (recording.has_signal("tune")) {
    const auto tune = recording.read<double>("tune");
    if (tune.size() > 2 && tune[0] > 0.0 && tune[2] > 0.0) {
      map.lever_corner_hz = tune[0] / (4.0 * tune[2]);
    }
  }
}

}  // namespace

PmDnsMap read_pm_dns_map(const data::RecordingReader& recording) {
  const auto spec = recording.spec("demodulated");
  if (spec.axes.size() != 4 || spec.axes[2].values.size() != 2) {
    throw DataError(recording.path().string() +
                    ": /entry/demodulated must have the dimensions (y, x, 2 directions, "
                    "frequency)");
  }
  PmDnsMap map;
  map.y_m = spec.axes[0].values;
  map.x_m = spec.axes[1].values;
  map.frequencies_hz = spec.axes[3].values;
  map.ny = map.y_m.size();
  map.nx = map.x_m.size();
  map.demodulated = recording.read<std::complex<float>>("demodulated");
  map.reference = recording.read<std::complex<float>>("reference");
  const std::size_t n = map.nx * map.ny;
  map.topography_m = read_if_there<float>(recording, "topography", n);
  map.pixel_time_s = read_if_there<double>(recording, "pixel_time", n);
  map.overload = read_if_there<std::uint8_t>(recording, "overload", n);
  read_drive_check(recording, map);
  for (auto& flag : map.overload) {
    flag = flag == 1 ? 1 : 0;  // the fill value of unmeasured pixels is not an overload
  }
  return map;
}

void write_pm_dns_result(const std::filesystem::path& recording,
                         const PmDnsMap& map,
                         const PmDnsResult& r,
                         const PmDnsOptions& options,
                         const std::string& version,
                         const std::string& scope) {
  data::ResultHeader header;
  header.scope = scope;
  header.name = "pm_dns";
  header.version = version;
  header.parameters = effective_fields(options);
  header.inputs = map.drive_check.empty()
                      ? "demodulated, reference, topography, overload"
                      : "demodulated, reference, topography, overload, drive_check, tune";
  data::ResultWriter out(recording, std::move(header));
  const data::Axis y{"y", "m", map.y_m, {}};
  const data::Axis x{"x", "m", map.x_m, {}};
  const data::Axis frequency{"frequency", "Hz", map.frequencies_hz, {}};
  out.add_text("status", name_of(r.status));
  out.add_text("channel", name_of(options.channel));
  out.add_scalar("used_pixels", static_cast<double>(r.used_pixels), "1");
  out.add_scalar("fast_response", r.response.fast_response, "1", r.response.fast_response_sigma);
  out.add_scalar("excluded_lines", static_cast<double>(r.excluded_lines), "1");
  out.add_text("transient_status", name_of(r.transient.status));
  if (r.transient.status == TransientStatus::found) {
    out.add_scalar("transient_end_line", r.transient.end_line, "1", r.transient.end_sigma);
  }
  out.add_text("strong_stimulus", r.excess.film.relative.empty() ? "not_checked" : "taken_out");
  if (!r.excess.film.relative.empty()) {
    out.add_scalar("strong_stimulus_metal", r.excess.metal.largest(), "1");
    out.add_scalar("strong_stimulus_film", r.excess.film.largest(), "1");
  }
  add_maps(out, r, y, x, frequency);
  add_components(out, r, y, x, frequency);
  write_groups(out, r, y, x, frequency);
  add_spectrum(out, "all", r.all, frequency);
  for (const auto& s : r.classes) {
    add_spectrum(out, std::string(name_of(s.label)), s, frequency);
  }
  add_comparisons(out, "", r.comparisons);
  add_comparisons(out, "null_shuffled_", r.shuffled_null);
  add_comparisons(out, "null_selection_", r.selection_null);
  out.commit();
}

PmDnsResult analyse_pm_dns_file(const std::filesystem::path& recording,
                                const PmDnsOptions& options,
                                const std::string& version,
                                Threads threads) {
  PmDnsMap map;
  {
    const data::RecordingReader reader(recording);
    map = read_pm_dns_map(reader);
  }
  PmDnsResult result = analyse_pm_dns(map.input(), options, threads);
  write_pm_dns_result(recording, map, result, options, version);
  return result;
}

void check_pm_dns_settings(const Table& settings) {
  static_cast<void>(options_from<PmDnsOptions>(settings, "pm_dns"));
}

Findings run_pm_dns_pipeline(const PipelineRun& run) {
  const auto options = options_from<PmDnsOptions>(run.settings, "pm_dns");
  PmDnsMap map;
  {
    const data::RecordingReader reader(run.recording, run.scope);
    map = read_pm_dns_map(reader);
  }
  const PmDnsResult result = analyse_pm_dns(map.input(), options, run.threads);
  write_pm_dns_result(run.recording, map, result, options, run.version, run.scope);
  return pm_dns_findings(result, options, map.grid());
}

}  // namespace halotwin::analysis
