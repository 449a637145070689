// halotwin import
#include <optional>

#include <fmt/format.h>

#include "app/commands/commands.hpp"
#include "app/console.hpp"
#include "base/errors.hpp"
#include "base/require.hpp"
#include "base/units.hpp"
#include "data/imports/movie_import.hpp"
#include "session/build_info.hpp"

namespace halotwin::app {

namespace {

/// The value of an option with its unit, "100 nm"; nothing if it was not given.
std::optional<double> quantity(const char* option, const std::string& text, const char* unit) {
  if (text.empty()) {
    return std::nullopt;
  }
  try {
    return parse_quantity(text, unit);
  } catch (const ParameterError& error) {
    throw ParameterError(fmt::format("{}: {}", option, error.what()));
  }
}

/// Of a number that must be > 0.
std::optional<double> positive(const char* option, const std::string& text, const char* unit) {
  const auto value = quantity(option, text, unit);
  if (value) {
    require_positive(option, *value);
  }
  return value;
}

data::MovieImport job_of(const ImportArguments& a) {
  data::MovieImport job;
  job.source = a.file;
  job.output = a.output;
  job.dataset = a.dataset;
  job.dark = a.dark;
  job.dark_dataset = a.dark_dataset;
  job.calibration.pixel_m = positive("--pixel-size", a.pixel_size, "m");
  job.calibration.frame_period_s = positive("--frame-time", a.frame_time, "s");
  job.camera.exposure_s = positive("--exposure", a.exposure, "s");
  job.camera.counts_per_electron = positive("--gain", a.gain, "");
  job.camera.excess_factor = positive("--excess-factor", a.excess_factor, "");
  job.camera.read_noise_e = quantity("--read-noise", a.read_noise, "");
  job.camera.offset_counts = quantity("--offset", a.offset, "");
  job.camera.saturation_counts = positive("--saturation", a.saturation, "");
  job.overwrite = a.force ? data::Overwrite::yes : data::Overwrite::no;
  job.software.version = session::build_info::version;
  job.software.commit = session::build_info::commit;
  job.software.compiler = session::build_info::compiler;
  job.software.build_flags = session::build_info::build_type;
  return job;
}

}  // namespace

int import_file(const ImportArguments& arguments, const Surroundings& around) {
  data::MovieImport job = job_of(arguments);
  job.command_line = around.command_line;
  Console console;
  job.progress = [&](std::size_t done, std::size_t total) {
    if (around.stop.stop_requested()) {
      throw Interrupted("interrupted: nothing was imported");
    }
    if (done % 64 == 0) {
      console.progress(done, total, 0.0);
    }
  };
  const data::ImportedMovie movie = data::import_movie(job);
  console.clear();
  fmt::print("{}: {} frames of {} x {} pixels, pixel {:.6g} nm, frame time {:.6g} ms ({})\n",
             arguments.output,
             movie.frames,
             movie.nx,
             movie.ny,
             movie.pixel_m / units::nm,
             movie.frame_period_s / units::ms,
             movie.kind);
  for (const std::string& note : movie.notes) {
    fmt::print("  {}\n", note);
  }
  return done;
}

}  // namespace halotwin::app
