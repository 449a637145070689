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

namespace halotwin::scenarios {

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
}

namespace {

using devices::Camera;
using devices::CameraSettings;
using devices::FrameInfo;
using devices::LightSource;

constexpr const char* name = "pl_movie";
constexpr double patience_s = 10.0;  // beyond some frames

class PlMovie final : public Procedure {
 public:
  explicit PlMovie(const PlMoviePlan& plan) : plan_(plan) {}

  [[nodiscard]] Estimate estimate() const override;
  void describe(data::RecordingHeader& header) const override;
  void define(data::RecordingWriter& recording) override;
  void run(const RunContext& context) override;
  [[nodiscard]] Table parameters() const override { return effective_fields(plan_); }

 private:
  /// What the frames of the movie are counted from.
  struct Series {
    Duration first_start{};  // of the exposure of frame 0
    std::size_t shift = 0;   // from the numbers of the camera to places in the movie
    bool first = true;       // no frame of this part has come yet
    std::size_t done = 0;
  };
  [[nodiscard]] std::size_t pixels() const {
    return static_cast<std::size_t>(plan_.columns) * static_cast<std::size_t>(plan_.rows);
  }
  [[nodiscard]] double period_s() const { return std::max(plan_.exposure_s, plan_.frame_period_s); }
  [[nodiscard]] std::vector<data::Axis> image_axes() const;
  void say(const RunContext& context, const std::string& text) const;
  CameraSettings set_up(Camera& camera) const;
  void light_on(LightSource& light, const RunContext& context) const;
  void take_dark(Camera& camera, const RunContext& context);
  void record_devices(const RunContext& context, const CameraSettings& applied);
  /// Records frame series.done, and says so.
  void record(
      const RunContext& context, Series& series, double number, double time_s, bool valid) const;
  void record_missing(const RunContext& context, Series& series, std::size_t until);
  void begin(const RunContext& context, Series& series, const FrameInfo& frame) const;
  void take(const RunContext& context, Series& series, const FrameInfo& frame);
  /// What the first part left in the recording.
  void take_up(const RunContext& context, Series& series);
  void take_series(Camera& camera, const RunContext& context, Series& series);

