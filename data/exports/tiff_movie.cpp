#include "data/exports/tiff_movie.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "base/errors.hpp"
#include "data/tiff_writer.hpp"

namespace halotwin::data {

namespace {

constexpr std::size_t portion_values = std::size_t{1} << 23U;

[[noreturn]] void fail(const RecordingReader& recording, std::string_view what) {
  throw DataError(fmt::format("{}: {}", recording.path().string(), what));
}

std::optional<double> camera_value(const RecordingReader& recording, std::string_view key) {
  if (!recording.has_collection("instrument/camera")) {
    return std::nullopt;
  }
  const Table camera = recording.collection("instrument/camera");
  const Value* value = camera.find(key);
  const double* number = value == nullptr ? nullptr : std::get_if<double>(&value->data);
  return number != nullptr && std::isfinite(*number) && *number > 0.0 ? std::optional(*number)
                                                                      : std::nullopt;
}

/// What the camera says, or the spacing of the axis.
double spacing(const RecordingReader& recording, const Axis& axis, std::string_view key) {
  if (const auto said = camera_value(recording, key)) {
    return *said;
  }
  const double steps = static_cast<double>(axis.values.size()) - 1.0;
  const double step = steps > 0.0 ? (axis.values.back() - axis.values.front()) / steps : 0.0;
  if (step <= 0.0) {
    fail(recording,
         fmt::format("says neither instrument/camera/{} nor an axis {}", key, axis.name));
  }
  return step;
}

TiffMovieSpec spec_of(const RecordingReader& recording, const SignalSpec& movie) {
  TiffMovieSpec spec;
  spec.width = movie.axes[2].values.size();
  spec.height = movie.axes[1].values.size();
  spec.type = ElementType::u16;
  spec.pixel_m = spacing(recording, movie.axes[2], "pixel_size_m");
  spec.frame_period_s = spacing(recording, movie.axes[0], "frame_period_s");
  spec.exposure_s = camera_value(recording, "exposure_s");
  spec.name = recording.header().title;
  spec.software = fmt::format(
      "{} {}", recording.header().software.program, recording.header().software.version);
  return spec;
}

std::vector<double> times_of(const RecordingReader& recording, std::size_t frames) {
  if (!recording.has_signal("frame_time")) {
    return {};
  }
  auto times = recording.read<double>("frame_time");
  const bool usable =
      times.size() >= frames && std::all_of(times.begin(),
                                            times.begin() + static_cast<std::ptrdiff_t>(frames),
                                            [](double t) { return std::isfinite(t); });
  return usable ? times : std::vector<double>{};
}

}  // namespace

void export_tiff_movie(const RecordingReader& recording,
                       const std::filesystem::path& out,
                       Overwrite overwrite) {
  if (!recording.has_signal("movie")) {
    fail(recording, "holds no movie: a .tif is written of recordings of pl_movie");
  }
  const SignalSpec movie = recording.spec("movie");
  if (movie.axes.size() != 3 || (movie.type != ElementType::u16 && movie.type != ElementType::u8)) {
    fail(recording, "/entry/movie must be whole numbers (frame, y, x)");
  }
  std::size_t frames = movie.axes[0].values.size();
  if (recording.status() != RunStatus::complete && recording.header().units_total == frames) {
    frames = recording.units_done();
  }
  if (frames == 0) {
    fail(recording, "no frame of the movie was taken");
  }
  const auto times = times_of(recording, frames);
  TiffMovieWriter writer(out, spec_of(recording, movie), overwrite);
  const std::size_t size = movie.axes[1].values.size() * movie.axes[2].values.size();
  const std::size_t portion = std::max<std::size_t>(1, portion_values / size);
  std::vector<std::uint16_t> values;
  for (std::size_t first = 0; first < frames; first += portion) {
    const std::size_t count = std::min(portion, frames - first);
    values.resize(count * size);
    recording.read_rows("movie", first, std::span(values));
    for (std::size_t t = 0; t < count; ++t) {
      writer.write_frame(std::span(values).subspan(t * size, size),
                         times.empty() ? std::nullopt : std::optional(times[first + t]));
    }
  }
  writer.finish();
}

}  // namespace halotwin::data
