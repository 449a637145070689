// Single-frequency PM-EFM images: readings against bare metal at the same frequency, with their
// noise and isolated spots.
#pragma once

#include <complex>
#include <cstddef>
#include <span>
#include <vector>

#include "analysis/pipelines/kpfm.hpp"

namespace halotwin::analysis {

struct PmEfmOptions {
  double smoothing_pixels = 1.0;  // 12 nm: the tip's lateral half-width; no resolution is lost
  SpotParams spots{};
  bool operator==(const PmEfmOptions&) const = default;
};
void validate(const PmEfmOptions& p);
void visit_fields(auto& visit, PmEfmOptions& p) {
  visit("smoothing_pixels", p.smoothing_pixels);
  visit("spots", p.spots);
}

struct PmEfmInput {
  std::size_t nx = 0;
  std::size_t ny = 0;
  std::span<const std::complex<float>> forward;   // [y][x], V
  std::span<const std::complex<float>> backward;  // may be empty
  std::span<const std::complex<float>> reference;
};

/// R = S / S_metal: lever, lock-ins and geometry of the tip at the same frequency drop out; what is
/// left is C'' of the film's gap against that over metal, times the ionic response. `loss` is
/// -Im R, the ionic signal; `amplitude` |R|, what the instrument shows.
struct PmEfmResult {
  std::complex<double> reference_v;
  double reference_sigma_v = 0.0;  // of the mean, one component
  TwoWayImage loss;
  TwoWayImage amplitude;
  std::vector<Spot> spots;     // places of less loss than all around
  std::size_t null_spots = 0;  // the same search in half the difference of the two ways
};
[[nodiscard]] PmEfmResult analyse_pm_efm(const PmEfmInput& input, const PmEfmOptions& options = {});

void check_pm_efm_settings(const Table& settings);
/// Reads demodulated (and _backward) and reference of a pm_efm_map.
[[nodiscard]] Findings run_pm_efm_pipeline(const PipelineRun& run);

}  // namespace halotwin::analysis
