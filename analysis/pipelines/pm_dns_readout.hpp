// What is read from mean spectra of classes, with block bootstrap. Internal to pipelines/.
#pragma once

#include <span>
#include <vector>

#include "analysis/pipelines/pm_dns.hpp"

namespace halotwin::analysis {

/// Everything a readout needs beside the spectra.
struct ReadoutPlan {
  std::span<const double> frequencies_hz;
  std::span<const double> noise_sigma;   // per channel of one pixel; error of last resort
  std::span<const double> common_sigma;  // of the reference sweep: the same error in every pixel
  const PmDnsOptions* options = nullptr;
  Threads threads;
};

struct Readout {
  std::vector<ClassSpectrum> spectra;        // one per label of the sums
  std::vector<ClassComparison> comparisons;  // boundary and hotspot against grain, if there are
                                             // labels beyond one
};

/// Labels of `sums` are PixelClass values (0 ... 3), or one class of everything.
[[nodiscard]] Readout read_classes(const ClassSums& sums, const ReadoutPlan& plan);

/// Comparisons of class means without errors; sigma is the channels' error used to judge peaks.
[[nodiscard]] std::vector<ClassComparison> compare_means(const ClassSums& sums,
                                                         const ReadoutPlan& plan);

/// Mean and standard deviation of repeated comparisons; known where at least half of them are.
[[nodiscard]] std::vector<ClassComparison> summarise(
    const std::vector<std::vector<ClassComparison>>& repeats);

}  // namespace halotwin::analysis
