#include "data/imports/scan_import.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <fstream>
#include <map>
#include <set>
#include <system_error>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/errors.hpp"
#include "data/files.hpp"
#include "data/imports/foreign_scan.hpp"
#include "data/recording_writer.hpp"
#include "data/seal.hpp"

namespace halotwin::data {

namespace {

using imports::ForeignChannel;
using imports::ForeignScan;

const imports::ScanFormat* format_of(const std::filesystem::path& path) {
  std::array<char, 4096> head{};
  std::ifstream in(path, std::ios::binary);
  in.read(head.data(), head.size());
  const std::string_view first(head.data(), static_cast<std::size_t>(in.gcount()));
  if (first.starts_with("\x89HDF") || first.starts_with("II*") || first.starts_with("II+") ||
      first.starts_with(std::string_view("MM\0", 3))) {
    return nullptr;
  }
  for (const imports::ScanFormat& format : imports::scan_formats()) {
    if (format.begins(first)) {
      return &format;
    }
  }
  std::string extension = path.extension().string();
  std::transform(extension.begin(), extension.end(), extension.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  });
  for (const imports::ScanFormat& format : imports::scan_formats()) {
    if (extension == format.extension) {
      return &format;
    }
  }
  return nullptr;
}

std::string contents_of(const std::filesystem::path& path) {
  std::error_code error;
  const auto size = std::filesystem::file_size(path, error);
  if (error || !std::filesystem::is_regular_file(path, error)) {
    throw DataError(fmt::format("{}: does not exist, or is no file", path.string()));
  }
  if (size > imports::longest_file) {
    throw DataError(fmt::format(
        "{}: has {} bytes: at most {} expected", path.string(), size, imports::longest_file));
  }
  std::string bytes(size, '\0');
  std::ifstream in(path, std::ios::binary);
  if (!in.read(bytes.data(), static_cast<std::streamsize>(size))) {
    throw DataError(fmt::format("{}: cannot be read", path.string()));
  }
  return bytes;
}

/// No two alike, and none that a recording uses for something else.
void make_names_unique(ForeignScan& scan) {
  static const std::set<std::string> reserved = {"title",      "definition",
                                                 "start_time", "end_time",
                                                 "user",       "sample",
                                                 "instrument", "process",
                                                 "license",    "simulation",
                                                 "devices",    "seal",
                                                 "run_state",  "new_result",
                                                 "events",     "import",
                                                 "truth",      "program_name",
                                                 "notes",      "scan_mode",
                                                 "section",    "experiment_technique"};
  std::set<std::string> taken;
  for (ForeignChannel& channel : scan.channels) {
    const bool is_free = !reserved.contains(channel.name) && !channel.name.starts_with("analysis_");
    const std::string base = is_free ? channel.name : channel.name + "_channel";
    channel.name = base;
    for (std::size_t i = 2; taken.contains(channel.name); ++i) {
      channel.name = fmt::format("{}_{}", base, i);
    }
    taken.insert(channel.name);
  }
}

std::size_t missing_in(const ForeignChannel& channel) {
  return std::visit(
      [](const auto& values) {
        return static_cast<std::size_t>(
            std::count_if(values.begin(), values.end(), [](auto v) { return !std::isfinite(v); }));
      },
      channel.values);
}

std::size_t size_of(const ForeignChannel& channel) {
  return std::visit([](const auto& values) { return values.size(); }, channel.values);
}

/// One note for all channels that lack the same number of values.
void note_missing(ForeignScan& scan) {
  std::map<std::pair<std::size_t, std::size_t>, std::vector<std::string>> lacking;
  for (const ForeignChannel& channel : scan.channels) {
    if (const std::size_t missing = missing_in(channel); missing > 0) {
      lacking[{missing, size_of(channel)}].push_back(channel.name);
    }
  }
  for (const auto& [numbers, names] : lacking) {
    const std::size_t shown = std::min<std::size_t>(names.size(), 6);
    const std::vector<std::string> first(names.begin(),
                                         names.begin() + static_cast<std::ptrdiff_t>(shown));
    scan.warnings.push_back(
        fmt::format("{} of {} values are not finite, kept as they are, in {}{}",
                    numbers.first,
                    numbers.second,
                    fmt::join(first, ", "),
                    shown < names.size() ? fmt::format(" and {} more", names.size() - shown) : ""));
  }
}

Table import_table(const ScanImport& job, const ForeignScan& scan, const std::string& sha256) {
  Table table = scan.about;
  table.set("file", Value{job.source.filename().string(), {}});
  table.set("sha256", Value{sha256, {}});
  table.set("kind", Value{scan.kind, {}});
  table.set("header_text", Value{scan.header_text, {}});
  Array keys;
  Array values;
  for (const auto& [key, value] : scan.header) {
    keys.push_back(Value{key, {}});
    values.push_back(Value{value, {}});
  }
  if (!keys.empty()) {
    table.set("header_keys", Value{std::move(keys), {}});
    table.set("header_values", Value{std::move(values), {}});
  }
  Array labels;
  Array names;
  for (const ForeignChannel& channel : scan.channels) {
    labels.push_back(Value{channel.label, {}});
    names.push_back(Value{channel.name, {}});
  }
  table.set("channel_labels", Value{std::move(labels), {}});
  table.set("channel_signals", Value{std::move(names), {}});
  return table;
}

RecordingHeader header_of(const ScanImport& job, const ForeignScan& scan) {
  RecordingHeader header;
  header.title = fmt::format("{}, {}", scan.title, job.source.filename().string());
  header.experiment_technique = scan.technique;
  header.procedure = scan.procedure;
  header.sample.name = job.source.stem().string();
  header.sample.description = "imported";
  header.sample.simulated = false;
  header.clock = ClockKind::wall;
  header.start_since_epoch = scan.recorded.value_or(std::chrono::nanoseconds(0));
  header.command_line = job.command_line;
  header.software = job.software;
  header.scan = scan.area;
  header.units_total = scan.area ? scan.area->points_x * scan.area->points_y : 1;
  header.unit_word = scan.unit_word;
  return header;
}

/// Pixels, of all that there are, that the most complete channel has measured.
std::size_t units_done(const ForeignScan& scan, std::size_t total) {
  std::size_t most = 0;
  for (const ForeignChannel& channel : scan.channels) {
    const std::size_t per_unit = std::max<std::size_t>(1, size_of(channel) / total);
    most = std::max(most, (size_of(channel) - missing_in(channel)) / per_unit);
  }
  return scan.area ? most : total;
}

std::size_t default_plot(const ForeignScan& scan) {
  for (const std::string_view wanted : {"height", "z", "topography", "current"}) {
    for (std::size_t k = 0; k < scan.channels.size(); ++k) {
      const ForeignChannel& channel = scan.channels[k];
      if (channel.name.starts_with(wanted) && channel.axes.size() == scan.channels[0].axes.size()) {
        return k;
      }
    }
  }
  return 0;
}

SignalSpec spec_of(const ForeignChannel& channel, bool is_default) {
  const bool is_float = std::holds_alternative<std::vector<float>>(channel.values);
  return {.group = channel.name,
          .type = is_float ? ElementType::f32 : ElementType::f64,
          .unit = channel.unit,
          .axes = channel.axes,
          .interpretation = channel.interpretation,
          .title = channel.label,
          .description = channel.description,
          .is_default_plot = is_default};
}

/// `began` becomes true as soon as there is a file to take away after a failure.
void write_all(const ScanImport& job, const ForeignScan& scan, const Table& about, bool& began) {
  auto out = RecordingWriter::create(job.output, header_of(job, scan), job.overwrite);
  std::vector<SignalId> ids;
  const std::size_t shown = default_plot(scan);
  for (std::size_t k = 0; k < scan.channels.size(); ++k) {
    ids.push_back(out.add_signal(spec_of(scan.channels[k], k == shown)));
  }
  out.add_collection("import", about, "NXcollection");
  out.begin();
  began = true;
  for (std::size_t k = 0; k < scan.channels.size(); ++k) {
    std::visit(
        [&](const auto& values) {
          using Number = typename std::decay_t<decltype(values)>::value_type;
          out.write(ids[k], {}, std::span<const Number>(values));
        },
        scan.channels[k].values);
  }
  for (const std::string& note : scan.warnings) {
    out.events().write({Duration{}, Level::warning, "import", note});
  }
  out.save_checkpoint(units_done(scan, out.header().units_total));
  out.finish(RunStatus::complete, Duration{});
}

}  // namespace

