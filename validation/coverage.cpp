#include "validation/coverage.hpp"

#include <cmath>
#include <mutex>

#include <fmt/format.h>

#include "analysis/score.hpp"
#include "analysis/uncertainty.hpp"
#include "base/errors.hpp"
#include "base/parallel.hpp"
#include "data/recording_reader.hpp"
#include "validation/child_process.hpp"

namespace halotwin::validation {

namespace {

constexpr double z_68 = 1.0;
constexpr double z_95 = 1.959964;
constexpr double share_68 = 0.682689;
constexpr double share_95 = 0.95;

bool between(double share, double low, double high, double slack) {
  return share >= low - slack && share <= high + slack;
}

std::vector<std::string> with_settings(std::vector<std::string> words,
                                       const std::vector<std::string>& settings) {
  for (const std::string& setting : settings) {
    words.insert(words.end(), {"--set", setting});
  }
  return words;
}

void call(const std::filesystem::path& program, const std::vector<std::string>& words) {
  if (!ChildProcess(program, words).wait()) {
    std::string line;
    for (const std::string& word : words) {
      line += " " + word;
    }
    throw DataError(fmt::format("a repeat failed: halotwin{}", line));
  }
}

}  // namespace

bool Coverage::calibrated(double tolerance) const {
  return between(within_68, 0.63, 0.73, tolerance * within_68_sigma) &&
         between(within_95, 0.92, 0.98, tolerance * within_95_sigma);
}

Coverage coverage(std::span<const Reported> reported, double truth) {
  Coverage out;
  out.repeats = reported.size();
  if (reported.empty()) {
    return out;
  }
  std::vector<double> values;
  std::vector<double> sigmas;
  double variance = 0.0;
  for (const Reported& r : reported) {
    values.push_back(r.value);
    sigmas.push_back(r.sigma);
    variance += r.sigma * r.sigma / static_cast<double>(reported.size());
  }
  const std::vector<double> truths(reported.size(), truth);
  const auto n = static_cast<double>(reported.size());
  out.within_68 = analysis::coverage(values, sigmas, truths, z_68).share;
  out.within_95 = analysis::coverage(values, sigmas, truths, z_95).share;
  out.within_68_sigma = std::sqrt(share_68 * (1.0 - share_68) / n);
  out.within_95_sigma = std::sqrt(share_95 * (1.0 - share_95) / n);
  out.bias = (analysis::mean(values) - truth) / std::sqrt(variance);
  out.spread = analysis::standard_deviation(values) / std::sqrt(variance);
  return out;
}

std::vector<Scalars> run_repeats(const Repeats& repeats, const Evidence& evidence) {
  const EvidenceOptions& options = evidence.options();
  if (options.program.empty()) {
    throw DataError("the program that runs the repeats is not known here");
  }
  evidence.say(fmt::format("{} repeats of {}", repeats.count, repeats.scenario));
  std::vector<Scalars> found(static_cast<std::size_t>(repeats.count));
  std::mutex one_reader;  // HDF5 is not made for several threads
  for_each_chunk(found.size(), 1, options.threads, [&](std::size_t k, std::size_t) {
    const auto file = options.folder / fmt::format("repeat_{}.nxs", k);
    call(options.program,
         with_settings({"run",
                        repeats.scenario,
                        "--seed",
                        std::to_string(repeats.first_seed + k),
                        "--threads",
                        "1",
                        "--force",
                        "-o",
                        file.string()},
                       repeats.settings));
    call(options.program,
         with_settings({"analyse", file.string(), "--pipeline", repeats.pipeline, "--threads", "1"},
                       repeats.analysis_settings));
    const std::lock_guard lock(one_reader);
    const data::Result result = data::RecordingReader(file).result(repeats.pipeline);
    for (const data::ResultScalar& scalar : result.scalars) {
      if (scalar.sigma > 0.0 && std::isfinite(scalar.value)) {
        found[k][scalar.name] = {scalar.value, scalar.sigma};
      }
    }
    if (repeats.look) {
      repeats.look(k, file);
    }
    std::filesystem::remove(file);
  });
  return found;
}

}  // namespace halotwin::validation
