// Positions and heights of maxima of a spectrum on a logarithmic frequency axis.
#pragma once

#include <array>
#include <cstddef>
#include <span>
#include <string_view>
#include <utility>
#include <vector>

#include "analysis/uncertainty.hpp"

namespace halotwin::analysis {

enum class PeakStatus { resolved, not_resolved, no_data };
constexpr auto enumerators(PeakStatus) {
  return std::array<std::pair<PeakStatus, std::string_view>, 3>{
      {{PeakStatus::resolved, "resolved"},
       {PeakStatus::not_resolved, "not_resolved"},
       {PeakStatus::no_data, "no_data"}}};
}

struct Peak {
  PeakStatus status = PeakStatus::no_data;
  double position_hz = 0.0;  // 0 unless resolved
  double position_sigma_hz = 0.0;
  double height = 0.0;  // unit of the spectrum; at the guess if not resolved
  double height_sigma = 0.0;
  [[nodiscard]] bool usable() const { return status == PeakStatus::resolved; }
};

/// A spectrum with the standard deviation of each channel (empty = unknown, taken as zero).
struct SpectrumView {
  std::span<const double> frequencies_hz;  // ascending, > 0
  std::span<const double> values;
  std::span<const double> sigmas;
};

/// Vertex of the parabola through the channel `top` and its neighbours, in ln f; exact for a
/// parabola in ln f. Noise of the three channels is propagated to first order.
[[nodiscard]] Peak three_point_peak(const SpectrumView& spectrum, std::size_t top);

/// Vertex of a least-squares parabola in ln f within `half_width_decades` around the maximum near
/// `guess_hz`; channels weigh 1 - (distance / half width)^2 and the window follows the vertex. For
/// one broad line (a Debye loss peak is symmetric in ln f); it merges two lines closer than the
/// window. 0.35 decade: feasibility of twin stripes, where three channels are too noisy.
[[nodiscard]] Peak wide_peak(const SpectrumView& spectrum,
                             double guess_hz,
                             double half_width_decades = 0.35);

struct PeakSearch {
  double search_factor = 1.4;      // a maximum counts for a guess within guess/1.4 ... guess*1.4:
                                   // windows of 1 and 2 kHz just touch
  double prominence_sigmas = 3.0;  // a maximum must rise this far above the valley beside it
};
void visit_fields(auto& visit, PeakSearch& p) {
  visit("search_factor", p.search_factor);
  visit("prominence_sigmas", p.prominence_sigmas);
}
void validate(const PeakSearch& p);

/// The maximum that belongs to each guess (ascending), refined by three_point_peak. `not_resolved`:
/// no interior local maximum in the window, or it does not stand out from the valleys that
/// separate it from higher ground by `prominence_sigmas` of the channels' noise.
[[nodiscard]] std::vector<Peak> find_peaks(const SpectrumView& spectrum,
                                           std::span<const double> guesses_hz,
                                           const PeakSearch& search = {});

/// Spectrum at `frequency_hz` by linear interpolation in ln f, with its standard deviation.
[[nodiscard]] Estimate value_at(const SpectrumView& spectrum, double frequency_hz);

}  // namespace halotwin::analysis
