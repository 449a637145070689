#include <chrono>
#include <limits>
#include <thread>

#include <fmt/format.h>

#include "base/clock.hpp"
#include "base/errors.hpp"
#include "base/random.hpp"
#include "data/recording_reader.hpp"
#include "session/run.hpp"
#include "validation/child_process.hpp"
#include "validation/compare_files.hpp"
#include "validation/targets/pm_dns_rows.hpp"

namespace halotwin::validation {

namespace {

constexpr double nan = std::numeric_limits<double>::quiet_NaN();

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

}  // namespace

// X6: the program is killed (SIGKILL) at random moments; each time the file must open and hold all
// pixels but the unfinished one; it is resumed, killed again, and in the end compared with a run
// through.
Verdict check_x06(Evidence& evidence) {
  Verdict verdict;
  const EvidenceOptions& options = evidence.options();
  if (options.program.empty()) {
    verdict.note = "not run: the program to be killed is not known here";
    return verdict;
  }
  const int kills = options.quick ? 10 : 200;
  const std::string seed = std::to_string(evidence.seed());
  const std::vector<std::string> size{
      "--set", "procedure.pm_dns_map.columns=48", "--set", "procedure.pm_dns_map.rows=48"};
  const auto whole = options.folder / "x6_whole.nxs";
  const auto killed = options.folder / "x6_killed.nxs";
  const auto run = [&](const std::filesystem::path& out) {
    std::vector<std::string> words{
        "run", "pm_dns_quick", "-o", out.string(), "--seed", seed, "--force"};
    words.insert(words.end(), size.begin(), size.end());
    return words;
  };
  evidence.say(fmt::format("killing the program {} times", kills));
  const WallClock clock;
  const Duration begin = clock.now();
  const bool ran = start_and_kill(options.program, run(whole), 0.0);
  const double wall_s = seconds(clock.now() - begin);

  RandomStream draw(evidence.seed(), Purpose::validation_repeat, 6);
  int opened = 0;
  int struck = 0;
  std::size_t done_before = 0;
  int lost = 0;
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
    ++struck;
    try {
      const data::RecordingReader reader(killed);
      ++opened;
      started = true;
      // every pixel up to the checkpoint must be there
      const std::vector<double> time = reader.read<double>("pixel_time");
      for (std::size_t p = 0; p < reader.units_done(); ++p) {
        lost += time[p] == time[p] ? 0 : 1;
      }
      lost += reader.units_done() < done_before ? 1 : 0;
      done_before = reader.units_done();
    } catch (const DataError& error) {
      verdict.note += std::string(error.what()) + "; ";
      started = false;
      std::filesystem::remove(part);
    }
  }
  const bool finished = started ? start_and_kill(options.program, {"resume", killed.string()}, 0.0)
                                : start_and_kill(options.program, run(killed), 0.0);
  const FileDifference d =
      ran && finished ? compare_recordings(whole, killed) : FileDifference{0, {"not finished"}};
  verdict.met =
      struck > 0 && opened == struck && lost == 0 && d.different.empty() ? Met::yes : Met::no;
  verdict.values = {
      {"kills that hit a recording",
       static_cast<double>(struck),
       nan,
       "",
       fmt::format("of {}", kills)},
      {"files that opened afterwards", static_cast<double>(opened), nan, "", "all of them"},
      {"recorded pixels lost", static_cast<double>(lost), nan, "", "0"},
      {"signals that differ from the run through",
       static_cast<double>(d.different.size()),
       nan,
       "",
       "0"}};
  for (const std::string& name : d.different) {
    verdict.note += name + " differs; ";
  }
  verdict.note += "Ten kills in the quick validation, 200 in the full one.";
  verdict.reproduce = {
      "halotwin run pm_dns_quick -o map.nxs & sleep 0.3; kill -9 $!; halotwin resume map.nxs"};
  std::filesystem::remove(whole);
  std::filesystem::remove(killed);
  return verdict;
}

}  // namespace halotwin::validation
