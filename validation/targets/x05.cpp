
#include <fmt/format.h>

#include "base/constants.hpp"
#include "base/errors.hpp"
#include "session/run.hpp"
#include "validation/compare_files.hpp"
#include "validation/targets/pm_dns_rows.hpp"

namespace halotwin::validation {

namespace {

/// A small run of an experiment.
struct Small {
  std::string scenario;
  std::vector<std::string> settings;
  std::size_t stop_at = 0;  // unit after which it is stopped
};
const std::vector<Small>& small_runs() {
  static const std::vector<Small> runs{
      {"pm_dns_quick", {"procedure.pm_dns_map.columns=16", "procedure.pm_dns_map.rows=12"}, 37},
      {"clim_quick",
       {"procedure.pl_movie.columns=24",
        "procedure.pl_movie.rows=24",
        "procedure.pl_movie.frames=120",
        "procedure.pl_movie.dark_frames=4"},
       50}};
  return runs;
}

session::Scenario scenario_of(const Small& what, std::uint64_t seed) {
  session::Overrides overrides;
  overrides.seed = std::to_string(seed);
  overrides.settings = what.settings;
  return session::load_scenario(what.scenario, overrides);
}

session::RunOptions options_for(Evidence& evidence, const std::string& name, int threads) {
  session::RunOptions options;
  options.output = evidence.options().folder / (name + ".nxs");
  options.overwrite = data::Overwrite::yes;
  options.threads = {threads};
  return options;
}

struct Compared {
  std::size_t signals = 0;
  std::vector<std::string> different{};
  bool interrupted = false;
  std::size_t null = 0;  // signals that differ for another seed
};

Compared compare_runs(const Small& what, Evidence& evidence) {
  Compared out;
  const session::Scenario scenario = scenario_of(what, evidence.seed());
  evidence.say("recording " + what.scenario + " with 1, 2 and 3 threads and with a stop");
  const auto one = session::run(scenario, options_for(evidence, "x5_1", 1)).recording;
  const auto hold = [&](const std::filesystem::path& other, const std::string& how) {
    const FileDifference d = compare_recordings(one, other);
    out.signals += d.signals;
    for (const std::string& name : d.different) {
      out.different.push_back(what.scenario + ", " + how + ": " + name);
    }
    std::filesystem::remove(other);
  };
  hold(session::run(scenario, options_for(evidence, "x5_2", 2)).recording, "2 threads");
  hold(session::run(scenario, options_for(evidence, "x5_3", 3)).recording, "3 threads");

  std::stop_source stop;
  session::RunOptions stopped = options_for(evidence, "x5_stopped", 2);
  stopped.stop = stop.get_token();
  stopped.progress = [&](const session::Progress& p) {
    if (p.done == what.stop_at) {
      stop.request_stop();
    }
  };
  try {
    session::run(scenario, stopped);
  } catch (const Interrupted&) {
    out.interrupted = true;
  }
  hold(session::resume(stopped.output, options_for(evidence, "x5_stopped", 2)).recording,
       "stopped and resumed");
  const auto another =
      session::run(scenario_of(what, evidence.seed() + 1), options_for(evidence, "x5_other", 1))
          .recording;
  out.null = compare_recordings(one, another).different.size();
  std::filesystem::remove(one);
  std::filesystem::remove(another);
  return out;
}

}  // namespace

// X5: a run of each experiment with 1, 2 and 3 threads, and once stopped in the middle and resumed.
Verdict check_x05(Evidence& evidence) {
  Verdict verdict;
  verdict.met = Met::yes;
  for (const Small& what : small_runs()) {
    const Compared c = compare_runs(what, evidence);
    verdict.met = c.different.empty() && c.interrupted ? verdict.met : Met::no;
    verdict.values.push_back({"signals compared, " + what.scenario,
                              static_cast<double>(c.signals),
                              nan,
                              "",
                              "raw data and truth, bit by bit"});
    verdict.values.push_back({"signals that differ, " + what.scenario,
                              static_cast<double>(c.different.size()),
                              nan,
                              "",
                              "0"});
    verdict.nulls.push_back({"signals that differ for another seed, " + what.scenario,
                             static_cast<double>(c.null),
                             nan,
                             "",
                             "> 0"});
    for (const std::string& name : c.different) {
      verdict.note += name + "; ";
    }
  }
  verdict.note += "Event log and times of day are not compared.";
  verdict.reproduce = {"halotwin run pm_dns_quick --threads 3",
                       "halotwin run clim_quick --threads 3"};
  return verdict;
}

}  // namespace halotwin::validation
