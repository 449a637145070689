// halotwin run, halotwin resume
#include "session/run.hpp"

#include <filesystem>

#include <fmt/format.h>

#include "app/commands/commands.hpp"
#include "app/console.hpp"
#include "base/errors.hpp"
#include "devices/device.hpp"

namespace halotwin::app {

namespace {

std::string plural(std::size_t count, const std::string& word) {
  return fmt::format("{} {}{}", count, word, count == 1 ? "" : "s");
}

session::RunOptions options_for(const Surroundings& around, Console& console, int threads) {
  session::RunOptions options;
  options.threads = threads_from(threads);
  options.stop = around.stop;
  options.command_line = around.command_line;
  options.listener = &console;
  options.before_start = [&console](const session::Costs& costs) {
    console.note(fmt::format("{}, {} readings: {} in the laboratory; file {}, memory {}",
                             plural(costs.experiment.units, costs.experiment.unit_word),
                             costs.experiment.readings,
                             duration_text(seconds(costs.experiment.duration)),
                             bytes_text(static_cast<double>(costs.file_bytes)),
                             bytes_text(static_cast<double>(costs.memory_bytes))));
  };
  options.progress = [&console](const session::Progress& now) {
    console.progress(now.done, now.total, seconds(now.lab_time));
  };
  return options;
}

/// Runs, and says what came of it; how to go on if it was stopped, where that can be.
int execute(Console& console,
            const std::string& file,
            bool resumable,
            const std::function<session::RunSummary()>& work) {
  const auto start = std::chrono::steady_clock::now();
  const auto tell_how_to_go_on = [&] {
    console.clear();
    if (resumable) {
      console.note(fmt::format("to go on: halotwin resume {}", file));
    }
  };
  try {
    const session::RunSummary summary = work();
    const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
    console.clear();
    fmt::print("{}: {}, {} in the laboratory, {} here\n",
               summary.recording.string(),
               plural(summary.units, summary.unit_word),
               duration_text(seconds(summary.lab_time)),
               duration_text(spent.count()));
    if (!summary.safe_state) {
      print_error(
          fmt::format("{} is complete, but not every device reached its safe state: see to the "
                      "instruments (the events in halotwin info name them)",
                      summary.recording.string()));
      return device_failed;
    }
    return done;
  } catch (const Interrupted&) {
    tell_how_to_go_on();
    throw Interrupted("interrupted");
  } catch (const devices::DeviceError&) {
    tell_how_to_go_on();
    throw;
  }
}

}  // namespace

int run(const RunArguments& arguments, const Surroundings& around) {
  const session::Scenario scenario = session::load_scenario(
      arguments.scenario,
      {.settings = arguments.settings, .devices = arguments.devices, .seed = arguments.seed});
  Console console;
  session::RunOptions options = options_for(around, console, arguments.threads);
  options.output = arguments.output.empty()
                       ? std::filesystem::path(scenario.file).stem().string() + ".nxs"
                       : arguments.output;
  options.overwrite = arguments.force ? data::Overwrite::yes : data::Overwrite::no;
  options.blind = arguments.blind;
  options.tape = arguments.tape;
  options.wire = arguments.record_wire;
  console.note(fmt::format("{} (seed {})", scenario.info.title, scenario.info.seed));
  const bool tape = devices::kind_of(scenario.devices) == devices::BenchKind::replay;
  return execute(
      console, options.output.string(), !tape, [&] { return session::run(scenario, options); });
}

int resume(const ResumeArguments& arguments, const Surroundings& around) {
  Console console;
  const session::RunOptions options = options_for(around, console, arguments.threads);
  return execute(
      console, arguments.file, true, [&] { return session::resume(arguments.file, options); });
}

}  // namespace halotwin::app
