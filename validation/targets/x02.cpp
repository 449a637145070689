#include <fstream>

#include "base/constants.hpp"
#include "base/errors.hpp"
#include "data/truth.hpp"
#include "session/run.hpp"
#include "validation/score.hpp"
#include "validation/targets/pm_dns_rows.hpp"

namespace halotwin::validation {

namespace {

std::filesystem::path run_small(Evidence& evidence, const std::string& name, bool blind) {
  session::Overrides overrides;
  overrides.seed = std::to_string(evidence.seed());
  const session::Scenario scenario = session::load_scenario("pm_dns_quick", overrides);
  session::RunOptions options;
  options.output = evidence.options().folder / (name + ".nxs");
  options.overwrite = data::Overwrite::yes;
  options.blind = blind;
  options.threads = evidence.options().threads;
  evidence.say("recording " + name);
  return session::run(scenario, options).recording;
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

}  // namespace

// X2: the blind recording holds no truth; its sealed truth gives the same score as an open run of
// the same seed; a single changed bit in either file is noticed.
Verdict check_x02(Evidence& evidence) {
  Verdict verdict;
  const std::filesystem::path open = run_small(evidence, "x2_open", false);
  const std::filesystem::path blind = run_small(evidence, "x2_blind", true);
  const std::filesystem::path sealed = data::truth_path(blind);

  bool hidden = data::is_blind(blind);
  const std::filesystem::path alone = evidence.options().folder / "x2_alone.nxs";
  std::filesystem::copy_file(blind, alone, std::filesystem::copy_options::overwrite_existing);
  try {
    static_cast<void>(data::TruthReader(alone));
    hidden = false;
  } catch (const DataError&) {
  }
  const PmDnsTruth a = read_pm_dns_truth(open);
  const PmDnsTruth b = read_pm_dns_truth(blind, sealed);
  const bool same = a.boundary_distance_m.values == b.boundary_distance_m.values &&
                    a.hotspot.values == b.hotspot.values;
  const bool intact = !refused(blind, sealed);

  int noticed = 0;
  constexpr int attempts = 8;
  for (int k = 0; k < attempts; ++k) {
    // through the file from its first third on, where the data lie
    const bool in_truth = k % 2 == 1;
    const std::filesystem::path& file = in_truth ? sealed : blind;
    const std::uintmax_t size = std::filesystem::file_size(file);
    const std::filesystem::path copy =
        tampered_copy(file, size / 3 + size / 2 * static_cast<std::uintmax_t>(k) / attempts);
    noticed += refused(in_truth ? blind : copy, in_truth ? copy : sealed) ? 1 : 0;
    std::filesystem::remove(copy);
  }
  verdict.met = hidden && same && intact && noticed == attempts ? Met::yes : Met::no;
  verdict.values = {
      {"truth hidden in the blind recording", hidden ? 1.0 : 0.0, nan, "", "1 = yes"},
      {"sealed truth equal to that of the open run", same ? 1.0 : 0.0, nan, "", "1 = yes"},
      {"single flipped bits noticed",
       static_cast<double>(noticed),
       nan,
       "",
       "of 8, in both files"}};
  verdict.nulls = {{"untouched files refused", intact ? 0.0 : 1.0, nan, "", "should be 0"}};
  verdict.note = "Each file holds the SHA-256 of the other's data.";
  verdict.reproduce = {"halotwin run pm_dns_quick --blind -o map.nxs",
                       "halotwin score map.nxs --truth map.truth.nxs"};
  for (const auto& file : {open, blind, sealed, alone}) {
    std::filesystem::remove(file);
  }
  return verdict;
}

}  // namespace halotwin::validation
