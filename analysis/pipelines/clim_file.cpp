#include "analysis/pipelines/clim_file.hpp"

#include <algorithm>
#include <cmath>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include <fmt/format.h>

#include "base/constants.hpp"
#include "base/errors.hpp"
#include "base/table.hpp"

namespace halotwin::analysis {

namespace {

std::optional<double> number(const Table& table, std::string_view key) {
  const Value* value = table.find(key);
  if (value == nullptr) {
    return std::nullopt;
  }
  if (const auto* real = std::get_if<double>(&value->data)) {
    return std::isfinite(*real) ? std::optional(*real) : std::nullopt;
  }
  if (const auto* whole = std::get_if<std::int64_t>(&value->data)) {
    return static_cast<double>(*whole);
  }
  return std::nullopt;
}

/// `value` or what stands for unknown.
double known(const Table& table, std::string_view key, double unknown) {
  return number(table, key).value_or(unknown);
}

std::optional<double> step_of(const data::Axis& axis, std::string_view unit) {
  const std::size_t n = axis.values.size();
  if (n < 2 || axis.unit != unit) {
    return std::nullopt;
  }
  return (axis.values.back() - axis.values.front()) / static_cast<double>(n - 1);
}

[[noreturn]] void fail(const data::RecordingReader& recording, const std::string& what) {
  throw DataError(fmt::format("{}: {}", recording.path().string(), what));
}

/// A signal with one value per frame (or pixel); empty if there is none.
template <class T>
std::vector<T> optional_list(const data::RecordingReader& recording,
                             std::string_view name,
                             std::size_t count,
                             std::string& signals_read) {
  if (!recording.has_signal(name)) {
    return {};
  }
  auto values = recording.read<T>(name);
  if (values.size() < count) {
    fail(recording,
         fmt::format(
             "/entry/{} has {} values where the movie needs {}", name, values.size(), count));
  }
  values.resize(count);
  signals_read += fmt::format(", {}", name);
  return values;
}

std::size_t frames_there(const data::RecordingReader& recording, std::size_t frames) {
  if (recording.status() == data::RunStatus::complete || recording.header().units_total != frames) {
    return frames;
  }
  return std::min(frames, recording.units_done());
}

void read_geometry(const data::RecordingReader& recording, const Table& camera, MovieInfo& info) {
  const data::SignalSpec spec = recording.spec("movie");
  if (spec.axes.size() != 3) {
    fail(recording, "/entry/movie must be (frame, y, x)");
  }
  if (spec.type != data::ElementType::u16 && spec.type != data::ElementType::u8) {
    fail(recording, fmt::format("/entry/movie holds {}, not uint16", data::name_of(spec.type)));
  }
  info.frames = frames_there(recording, spec.axes[0].values.size());
  info.ny = spec.axes[1].values.size();
  info.nx = spec.axes[2].values.size();
  if (info.frames == 0) {
    fail(recording, "no frame of the movie was taken");
  }
  const auto step_y = step_of(spec.axes[1], "m");
  const auto step_x = step_of(spec.axes[2], "m");
  if (step_x && step_y && std::abs(*step_x - *step_y) > 1e-6 * std::abs(*step_x)) {
    fail(recording,
         fmt::format("/entry/movie has pixels of {:.4g} x {:.4g} m: square ones expected",
                     *step_x,
                     *step_y));
  }
  const auto said = number(camera, "pixel_size_m");
  const auto pixel = said ? said : (step_x ? step_x : step_y);
  const auto period = number(camera, "frame_period_s");
  const auto step_t = step_of(spec.axes[0], "s");
  const auto frame_period = period ? period : step_t;
  if (!pixel || *pixel <= 0.0) {
    fail(recording, "no pixel size: expected instrument/camera/pixel_size_m or an axis x in m");
  }
  if (!frame_period || *frame_period <= 0.0) {
    fail(recording,
         "no frame period: expected instrument/camera/frame_period_s or an axis time in s");
  }
  info.pixel_m = *pixel;
  info.frame_period_s = *frame_period;
}

void read_camera(const Table& camera, MovieInfo& info) {
  info.counts_per_electron = known(camera, "counts_per_electron", 0.0);
  info.excess_factor = known(camera, "excess_factor", 0.0);
  info.read_noise_e = known(camera, "read_noise_e", nan);
  info.offset_counts = known(camera, "offset_counts", nan);
  info.exposure_s = known(camera, "exposure_s", nan);
  const double saturation = known(camera, "saturation_counts", 0.0);
  info.saturation_counts =
      saturation > 0.0 && saturation <= 4294967295.0 ? static_cast<std::uint32_t>(saturation) : 0;
}

void read_lists(const data::RecordingReader& recording, MovieInfo& info, std::string& read) {
  const auto times = optional_list<double>(recording, "frame_time", info.frames, read);
  const bool whole =
      std::all_of(times.begin(), times.end(), [](double t) { return std::isfinite(t); });
  if (!times.empty() && whole) {
    info.frame_time_s = times;
    info.frame_times_are_measured = true;
  }
  info.valid = optional_list<std::uint8_t>(recording, "frame_valid", info.frames, read);
  for (auto& valid : info.valid) {
    valid = valid == 1 ? 1 : 0;
  }
  info.dark = optional_list<double>(recording, "dark", info.pixels(), read);
  if (std::none_of(info.dark.begin(), info.dark.end(), [](double d) { return std::isfinite(d); })) {
    info.dark.clear();
  }
  complete_frame_lists(info);
}

}  // namespace

RecordedMovie::RecordedMovie(const std::filesystem::path& path, std::string_view scope)
    : recording_(path, scope) {
  if (!recording_.has_signal("movie")) {
    fail(recording_, "holds no movie (/entry/movie): expected a recording of procedure pl_movie");
  }
  const Table camera = recording_.has_collection("instrument/camera")
                           ? recording_.collection("instrument/camera")
                           : Table{};
  read_geometry(recording_, camera, info_);
  read_camera(camera, info_);
  read_lists(recording_, info_, signals_read_);
  validate(info_);
}

void RecordedMovie::read(std::size_t first_frame,
                         std::size_t count,
                         std::span<std::uint16_t> into) const {
  require_frames(info_, first_frame, count, into.size());
  recording_.read_rows("movie", first_frame, into);
}

}  // namespace halotwin::analysis