std::vector<ScanFormatName> scan_format_names() {
  std::vector<ScanFormatName> names;
  for (const imports::ScanFormat& format : imports::scan_formats()) {
    names.push_back({format.name, format.extension, format.contents});
  }
  return names;
}

std::string scan_kind_of(const std::filesystem::path& path) {
  const imports::ScanFormat* format = format_of(path);
  return format == nullptr ? "" : format->name;
}

ImportedScan import_scan(const ScanImport& job) {
  std::error_code error;
  if (job.overwrite == Overwrite::no && std::filesystem::exists(job.output, error)) {
    throw DataError(
        fmt::format("{}: exists already (not overwritten without --force)", job.output.string()));
  }
  if (std::filesystem::equivalent(job.source, job.output, error)) {
    throw DataError(fmt::format("{}: source and output are one file", job.source.string()));
  }
  const std::string bytes = contents_of(job.source);
  const imports::ScanFormat* format = format_of(job.source);
  if (format == nullptr) {
    throw DataError(
        fmt::format("{}: is no scan or spectrum that can be read", job.source.string()));
  }
  ForeignScan scan = format->read(job.source.string(), bytes);
  make_names_unique(scan);
  note_missing(scan);
  scan.warnings.emplace_back(
      scan.recorded ? "the file names no time zone: its time is taken as UTC"
                    : "the file does not say when it was recorded: start_time is 1970");
  ImportedScan imported;
  imported.kind = scan.kind;
  imported.sha256 = hash_of_file(job.source);
  imported.notes = scan.warnings;
  for (const ForeignChannel& channel : scan.channels) {
    imported.signals.push_back(channel.name);
  }
  bool began = false;
  try {
    write_all(job, scan, import_table(job, scan, imported.sha256), began);
  } catch (...) {
    if (began) {
      std::filesystem::remove(part_of(job.output), error);
    }
    throw;
  }
  return imported;
}

}  // namespace halotwin::data
