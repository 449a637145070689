// The analysis of bias spectroscopy on recordings.
#include <cmath>
#include <string>

#include <fmt/format.h>

#include "analysis/findings_file.hpp"
#include "analysis/pipelines/bias_spectroscopy.hpp"
#include "base/constants.hpp"
#include "base/errors.hpp"
#include "base/fields.hpp"
#include "data/recording_reader.hpp"

namespace halotwin::analysis {

namespace {

constexpr std::size_t tune_values = 5;

struct Measured {
  data::Axis x, y, bias;
  std::vector<double> phase_rad, reference_rad, topography_m;
  LeverTune lever;
};

Measured read(const data::RecordingReader& recording) {
  Measured m;
  const auto spec = recording.spec("phase");
  const auto tune = recording.read<double>("tune");
  if (spec.axes.size() != 4 || spec.axes[2].values.size() != 2 || tune.size() != tune_values) {
    throw DataError(fmt::format(
        "{}: /entry/phase must be curves (y, x, direction, bias), /entry/tune five numbers",
        recording.path().string()));
  }
  m.y = spec.axes[0];
  m.x = spec.axes[1];
  m.bias = spec.axes[3];
  m.lever = {tune[0], tune[1], tune[2], tune[4]};
  const auto doubles = [&](const char* name) {
    const auto values =
        recording.has_signal(name) ? recording.read<float>(name) : std::vector<float>{};
    return std::vector<double>(values.begin(), values.end());
  };
  m.phase_rad = doubles("phase");
  m.reference_rad = doubles("reference");
  m.topography_m = doubles("topography");
  return m;
}

double step_of(const data::Axis& axis) {
  const std::size_t n = axis.values.size();
  return n > 1 ? (axis.values.back() - axis.values.front()) / static_cast<double>(n - 1) : 0.0;
}

FoundMap map_of(const Measured& m,
                const std::string& name,
                const std::string& title,
                const std::string& unit,
                auto value,
                std::size_t places) {
  FoundMap map{
      name, title, unit, m.x.values.size(), m.y.values.size(), step_of(m.x), step_of(m.y), {}};
  map.x_m = m.x.values.front();
  map.y_m = m.y.values.front();
  for (std::size_t k = 0; k < places; ++k) {
    map.values.push_back(static_cast<float>(value(k)));
  }
  return map;
}

/// Mean detuning of all curves of one direction.
FoundSeries mean_curve(const Measured& m,
                       const std::vector<double>& phase_rad,
                       std::size_t direction,
                       const std::string& name) {
  const std::size_t n = m.bias.values.size();
  FoundSeries series{.name = name, .x = m.bias.values, .y = std::vector<double>(n, 0.0)};
  double curves = 0.0;
  for (std::size_t k = direction; k < phase_rad.size() / n; k += 2) {
    if (std::isfinite(phase_rad[k * n]) && std::isfinite(phase_rad[k * n + n - 1])) {
      curves += 1.0;
      for (std::size_t i = 0; i < n; ++i) {
        series.y[i] += detuning_hz(m.lever, phase_rad[k * n + i]);
      }
    }
  }
  for (double& y : series.y) {
    y /= curves;
  }
  return series;
}

void put_values(const BiasSpectroscopyResult& r, Findings& f) {
  const auto put = [&](const char* name, const Estimate& e, const char* unit, const char* note) {
    f.values.push_back({name, e.value, e.sigma, unit, note});
  };
  put("mean_contact_potential", r.mean_v, "V", "mean of all places");
  put("against_metal", r.against_metal_v, "V", "film minus bare metal");
  put("contrast", {r.contrast_v, nan}, "V", "standard deviation of the places, noise taken off");
  put("noise", {r.noise_v, nan}, "V", "of one place, both directions");
  put("hysteresis", r.mean_hysteresis_v, "V", "rising less falling bias, mean");
  put("excess_scatter",
      {r.excess_scatter, nan},
      "",
      "of the hysteresis, over what single fits promise; sigmas are multiplied by it");
  put("curvature", r.mean_curvature, "Hz/V^2", "of the detuning, mean");
  put("resolved", {r.resolved, nan}, "", "share of the places with a parabola both ways");
  f.nulls.push_back(
      {"resolved", r.null_resolved, nan, "", "the same with the points of each curve shuffled"});
}

}  // namespace

void check_bias_spectroscopy_settings(const Table& settings) {
  static_cast<void>(options_from<BiasSpectroscopyOptions>(settings, "bias_spectroscopy"));
}

Findings run_bias_spectroscopy_pipeline(const PipelineRun& run) {
  const auto options = options_from<BiasSpectroscopyOptions>(run.settings, "bias_spectroscopy");
  const Measured m = read(data::RecordingReader(run.recording, run.scope));
  const BiasSpectroscopyResult r =
      analyse_bias_spectroscopy({m.lever, m.bias.values, m.phase_rad, m.reference_rad}, options);
  Findings f;
  put_values(r, f);
  const auto add = [&](const char* name, const char* title, const char* unit, auto value) {
    f.maps.push_back(map_of(m, name, title, unit, value, r.places.size()));
  };
  const auto& places = r.places;
  add("contact_potential", "contact potential, apex of the parabola", "V", [&](std::size_t k) {
    return places[k].potential_v.value;
  });
  add("contact_potential_sigma", "standard deviation of it", "V", [&](std::size_t k) {
    return places[k].potential_v.sigma;
  });
  add("curvature", "curvature of the detuning", "Hz/V^2", [&](std::size_t k) {
    return places[k].curvature.value;
  });
  add("hysteresis", "apex, rising less falling bias", "V", [&](std::size_t k) {
    return places[k].hysteresis_v.value;
  });
  if (m.topography_m.size() == places.size()) {
    add("topography", "topography", "m", [&](std::size_t k) { return m.topography_m[k]; });
  }
  FoundCurve curves{.name = "mean_curve",
                    .title = "mean detuning against the bias",
                    .x_label = "bias (V)",
                    .y_label = "detuning (Hz)",
                    .series = {mean_curve(m, m.phase_rad, 0, "film, rising"),
                               mean_curve(m, m.phase_rad, 1, "film, falling")}};
  if (!m.reference_rad.empty()) {
    curves.series.push_back(mean_curve(m, m.reference_rad, 0, "metal"));
  }
  if (std::isfinite(r.mean_v.value)) {
    curves.vertical_lines = {r.mean_v.value};
  }
  f.curves.push_back(std::move(curves));
  if (r.measured < places.size()) {
    f.warnings.push_back(fmt::format(
        "{} of {} places were not measured", places.size() - r.measured, places.size()));
  }
  if (r.resolved < 1.0) {
    f.warnings.push_back(
        fmt::format("{:.1f} % of the places show no parabola", 100.0 * (1.0 - r.resolved)));
  }
  write_findings(
      run, {"bias_spectroscopy", effective_fields(options), "phase, tune, reference"}, f);
  return f;
}

}  // namespace halotwin::analysis
