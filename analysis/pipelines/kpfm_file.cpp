// The KPFM and PM-EFM analyses on recordings.
#include <algorithm>
#include <cmath>
#include <string>

#include <fmt/format.h>

#include "analysis/findings_file.hpp"
#include "analysis/pipelines/kpfm.hpp"
#include "analysis/pipelines/pm_efm.hpp"
#include "base/constants.hpp"
#include "base/errors.hpp"
#include "base/fields.hpp"
#include "data/recording_reader.hpp"

namespace halotwin::analysis {

namespace {

struct Frame {
  std::size_t nx = 0;
  std::size_t ny = 0;
  double step_x_m = 0.0;
  double step_y_m = 0.0;
};

double step_of(const data::Axis& axis) {
  const std::size_t n = axis.values.size();
  return n > 1 ? (axis.values.back() - axis.values.front()) / static_cast<double>(n - 1) : 0.0;
}

Frame frame_of(const data::RecordingReader& recording, const std::string& name) {
  const auto spec = recording.spec(name);
  if (spec.axes.size() != 2) {
    throw DataError(
        fmt::format("{}: /entry/{} must be an image (y, x)", recording.path().string(), name));
  }
  return {spec.axes[1].values.size(),
          spec.axes[0].values.size(),
          step_of(spec.axes[1]),
          step_of(spec.axes[0])};
}

std::vector<double> doubles(const data::RecordingReader& recording,
                            const std::string& name,
                            const Frame& frame) {
  if (!recording.has_signal(name)) {
    return {};
  }
  const auto values = recording.read<float>(name);
  if (values.size() != frame.nx * frame.ny) {
    throw DataError(fmt::format(
        "{}: /entry/{} has another size than the other images", recording.path().string(), name));
  }
  return {values.begin(), values.end()};
}

FoundMap map_of(const Frame& frame,
                const std::string& name,
                const std::string& title,
                const std::string& unit,
                const std::vector<double>& values) {
  return {name,
          title,
          unit,
          frame.nx,
          frame.ny,
          frame.step_x_m,
          frame.step_y_m,
          std::vector<float>(values.begin(), values.end())};
}

void add_image(const TwoWayImage& image,
               const std::string& prefix,
               const std::string& unit,
               Findings& f) {
  f.values.push_back({prefix + "contrast",
                      image.contrast,
                      nan,
                      unit,
                      "standard deviation of the smoothed map, noise taken off"});
  f.values.push_back({prefix + "noise",
                      image.noise > 0.0 ? image.noise : nan,
                      nan,
                      unit,
                      "of one pixel, mean of both ways"});
  f.values.push_back({prefix + "lag",
                      image.half_difference.empty() ? nan : image.lag_pixels.value,
                      image.half_difference.empty() ? nan : image.lag_pixels.sigma,
                      "pixel",
                      "by which each way comes late"});
}

void add_grains(const Frame& frame, const KpfmResult& r, Findings& f) {
  f.maps.push_back(map_of(frame, "topography", "topography, levelled", "m", r.topography_m));
  std::vector<double> of_grains(r.grains.label.size(), nan);
  for (std::size_t p = 0; p < of_grains.size(); ++p) {
    if (r.grains.label[p] >= 0) {
      of_grains[p] = r.grain_mean_v[static_cast<std::size_t>(r.grains.label[p])];
    }
  }
  f.maps.push_back(
      map_of(frame, "grain_potential", "contact potential, mean of each grain", "V", of_grains));
  f.values.push_back(
      {"grains", static_cast<double>(r.grains.grains), nan, "", "in the topography"});
  f.values.push_back({"grain_contrast",
                      r.grain_contrast_v,
                      nan,
                      "V",
                      "standard deviation between the means of grains, noise taken off"});
  f.values.push_back({"grain_share",
                      r.grain_share,
                      r.grain_share_null.sigma,
                      "",
                      "of the variance inside grains, explained by their means"});
  f.nulls.push_back({"grain_share",
                     r.grain_share_null.value,
                     r.grain_share_null.sigma,
                     "",
                     "the same grains laid elsewhere on the map"});
  f.values.push_back({"boundary_contrast",
                      r.boundary_contrast_v,
                      r.boundary_contrast_null_v.sigma,
                      "V",
                      "boundaries minus insides of grains"});
  f.nulls.push_back({"boundary_contrast",
                     r.boundary_contrast_null_v.value,
                     r.boundary_contrast_null_v.sigma,
                     "V",
                     "the same boundaries laid elsewhere on the map"});
}

void add_spots(const std::vector<Spot>& spots, std::size_t null, const char* what, Findings& f) {
  f.values.push_back({"spots", static_cast<double>(spots.size()), nan, "", what});
  f.nulls.push_back({"spots",
                     static_cast<double>(null),
                     nan,
                     "",
                     "the same search in half the difference of the two ways: noise alone"});
}

}  // namespace

void check_kpfm_settings(const Table& settings) {
  static_cast<void>(options_from<KpfmOptions>(settings, "kpfm"));
}

Findings run_kpfm_pipeline(const PipelineRun& run) {
  const auto options = options_from<KpfmOptions>(run.settings, "kpfm");
  Frame frame;
  KpfmResult r;
  {
    const data::RecordingReader recording(run.recording, run.scope);
    frame = frame_of(recording, "contact_potential");
    const auto forward = doubles(recording, "contact_potential", frame);
    const auto backward = doubles(recording, "contact_potential_backward", frame);
    const auto topography = doubles(recording, "topography", frame);
    const auto reference = recording.has_signal("reference") ? recording.read<double>("reference")
                                                             : std::vector<double>{};
    r = analyse_kpfm({{frame.nx, frame.ny, forward, backward}, topography, reference}, options);
  }
  Findings f;
  f.values.push_back({"mean_contact_potential", r.mean_v.value, r.mean_v.sigma, "V", ""});
  f.values.push_back({"against_metal",
                      r.against_metal_v.value,
                      r.against_metal_v.sigma,
                      "V",
                      "film minus bare metal"});
  add_image(r.potential, "", "V", f);
  f.maps.push_back(
      map_of(frame, "contact_potential", "contact potential difference", "V", r.potential.mean));
  f.maps.push_back(map_of(frame,
                          "contact_potential_smooth",
                          "contact potential difference at the tip's resolution",
                          "V",
                          r.potential.smooth));
  if (!r.topography_m.empty()) {
    add_grains(frame, r, f);
  }
  if (!r.potential.half_difference.empty()) {
    add_spots(r.spots, r.null_spots, "isolated places less negative than all around", f);
  }
  write_findings(
      run, {"kpfm", effective_fields(options), "contact_potential, topography, reference"}, f);
  return f;
}

void check_pm_efm_settings(const Table& settings) {
  static_cast<void>(options_from<PmEfmOptions>(settings, "pm_efm"));
}

Findings run_pm_efm_pipeline(const PipelineRun& run) {
  const auto options = options_from<PmEfmOptions>(run.settings, "pm_efm");
  Frame frame;
  PmEfmResult r;
  {
    const data::RecordingReader recording(run.recording, run.scope);
    frame = frame_of(recording, "demodulated");
    const auto forward = recording.read<std::complex<float>>("demodulated");
    const auto backward = recording.has_signal("demodulated_backward")
                              ? recording.read<std::complex<float>>("demodulated_backward")
                              : std::vector<std::complex<float>>{};
    const auto reference = recording.read<std::complex<float>>("reference");
    r = analyse_pm_efm({frame.nx, frame.ny, forward, backward, reference}, options);
  }
  Findings f;
  f.values.push_back({"reference_amplitude",
                      std::abs(r.reference_v),
                      r.reference_sigma_v,
                      "V",
                      "over bare metal"});
  add_image(r.loss, "loss_", "", f);
  add_image(r.amplitude, "amplitude_", "", f);
  f.maps.push_back(
      map_of(frame, "loss", "PM-EFM loss, -Im of the ratio to metal", "1", r.loss.mean));
  f.maps.push_back(
      map_of(frame, "loss_smooth", "PM-EFM loss at the tip's resolution", "1", r.loss.smooth));
  f.maps.push_back(
      map_of(frame, "amplitude", "PM-EFM amplitude against metal", "1", r.amplitude.mean));
  if (!r.loss.half_difference.empty()) {
    add_spots(r.spots, r.null_spots, "isolated places of less loss than all around", f);
  }
  write_findings(run, {"pm_efm", effective_fields(options), "demodulated, reference"}, f);
  return f;
}

}  // namespace halotwin::analysis
