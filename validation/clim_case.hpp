// A photoluminescence movie with its analysis, and what the film really was.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "analysis/pipelines/clim.hpp"
#include "base/parallel.hpp"
#include "base/table.hpp"

namespace halotwin::validation {

/// What is true of a centre that switches.
struct TrueCentre {
  double x_m = 0.0;  // in the specimen
  double y_m = 0.0;
  double tau_s = 0.0;
  double on_rate_hz = 0.0;
  double off_rate_hz = 0.0;
  bool strong = false;
};

struct ClimCase {
  std::filesystem::path recording;
  analysis::ClimResult result;
  /// On the field of the result, [y][x].
  std::vector<double> clean_map;        // correlation map without noise
  std::vector<double> strongest_share;  // of the strongest centre in the variance of a pixel
  std::vector<int> strongest;           // its number, from 1; 0 = none
  std::vector<int> domain;              // the same where it makes more than half, else 0
  std::vector<TrueCentre> centres;      // number 1, 2 ...
  double grain_diameter_m = 0.0;        // mean, area-equivalent, of the specimen
  std::vector<std::string> reproduce;
};

/// Analyses the recording with these settings of the pipeline and reads its truth.
[[nodiscard]] ClimCase read_clim_case(const std::filesystem::path& recording,
                                      const Table& settings,
                                      Threads threads);

}  // namespace halotwin::validation
