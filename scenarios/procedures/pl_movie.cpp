#include "scenarios/procedures/pl_movie.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "base/fields.hpp"
#include "base/grid.hpp"
#include "base/require.hpp"
#include "devices/camera.hpp"
#include "devices/light_source.hpp"
#include "devices/stage.hpp"
#include "scenarios/procedures/focus_check.hpp"
#include "scenarios/procedures/frame_series.hpp"
#include "scenarios/procedures/movie_series.hpp"

namespace halotwin::scenarios {

namespace {

FocusPlan focus_plan(const PlMoviePlan& p) {
  return {.range_m = p.focus_range_m,
          .steps = p.focus_steps,
          .sweeps = p.focus_sweeps,
          .frames = p.focus_frames,
          .settle_s = p.focus_settle_s,
          .approach_m = p.focus_approach_m};
}

}  // namespace

void validate(const PlMoviePlan& p) {
  require_range("columns", p.columns, 2, 16384);
  require_range("rows", p.rows, 2, 16384);
  require_range("left", p.left, 0, 16384);
  require_range("top", p.top, 0, 16384);
  require_range("binning", p.binning, 1, 64);
  require_range("pixel_m", p.pixel_m, 1e-9, 1e-3);
  require_range("frames", p.frames, 2, 100'000'000);
  require_range("exposure_s", p.exposure_s, 1e-5, 600.0);
  require_range("frame_period_s", p.frame_period_s, 0.0, 1e4);
  require_range("gain", p.gain, 1.0, 2000.0);
  require_range("dark_frames", p.dark_frames, 0, 1'000'000);
  require_range("irradiance_w_per_m2", p.irradiance_w_per_m2, 0.0, 1e9);
  require_range("wavelength_m", p.wavelength_m, 1e-8, 1e-4);
  require_range("soak_s", p.soak_s, 0.0, 1e6);
  require_range("electrons_per_count", p.electrons_per_count, 0.0, 1e6);
  require_range("read_noise_electrons", p.read_noise_electrons, 0.0, 1e6);
  require_range("offset_counts", p.offset_counts, 0.0, 1e6);
  require_range("saturation_counts", p.saturation_counts, 1.0, 65535.0);
  require_range("most_lost_share", p.most_lost_share, 0.0, 1.0);
  validate(focus_plan(p), "focus_");
  require(p.focus_range_m == 0.0 || (p.columns >= 3 && p.rows >= 3),
          "a focus check needs at least 3 columns and rows");
}

namespace {

using devices::Camera;
using devices::CameraSettings;
using devices::LightSource;
using devices::Stage;

constexpr const char* name = "pl_movie";

class PlMovie final : public Procedure {
 public:
  explicit PlMovie(const PlMoviePlan& plan)
      : plan_(plan),
        series_(static_cast<std::size_t>(plan.frames),
                pixels(),
                static_cast<std::size_t>(plan.most_lost_share * plan.frames)),
        focus_(focus_plan(plan), name) {}

  [[nodiscard]] Estimate estimate() const override;
  void describe(data::RecordingHeader& header) const override;
  void define(data::RecordingWriter& recording) override;
  void run(const RunContext& context) override;
  [[nodiscard]] Table parameters() const override { return effective_fields(plan_); }

 private:
  [[nodiscard]] std::size_t pixels() const {
    return static_cast<std::size_t>(plan_.columns) * static_cast<std::size_t>(plan_.rows);
  }
  [[nodiscard]] double period_s() const { return std::max(plan_.exposure_s, plan_.frame_period_s); }
  [[nodiscard]] std::vector<data::Axis> image_axes() const;
  void say(const RunContext& context, const std::string& text) const;
  CameraSettings set_up(Camera& camera) const;
  void light_on(LightSource& light, const RunContext& context) const;
  /// Their mean; empty if the plan wants none.
  [[nodiscard]] std::vector<double> take_dark(Camera& camera, const RunContext& context) const;
  void focus(Camera& camera, Stage* stage, std::span<const double> dark, const RunContext& context);

