// A whole run: bench, procedure, recording and truth, file written. Is a measurement of a day
// simulated in seconds, and is the lock-in interface cheap enough for two million readings?
// Counters: seconds of the laboratory per second here, readings per second.
#include <filesystem>
#include <string>

#include <benchmark/benchmark.h>

#include "session/run.hpp"

namespace {

using namespace halotwin;

void run_map(benchmark::State& state) {
  session::Overrides overrides;
  overrides.settings = {"procedure.pm_dns_map.columns=" + std::to_string(state.range(0)),
                        "procedure.pm_dns_map.rows=" + std::to_string(state.range(0))};
  const session::Scenario scenario = session::load_scenario("pm_dns_fresh_film", overrides);
  session::RunOptions options;
  options.output = std::filesystem::temp_directory_path() / "halotwin_session_bench.nxs";
  options.overwrite = data::Overwrite::yes;
  options.threads = {2};
  double lab_s = 0.0;
  double readings = 0.0;
  for (auto _ : state) {
    const session::RunSummary summary = session::run(scenario, options);
    lab_s += seconds(summary.lab_time);
    readings += static_cast<double>(2 * summary.units * 64);
  }
  std::filesystem::remove(options.output);
  state.counters["lab_s_per_s"] = benchmark::Counter(lab_s, benchmark::Counter::kIsRate);
  state.counters["readings_per_s"] = benchmark::Counter(readings, benchmark::Counter::kIsRate);
}
BENCHMARK(run_map)->Arg(32)->Arg(128)->Unit(benchmark::kMillisecond)->UseRealTime();

}  // namespace
