// Are reported uncertainties true? Many independent repeats of one small experiment, and how often
// the interval around each reported value holds the truth.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <span>
#include <string>
#include <vector>

#include "validation/evidence.hpp"

namespace halotwin::validation {

/// One reported value with its standard deviation.
struct Reported {
  double value = 0.0;
  double sigma = 0.0;
};

struct Coverage {
  std::size_t repeats = 0;
  double within_68 = 0.0;        // share of |value - truth| <= 1.000 sigma
  double within_95 = 0.0;        // of 1.960 sigma
  double within_68_sigma = 0.0;  // binomial, of a true share of 0.683 (0.95)
  double within_95_sigma = 0.0;
  double bias = 0.0;    // mean of value - truth in units of the rms sigma
  double spread = 0.0;  // standard deviation of the values over the rms sigma: 1 if calibrated

  /// Shares between 63 and 73 % and between 92 and 98 %, or out of it by no more than `tolerance`
  /// binomial standard deviations.
  [[nodiscard]] bool calibrated(double tolerance) const;
};
[[nodiscard]] Coverage coverage(std::span<const Reported> reported, double truth);

/// Runs and analyses scenarios in processes of their own, as many at once as there are threads.
struct Repeats {
  std::string scenario;
  std::vector<std::string> settings{};           // of the scenario
  std::vector<std::string> analysis_settings{};  // of its pipeline
  std::string pipeline;
  std::uint64_t first_seed = 1;
  int count = 0;
  /// Looks at the analysed recording of repeat k before it goes; one at a time.
  std::function<void(std::size_t k, const std::filesystem::path& file)> look{};
};
/// Every scalar with a sigma that the pipeline wrote, by name, one set for each repeat. Throws
/// DataError if a run fails, or if the program is not known.
using Scalars = std::map<std::string, Reported>;
[[nodiscard]] std::vector<Scalars> run_repeats(const Repeats& repeats, const Evidence& evidence);

}  // namespace halotwin::validation
