// Drift of a movie: where the sample lies in each frame. See steadied_movie.hpp for taking it out.
#pragma once

#include <array>
#include <cstddef>
#include <string_view>
#include <utility>
#include <vector>

#include "analysis/movie.hpp"
#include "analysis/uncertainty.hpp"
#include "base/fields.hpp"
#include "base/parallel.hpp"

namespace halotwin::analysis {

struct DriftParams {
  int frames_per_group = 100;       // averaged before they are compared: less noise, less blinking
  int groups_in_reference = 5;      // of the running reference: the latest ones
  int largest_shift_pixels = 8;     // from one group to the next
  int field_pixels = 256;           // side of the central square that is compared
  double least_drift_pixels = 0.5;  // smaller ones move no pixel
  double significance = 5.0;        // least, in standard deviations
  bool operator==(const DriftParams&) const = default;
};
void validate(const DriftParams& p);
void visit_fields(auto& visit, DriftParams& p) {
  visit("frames_per_group", p.frames_per_group);
  visit("groups_in_reference", p.groups_in_reference);
  visit("largest_shift_pixels", p.largest_shift_pixels);
  visit("field_pixels", p.field_pixels);
  visit("least_drift_pixels", p.least_drift_pixels);
  visit("significance", p.significance);
}

/// not_measurable: in more than half of the groups nothing could be compared (no structure, dropped
/// frames, too few groups).
enum class DriftStatus { none, found, not_measurable };
constexpr auto enumerators(DriftStatus) {
  return std::array<std::pair<DriftStatus, std::string_view>, 3>{
      {{DriftStatus::none, "none"},
       {DriftStatus::found, "found"},
       {DriftStatus::not_measurable, "not_measurable"}}};
}

/// Of one group of frames against the first group.
struct GroupShift {
  double frame = 0.0;  // its middle
  Estimate x_pixels;
  Estimate y_pixels;
  bool measured = false;  // else NaN, and bridged by its neighbours
};

/// What lies at (x, y) in the first group lies at (x + x_pixels[t], y + y_pixels[t]) in frame t.
struct Drift {
  DriftStatus status = DriftStatus::not_measurable;
  std::vector<GroupShift> groups;
  std::vector<double> x_pixels;  // of every frame; all 0 unless found
  std::vector<double> y_pixels;
  double largest_pixels = 0.0;  // of the groups' distances from the first one
  /// Of a straight line through the groups, last frame minus first frame; NaN for fewer than 6
  /// groups. Sigma from the scatter about the line, widened for its correlation from group to
  /// group.
  Estimate trend_x_pixels;
  Estimate trend_y_pixels;
};

/// Mean images of groups of good frames are laid on the mean of the latest groups, then once more
/// on the mean of all other groups (register_maps: least squares with a gain and a background of
/// their own, so that a change of brightness does not pull, and errors from blocks, so that
/// blinking places count). Groups enter those means moved by whole pixels; the fraction that is
/// left over is kept in the books. Between the groups' middles the shift is linear. Groups should
/// last longer than the blinking. Drift is found if a group, or the end
/// of the trend, lies further off than least_drift_pixels and `significance` standard deviations.
[[nodiscard]] Drift measure_drift(const MovieSource& movie,
                                  const DriftParams& params = {},
                                  Threads threads = {});

}  // namespace halotwin::analysis