  PlMoviePlan plan_;
  double applied_period_s_ = 0.0;
  std::size_t lost_ = 0;
  std::vector<std::uint16_t> incoming_;
  std::vector<std::uint16_t> last_;  // valid frame
  data::SignalId movie_, time_, number_, valid_, dark_, series_;
};

Estimate PlMovie::estimate() const {
  Estimate e;
  const auto frames = static_cast<std::size_t>(plan_.frames);
  e.units = frames;
  e.unit_word = "frame";
  e.readings = frames * pixels();
  e.bytes_per_reading = 2.0 + 32.0 / static_cast<double>(pixels());
  e.duration = from_seconds((plan_.frames + plan_.dark_frames) * period_s() + plan_.soak_s);
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
  using data::ElementType;
  const auto frames = static_cast<std::size_t>(plan_.frames);
  // nominal: what the camera makes of it stands in frame_time
  const data::Axis time{"time", "s", linear_spacing(0.0, period_s() * (plan_.frames - 1), frames)};
  auto axes = image_axes();
  dark_ = recording.add_signal({.group = "dark",
                                .type = ElementType::f64,
                                .unit = "counts",
                                .axes = axes,
                                .interpretation = data::Interpretation::image,
                                .title = "mean of the dark frames",
                                .description = "light off, before the movie; NaN: none taken"});
  axes.insert(axes.begin(), time);
  movie_ = recording.add_signal({.group = "movie",
                                 .type = ElementType::u16,
                                 .unit = "counts",
                                 .axes = axes,
                                 .interpretation = data::Interpretation::image,
                                 .title = "photoluminescence",
                                 .is_default_plot = true});
  const auto per_frame =
      [&](const char* group, ElementType type, const char* unit, const char* title) {
        return recording.add_signal(
            {.group = group, .type = type, .unit = unit, .axes = {time}, .title = title});
      };
  time_ = per_frame("frame_time", ElementType::f64, "s", "start of the exposure, from the first");
  number_ = per_frame("frame_number", ElementType::f64, "1", "as the camera counts");
  valid_ = per_frame("frame_valid", ElementType::u8, "1", "1 good, 0 lost or incomplete");
  series_ = recording.add_signal(
      {.group = "series",
       .type = ElementType::f64,
       .unit = "1",
       .axes = {{"quantity", "1", {0, 1, 2}}},
       .title = "kinetic series",
       .description = "start of the first exposure on the clock of the bench: whole seconds, "
                      "nanoseconds; frame period as applied (s)"});
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

void PlMovie::take_dark(Camera& camera, const RunContext& context) {
  std::vector<double> mean(pixels(), 0.0);
  camera.start(static_cast<std::uint64_t>(plan_.dark_frames));
  int good = 0;
  for (int k = 0; k < plan_.dark_frames; ++k) {
    const auto frame = camera.next_frame(
        incoming_, from_seconds(4.0 * applied_period_s_ + patience_s), context.stop);
    if (!frame) {
      break;
    }
    if (!frame->incomplete) {
      ++good;
      std::transform(mean.begin(),
                     mean.end(),
                     incoming_.begin(),
                     mean.begin(),
                     [](double sum, std::uint16_t counts) { return sum + counts; });
    }
  }
  camera.stop();
  if (good == 0) {
    throw devices::DeviceError("camera", "dark frames", "none came", devices::Retry::yes);
  }
  for (double& value : mean) {
    value /= good;
  }
  context.recording.write(dark_, {0, 0}, std::span<const double>(mean));
  say(context, fmt::format("{} dark frames taken", good));
}

void PlMovie::record(
    const RunContext& context, Series& series, double number, double time_s, bool valid) const {
  const std::size_t k = series.done;
  if (context.unit_measured) {
    context.unit_measured(k);
  }
  context.recording.write(movie_, {k, 0, 0}, std::span<const std::uint16_t>(last_));
  context.recording.write_value(time_, {k}, time_s);
  context.recording.write_value(number_, {k}, number);
  context.recording.write_value(valid_, {k}, valid ? 1.0 : 0.0);
  ++series.done;
  if (context.unit_recorded) {
    context.unit_recorded(series.done);
  }
}

void PlMovie::record_missing(const RunContext& context, Series& series, std::size_t until) {
  for (std::size_t k = series.done; k < until; ++k) {
    ++lost_;
    record(
        context, series, static_cast<double>(k), static_cast<double>(k) * applied_period_s_, false);
  }
}

void PlMovie::take(const RunContext& context, Series& series, const FrameInfo& frame) {
  const std::size_t place = static_cast<std::size_t>(frame.number) + series.shift;
  record_missing(context, series, std::min(place, static_cast<std::size_t>(plan_.frames)));
  if (series.done >= static_cast<std::size_t>(plan_.frames)) {
    return;
  }
  if (frame.incomplete) {
    ++lost_;
  } else {
    last_ = incoming_;
  }
  record(context,
         series,
         static_cast<double>(place),
         seconds(frame.exposure_start - series.first_start),
         !frame.incomplete);
}

/// With the first frame: where frames of this part belong. A camera that was started again counts
/// from 0; a simulated one that got its state back goes on counting.
void PlMovie::begin(const RunContext& context, Series& series, const FrameInfo& frame) const {
  if (!series.first) {
    return;
  }
  series.first = false;
  if (series.done > 0) {
    series.shift = frame.number < series.done ? series.done : 0;
    return;
  }
  series.first_start =
      frame.exposure_start - from_seconds(static_cast<double>(frame.number) * applied_period_s_);
  const std::int64_t whole_s = series.first_start.count() / 1'000'000'000;
  const std::int64_t rest_ns = series.first_start.count() % 1'000'000'000;
  const std::vector<double> kept{
      static_cast<double>(whole_s), static_cast<double>(rest_ns), applied_period_s_};
  context.recording.write(series_, {0}, std::span<const double>(kept));
}

void PlMovie::take_series(Camera& camera, const RunContext& context, Series& series) {
  const auto frames = static_cast<std::size_t>(plan_.frames);
  const auto most_lost =
      static_cast<std::size_t>(plan_.most_lost_share * static_cast<double>(frames));
  while (series.done < frames) {
    const auto frame = camera.next_frame(
        incoming_, from_seconds(4.0 * applied_period_s_ + patience_s), context.stop);
    if (!frame && series.done == 0) {
      throw devices::DeviceError("camera", "read frame", "no frame came", devices::Retry::yes);
    }
    if (frame) {
      begin(context, series, *frame);
      take(context, series, *frame);
    } else {  // the last ones were lost
      record_missing(context, series, frames);
    }
    if (lost_ > most_lost) {
      throw devices::DeviceError(
          "camera",
          "read frame",
          fmt::format("{} of {} frames lost or incomplete", lost_, series.done),
          devices::Retry::yes);
    }
  }
}

void PlMovie::take_up(const RunContext& context, Series& series) {
  std::vector<double> kept(3);
  context.recording.read(series_, {0}, std::span<double>(kept));
  series.first_start = Duration(static_cast<std::int64_t>(kept[0]) * 1'000'000'000 +
                                static_cast<std::int64_t>(kept[1]));
  context.recording.read(movie_, {series.done - 1, 0, 0}, std::span<std::uint16_t>(last_));
  std::vector<std::uint8_t> valid(series.done);
  context.recording.read(valid_, {0}, std::span<std::uint8_t>(valid));
  lost_ = static_cast<std::size_t>(std::count(valid.begin(), valid.end(), std::uint8_t{0}));
}

void PlMovie::run(const RunContext& context) {
  auto& camera = context.bench.get<Camera>("camera", "camera");
  auto& light = context.bench.get<LightSource>("light", "light source");
  light.make_safe();
  camera.stop();  // whatever it was doing
  const CameraSettings applied = set_up(camera);
  applied_period_s_ = applied.frame_period_s;
  incoming_.assign(pixels(), 0);
  last_.assign(pixels(), 0);
  lost_ = 0;
  Series series;
  series.done = context.first_unit;
  if (context.first_unit == 0 && plan_.dark_frames > 0) {
    take_dark(camera, context);
  }
  light_on(light, context);
  const auto frames = static_cast<std::size_t>(plan_.frames);
  if (context.first_unit > 0) {
    take_up(context, series);
  }
  camera.start(frames - context.first_unit);
  if (context.instruments_ready) {
    context.instruments_ready();
  }
  take_series(camera, context, series);
  camera.stop();
  light.make_safe();
  say(context, fmt::format("{} frames, {} of them lost or incomplete", frames, lost_));
}

}  // namespace

std::unique_ptr<Procedure> make_pl_movie(const PlMoviePlan& plan) {
  validate(plan);
  return std::make_unique<PlMovie>(plan);
}

}  // namespace halotwin::scenarios
