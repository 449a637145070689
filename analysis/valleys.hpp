// The valley test of CLIM: does a place of low correlation follow the mix of the regions around it
// more than any one of them, as it does where carriers of several regions meet?
//
// Source: Seth et al., Chem. Biomed. Imaging 2025, 3, 244, figure 3 (one valley: 0.58 with the mix,
// at most 0.49 with one). The rule for all valleys of a map is ours.
//
// A gain is evidence of exchange only beside controls. Regions wider than the reach of the test
// that exchange nothing at all give one too: a valley on their common border sees both through the
// optics (measured: domains of 2 um, point spread function of 168 nm, gain +0.14; of 1 um, -0.03;
// of 0.5 um, -0.08), and so does a square of pixels that lies across a sharp border.
#pragma once

#include <cstddef>
#include <vector>

#include "analysis/traces.hpp"
#include "analysis/uncertainty.hpp"

namespace halotwin::analysis {

struct ValleyParams {
  int half_width_pixels = 3;     // extrema of the map within 7 x 7 pixels, all inside the field
  double lowest_percent = 30.0;  // valleys are minima in this part of the map's values
  double nearest_pixels = 4.0;   // of the maxima, from the valley: beyond the optics (400 nm)
  double farthest_pixels = 14.0;
  int least_maxima = 3;
  int most_maxima = 5;         // the nearest ones; the paper took five
  int trace_half_pixels = 1;   // a maximum's trace is the mean of 3 x 3 pixels
  int valley_half_pixels = 1;  // the valley's too; 0 = one pixel (more noise, fewer false gains)
  bool operator==(const ValleyParams&) const = default;
};
void validate(const ValleyParams& p);
void visit_fields(auto& visit, ValleyParams& p) {
  visit("half_width_pixels", p.half_width_pixels);
  visit("lowest_percent", p.lowest_percent);
  visit("nearest_pixels", p.nearest_pixels);
  visit("farthest_pixels", p.farthest_pixels);
  visit("least_maxima", p.least_maxima);
  visit("most_maxima", p.most_maxima);
  visit("trace_half_pixels", p.trace_half_pixels);
  visit("valley_half_pixels", p.valley_half_pixels);
}

struct Valley {
  std::size_t pixel = 0;
  std::vector<std::size_t> maxima;  // pixels, nearest first
  double mix_r = 0.0;               // with the mean trace of all maxima
  double best_single_r = 0.0;       // largest with one of them
  double gain = 0.0;                // mix_r - best_single_r
  /// Largest r with one maximum averaged over as many pixels as the mix (those nearest to it, the
  /// valley's own left out): what mere averaging of noise would give.
  double best_wide_single_r = 0.0;
  double gain_over_wide = 0.0;  // mix_r - best_wide_single_r
};

struct ValleyTest {
  std::vector<Valley> valleys;
  Estimate median_gain;  // sigma: bootstrap over valleys, grown by
                         // small_sample_factor; NaN for fewer than two
  Estimate share_positive;
  Estimate median_gain_over_wide;
  std::size_t minima = 0;  // in the lowest part of the map, with or without enough maxima
};

/// `map` must be the correlation map of `traces`. Extrema: no pixel of the square is lower
/// (higher); of equals the first counts. Valleys whose trace or whose maxima's traces are constant
/// are left out.
[[nodiscard]] ValleyTest test_valleys(const Traces& traces,
                                      const CorrelationMap& map,
                                      const ValleyParams& params = {},
                                      const BootstrapOptions& options = {},
                                      Threads threads = {});

}  // namespace halotwin::analysis
