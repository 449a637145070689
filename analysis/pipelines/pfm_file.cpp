// The PFM analysis on a recording.
#include <algorithm>
#include <cmath>
#include <limits>
#include <string>

#include <fmt/format.h>

#include "analysis/findings_file.hpp"
#include "analysis/levelling.hpp"
#include "analysis/pipelines/pfm.hpp"
#include "base/constants.hpp"
#include "base/errors.hpp"
#include "base/fields.hpp"
#include "data/recording_reader.hpp"

namespace halotwin::analysis {

namespace {

using Complex = std::complex<double>;
constexpr double degrees = 180.0 / constants::pi;

struct PfmImages {
  std::size_t nx = 0;
  std::size_t ny = 0;
  double step_x_m = 0.0;
  double step_y_m = 0.0;
  std::vector<Complex> forward, backward;
  std::vector<double> topography_m, deflection_m;
  std::vector<double> search_hz;
  std::vector<double> search_v;  // rms over the places
  std::vector<double> tune;      // resonance, width, drive
};

double step_of(const data::Axis& axis) {
  const std::size_t n = axis.values.size();
  return n > 1 ? (axis.values.back() - axis.values.front()) / static_cast<double>(n - 1) : 0.0;
}

std::vector<Complex> phasors(const data::RecordingReader& recording, const std::string& way) {
  const auto x = recording.read<float>("lateral_x" + way);
  const auto y = recording.read<float>("lateral_y" + way);
  if (x.size() != y.size()) {
    throw DataError(recording.path().string() + ": /entry/lateral_x" + way +
                    " and lateral_y differ in size");
  }
  std::vector<Complex> z(x.size());
  for (std::size_t i = 0; i < z.size(); ++i) {
    z[i] = {static_cast<double>(x[i]), static_cast<double>(y[i])};
  }
  return z;
}

std::vector<double> image_if_there(const data::RecordingReader& recording,
                                   const std::string& name,
                                   std::size_t pixels) {
  if (!recording.has_signal(name)) {
    return {};
  }
  const auto values = recording.read<float>(name);
  return values.size() == pixels ? std::vector<double>(values.begin(), values.end())
                                 : std::vector<double>{};
}

PfmImages read_images(const data::RecordingReader& recording) {
  const auto spec = recording.spec("lateral_x");
  if (spec.axes.size() != 2) {
    throw DataError(recording.path().string() + ": /entry/lateral_x must be an image (y, x)");
  }
  PfmImages m;
  m.ny = spec.axes[0].values.size();
  m.nx = spec.axes[1].values.size();
  m.step_y_m = step_of(spec.axes[0]);
  m.step_x_m = step_of(spec.axes[1]);
  m.forward = phasors(recording, "");
  if (recording.has_signal("lateral_x_backward")) {
    m.backward = phasors(recording, "_backward");
  }
  m.topography_m = image_if_there(recording, "topography", m.nx * m.ny);
  m.deflection_m = image_if_there(recording, "deflection", m.nx * m.ny);
  if (recording.has_signal("contact_search")) {
    const auto search = recording.spec("contact_search");
    const auto values = recording.read<std::complex<float>>("contact_search");
    m.search_hz = search.axes.back().values;
    m.search_v.assign(m.search_hz.size(), 0.0);
    const double places =
        static_cast<double>(values.size()) / static_cast<double>(m.search_hz.size());
    for (std::size_t i = 0; i < values.size(); ++i) {
      m.search_v[i % m.search_hz.size()] += static_cast<double>(std::norm(values[i])) / places;
    }
    for (double& v : m.search_v) {
      v = std::sqrt(v);
    }
  }
  if (recording.has_signal("contact_tune")) {
    m.tune = recording.read<double>("contact_tune");
  }
  return m;
}

FoundMap map_of(const PfmImages& m,
                const char* name,
                const char* title,
                const char* unit,
                const std::vector<double>& values) {
  return {name,
          title,
          unit,
          m.nx,
          m.ny,
          m.step_x_m,
          m.step_y_m,
          std::vector<float>(values.begin(), values.end())};
}

void add_levels(const PfmResult& r, Findings& f) {
  const auto count = static_cast<double>(r.levels.levels.size());
  f.values.push_back({"level_count",
                      count,
                      nan,
                      "",
                      fmt::format("levels of the amplitude histogram; the same in {:.0f} % of the "
                                  "bootstrap replicates; {} Gaussians taken",
                                  100.0 * r.levels.support,
                                  r.levels.components)});
  f.values.push_back({"level_separation",
                      r.levels.levels.size() > 1 ? r.levels.separation : nan,
                      nan,
                      "",
                      "smallest distance of neighbours over their width"});
  f.values.push_back({"level_count_principal",
                      static_cast<double>(r.principal_levels),
                      nan,
                      "",
                      "levels along the first principal axis of (X, Y)"});
  for (std::size_t k = 0; k < r.levels.levels.size(); ++k) {
    const Level& level = r.levels.levels[k];
    const std::string name = fmt::format("level_{}", k + 1);
    f.values.push_back(
        {name + "_amplitude",
         level.value.value,
         level.value.sigma,
         "V",
         fmt::format(
             "width {:.3g} V, {:.0f} % of the pixels", level.deviation, 100.0 * level.share)});
    f.values.push_back({name + "_phase",
                        r.level_phase_rad[k] * degrees,
                        nan,
                        "deg",
                        "of the mean phasor of the level"});
  }
}

void add_stripes(const PfmResult& r, Findings& f) {
  f.values.push_back({"stripe_families",
                      static_cast<double>(r.stripes.families.size()),
                      nan,
                      "",
                      "directions in which stripes run"});
  for (std::size_t k = 0; k < r.stripes.families.size(); ++k) {
    const StripeFamily& family = r.stripes.families[k];
    f.values.push_back({fmt::format("stripe_direction_{}", k + 1),
                        family.direction_deg.value,
                        family.direction_deg.sigma,
                        "deg",
                        fmt::format("against +x towards +y; {:.0f} % of the edges, {:.0f} sigma",
                                    100.0 * family.share,
                                    family.significance)});
  }
  const Estimate angle = r.stripes.angle_deg();
  f.values.push_back({"stripe_angle",
                      angle.value,
                      std::isfinite(angle.value) ? angle.sigma : nan,
                      "deg",
                      "between the two strongest families"});
}

FoundCurve histogram_of(const PfmResult& r) {
  std::vector<double> sorted;
  for (const double v : r.amplitude_v) {
    if (std::isfinite(v)) {
      sorted.push_back(v);
    }
  }
  FoundCurve curve{"amplitude_histogram",
                   "Histogram of the lateral amplitude",
                   "amplitude (V)",
                   "pixels",
                   false,
                   false,
                   {}};
  if (sorted.size() < 2) {
    return curve;
  }
  std::sort(sorted.begin(), sorted.end());
  constexpr std::size_t bins = 120;
  const double low = sorted_percentile(sorted, 0.1);
  const double high = sorted_percentile(sorted, 99.9);
  const double width = (high - low) / static_cast<double>(bins);
  FoundSeries pixels{"pixels", {}, {}};
  FoundSeries centres{"levels", {}, {}};
  centres.markers = true;
  std::vector<double> count(bins, 0.0);
  for (const double v : sorted) {
    const double at = width > 0.0 ? (v - low) / width : 0.0;
    if (at >= 0.0 && at < static_cast<double>(bins)) {
      count[static_cast<std::size_t>(at)] += 1.0;
    }
  }
  for (std::size_t b = 0; b < bins; ++b) {
    pixels.x.push_back(low + (static_cast<double>(b) + 0.5) * width);
    pixels.y.push_back(count[b]);
  }
  for (const Level& level : r.levels.levels) {
    const double at = width > 0.0 ? (level.value.value - low) / width : 0.0;
    const auto b = static_cast<std::size_t>(std::clamp(at, 0.0, static_cast<double>(bins - 1)));
    centres.x.push_back(level.value.value);
    centres.y.push_back(count[b]);
  }
  curve.series = {pixels, centres};
  return curve;
}

Findings findings_of(const PfmImages& m, const PfmResult& r) {
  Findings f;
  add_levels(r, f);
  add_stripes(r, f);
  if (m.tune.size() == 3) {
    f.values.push_back({"contact_resonance", m.tune[0], nan, "Hz", "from the search in contact"});
    f.values.push_back({"contact_quality_factor",
                        m.tune[1] > 0.0 ? m.tune[0] / m.tune[1] : nan,
                        nan,
                        "",
                        "resonance over the full width of the power"});
    f.values.push_back({"drive_frequency", m.tune[2], nan, "Hz", ""});
  }
  f.values.push_back({"noise",
                      r.noise_v > 0.0 ? r.noise_v : nan,
                      nan,
                      "V",
                      "of one component, mean of both ways"});
  if (!m.backward.empty()) {
    f.nulls.push_back({"level_count",
                       static_cast<double>(r.null_levels),
                       nan,
                       "",
                       "levels of half the difference of the two ways"});
  }
  f.nulls.push_back({"stripe_families",
                     static_cast<double>(r.null_families),
                     nan,
                     "",
                     "of the same pixels in random order"});
  f.values.push_back({"wall_share", r.wall_share, nan, "", "of the pixels; walls are no level"});
  f.maps.push_back(map_of(m, "lateral_amplitude", "lateral PFM amplitude", "V", r.amplitude_v));
  f.maps.push_back(map_of(m, "lateral_phase", "lateral PFM phase", "rad", r.phase_rad));
  FoundMap labels = map_of(m, "levels", "levels of the amplitude", "", {});
  for (const std::int8_t label : r.levels.labels) {
    labels.values.push_back(label < 0 ? std::numeric_limits<float>::quiet_NaN()
                                      : static_cast<float>(label));
  }
  labels.labels = true;
  for (std::size_t k = 0; k < r.levels.levels.size(); ++k) {
    labels.label_names.push_back(fmt::format("level {}", k + 1));
  }
  labels.note = "Grey: domain walls.";
  f.maps.push_back(labels);
  if (!m.deflection_m.empty()) {
    f.maps.push_back(map_of(m, "deflection", "deflection", "m", m.deflection_m));
  }
  if (!m.topography_m.empty()) {
    std::vector<double> level = m.topography_m;
    level_plane({level, m.nx, m.ny});
    f.maps.push_back(map_of(m, "topography_levelled", "topography", "m", level));
  }
  f.curves.push_back(histogram_of(r));
  if (!r.stripes.density.empty()) {
    f.curves.push_back({"stripe_directions",
                        "Density of stripe directions",
                        "direction against +x (deg)",
                        "density / mean",
                        false,
                        false,
                        {{"edges", r.stripes.direction_deg, r.stripes.density}}});
  }
  if (!m.search_hz.empty()) {
    f.curves.push_back({"contact_search",
                        "Lateral amplitude in contact against frequency",
                        "frequency (Hz)",
                        "amplitude (V)",
                        false,
                        false,
                        {{"rms over the places", m.search_hz, m.search_v}}});
  }
  if (r.levels.levels.empty()) {
    f.warnings.emplace_back("too few measured pixels for levels");
  }
  return f;
}

}  // namespace

void check_pfm_settings(const Table& settings) {
  static_cast<void>(options_from<PfmOptions>(settings, "pfm"));
}

Findings run_pfm_pipeline(const PipelineRun& run) {
  const auto options = options_from<PfmOptions>(run.settings, "pfm");
  PfmImages images;
  {
    const data::RecordingReader recording(run.recording, run.scope);
    images = read_images(recording);
  }
  PfmInput input;
  input.nx = images.nx;
  input.ny = images.ny;
  input.step_x_m = images.step_x_m;
  input.step_y_m = images.step_y_m;
  input.forward = images.forward;
  input.backward = images.backward;
  const PfmResult result = analyse_pfm(input, options, run.threads);
  Findings findings = findings_of(images, result);
  write_findings(run,
                 {"pfm", effective_fields(options), "lateral_x, lateral_y, topography, deflection"},
                 findings);
  return findings;
}

}  // namespace halotwin::analysis
