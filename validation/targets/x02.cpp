#include <cmath>
#include <fstream>

#include "analysis/pipelines/pipeline.hpp"
#include "base/constants.hpp"
#include "base/errors.hpp"
#include "data/truth.hpp"
#include "session/build_info.hpp"
#include "session/run.hpp"
#include "validation/score.hpp"
#include "validation/targets/pm_dns_rows.hpp"

namespace halotwin::validation {

namespace {

/// A small run of an experiment.
struct Small {
  std::string scenario;
  std::string pipeline;
  std::vector<std::string> settings;
};
const std::vector<Small>& small_runs() {
  static const std::vector<Small> runs{{"pm_dns_quick", "pm_dns", {}},
                                       {"clim_quick",
                                        "clim",
                                        {"procedure.pl_movie.columns=32",
                                         "procedure.pl_movie.rows=32",
                                         "procedure.pl_movie.frames=300",
                                         "procedure.pl_movie.dark_frames=10"}}};
  return runs;
}

/// Records and analyses; the result is in the file.
std::filesystem::path run_small(const Small& what,
                                Evidence& evidence,
                                const std::string& name,
                                bool blind) {
  session::Overrides overrides;
  overrides.seed = std::to_string(evidence.seed());
  overrides.settings = what.settings;
  const session::Scenario scenario = session::load_scenario(what.scenario, overrides);
  session::RunOptions options;
  options.output = evidence.options().folder / (name + ".nxs");
  options.overwrite = data::Overwrite::yes;
  options.blind = blind;
  options.threads = evidence.options().threads;
  evidence.say("recording " + name);
  const std::filesystem::path file = session::run(scenario, options).recording;
  Table settings;
  if (const Table* section = scenario.analysis.table_at(what.pipeline)) {
    settings = *section;
  }
  evidence.say("analysing " + name);
  analysis::find_pipeline(what.pipeline, "")
      .analyse({.recording = file,
                .settings = settings,
                .version = session::build_info::version,
                .threads = options.threads});
  return file;
}

// Flips one bit in the middle of the largest dataset of a copy of the file.
std::filesystem::path tampered_copy(const std::filesystem::path& file, std::uintmax_t at) {
  const std::filesystem::path copy = file.parent_path() / ("tampered_" + file.filename().string());
  std::filesystem::copy_file(file, copy, std::filesystem::copy_options::overwrite_existing);
  std::fstream stream(copy, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(at));
  char byte = 0;
  stream.get(byte);
  stream.seekp(static_cast<std::streamoff>(at));
  stream.put(static_cast<char>(byte ^ 0x10));
  return copy;
}

bool refused(const std::filesystem::path& recording, const std::filesystem::path& truth) {
  try {
    data::verify_seal(recording, truth);
    return false;
  } catch (const DataError&) {
    return true;
  }
}

/// What a row says of one experiment.
struct Blind {
  bool hidden = false;
  bool intact = false;
  std::size_t scores = 0;            // finite ones, from the sealed truth
  std::size_t different_scores = 0;  // from those of the open run
  int noticed = 0;
};

constexpr int attempts = 8;

/// Flips bits from the first third of either file on, where the data lie.
int notice_flips(const std::filesystem::path& blind, const std::filesystem::path& sealed) {
  int noticed = 0;
  for (int k = 0; k < attempts; ++k) {
    const bool in_truth = k % 2 == 1;
    const std::filesystem::path& file = in_truth ? sealed : blind;
    const std::uintmax_t size = std::filesystem::file_size(file);
    const std::filesystem::path copy =
        tampered_copy(file, size / 3 + size / 2 * static_cast<std::uintmax_t>(k) / attempts);
    noticed += refused(in_truth ? blind : copy, in_truth ? copy : sealed) ? 1 : 0;
    std::filesystem::remove(copy);
  }
  return noticed;
}

bool without_truth(const std::filesystem::path& recording) {
  try {
    static_cast<void>(data::TruthReader(recording));
    return false;
  } catch (const DataError&) {
    return true;
  }
}

Blind check_blind(const Small& what, Evidence& evidence) {
  const std::filesystem::path open = run_small(what, evidence, "x2_open", false);
  Blind out;
  const std::filesystem::path blind = run_small(what, evidence, "x2_blind", true);
  const std::filesystem::path sealed = data::truth_path(blind);
  const std::filesystem::path alone = evidence.options().folder / "x2_alone.nxs";
  std::filesystem::copy_file(blind, alone, std::filesystem::copy_options::overwrite_existing);
  out.hidden = data::is_blind(blind) && without_truth(alone);
  out.intact = !refused(blind, sealed);
  const std::vector<Measured> expected = score_file(open);
  const std::vector<Measured> found = score_file(blind, sealed);
  for (std::size_t k = 0; k < found.size(); ++k) {
    out.scores += std::isfinite(found[k].value) ? 1 : 0;
    const bool same = k < expected.size() && expected[k].name == found[k].name &&
                      (expected[k].value == found[k].value ||
                       (std::isnan(expected[k].value) && std::isnan(found[k].value)));
    out.different_scores += same ? 0 : 1;
  }
  out.different_scores += expected.size() == found.size() ? 0 : 1;
  out.noticed = notice_flips(blind, sealed);
  for (const auto& file : {open, blind, sealed, alone}) {
    std::filesystem::remove(file);
  }
  return out;
}

}  // namespace

// X2: in each experiment, the blind recording holds no truth; it is analysed, and scored against
// its sealed truth it gives the same numbers as an open run of the same seed; a single changed bit
// in either file is noticed.
Verdict check_x02(Evidence& evidence) {
  Verdict verdict;
  verdict.met = Met::yes;
  for (const Small& what : small_runs()) {
    const Blind b = check_blind(what, evidence);
    const bool met =
        b.hidden && b.intact && b.scores > 0 && b.different_scores == 0 && b.noticed == attempts;
    verdict.met = met ? verdict.met : Met::no;
    const std::string of = ", " + what.scenario;
    verdict.values.push_back(
        {"truth hidden in the blind recording" + of, b.hidden ? 1.0 : 0.0, nan, "", "1 = yes"});
    verdict.values.push_back({"scores from the sealed truth" + of,
                              static_cast<double>(b.scores),
                              nan,
                              "",
                              "of the blind recording's own analysis"});
    verdict.values.push_back({"scores that differ from the open run's" + of,
                              static_cast<double>(b.different_scores),
                              nan,
                              "",
                              "0"});
    verdict.values.push_back({"single flipped bits noticed" + of,
                              static_cast<double>(b.noticed),
                              nan,
                              "",
                              "of 8, in both files"});
    verdict.nulls.push_back(
        {"untouched files refused" + of, b.intact ? 0.0 : 1.0, nan, "", "should be 0"});
  }
  verdict.note = "Each file holds the SHA-256 of the other's data.";
  verdict.reproduce = {"halotwin run pm_dns_quick --blind -o map.nxs",
                       "halotwin analyse map.nxs",
                       "halotwin score map.nxs --truth map.truth.nxs"};
  return verdict;
}

}  // namespace halotwin::validation
