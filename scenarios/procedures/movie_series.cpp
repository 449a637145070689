#include "scenarios/procedures/movie_series.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/grid.hpp"
#include "scenarios/procedures/frame_series.hpp"

namespace halotwin::scenarios {

using devices::FrameInfo;

void MovieSeries::define(data::RecordingWriter& recording,
                         const std::vector<data::Axis>& image_axes,
                         double period_s) {
  using data::ElementType;
  // nominal: what the camera makes of it stands in frame_time
  const data::Axis time{
      "time", "s", linear_spacing(0.0, period_s * static_cast<double>(frames_ - 1), frames_)};
  std::vector<data::Axis> axes{time};
  axes.insert(axes.end(), image_axes.begin(), image_axes.end());
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
}

void MovieSeries::begin(const RunContext& context, double applied_period_s) {
  period_s_ = applied_period_s;
  first_ = true;
  done_ = context.first_unit;
  lost_ = 0;
  shift_ = 0;
  incoming_.assign(pixels_, 0);
  last_.assign(pixels_, 0);
  if (done_ == 0) {
    return;
  }
  std::vector<double> kept(3);
  context.recording.read(series_, {0}, std::span<double>(kept));
  first_start_ = Duration(static_cast<std::int64_t>(kept[0]) * 1'000'000'000 +
                          static_cast<std::int64_t>(kept[1]));
  context.recording.read(movie_, {done_ - 1, 0, 0}, std::span<std::uint16_t>(last_));
  std::vector<std::uint8_t> valid(done_);
  context.recording.read(valid_, {0}, std::span<std::uint8_t>(valid));
  lost_ = static_cast<std::size_t>(std::count(valid.begin(), valid.end(), std::uint8_t{0}));
}

void MovieSeries::record(const RunContext& context, double number, double time_s, bool valid) {
  const std::size_t k = done_;
  if (context.unit_measured) {
    context.unit_measured(k);
  }
  context.recording.write(movie_, {k, 0, 0}, std::span<const std::uint16_t>(last_));
  context.recording.write_value(time_, {k}, time_s);
  context.recording.write_value(number_, {k}, number);
  context.recording.write_value(valid_, {k}, valid ? 1.0 : 0.0);
  ++done_;
  if (context.unit_recorded) {
    context.unit_recorded(done_);
  }
}

void MovieSeries::record_missing(const RunContext& context, std::size_t until) {
  for (std::size_t k = done_; k < until; ++k) {
    ++lost_;
    record(context, static_cast<double>(k), static_cast<double>(k) * period_s_, false);
  }
}

void MovieSeries::put(const RunContext& context, const FrameInfo& frame) {
  const std::size_t place = static_cast<std::size_t>(frame.number) + shift_;
  record_missing(context, std::min(place, frames_));
  if (done_ >= frames_) {
    return;
  }
  if (frame.incomplete) {
    ++lost_;
  } else {
    last_ = incoming_;
  }
  record(context,
         static_cast<double>(place),
         seconds(frame.exposure_start - first_start_),
         !frame.incomplete);
}

/// With the first frame: where frames of this part belong. A camera that was started again counts
/// from 0; a simulated one that got its state back goes on counting.
void MovieSeries::place_first(const RunContext& context, const FrameInfo& frame) {
  if (!first_) {
    return;
  }
  first_ = false;
  if (done_ > 0) {
    shift_ = frame.number < done_ ? done_ : 0;
    return;
  }
  first_start_ = frame.exposure_start - from_seconds(static_cast<double>(frame.number) * period_s_);
  const std::int64_t whole_s = first_start_.count() / 1'000'000'000;
  const std::int64_t rest_ns = first_start_.count() % 1'000'000'000;
  const std::vector<double> kept{
      static_cast<double>(whole_s), static_cast<double>(rest_ns), period_s_};
  context.recording.write(series_, {0}, std::span<const double>(kept));
}

void MovieSeries::take(devices::Camera& camera, const RunContext& context) {
  while (done_ < frames_) {
    const auto frame = camera.next_frame(incoming_, frame_timeout(period_s_), context.stop);
    if (!frame && done_ == 0) {
      throw devices::DeviceError("camera", "read frame", "no frame came", devices::Retry::yes);
    }
    if (frame) {
      place_first(context, *frame);
      put(context, *frame);
    } else {  // the last ones were lost
      record_missing(context, frames_);
    }
    if (lost_ > most_lost_) {
      throw devices::DeviceError("camera",
                                 "read frame",
                                 fmt::format("{} of {} frames lost or incomplete", lost_, done_),
                                 devices::Retry::yes);
    }
  }
}

}  // namespace halotwin::scenarios
