#include <chrono>
#include <thread>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/constants.hpp"
#include "base/errors.hpp"
#include "base/random.hpp"
#include "data/recording_reader.hpp"
#include "session/run.hpp"
#include "validation/child_process.hpp"
#include "validation/compare_files.hpp"
#include "validation/targets/pm_dns_rows.hpp"

namespace halotwin::validation {

namespace {

// Starts the program with these arguments, silent; kills it after `wall_s` (0: lets it end). True
// if it ended by itself with status 0.
bool start_and_kill(const std::filesystem::path& program,
                    std::vector<std::string> arguments,
                    double wall_s) {
  ChildProcess child(program, std::move(arguments));
  if (wall_s > 0.0) {
    WallClock().sleep(from_seconds(wall_s));
    child.kill();
  }
  return child.wait();
}

/// A run to kill, and a signal that is NaN where nothing is recorded.
struct Victim {
  std::string scenario;
  std::string signal;
  std::vector<std::string> settings;
};
const std::vector<Victim>& victims() {
  static const std::vector<Victim> all{
      {"pm_dns_quick",
       "pixel_time",
       {"procedure.pm_dns_map.columns=48", "procedure.pm_dns_map.rows=48"}},
      {"clim_quick",
       "frame_time",
       {"procedure.pl_movie.columns=32",
        "procedure.pl_movie.rows=32",
        "procedure.pl_movie.frames=600"}}};
  return all;
}

struct Killed {
  int struck = 0;
  int opened = 0;
  int lost = 0;  // units that a checkpoint had promised
  std::vector<std::string> different{};
  std::string errors{};
};

Killed kill_often(const Victim& victim, int kills, Evidence& evidence) {
  const EvidenceOptions& options = evidence.options();
  Killed out;
  const auto whole = options.folder / "x6_whole.nxs";
  const auto killed = options.folder / "x6_killed.nxs";
  const auto run = [&](const std::filesystem::path& file) {
    std::vector<std::string> words{"run",
                                   victim.scenario,
                                   "-o",
                                   file.string(),
                                   "--seed",
                                   std::to_string(evidence.seed()),
                                   "--force"};
    for (const std::string& setting : victim.settings) {
      words.insert(words.end(), {"--set", setting});
    }
    return words;
  };
  evidence.say(fmt::format("killing {} {} times", victim.scenario, kills));
  const WallClock clock;
  const Duration begin = clock.now();
  const bool ran = start_and_kill(options.program, run(whole), 0.0);
  const double wall_s = seconds(clock.now() - begin);

  RandomStream draw(evidence.seed(), Purpose::validation_repeat, 6);
  std::size_t done_before = 0;
  bool started = false;
  for (int k = 0; k < kills; ++k) {
    const std::vector<std::string> words =
        started ? std::vector<std::string>{"resume", killed.string()} : run(killed);
    const bool complete = start_and_kill(options.program, words, wall_s * draw.uniform(0.05, 0.5));
    if (complete ||
        std::filesystem::exists(killed)) {  // it was through before the kill: begin anew
      std::filesystem::remove(killed);
      started = false;
      done_before = 0;
      continue;
    }
    const std::filesystem::path part = killed.string() + ".part";
    if (!std::filesystem::exists(part)) {  // killed before the file was made
      continue;
    }
    ++out.struck;
    try {
      const data::RecordingReader reader(killed);
      ++out.opened;
      started = true;
      // every unit up to the checkpoint must be there
      const std::vector<double> time = reader.read<double>(victim.signal);
      for (std::size_t p = 0; p < reader.units_done(); ++p) {
        out.lost += time[p] == time[p] ? 0 : 1;
      }
      out.lost += reader.units_done() < done_before ? 1 : 0;
      done_before = reader.units_done();
    } catch (const DataError& error) {
      out.errors += std::string(error.what()) + "; ";
      started = false;
      std::filesystem::remove(part);
    }
  }
  const bool finished = started ? start_and_kill(options.program, {"resume", killed.string()}, 0.0)
                                : start_and_kill(options.program, run(killed), 0.0);
  out.different = ran && finished ? compare_recordings(whole, killed).different
                                  : std::vector<std::string>{"not finished"};
  std::filesystem::remove(whole);
  std::filesystem::remove(killed);
  return out;
}

}  // namespace

// X6: the program is killed (SIGKILL) at random moments, in each experiment; each time the file
// must open and hold all pixels (frames) but the unfinished one; it is resumed, killed again, and
// in the end compared with a run through.
Verdict check_x06(Evidence& evidence) {
  Verdict verdict;
  if (evidence.options().program.empty()) {
    verdict.note = "not run: the program to be killed is not known here";
    return verdict;
  }
  const int kills = evidence.options().quick ? 10 : 200;
  verdict.met = Met::yes;
  for (const Victim& victim : victims()) {
    const Killed k = kill_often(victim, kills, evidence);
    verdict.met = k.struck > 0 && k.opened == k.struck && k.lost == 0 && k.different.empty()
                      ? verdict.met
                      : Met::no;
    const std::string of = ", " + victim.scenario;
    verdict.values.push_back({"kills that hit a recording" + of,
                              static_cast<double>(k.struck),
                              nan,
                              "",
                              fmt::format("of {}", kills)});
    verdict.values.push_back({"files that opened afterwards" + of,
                              static_cast<double>(k.opened),
                              nan,
                              "",
                              "all of them"});
    verdict.values.push_back(
        {"recorded pixels or frames lost" + of, static_cast<double>(k.lost), nan, "", "0"});
    verdict.values.push_back({"signals that differ from the run through" + of,
                              static_cast<double>(k.different.size()),
                              nan,
                              "",
                              "0"});
    verdict.note += k.errors;
    for (const std::string& name : k.different) {
      verdict.note += name + " differs; ";
    }
  }
  verdict.note += "Ten kills each in the quick validation, 200 in the full one.";
  verdict.reproduce = {
      "halotwin run pm_dns_quick -o map.nxs & sleep 0.3; kill -9 $!; halotwin resume map.nxs"};
  return verdict;
}

}  // namespace halotwin::validation
