#include <limits>

#include <fmt/format.h>

#include "base/errors.hpp"
#include "session/run.hpp"
#include "validation/compare_files.hpp"
#include "validation/targets/pm_dns_rows.hpp"

namespace halotwin::validation {

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

session::Scenario small_scenario(Evidence& evidence) {
  session::Overrides overrides;
  overrides.seed = std::to_string(evidence.seed());
  overrides.settings = {"procedure.pm_dns_map.columns=16", "procedure.pm_dns_map.rows=12"};
  return session::load_scenario("pm_dns_quick", overrides);
}

session::RunOptions options_for(Evidence& evidence, const std::string& name, int threads) {
  session::RunOptions options;
  options.output = evidence.options().folder / (name + ".nxs");
  options.overwrite = data::Overwrite::yes;
  options.threads = {threads};
  return options;
}

}  // namespace

// X5: one scenario with 1, 2 and 3 threads, and once stopped at a pixel in the middle of a line and
// resumed.
Verdict check_x05(Evidence& evidence) {
  Verdict verdict;
  const session::Scenario scenario = small_scenario(evidence);
  evidence.say("recording the same map with 1, 2 and 3 threads and with a stop");
  const auto one = session::run(scenario, options_for(evidence, "x5_1", 1)).recording;
  std::size_t signals = 0;
  std::vector<std::string> different;
  const auto hold = [&](const std::filesystem::path& other, const std::string& what) {
    const FileDifference d = compare_recordings(one, other);
    signals += d.signals;
    for (const std::string& name : d.different) {
      different.push_back(what + ": " + name);
    }
    std::filesystem::remove(other);
  };
  hold(session::run(scenario, options_for(evidence, "x5_2", 2)).recording, "2 threads");
  hold(session::run(scenario, options_for(evidence, "x5_3", 3)).recording, "3 threads");

  std::stop_source stop;
  session::RunOptions stopped = options_for(evidence, "x5_stopped", 2);
  stopped.stop = stop.get_token();
  stopped.progress = [&](const session::Progress& p) {
    if (p.done == 37) {
      stop.request_stop();
    }
  };
  bool interrupted = false;
  try {
    session::run(scenario, stopped);
  } catch (const Interrupted&) {
    interrupted = true;
  }
  hold(session::resume(stopped.output, options_for(evidence, "x5_stopped", 2)).recording,
       "stopped and resumed");

  verdict.met = different.empty() && interrupted ? Met::yes : Met::no;
  verdict.values = {
      {"signals compared", static_cast<double>(signals), nan, "", "raw data and truth, bit by bit"},
      {"signals that differ", static_cast<double>(different.size()), nan, "", "0"}};
  session::Overrides other;
  other.seed = std::to_string(evidence.seed() + 1);
  other.settings = {"procedure.pm_dns_map.columns=16", "procedure.pm_dns_map.rows=12"};
  const auto another = session::run(session::load_scenario("pm_dns_quick", other),
                                    options_for(evidence, "x5_other", 1))
                           .recording;
  const FileDifference null = compare_recordings(one, another);
  verdict.nulls = {{"signals that differ for another seed",
                    static_cast<double>(null.different.size()),
                    nan,
                    "",
                    "> 0"}};
  for (const std::string& name : different) {
    verdict.note += name + "; ";
  }
  verdict.note += "Event log and times of day are not compared.";
  verdict.reproduce = {"halotwin run pm_dns_quick --threads 3"};
  std::filesystem::remove(one);
  std::filesystem::remove(another);
  return verdict;
}

}  // namespace halotwin::validation
