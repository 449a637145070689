// halotwin info
#include <cmath>
#include <filesystem>

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <nlohmann/json.hpp>

#include "app/commands/commands.hpp"
#include "app/console.hpp"
#include "app/result_text.hpp"
#include "data/recording_reader.hpp"
#include "data/truth.hpp"

namespace halotwin::app {

namespace {

using Json = nlohmann::ordered_json;

std::string truth_text(const data::RecordingReader& recording) {
  if (!data::is_blind(recording.path())) {
    return recording.header().sample.simulated ? "inside" : "none";
  }
  const auto beside = data::truth_path(recording.path());
  std::error_code failed;
  return fmt::format("sealed in {}{}",
                     beside.filename().string(),
                     std::filesystem::exists(beside, failed) ? "" : " (which is not here)");
}

Json number_or_null(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json signals_json(const data::RecordingReader& recording) {
  Json signals = Json::array();
  for (const std::string& name : recording.signals()) {
    const data::SignalSpec spec = recording.spec(name);
    Json axes = Json::array();
    for (const data::Axis& axis : spec.axes) {
      axes.push_back({{"name", axis.name}, {"unit", axis.unit}, {"size", axis.values.size()}});
    }
    signals.push_back({{"name", name},
                       {"type", data::name_of(spec.type)},
                       {"unit", spec.unit},
                       {"axes", std::move(axes)}});
  }
  return signals;
}

/// The recording itself, then each of its steps: where results can be.
std::vector<data::RecordingReader> with_steps(const data::RecordingReader& recording) {
  std::vector<data::RecordingReader> readers;
  readers.emplace_back(recording.path());
  for (const data::RecordingSection& section : recording.header().sections) {
    readers.emplace_back(recording.path(), section.scope);
  }
  return readers;
}

Json results_json(const data::RecordingReader& recording, Json results) {
  for (const std::string& name : recording.results()) {
    const data::Result result = recording.result(name);
    Json scalars = Json::array();
    for (const data::ResultScalar& scalar : result.scalars) {
      scalars.push_back({{"name", scalar.name},
                         {"value", number_or_null(scalar.value)},
                         {"sigma", number_or_null(scalar.sigma)},
                         {"unit", scalar.unit}});
    }
    Json one{{"name", name}, {"date", result.date}, {"scalars", std::move(scalars)}};
    if (!recording.scope().empty()) {
      one["step"] = recording.scope();
    }
    results.push_back(std::move(one));
  }
  return results;
}

Json all_results_json(const data::RecordingReader& recording) {
  Json results = Json::array();
  for (const data::RecordingReader& reader : with_steps(recording)) {
    results = results_json(reader, std::move(results));
  }
  return results;
}

Json steps_json(const data::RecordingReader& recording) {
  Json steps = Json::array();
  for (const data::RecordingSection& section : recording.header().sections) {
    const data::RecordingReader step(recording.path(), section.scope);
    steps.push_back({{"step", section.scope},
                     {"procedure", section.procedure},
                     {"units_done", step.units_done()},
                     {"units_total", section.units},
                     {"unit_word", section.unit_word}});
  }
  return steps;
}

Json events_json(const data::RecordingReader& recording) {
  Json events = Json::array();
  for (const Event& event : recording.events()) {
    events.push_back({{"time_s", seconds(event.time)},
                      {"level", name_of(event.level)},
                      {"source", event.source},
                      {"text", event.text}});
  }
  return events;
}

void print_json(const data::RecordingReader& recording) {
  const data::RecordingHeader& header = recording.header();
  Json devices = Json::array();
  for (const data::DeviceAddress& device : header.devices) {
    devices.push_back(
        {{"role", device.role}, {"address", device.address}, {"identity", device.identity}});
  }
  const Json all{{"file", recording.path().string()},
                 {"kind", "recording"},
                 {"bytes", std::filesystem::file_size(recording.path())},
                 {"status", data::name_of(recording.status())},
                 {"units_done", recording.units_done()},
                 {"units_total", header.units_total},
                 {"unit_word", header.unit_word},
                 {"title", header.title},
                 {"procedure", header.procedure},
                 {"seed", header.seed},
                 {"start", iso8601(header.start_since_epoch)},
                 {"version", header.software.version},
                 {"commit", header.software.commit},
                 {"command_line", header.command_line},
                 {"scenario_file", header.scenario_file},
                 {"noise_sources", header.noise_sources},
                 {"faults", header.faults},
                 {"truth", truth_text(recording)},
                 {"devices", std::move(devices)},
                 {"signals", signals_json(recording)},
                 {"steps", steps_json(recording)},
                 {"results", all_results_json(recording)},
                 {"events", events_json(recording)}};
  fmt::print("{}\n", all.dump(2));
}

void print_signals(const data::RecordingReader& recording) {
  fmt::print("signals:\n");
  for (const std::string& name : recording.signals()) {
    const data::SignalSpec spec = recording.spec(name);
    std::vector<std::string> axes;
    for (const data::Axis& axis : spec.axes) {
      axes.push_back(fmt::format("{} {}", axis.name, axis.values.size()));
    }
    fmt::print("  {:<22} {:<9} {:<4} {}\n",
               name,
               data::name_of(spec.type),
               spec.unit,
               fmt::join(axes, ", "));
  }
}

void print_results(const data::RecordingReader& recording) {
  for (const std::string& name : recording.results()) {
    const data::Result result = recording.result(name);
    fmt::print("results of {}{}{} ({} {}, {}):\n",
               name,
               recording.scope().empty() ? "" : " on ",
               recording.scope(),
               result.program,
               result.version,
               result.date);
    for (const data::ResultScalar& scalar : result.scalars) {
      fmt::print("{}\n", number_line(scalar.name, scalar.value, scalar.sigma, scalar.unit));
    }
  }
}

void print_steps(const data::RecordingReader& recording) {
  if (recording.header().sections.empty()) {
    return;
  }
  fmt::print("steps (halotwin analyse FILE --scope STEP):\n");
  for (const data::RecordingSection& section : recording.header().sections) {
    const data::RecordingReader step(recording.path(), section.scope);
    fmt::print("  {:<22} {:<16} {} of {} {}s valid\n",
               section.scope,
               section.procedure,
               step.units_done(),
               section.units,
               section.unit_word);
  }
}

void print_text(const data::RecordingReader& recording) {
  const data::RecordingHeader& header = recording.header();
  const auto line = [](const char* what, const std::string& text) {
    if (!text.empty()) {
      fmt::print("{:<10} {}\n", what, text);
    }
  };
  line("file",
       fmt::format("{} ({}, recording of {})",
                   recording.path().string(),
                   bytes_text(static_cast<double>(std::filesystem::file_size(recording.path()))),
                   header.procedure));
  line("title", header.title);
  line("valid", recording.progress_text());
  line("sample", header.sample.name + (header.sample.simulated ? " (simulated)" : ""));
  line("start", iso8601(header.start_since_epoch));
  line("seed", std::to_string(header.seed));
  line("scenario", header.scenario_file);
  line("command", header.command_line);
  line("program",
       fmt::format(
           "{} {} ({})", header.software.program, header.software.version, header.software.commit));
  line("truth", truth_text(recording));
  for (const data::DeviceAddress& device : header.devices) {
    line("device", fmt::format("{} = {} ({})", device.role, device.address, device.identity));
  }
  line("noise", fmt::format("{}", fmt::join(header.noise_sources, ", ")));
  line("faults", fmt::format("{}", fmt::join(header.faults, ", ")));
  print_steps(recording);
  print_signals(recording);
  fmt::print("events:\n");
  for (const Event& event : recording.events()) {
    fmt::print("  {:>10}  {}: {}\n", duration_text(seconds(event.time)), event.source, event.text);
  }
  for (const data::RecordingReader& reader : with_steps(recording)) {
    print_results(reader);
  }
}

}  // namespace

int info(const InfoArguments& arguments, const Surroundings&) {
  const data::RecordingReader recording(arguments.file);
  arguments.json ? print_json(recording) : print_text(recording);
  return done;
}

}  // namespace halotwin::app