  PlMoviePlan plan_;
  MovieSeries series_;
  FocusCheck focus_;
  data::SignalId dark_;
};

Estimate PlMovie::estimate() const {
  Estimate e;
  const auto frames = static_cast<std::size_t>(plan_.frames);
  e.units = frames;
  e.unit_word = "frame";
  e.readings = frames * pixels();
  e.bytes_per_reading = 2.0 + 32.0 / static_cast<double>(pixels());
  e.duration = from_seconds((plan_.frames + plan_.dark_frames) * period_s() + plan_.soak_s +
                            focus_.duration_s(period_s()));
  return e;
}

std::vector<data::Axis> PlMovie::image_axes() const {
  const double step_m = plan_.pixel_m * plan_.binning;
  const auto axis = [&](const char* label, int first, int count) {
    const double from_m = plan_.pixel_m * (first + 0.5 * plan_.binning);
    return data::Axis{
        label,
        "m",
        linear_spacing(from_m, from_m + step_m * (count - 1), static_cast<std::size_t>(count))};
  };
  return {axis("y", plan_.top, plan_.rows), axis("x", plan_.left, plan_.columns)};
}

void PlMovie::describe(data::RecordingHeader& header) const {
  header.procedure = name;
  header.experiment_technique = "photoluminescence microscopy";
  header.units_total = static_cast<std::size_t>(plan_.frames);
  header.unit_word = "frame";
  const auto axes = image_axes();
  header.scan = data::ScanArea{axes[1].values.front(),
                               axes[1].values.back(),
                               axes[0].values.front(),
                               axes[0].values.back(),
                               static_cast<std::size_t>(plan_.columns),
                               static_cast<std::size_t>(plan_.rows)};
}

void PlMovie::define(data::RecordingWriter& recording) {
  const auto axes = image_axes();
  dark_ = recording.add_signal({.group = "dark",
                                .type = data::ElementType::f64,
                                .unit = "counts",
                                .axes = axes,
                                .interpretation = data::Interpretation::image,
                                .title = "mean of the dark frames",
                                .description = "light off, before the movie; NaN: none taken"});
  series_.define(recording, axes, period_s());
  if (focus_.wanted()) {
    focus_.define(recording);
  }
  recording.add_collection("instrument/procedure", effective_fields(plan_), "NXcollection");
  const double per_electron =
      plan_.electrons_per_count > 0.0 ? plan_.gain / plan_.electrons_per_count : 0.0;
  Table camera;
  const auto put = [](Table& table, const char* key, double value) {
    table.set(key, Value{value, {}});
  };
  put(camera, "exposure_s", plan_.exposure_s);
  put(camera, "frame_period_s", period_s());
  put(camera, "gain", plan_.gain);
  put(camera, "counts_per_electron", per_electron);
  put(camera, "excess_factor", plan_.gain > 1.0 ? 2.0 : 1.0);
  put(camera, "read_noise_e", plan_.read_noise_electrons / plan_.gain);
  put(camera, "offset_counts", plan_.offset_counts);
  put(camera, "saturation_counts", plan_.saturation_counts);
  put(camera, "pixel_size_m", plan_.pixel_m * plan_.binning);
  recording.add_collection("instrument/camera", camera, "NXcollection");
  Table light;
  put(light, "irradiance_w_per_m2", plan_.irradiance_w_per_m2);
  put(light, "wavelength_m", plan_.wavelength_m);
  recording.add_collection("instrument/light", light, "NXcollection");
}

void PlMovie::say(const RunContext& context, const std::string& text) const {
  context.bench.events().write({context.bench.clock().now(), Level::info, name, text});
}

/// What the header of the recording promises must be what the camera does.
CameraSettings PlMovie::set_up(Camera& camera) const {
  const auto size = [&](int pixels) { return static_cast<std::uint32_t>(pixels * plan_.binning); };
  const CameraSettings wanted{.exposure_s = plan_.exposure_s,
                              .frame_period_s = plan_.frame_period_s,
                              .gain = plan_.gain,
                              .region = {.left = static_cast<std::uint32_t>(plan_.left),
                                         .top = static_cast<std::uint32_t>(plan_.top),
                                         .width = size(plan_.columns),
                                         .height = size(plan_.rows),
                                         .binning = static_cast<std::uint32_t>(plan_.binning)}};
  require(camera.limits().saturation_counts == static_cast<std::uint32_t>(plan_.saturation_counts),
          fmt::format("procedure.pl_movie.saturation_counts = {}, but the camera goes to {}",
                      plan_.saturation_counts,
                      camera.limits().saturation_counts));
  const CameraSettings applied = camera.configure(wanted);
  require(applied.region == wanted.region,
          "the camera takes another region than procedure.pl_movie asks for");
  const auto same = [](double a, double b) { return std::abs(a - b) <= 1e-3 * b; };
  require(same(applied.exposure_s, wanted.exposure_s) && same(applied.gain, wanted.gain),
          fmt::format("the camera sets exposure_s = {}, gain = {} where procedure.pl_movie asks "
                      "for {} and {}",
                      applied.exposure_s,
                      applied.gain,
                      wanted.exposure_s,
                      wanted.gain));
  require(same(applied.frame_period_s, period_s()),
          fmt::format("the camera needs {} s per frame, procedure.pl_movie allows {} s (longer "
                      "frame_period_s or fewer rows)",
                      applied.frame_period_s,
                      period_s()));
  return applied;
}

void PlMovie::light_on(LightSource& light, const RunContext& context) const {
  light.configure({.on = true,
                   .irradiance_w_per_m2 = plan_.irradiance_w_per_m2,
                   .wavelength_m = plan_.wavelength_m});
  context.bench.clock().sleep(from_seconds(plan_.soak_s), context.stop);
  say(context, fmt::format("light on for {:.0f} s", plan_.soak_s));
}

std::vector<double> PlMovie::take_dark(Camera& camera, const RunContext& context) const {
  if (plan_.dark_frames == 0) {
    return {};
  }
  std::vector<double> mean(pixels(), 0.0);
  std::vector<std::uint16_t> buffer(pixels());
  const int good = take_frames(
      camera, plan_.dark_frames, buffer, context.stop, [&](std::span<const std::uint16_t> frame) {
        std::transform(mean.begin(),
                       mean.end(),
                       frame.begin(),
                       mean.begin(),
                       [](double sum, std::uint16_t counts) { return sum + counts; });
      });
  if (good == 0) {
    throw devices::DeviceError("camera", "dark frames", "none came", devices::Retry::yes);
  }
  for (double& value : mean) {
    value /= good;
  }
  context.recording.write(dark_, {0, 0}, std::span<const double>(mean));
  say(context, fmt::format("{} dark frames taken", good));
  return mean;
}

void PlMovie::focus(Camera& camera,
                    Stage* stage,
                    std::span<const double> dark,
                    const RunContext& context) {
  if (stage == nullptr) {
    return;
  }
  if (context.first_unit == 0) {
    focus_.run(context, camera, *stage, dark);
  } else {
    focus_.go_back(context, *stage);
  }
}

void PlMovie::run(const RunContext& context) {
  auto& camera = context.bench.get<Camera>("camera", "camera");
  auto& light = context.bench.get<LightSource>("light", "light source");
  Stage* stage = focus_.wanted() ? &context.bench.get<Stage>("focus", "stage") : nullptr;
  light.make_safe();
  camera.stop();  // whatever it was doing
  const CameraSettings applied = set_up(camera);
  if (stage != nullptr) {
    focus_.prepare(*stage);
  }
  const auto dark = context.first_unit == 0 ? take_dark(camera, context) : std::vector<double>{};
  light_on(light, context);
  focus(camera, stage, dark, context);
  series_.begin(context, applied.frame_period_s);
  const auto frames = static_cast<std::size_t>(plan_.frames);
  camera.start(frames - context.first_unit);
  if (context.instruments_ready) {
    context.instruments_ready();
  }
  series_.take(camera, context);
  camera.stop();
  light.make_safe();
  say(context, fmt::format("{} frames, {} of them lost or incomplete", frames, series_.lost()));
}

}  // namespace

std::unique_ptr<Procedure> make_pl_movie(const PlMoviePlan& plan) {
  validate(plan);
  return std::make_unique<PlMovie>(plan);
}

}  // namespace halotwin::scenarios
