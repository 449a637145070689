#include "validation/targets/x01_camera.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analysis/levelling.hpp"
#include "analysis/uncertainty.hpp"
#include "base/constants.hpp"
#include "data/recording_reader.hpp"
#include "data/truth.hpp"
#include "session/run.hpp"
#include "validation/plot.hpp"
#include "validation/targets/seen_maps.hpp"

namespace halotwin::validation {

namespace {

constexpr double first_m = 0.0;  // corner of both images; offset and drift keep them on the film
constexpr double camera_pixel_m = 100e-9;
constexpr int camera_pixels = 80;
constexpr double probe_step_m = 50e-9;

/// Grains of 0.8 um, so that the optics (400 nm) resolve them; carriers that are lost at boundaries
/// and go 0.35 um at most, so that grains shine in their middle, where their domes are high. Facets
/// are tilted little: tilt moves the highest place of a grain away from its middle.
std::vector<std::string> film() {
  return {"specimen.kind=film",
          "specimen.microstructure.width_m=9200e-9",
          "specimen.microstructure.height_m=9200e-9",
          "specimen.microstructure.margin_m=800e-9",
          "specimen.microstructure.grid_step_m=25e-9",
          "specimen.microstructure.mean_grain_diameter_m=800e-9",
          "specimen.microstructure.grain_size_sigma_ln=0.35",
          "specimen.topography.facet_tilt_deg=0.5",
          "specimen.topography.waviness_rms_m=5e-9"};
}

std::vector<std::string> camera_settings() {
  std::vector<std::string> settings = film();
  settings.insert(settings.end(),
                  {"specimen.clim.carriers.diffusivity_m2_per_s=1e-6",
                   "specimen.clim.carriers.boundary_loss_m_per_s=3",
                   fmt::format("instruments.camera.sensor_width={}", camera_pixels),
                   fmt::format("instruments.camera.sensor_height={}", camera_pixels),
                   fmt::format("procedure.pl_movie.columns={}", camera_pixels),
                   fmt::format("procedure.pl_movie.rows={}", camera_pixels),
                   "procedure.pl_movie.frames=200",
                   "procedure.pl_movie.dark_frames=10",
                   "surroundings.offset_x_m=430e-9",
                   "surroundings.offset_y_m=710e-9",
                   "surroundings.drift_x_m_per_s=2e-10",  // 120 nm while the film soaks in light
                   "surroundings.drift_y_m_per_s=-1.5e-10"});
  return settings;
}

std::vector<std::string> probe_settings() {
  const int pixels = static_cast<int>(std::lround(camera_pixels * camera_pixel_m / probe_step_m));
  const double first = first_m + 0.5 * probe_step_m;
  std::vector<std::string> settings = film();
  settings.insert(settings.end(),
                  {fmt::format("procedure.kpfm_map.columns={}", pixels),
                   fmt::format("procedure.kpfm_map.rows={}", pixels),
                   fmt::format("procedure.kpfm_map.step_m={:.9g}", probe_step_m),
                   fmt::format("procedure.kpfm_map.first_pixel_m=[{:.9g}, {:.9g}]", first, first),
                   "surroundings.offset_x_m=560e-9",
                   "surroundings.offset_y_m=340e-9",
                   "surroundings.drift_x_m_per_s=2e-10",
                   "surroundings.drift_y_m_per_s=1e-10"});
  return settings;
}

/// Values on square pixels whose nominal centres begin at first_m + step / 2.
SeenMap empty_map(const std::string& name, double step_m) {
  const auto n = static_cast<std::size_t>(std::lround(camera_pixels * camera_pixel_m / step_m));
  SeenMap map{name, step_m, {n, n}, {n, n}, {n, n}};
  for (std::size_t y = 0; y < n; ++y) {
    for (std::size_t x = 0; x < n; ++x) {
      map.tip_x_m(x, y) = first_m + (static_cast<double>(x) + 0.5) * step_m;
      map.tip_y_m(x, y) = first_m + (static_cast<double>(y) + 0.5) * step_m;
    }
  }
  return map;
}

SeenMap mean_image(const std::filesystem::path& file) {
  const data::RecordingReader reader(file);
  const data::TruthReader truth(file);
  SeenMap map = empty_map("camera", camera_pixel_m);
  const auto movie = reader.read<std::uint16_t>("movie");
  const std::size_t pixels = map.height.size();
  const auto frames = static_cast<double>(movie.size()) / static_cast<double>(pixels);
  for (std::size_t i = 0; i < movie.size(); ++i) {
    map.height.values[i % pixels] += static_cast<double>(movie[i]) / frames;
  }
  for (double& counts :
       map.height.values) {  // grains shine differently: their patterns count alike
    counts = std::log10(counts);
  }
  const double moved_x = analysis::mean(truth.read<double>("film_offset_x"));
  const double moved_y = analysis::mean(truth.read<double>("film_offset_y"));
  for (std::size_t p = 0; p < pixels; ++p) {
    map.tip_x_m.values[p] += moved_x;
    map.tip_y_m.values[p] += moved_y;
  }
  return map;
}

SeenMap topography(const std::filesystem::path& file) {
  const data::RecordingReader reader(file);
  const data::TruthReader truth(file);
  SeenMap map = empty_map("microscope", probe_step_m);
  map.height.values = reader.read<double>("topography");
  if (reader.has_signal("topography_backward")) {  // both ways: no lag of the height loop
    const auto back = reader.read<double>("topography_backward");
    for (std::size_t i = 0; i < back.size(); ++i) {
      map.height.values[i] = 0.5 * (map.height.values[i] + back[i]);
    }
  }
  const analysis::MapRef ref{map.height.values, map.height.nx, map.height.ny};
  analysis::level_plane(ref);  // lines are not aligned: across few large grains they would walk off
  map.tip_x_m.values = truth.read<double>("tip_x");
  map.tip_y_m.values = truth.read<double>("tip_y");
  return map;
}

/// A field of the film itself on the camera's nominal pixels: no instrument, no offset, no drift.
SeenMap true_field(const std::string& name,
                   const std::filesystem::path& file,
                   const std::string& signal) {
  const data::TruthReader truth(file);
  const data::SignalSpec spec = truth.spec(signal);
  const std::vector<double>& ys = spec.axes.at(0).values;
  const std::vector<double>& xs = spec.axes.at(1).values;
  const auto field = truth.read<double>(signal);
  SeenMap map = empty_map(name, camera_pixel_m);
  Image<double> count(map.height.nx, map.height.ny, 0.0);
  for (std::size_t iy = 0; iy < ys.size(); ++iy) {
    for (std::size_t ix = 0; ix < xs.size(); ++ix) {
      const auto x = static_cast<long>(std::floor((xs[ix] - first_m) / camera_pixel_m + 1e-6));
      const auto y = static_cast<long>(std::floor((ys[iy] - first_m) / camera_pixel_m + 1e-6));
      if (x >= 0 && y >= 0 && x < camera_pixels && y < camera_pixels) {
        const auto at_x = static_cast<std::size_t>(x);
        const auto at_y = static_cast<std::size_t>(y);
        map.height(at_x, at_y) += field[iy * xs.size() + ix];
        // means of the places too: native points need not lie evenly in the pixels
        map.tip_x_m(at_x, at_y) += xs[ix];
        map.tip_y_m(at_x, at_y) += ys[iy];
        count(at_x, at_y) += 1.0;
      }
    }
  }
  const SeenMap nominal = empty_map(name, camera_pixel_m);
  for (std::size_t p = 0; p < count.size(); ++p) {
    map.height.values[p] /= count.values[p];
    map.tip_x_m.values[p] = (map.tip_x_m.values[p] - nominal.tip_x_m.values[p]) / count.values[p];
    map.tip_y_m.values[p] = (map.tip_y_m.values[p] - nominal.tip_y_m.values[p]) / count.values[p];
  }
  return map;
}

/// Share of the carriers' nodes under the tip's pixels that lie in the grain the tip was on.
double same_grains(const std::filesystem::path& movie, const std::filesystem::path& probe) {
  const data::TruthReader light(movie);
  const data::TruthReader tip(probe);
  const auto grain = light.read<double>("node_grain");
  const auto& axes = light.spec("node_grain").axes;
  const std::vector<double>& xs = axes.at(1).values;
  const std::vector<double>& ys = axes.at(0).values;
  const double step = xs.at(1) - xs.at(0);
  const auto tip_x = tip.read<double>("tip_x");
  const auto tip_y = tip.read<double>("tip_y");
  const auto tip_grain = tip.read<double>("grain");
  double same = 0.0;
  for (std::size_t p = 0; p < tip_grain.size(); ++p) {
    const auto ix = static_cast<std::size_t>(std::lround((tip_x[p] - xs.front()) / step));
    const auto iy = static_cast<std::size_t>(std::lround((tip_y[p] - ys.front()) / step));
    same += grain.at(iy * xs.size() + ix) == tip_grain[p] ? 1.0 : 0.0;
  }
  return same / static_cast<double>(tip_grain.size());
}

SeenMap other_film(Evidence& evidence) {
  session::Overrides overrides;
  overrides.seed = std::to_string(evidence.seed() + 1);
  overrides.settings = camera_settings();
  session::RunOptions run;
  run.output = evidence.options().folder / "x1_other.nxs";
  run.overwrite = data::Overwrite::yes;
  run.threads = evidence.options().threads;
  evidence.say("recording another film");
  const auto file = session::run(session::load_scenario("clim_quick", overrides), run).recording;
  SeenMap map = mean_image(file);
  std::filesystem::remove(file);
  return map;
}

MapPlot picture(const SeenMap& map, const std::string& quantity, double scale) {
  MapPlot plot{map.name, "", quantity, map.height, map.step_m};
  for (double& v : plot.values.values) {
    v *= scale;
  }
  return plot;
}

}  // namespace

CameraRegistration register_camera(Evidence& evidence, Verdict& verdict) {
  const Threads threads = evidence.options().threads;
  const std::filesystem::path movie = evidence.recording({"clim_quick", camera_settings(), {}});
  const std::filesystem::path probe = evidence.recording({"kpfm_fresh_film", probe_settings(), {}});
  const SeenMap light = mean_image(movie);
  const SeenMap height = topography(probe);
  CameraRegistration out;
  const auto judge = [&](const SeenMap& a, const SeenMap& b) {
    const double error = add_pair(a, b, threads, verdict);
    out.found = out.found && std::isfinite(error);
    out.worst_pixels = std::max(out.worst_pixels, std::isfinite(error) ? error : 0.0);
  };
  judge(true_field("true carrier density", movie, "node_mean_density"), light);
  judge(true_field("true height", probe, "native_height"), light);
  judge(height, light);
  const double same = same_grains(movie, probe);
  out.found = out.found && same > 0.9;
  verdict.values.push_back(
      {"pixels of the microscope on the grain that the camera's film has there",
       100.0 * same,
       nan,
       "%",
       "the others lie within a node, 50 nm, of a boundary"});
  add_null("camera on microscope: shuffled pixels",
           height,
           shuffled(light, evidence.seed()),
           threads,
           verdict,
           out.refused);
  add_null("camera on microscope: mirrored image",
           height,
           mirrored(light),
           threads,
           verdict,
           out.refused);
  add_null("camera on microscope: another film",
           height,
           other_film(evidence),
           threads,
           verdict,
           out.refused);
  verdict.figures.push_back(draw(
      std::vector<MapPlot>{picture(height, "height (nm)", 1e9),
                           picture(light, "log10 of the mean photoluminescence (counts)", 1.0)},
      "The same film under the microscope and the camera",
      "Grains of 0.8 um whose boundaries lose carriers; each image in the coordinates of its "
      "instrument, before registration."));
  return out;
}

}  // namespace halotwin::validation
