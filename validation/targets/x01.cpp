#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analysis/levelling.hpp"
#include "base/constants.hpp"
#include "data/recording_reader.hpp"
#include "data/truth.hpp"
#include "validation/plot.hpp"
#include "validation/targets/pm_dns_rows.hpp"
#include "validation/targets/seen_maps.hpp"
#include "validation/targets/x01_camera.hpp"

namespace halotwin::validation {

namespace {

constexpr double area_m = 1152e-9;  // of every image
constexpr double first_m = 150e-9;  // corner of the images: offsets keep them on the film
constexpr double tolerance_pixels = 1.0;

/// How one mode looks at the sample.
struct Mode {
  const char* name;
  const char* scenario;
  const char* procedure;
  double step_m = 12e-9;
  Point offset{};  // the sample was put back by hand
  Point drift_m_per_s{};
};

std::vector<Mode> modes() {
  return {{"KPFM", "kpfm_fresh_film", "kpfm_map", 12e-9, {0.0, 0.0}, {2e-12, -1e-12}},
          {"PM-DNS", "pm_dns_quick", "pm_dns_map", 24e-9, {52e-9, -37e-9}, {6e-13, 4e-13}},
          {"PM-EFM", "pm_efm_microcrystal", "pm_efm_map", 12e-9, {-61e-9, 23e-9}, {-5e-12, 5e-12}},
          {"PFM", "pfm_microcrystal", "pfm_map", 12e-9, {29e-9, 71e-9}, {4e-12, 3e-12}}};
}

/// The same film whatever the scenario says of its sample.
std::vector<std::string> settings_of(const Mode& mode) {
  const int pixels = static_cast<int>(std::lround(area_m / mode.step_m));
  const double first = first_m + 0.5 * mode.step_m;
  std::vector<std::string> settings{"specimen.kind=film",
                                    "specimen.microstructure.width_m=1500e-9",
                                    "specimen.microstructure.height_m=1500e-9",
                                    "specimen.microstructure.margin_m=150e-9",
                                    "specimen.microstructure.grid_step_m=6e-9",
                                    "specimen.topography.waviness_rms_m=5e-9"};
  const auto set = [&](const std::string& key, double value) {
    settings.push_back(fmt::format("{}={:.9g}", key, value));
  };
  const std::string plan = fmt::format("procedure.{}.", mode.procedure);
  settings.push_back(fmt::format("{}columns={}", plan, pixels));
  settings.push_back(fmt::format("{}rows={}", plan, pixels));
  settings.push_back(fmt::format("{}first_pixel_m=[{:.9g}, {:.9g}]", plan, first, first));
  set(plan + "step_m", mode.step_m);
  set("surroundings.offset_x_m", mode.offset.x_m);
  set("surroundings.offset_y_m", mode.offset.y_m);
  set("surroundings.drift_x_m_per_s", mode.drift_m_per_s.x_m);
  set("surroundings.drift_y_m_per_s", mode.drift_m_per_s.y_m);
  if (std::string_view(mode.procedure) == "pm_dns_map") {
    settings.push_back(plan + "frequencies.points=4");
  }
  return settings;
}

SeenMap measured(const Mode& mode, Evidence& evidence) {
  const auto& file = evidence.recording({mode.scenario, settings_of(mode), {}});
  const data::RecordingReader reader(file);
  const data::TruthReader truth(file);
  const data::SignalSpec spec = reader.spec("topography");
  const std::size_t ny = spec.axes.at(0).values.size();
  const std::size_t nx = spec.axes.at(1).values.size();
  SeenMap out{mode.name, mode.step_m, {nx, ny}, {nx, ny}, {nx, ny}};
  out.height.values = reader.read<double>("topography");
  if (reader.has_signal("topography_backward")) {  // both ways: no lag of the height loop
    const auto back = reader.read<double>("topography_backward");
    for (std::size_t i = 0; i < back.size(); ++i) {
      out.height.values[i] = 0.5 * (out.height.values[i] + back[i]);
    }
  }
  const analysis::MapRef map{out.height.values, nx, ny};
  analysis::align_rows(map, analysis::RowAlignment::median_of_differences);
  analysis::level_plane(map);
  out.tip_x_m.values = truth.read<double>("tip_x");
  out.tip_y_m.values = truth.read<double>("tip_y");
  return out;
}

/// The film itself on the nominal pixels of a mode: no instrument, no offset, no drift.
SeenMap true_film(const SeenMap& like, const std::filesystem::path& file) {
  const data::TruthReader truth(file);
  const data::SignalSpec spec = truth.spec("native_height");
  const std::vector<double>& ys = spec.axes.at(0).values;
  const std::vector<double>& xs = spec.axes.at(1).values;
  const auto native = truth.read<double>("native_height");
  const auto step = xs.at(1) - xs.at(0);
  SeenMap out{"truth",
              like.step_m,
              Image<double>(like.height.nx, like.height.ny),
              like.tip_x_m,
              like.tip_y_m};
  const auto half = static_cast<long>(std::lround(0.5 * like.step_m / step));
  for (std::size_t y = 0; y < out.height.ny; ++y) {
    for (std::size_t x = 0; x < out.height.nx; ++x) {
      const double at_x = first_m + (static_cast<double>(x) + 0.5) * like.step_m;
      const double at_y = first_m + (static_cast<double>(y) + 0.5) * like.step_m;
      const long cx = std::lround((at_x - xs.front()) / step);
      const long cy = std::lround((at_y - ys.front()) / step);
      double sum = 0.0;
      double count = 0.0;
      for (long iy = cy - half; iy <= cy + half; ++iy) {
        for (long ix = cx - half; ix <= cx + half; ++ix) {
          if (ix >= 0 && iy >= 0 && ix < static_cast<long>(xs.size()) &&
              iy < static_cast<long>(ys.size())) {
            sum += native[static_cast<std::size_t>(iy) * xs.size() + static_cast<std::size_t>(ix)];
            count += 1.0;
          }
        }
      }
      out.height(x, y) = sum / count;
      out.tip_x_m(x, y) = at_x;
      out.tip_y_m(x, y) = at_y;
    }
  }
  return out;
}

MapPlot picture(const SeenMap& map) {
  MapPlot plot{map.name, "", "height (nm)", map.height, map.step_m};
  for (double& v : plot.values.values) {
    v *= 1e9;
  }
  return plot;
}

}  // namespace

// X1: the modes of the microscope on one film, which is taken out and put back between them, each
// with its own drift: their topographies register with each other and with the film itself. A film
// with larger grains lies under the microscope and under the camera.
Verdict check_x01(Evidence& evidence) {
  Verdict verdict;
  const Threads threads = evidence.options().threads;
  std::vector<SeenMap> maps;
  for (const Mode& mode : modes()) {
    maps.push_back(measured(mode, evidence));
  }
  double worst = 0.0;
  bool all = true;
  const auto judge = [&](double error) {
    all = all && std::isfinite(error);
    worst = std::max(worst, std::isfinite(error) ? error : 0.0);
  };
  const auto& first_file = evidence.recording({modes()[0].scenario, settings_of(modes()[0]), {}});
  for (std::size_t i = 0; i < maps.size(); ++i) {
    judge(add_pair(true_film(maps[i], first_file), maps[i], threads, verdict));
    for (std::size_t j = i + 1; j < maps.size(); ++j) {
      judge(add_pair(maps[i], maps[j], threads, verdict));
    }
  }
  const CameraRegistration camera = register_camera(evidence, verdict);
  all = all && camera.found;
  worst = std::max(worst, camera.worst_pixels);
  verdict.values.insert(
      verdict.values.begin(),
      {"largest error of a shift", worst, nan, "pixels", "of the coarser map of each pair"});
  bool refused = camera.refused;
  add_null(
      "shuffled pixels", maps[0], shuffled(maps[0], evidence.seed()), threads, verdict, refused);
  add_null("mirrored map: another film of the same kind",
           maps[0],
           mirrored(maps[1]),
           threads,
           verdict,
           refused);
  verdict.met = all && refused && worst <= tolerance_pixels ? Met::yes : Met::no;
  verdict.note =
      "Offsets of up to 75 nm and drifts of its own for each mode; the shift is found from the "
      "topographies alone. Nulls must be refused. Camera and microscope look at a film of 0.8 um "
      "grains whose boundaries lose carriers (3 m/s): grains shine in their middle, where their "
      "domes are high. In films of 280 nm grains they have no contrast in common that the optics "
      "(400 nm) resolve; facets tilted by degrees hide it too.";
  std::vector<MapPlot> plots;
  for (const SeenMap& map : maps) {
    plots.push_back(picture(map));
  }
  verdict.figures.push_back(draw(plots,
                                 "The same film under the modes",
                                 "Levelled topographies in scanner coordinates, before "
                                 "registration."));
  verdict.reproduce = {"halotwin validate X1"};
  return verdict;
}

}  // namespace halotwin::validation
