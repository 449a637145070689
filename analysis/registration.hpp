// Where one map lies on another: the shift between two maps of the same area, its uncertainty, and
// whether they have anything in common at all.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "analysis/uncertainty.hpp"
#include "base/fields.hpp"
#include "base/parallel.hpp"

namespace halotwin::analysis {

/// A map that is looked at: values[iy * nx + ix]; NaN = not measured.
struct MapView {
  std::span<const double> values;
  std::size_t nx = 0;
  std::size_t ny = 0;
};

struct RegistrationParams {
  int largest_shift_pixels = 12;
  double smoothing_pixels = 1.5;  // Gaussian; without it noise pulls towards half pixels
  int detrend_degree = 2;         // polynomial taken off first: slopes match at any shift
  bool either_sign = false;       // a map and its negative match (maps of different quantities)
  bool slow_drift = false;        // the shift changes linearly from the first line to the last
  double significance = 6.0;      // least; standard deviations of the correlation by chance
  double least_overlap = 0.25;    // of the pixels of the smaller map
  int block_side_pixels = 10;     // residuals of neighbours are alike: errors count by blocks
  bool operator==(const RegistrationParams&) const = default;
};
void validate(const RegistrationParams& p);
void visit_fields(auto& visit, RegistrationParams& p) {
  visit("largest_shift_pixels", p.largest_shift_pixels);
  visit("smoothing_pixels", p.smoothing_pixels);
  visit("detrend_degree", p.detrend_degree);
  visit("either_sign", p.either_sign);
  visit("slow_drift", p.slow_drift);
  visit("significance", p.significance);
  visit("least_overlap", p.least_overlap);
  visit("block_side_pixels", p.block_side_pixels);
}

/// no_common_structure: the best correlation may be chance. beyond_range: the correlation still
/// rises at the edge of the searched shifts. too_small: not enough measured pixels in common.
enum class RegistrationStatus { found, no_common_structure, beyond_range, too_small };
constexpr auto enumerators(RegistrationStatus) {
  return std::array<std::pair<RegistrationStatus, std::string_view>, 4>{
      {{RegistrationStatus::found, "found"},
       {RegistrationStatus::no_common_structure, "no_common_structure"},
       {RegistrationStatus::beyond_range, "beyond_range"},
       {RegistrationStatus::too_small, "too_small"}}};
}

/// What lies at (x, y) in the first map lies at (x + shift_x, y + shift_y) in the second.
struct Registration {
  RegistrationStatus status = RegistrationStatus::too_small;
  Estimate shift_x_pixels;  // at the middle line
  Estimate shift_y_pixels;
  Estimate slow_x_pixels;  // last line minus first line; 0 unless slow_drift
  Estimate slow_y_pixels;
  double correlation = 0.0;   // of the smoothed maps at the best whole-pixel shift
  double significance = 0.0;  // of that correlation (Fisher's z), in standard deviations of chance
  double gain = 0.0;          // second map = gain * first map + constant
  double overlap = 0.0;       // share of the first map's pixels that both have

  [[nodiscard]] bool found() const { return status == RegistrationStatus::found; }
};

/// 1. Polynomials off, Gaussian smoothing. 2. Correlation coefficient over the common pixels at
/// every whole shift; chance is judged by Bartlett's formula, var r = sum_k rho_1(k) rho_2(k) / n
/// over the autocorrelations, so that broad structures count for few independent pixels. 3. From
/// the best one, least squares of second(x) = gain * first(x - shift) + polynomial(x) (cubic
/// convolution, Keys 1981), Gauss-Newton. Errors: sandwich B/(B - p) A^-1 (sum_b g_b g_b^T) A^-T,
/// g_b the gradient of block b of B, p parameters, A the slope of their sum. Maps may differ in
/// size; their first pixels are taken to coincide at shift zero.
[[nodiscard]] Registration register_maps(const MapView& first,
                                         const MapView& second,
                                         const RegistrationParams& params = {},
                                         Threads threads = {});

/// The second map on the pixels of the first (nx x ny); NaN where it has nothing to give: never
/// filled.
[[nodiscard]] std::vector<double> on_first(const MapView& second,
                                           const Registration& registration,
                                           std::size_t nx,
                                           std::size_t ny);

/// Gaussian of the measured pixels (weights of missing ones are given to the others); a pixel that
/// is missing stays so, and one with less than `least_weight` of the Gaussian on measured pixels
/// becomes NaN. sigma 0: unchanged.
[[nodiscard]] std::vector<double> smoothed(const MapView& map,
                                           double sigma_pixels,
                                           double least_weight = 0.0);

}  // namespace halotwin::analysis
