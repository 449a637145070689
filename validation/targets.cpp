// The one list of targets.
#include <fmt/format.h>

#include "base/errors.hpp"
#include "base/table.hpp"
#include "validation/target.hpp"
#include "validation/targets/pm_dns_rows.hpp"

namespace halotwin::validation {

const std::vector<Target>& all_targets() {
  static const std::vector<Target> targets{
      {"A1",
       "mean spectrum of a fresh triple-cation film: two peaks",
       "near 1 kHz and near 2 kHz (paper 000, Fig. 1a)",
       "+-15 % each, loss channel after calibration against metal, phenomenological response",
       check_a01},
      {"A2",
       "NMF of rank 2: low basis in grains (hotspots enhanced), high basis at boundaries",
       "weight maps of Fig. 2 (paper 000)",
       "AUC >= 0.9 boundary (high weight) and hotspot (low weight), both responses",
       check_a02},
      {"A3",
       "class mean spectra: boundaries blue-shifted with more 2 kHz, hotspots enhanced, not "
       "blue-shifted",
       "signs of Fig. 3 (paper 000)",
       "signs; 2 kHz/1 kHz ratio above its null; hotspot shift <= +5 %",
       check_a03},
      {"A11",
       "ultraslow transient of the first scan lines: its end found by the pipeline",
       "first forty lines excluded (paper 000, Fig. 3)",
       "within 3 lines of the noise-free crossing of 2 % of the main peak; none found without "
       "transient",
       check_a11},
      {"A12",
       "usable stimulus range",
       "100 Hz to 10 kHz (paper 000, Method)",
       "emerges from the model; shown",
       check_a12},
      {"X2",
       "blind mode: sealed truth, tampering noticed",
       "-",
       "score from the sealed truth equals the open one; every tampered file refused",
       check_x02},
      {"X4",
       "harmonic against time-domain engine",
       "-",
       "amplitude 1 %, phase 0.5 deg, noise density 5 %",
       check_x04},
      {"X5",
       "same seed, same bits: 1, 2, 3 threads; stopped and resumed",
       "-",
       "all datasets equal",
       check_x05},
      {"X6",
       "kill -9 at random moments: the file opens, the run completes",
       "-",
       "at most the unfinished pixel lost; resumed file equal to the one run through",
       check_x06},
  };
  return targets;
}

std::vector<Target> choose_targets(const std::vector<std::string>& selection) {
  if (selection.empty()) {
    return all_targets();
  }
  std::vector<bool> wanted(all_targets().size(), false);
  for (const std::string& word : selection) {
    bool found = false;
    std::vector<std::string> known;
    for (std::size_t i = 0; i < all_targets().size(); ++i) {
      const std::string_view id = all_targets()[i].id;
      known.emplace_back(id);
      // an experiment stands for its rows and for the rows X, which are checked on it
      const bool experiment =
          word.size() == 1 && (id.starts_with(word) || (word == "A" && id.starts_with("X")));
      if (id == word || experiment) {
        wanted[i] = true;
        found = true;
      }
    }
    if (!found) {
      known.emplace_back("A");
      known.emplace_back("X");
      const std::string near = nearest(word, known);
      throw ParameterError(
          fmt::format("validate: no row or experiment \"{}\"{}",
                      word,
                      near.empty() ? "" : fmt::format(" (did you mean \"{}\"?)", near)));
    }
  }
  std::vector<Target> chosen;
  for (std::size_t i = 0; i < wanted.size(); ++i) {
    if (wanted[i]) {
      chosen.push_back(all_targets()[i]);
    }
  }
  return chosen;
}

}  // namespace halotwin::validation
