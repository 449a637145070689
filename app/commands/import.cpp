// halotwin import
#include <optional>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "app/commands/commands.hpp"
#include "app/console.hpp"
#include "base/errors.hpp"
#include "base/require.hpp"
#include "base/units.hpp"
#include "data/imports/movie_import.hpp"
#include "data/imports/scan_import.hpp"
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

data::Software software() {
  data::Software made_by;
  made_by.version = session::build_info::version;
  made_by.commit = session::build_info::commit;
  made_by.compiler = session::build_info::compiler;
  made_by.build_flags = session::build_info::build_type;
  return made_by;
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
  job.software = software();
  return job;
}

/// A scan carries its own scale: what only movies need is a mistake.
void refuse_movie_options(const ImportArguments& a, const std::string& kind) {
  struct Given {
    const char* option;
    const std::string& text;
  };
  for (const Given& given : {Given{"--dataset", a.dataset},
                             Given{"--dark", a.dark},
                             Given{"--dark-dataset", a.dark_dataset},
                             Given{"--pixel-size", a.pixel_size},
                             Given{"--frame-time", a.frame_time},
                             Given{"--exposure", a.exposure},
                             Given{"--gain", a.gain},
                             Given{"--excess-factor", a.excess_factor},
                             Given{"--read-noise", a.read_noise},
                             Given{"--offset", a.offset},
                             Given{"--saturation", a.saturation}}) {
    if (!given.text.empty()) {
      throw ParameterError(
          fmt::format("{}: is for movies; {} is read as {}, which has its own scale",
                      given.option,
                      a.file,
                      kind));
    }
  }
}

int import_scan(const ImportArguments& arguments, const Surroundings& around) {
  data::ScanImport job;
  job.source = arguments.file;
  job.output = arguments.output;
  job.overwrite = arguments.force ? data::Overwrite::yes : data::Overwrite::no;
  job.command_line = around.command_line;
  job.software = software();
  const data::ImportedScan scan = data::import_scan(job);
  fmt::print("{}: {} signals ({}): {}\n",
             arguments.output,
             scan.signals.size(),
             scan.kind,
             fmt::join(scan.signals, ", "));
  for (const std::string& note : scan.notes) {
    fmt::print("  {}\n", note);
  }
  return done;
}

int import_movie(const ImportArguments& arguments, const Surroundings& around) {
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

}  // namespace

int import_file(const ImportArguments& arguments, const Surroundings& around) {
  const std::string kind = data::scan_kind_of(arguments.file);
  if (kind.empty()) {
    return import_movie(arguments, around);
  }
  refuse_movie_options(arguments, kind);
  return import_scan(arguments, around);
}

}  // namespace halotwin::app
