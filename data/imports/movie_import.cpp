#include "data/imports/movie_import.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <span>
#include <system_error>

#include <fmt/format.h>

#include "base/errors.hpp"
#include "base/grid.hpp"
#include "base/require.hpp"
#include "data/files.hpp"
#include "data/imports/counted_frames.hpp"
#include "data/imports/foreign_movie.hpp"
#include "data/recording_writer.hpp"
#include "data/seal.hpp"

namespace halotwin::data {

namespace {

double median_step(const std::vector<double>& times) {
  std::vector<double> steps;
  for (std::size_t t = 1; t < times.size(); ++t) {
    steps.push_back(times[t] - times[t - 1]);
  }
  const auto middle = steps.begin() + static_cast<std::ptrdiff_t>(steps.size() / 2);
  std::nth_element(steps.begin(), middle, steps.end());
  return *middle;
}

bool ascend(const std::vector<double>& times) {
  return std::all_of(times.begin(), times.end(), [](double t) { return std::isfinite(t); }) &&
         std::adjacent_find(
             times.begin(), times.end(), [](double a, double b) { return b <= a; }) == times.end();
}

/// Time stamps of the file that can be used: since the first frame; empty if there are none.
std::vector<double> usable_times(const TiffMovieInfo& info,
                                 const GivenCalibration& given,
                                 std::vector<std::string>& notes) {
  if (info.frame_times_s.size() != info.frames) {
    notes.emplace_back("no time stamps in the file: frames are taken as equally spaced");
    return {};
  }
  if (!ascend(info.frame_times_s)) {
    notes.emplace_back("time stamps do not ascend: frames are taken as equally spaced");
    return {};
  }
  const double step = median_step(info.frame_times_s);
  if (given.frame_period_s && std::abs(step - *given.frame_period_s) > 0.01 * step) {
    notes.push_back(
        fmt::format("time stamps {:.6g} s apart contradict the frame time given: "
                    "frames are taken as equally spaced",
                    step));
    return {};
  }
  std::vector<double> times = info.frame_times_s;
  for (double& t : times) {
    t -= info.frame_times_s.front();
  }
  return times;
}

std::vector<double> frame_numbers(const std::vector<double>& times,
                                  double period_s,
                                  std::vector<std::string>& notes) {
  std::vector<double> numbers;
  double missing = 0.0;
  for (std::size_t t = 0; t < times.size(); ++t) {
    const double steps = t == 0 ? 0.0 : std::round((times[t] - times[t - 1]) / period_s);
    numbers.push_back(t == 0 ? 0.0 : numbers.back() + std::max(1.0, steps));
    missing += std::max(0.0, steps - 1.0);
  }
  if (missing > 0.0) {
    notes.push_back(fmt::format("{} frames are missing, by the time stamps", missing));
  }
  return numbers;
}

Table camera_table(const MovieImport& job, const ImportedMovie& movie, const TiffMovieInfo& info) {
  Table table;
  const auto put = [&](const char* key, const std::optional<double>& value, double lowest) {
    if (value) {
      require(std::isfinite(*value) && *value >= lowest,
              key,
              *value,
              fmt::format("a number of at least {}", lowest));
      table.set(key, Value{*value, {}});
    }
  };
  const GivenCamera& camera = job.camera;
  put("frame_period_s", movie.frame_period_s, 0.0);
  put("pixel_size_m", movie.pixel_m, 0.0);
  put("exposure_s", camera.exposure_s ? camera.exposure_s : info.exposure_s, 0.0);
  put("counts_per_electron", camera.counts_per_electron, 0.0);
  put("excess_factor", camera.excess_factor, 0.0);
  put("read_noise_e", camera.read_noise_e, 0.0);
  put("offset_counts", camera.offset_counts, -65535.0);
  put("saturation_counts", camera.saturation_counts, 0.0);
  return table;
}

Table import_table(const MovieImport& job, const ImportedMovie& movie) {
  Table table;
  table.set("file", Value{job.source.filename().string(), {}});
  table.set("sha256", Value{movie.sha256, {}});
  table.set("kind", Value{movie.kind, {}});
  if (!job.dark.empty()) {
    table.set("dark_file", Value{job.dark.filename().string(), {}});
    table.set("dark_sha256", Value{hash_of_file(job.dark), {}});
  }
  return table;
}

std::vector<double> mean_dark(const MovieImport& job, const TiffMovieInfo& info) {
  if (job.dark.empty()) {
    return {};
  }
  const auto dark = open_foreign_movie(job.dark, job.dark_dataset);
  if (dark->info().width != info.width || dark->info().height != info.height) {
    throw DataError(fmt::format("{}: has {} x {} pixels, the movie has {} x {}",
                                job.dark.string(),
                                dark->info().width,
                                dark->info().height,
                                info.width,
                                info.height));
  }
  std::vector<double> mean(info.width * info.height, 0.0);
  std::vector<double> frame(mean.size());
  for (std::size_t t = 0; t < dark->info().frames; ++t) {
    dark->read(t, frame);
    for (std::size_t i = 0; i < mean.size(); ++i) {
      if (!std::isfinite(frame[i])) {
        throw DataError(
            fmt::format("{}: frame {} has a value that is not finite", job.dark.string(), t + 1));
      }
      mean[i] += frame[i] / static_cast<double>(dark->info().frames);
    }
  }
  return mean;
}

RecordingHeader header_of(const MovieImport& job, const ImportedMovie& movie) {
  RecordingHeader header;
  header.title = fmt::format("photoluminescence movie {}", job.source.filename().string());
  header.experiment_technique = "photoluminescence microscopy";
  header.procedure = "pl_movie";
  header.sample.name = job.source.stem().string();
  header.sample.description = "imported";
  header.sample.simulated = false;
  header.command_line = job.command_line;
  header.software = job.software;
  header.units_total = movie.frames;
  header.unit_word = "frame";
  return header;
}

struct Signals {
  SignalId movie;
  SignalId time;
  SignalId number;
  SignalId dark;
};

Signals define(RecordingWriter& out, const ImportedMovie& movie, bool has_times, bool has_dark) {
  const auto last = [](std::size_t n, double step) { return static_cast<double>(n - 1) * step; };
  const Axis time{"time",
                  "s",
                  linear_spacing(0.0, last(movie.frames, movie.frame_period_s), movie.frames),
                  "start of the exposure, nominal (s)"};
  const Axis y{"y", "m", linear_spacing(0.0, last(movie.ny, movie.pixel_m), movie.ny), {}};
  const Axis x{"x", "m", linear_spacing(0.0, last(movie.nx, movie.pixel_m), movie.nx), {}};
  Signals signals;
  signals.movie = out.add_signal({.group = "movie",
                                  .type = ElementType::u16,
                                  .unit = "counts",
                                  .axes = {time, y, x},
                                  .interpretation = Interpretation::image,
                                  .title = "photoluminescence movie",
                                  .is_default_plot = true});
  if (has_times) {
    signals.time = out.add_signal({.group = "frame_time",
                                   .type = ElementType::f64,
                                   .unit = "s",
                                   .axes = {time},
                                   .description = "start of the exposure, as the file says it"});
    signals.number = out.add_signal({.group = "frame_number",
                                     .type = ElementType::f64,
                                     .unit = "1",
                                     .axes = {time},
                                     .description = "from the time stamps; gaps are lost frames"});
  }
  if (has_dark) {
    signals.dark = out.add_signal({.group = "dark",
                                   .type = ElementType::f64,
                                   .unit = "counts",
                                   .axes = {y, x},
                                   .interpretation = Interpretation::image,
                                   .title = "mean dark frame"});
  }
  return signals;
}

/// `began` becomes true as soon as there is a file to take away after a failure.
void write_all(const MovieImport& job, ForeignMovie& source, ImportedMovie& movie, bool& began) {
  const auto times = usable_times(source.info(), job.calibration, movie.notes);
  const auto numbers = frame_numbers(times, movie.frame_period_s, movie.notes);
  const auto dark = mean_dark(job, source.info());
  auto out = RecordingWriter::create(job.output, header_of(job, movie), job.overwrite);
  const Signals signals = define(out, movie, !times.empty(), !dark.empty());
  out.add_collection("instrument/camera", camera_table(job, movie, source.info()), "NXdetector");
  out.add_collection("import", import_table(job, movie), "NXcollection");
  out.begin();
  began = true;
  CountedFrames counts(source, job.source.string());
  for (std::size_t t = 0; t < movie.frames; ++t) {
    if (job.progress) {
      job.progress(t, movie.frames);
    }
    out.write(signals.movie, {t}, counts.frame(t));
  }
  counts.add_notes(movie.notes);
  if (!times.empty()) {
    out.write(signals.time, {}, std::span<const double>(times));
    out.write(signals.number, {}, std::span<const double>(numbers));
  }
  if (!dark.empty()) {
    out.write(signals.dark, {}, std::span<const double>(dark));
  }
  for (const std::string& note : movie.notes) {
    out.events().write({Duration{}, Level::warning, "import", note});
  }
  out.save_checkpoint(movie.frames);
  out.finish(RunStatus::complete, Duration{});
}

}  // namespace

ImportedMovie import_movie(const MovieImport& job) {
  std::error_code error;
  if (job.overwrite == Overwrite::no && std::filesystem::exists(job.output, error)) {
    throw DataError(
        fmt::format("{}: exists already (not overwritten without --force)", job.output.string()));
  }
  if (std::filesystem::equivalent(job.source, job.output, error)) {
    throw DataError(fmt::format("{}: source and output are one file", job.source.string()));
  }
  const auto source = open_foreign_movie(job.source, job.dataset);
  TiffMovieInfo info = source->info();
  if (!info.frame_period_s && info.frame_times_s.size() == info.frames &&
      ascend(info.frame_times_s)) {
    info.frame_period_s = median_step(info.frame_times_s);
  }
  const auto calibration = calibration_of(info, job.calibration, job.source.string());
  if (std::abs(calibration.pixel_width_m - calibration.pixel_height_m) >
      1e-3 * calibration.pixel_width_m) {
    throw DataError(fmt::format("{}: has pixels of {:.4g} x {:.4g} m: square ones expected",
                                job.source.string(),
                                calibration.pixel_width_m,
                                calibration.pixel_height_m));
  }
  ImportedMovie movie;
  movie.frames = info.frames;
  movie.ny = info.height;
  movie.nx = info.width;
  movie.pixel_m = calibration.pixel_width_m;
  movie.frame_period_s = calibration.frame_period_s;
  movie.kind = source->kind();
  movie.sha256 = hash_of_file(job.source);
  bool began = false;
  try {
    write_all(job, *source, movie, began);
  } catch (...) {
    if (began) {
      std::filesystem::remove(part_of(job.output), error);
    }
    throw;
  }
  return movie;
}

}  // namespace halotwin::data
