// CLIMSCI: how the correlation with a chosen pixel decays around it.
//
// Source: Seth et al., Chem. Biomed. Imaging 2025, 3, 244 (figure 2); the paper gives no formulas,
// the definitions are ours. Optics alone correlates neighbours (a point spread function of standard
// deviation s gives r(d) = exp(-d^2 / (4 s^2)) between independent points), and detector noise
// lowers every r but that of the pixel with itself: see `reliability`.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "analysis/traces.hpp"
#include "analysis/uncertainty.hpp"

namespace halotwin::analysis {

/// r of the pixel with every pixel of the field, [y][x]; 1 with itself, NaN for constant pixels.
[[nodiscard]] std::vector<double> correlation_image(const Traces& traces,
                                                    std::size_t pixel,
                                                    Threads threads = {});

struct DecayParams {
  double level = 0.5;     // of r
  double reach_m = 3e-6;  // half width of the window around a pixel; correlated regions of the
                          // paper are 1.1 and 1.9 um wide
  bool operator==(const DecayParams&) const = default;
};
void validate(const DecayParams& p);
void visit_fields(auto& visit, DecayParams& p) {
  visit("level", p.level);
  visit("reach_m", p.reach_m);
}

/// Mean r in rings one pixel wide: ring k holds the pixels whose distance rounds to k pixels (ring
/// 1 = the eight neighbours).
struct RingProfile {
  std::vector<double> distance_m;  // mean over the ring
  std::vector<double> r;           // NaN where a ring has no pixel
};

struct Decay {
  std::size_t pixel = 0;
  std::size_t domain_pixels = 0;  // connected (by sides) region r >= level that holds the pixel
  double diameter_m = 0.0;        // of the circle of the same area
  double feret_m = 0.0;           // longest Feret diameter of the region
  double radius_m = 0.0;    // where the ring profile first falls to `level`, linear in between;
                            // before ring 1 from r = 1 at 0; NaN if it does not within reach
  double first_drop = 0.0;  // 1 - mean r of the eight neighbours: mostly noise of the detector
                            // unless `reliability` is given
  bool open = false;        // the region touches the window or the field's edge: lower bound
};

struct DecaySet {
  std::vector<Decay> pixels;  // NaN and no region for constant (or unreliable) pixels
  RingProfile mean_profile;   // mean of the pixels' profiles
};

/// Decay around the given pixels. `reliability` (one per pixel, see reliability() of
/// correlation_sums.hpp; empty = none): every r(p,q) is divided by sqrt(R_p R_q), which takes the
/// detector's noise out; pixels where it is NaN count as unknown.
[[nodiscard]] DecaySet decays(const Traces& traces,
                              std::span<const std::size_t> pixels,
                              const DecayParams& params = {},
                              std::span<const double> reliability = {},
                              Threads threads = {});
/// The same around every pixel, [y][x]; the same numbers. Cost: (8 + 2 reach)^2 products of traces
/// per pixel, by tiles of 8 x 8 pixels; memory 64 (8 + 2 reach)^2 floats per thread.
[[nodiscard]] DecaySet decay_map(const Traces& traces,
                                 const DecayParams& params = {},
                                 std::span<const double> reliability = {},
                                 Threads threads = {});
/// Profile around one pixel.
[[nodiscard]] RingProfile decay_profile(const Traces& traces,
                                        std::size_t pixel,
                                        const DecayParams& params = {},
                                        std::span<const double> reliability = {});

/// Up to `count` different pixels drawn at random among those at least `margin_pixels` from the
/// edge whose `map` is above `above`; ascending. Stream: Purpose::pixel_choice.
struct PixelChoice {
  std::size_t count = 400;
  double above = 0.5;
  std::size_t margin_pixels = 0;
  std::uint64_t seed = 1;
};
[[nodiscard]] std::vector<std::size_t> random_pixels(std::span<const double> map,
                                                     std::size_t nx,
                                                     std::size_t ny,
                                                     const PixelChoice& choice = {});

/// Medians over the pixels that have the quantity; sigma of median_of_field, since pixels of one
/// region are one measurement. NaN if no pixel has it.
struct DecaySummary {
  Estimate diameter_m;
  Estimate feret_m;
  Estimate radius_m;
  Estimate drop_per_pixel;  // (1 - level) / (radius in pixels)
  Estimate first_drop;
  std::size_t count = 0;           // pixels with a region
  std::size_t without_radius = 0;  // of these, profile above the level everywhere
  double open_share = 0.0;
};
[[nodiscard]] DecaySummary summarise(const DecaySet& set,
                                     const Traces& traces,
                                     const DecayParams& params = {});

}  // namespace halotwin::analysis
