// Groups of pixels of other samples than the fresh film, found from the spectra alone, and what
// their mean spectra say against each other.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analysis/nmf.hpp"
#include "analysis/peaks.hpp"
#include "analysis/two_lines.hpp"
#include "base/parallel.hpp"

namespace halotwin::analysis {

/// How pixels are told apart, from weights of a factorisation (unit-sum scale; their sum is the
/// intensity).
///   none                     no groups
///   all                      everything is one group
///   intensity                two groups, cut by Otsu's method: dim, bright
///   component                one group for each component: the one that dominates (paper 000)
///   component_and_intensity  high where the last component is the largest part of the intensity,
///                            the rest cut by its intensity: bulk, bright (a texture of one shape
///                            and two heights is no component of its own)
///   shape                    rank 2: share of the high component, cut by Otsu's method: low, high;
///                            dim where the intensity is below `dim_below` of the median
enum class GroupRule { none, all, intensity, component, component_and_intensity, shape };
constexpr auto enumerators(GroupRule) {
  return std::array<std::pair<GroupRule, std::string_view>, 6>{
      {{GroupRule::none, "none"},
       {GroupRule::all, "all"},
       {GroupRule::intensity, "intensity"},
       {GroupRule::component, "component"},
       {GroupRule::component_and_intensity, "component_and_intensity"},
       {GroupRule::shape, "shape"}}};
}

struct GroupOptions {
  GroupRule rule = GroupRule::none;
  int smoothing_pixels = 0;  // weights are averaged over squares of 2 n + 1 pixels before the cut
  double dim_below = 0.6;    // of the median intensity; between a zone of a quarter and the rest
  double wide_half_width_decades = 0.35;  // see peaks.hpp
  TwoLineSearch two_lines{};
  double lowest_hz = 250.0;  // of both fits: below, the bending of the lever at strong stimuli adds
  int replicates = 100;      // of the block bootstrap
};
void visit_fields(auto& visit, GroupOptions& p) {
  visit("rule", p.rule);
  visit("smoothing_pixels", p.smoothing_pixels);
  visit("dim_below", p.dim_below);
  visit("wide_half_width_decades", p.wide_half_width_decades);
  visit("two_lines", p.two_lines);
  visit("lowest_hz", p.lowest_hz);
  visit("replicates", p.replicates);
}
void validate(const GroupOptions& p);

/// Otsu's threshold: the cut that leaves the least variance within the two parts (IEEE Trans. SMC
/// 9, 62, 1979). Values must be finite and not empty.
[[nodiscard]] double otsu_threshold(std::span<const float> values);

/// Labels and names of groups; label 0 is the reference that others are held against.
struct Grouping {
  std::vector<std::string> names;
  std::vector<std::uint8_t> label;  // per spectrum
};
[[nodiscard]] Grouping group_by_weights(const RowArrayF& weights, const GroupOptions& options);

struct SpectrumGroup {
  std::string name;
  std::size_t pixels = 0;
  std::vector<double> mean;  // empty if no pixel
  std::vector<double> sigma;
  Peak wide;           // window around the maximum
  Estimate intensity;  // mean over the channels
  TwoLines two_lines;
  // against the first group; sigma < 0: not known
  Estimate shift{0.0, -1.0};            // ln of the ratio of the positions of `wide`
  Estimate intensity_ratio{0.0, -1.0};  // of `intensity`
  std::vector<double> ratio;            // of the means, per channel
  std::vector<double> ratio_sigma;
};

struct SpectrumGroups {
  GroupRule rule = GroupRule::none;
  std::vector<std::uint8_t> label_map;  // [y][x]; no_group where not used
  std::vector<SpectrumGroup> groups;
  static constexpr std::uint8_t no_group = 255;
};

/// What is read of labelled spectra. `block` per spectrum, for the bootstrap: blocks are drawn
/// again with the labels as they are. `common_sigma`: error of the reference sweep, the same in
/// all.
[[nodiscard]] std::vector<SpectrumGroup> read_groups(const SpectraView& spectra,
                                                     std::span<const double> frequencies_hz,
                                                     const Grouping& grouping,
                                                     std::span<const std::int32_t> block,
                                                     std::size_t blocks,
                                                     std::span<const double> noise_sigma,
                                                     std::span<const double> common_sigma,
                                                     std::uint64_t seed,
                                                     const GroupOptions& options,
                                                     Threads threads = {});

}  // namespace halotwin::analysis
