#include "analysis/pipelines/pm_dns_groups.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "base/constants.hpp"
#include "base/fields.hpp"

namespace halotwin::analysis {

namespace {

/// "component 1" -> "group_component_1"
std::string key_of(const SpectrumGroup& group) {
  std::string key = "group_" + group.name;
  std::replace(key.begin(), key.end(), ' ', '_');
  return key;
}

/// One number of a group; sigma below 0: it is not known.
struct Number {
  std::string name;
  Estimate value;
  std::string unit;
  std::string note;
};

std::vector<Number> numbers_of(const SpectrumGroup& g, bool is_first) {
  const std::string key = key_of(g);
  const TwoLines& t = g.two_lines;
  const Estimate unknown{nan, -1.0};
  std::vector<Number> numbers{
      {key + "_intensity", g.intensity, "", "mean over the channels"},
      {key + "_wide_peak_position",
       g.wide.usable() ? Estimate{g.wide.position_hz, g.wide.position_sigma_hz} : Estimate{nan, -1},
       "Hz",
       "one broad maximum"},
      {key + "_two_lines_low",
       t.low_inside ? t.low_hz : unknown,
       "Hz",
       t.low_inside ? "lower of two Debye losses" : "not resolved: at a limit of the search"},
      {key + "_two_lines_high",
       t.high_inside ? t.high_hz : unknown,
       "Hz",
       t.high_inside ? "higher of two Debye losses" : "not resolved: at a limit of the search"},
      {key + "_two_lines_ratio", t.ratio, "", "height of the higher over the lower"}};
  if (!is_first) {
    numbers.push_back(
        {key + "_shift", g.shift, "", "ln of the peak position over the first group"});
    numbers.push_back(
        {key + "_intensity_ratio", g.intensity_ratio, "", "intensity over the first group"});
  }
  return numbers;
}

}  // namespace

void write_groups(data::ResultWriter& out,
                  const PmDnsResult& result,
                  const data::Axis& y,
                  const data::Axis& x,
                  const data::Axis& frequency) {
  const SpectrumGroups& groups = result.groups;
  if (groups.groups.empty()) {
    return;
  }
  out.add_text("group_rule", halotwin::name_of(groups.rule));
  data::SignalSpec map;
  map.group = "groups";
  map.unit = "1";
  map.axes = {y, x};
  map.interpretation = data::Interpretation::image;
  map.type = data::ElementType::u8;
  for (std::size_t k = 0; k < groups.groups.size(); ++k) {
    map.description += fmt::format("{} {}, ", k, groups.groups[k].name);
  }
  map.description += "255 not used";
  out.add_signal(map, std::span<const std::uint8_t>(groups.label_map));
  for (std::size_t k = 0; k < groups.groups.size(); ++k) {
    const SpectrumGroup& g = groups.groups[k];
    out.add_scalar(key_of(g) + "_pixels", static_cast<double>(g.pixels), "1", 0.0);
    if (g.mean.empty()) {
      continue;
    }
    data::SignalSpec spectrum;
    spectrum.group = "spectrum_" + key_of(g);
    spectrum.unit = "1";
    spectrum.axes = {frequency};
    spectrum.interpretation = data::Interpretation::spectrum;
    spectrum.description = "mean response of the group with its block bootstrap error";
    spectrum.type = data::ElementType::f64;
    spectrum.with_errors = true;
    out.add_signal(spectrum, g.mean, g.sigma);
    for (const Number& n : numbers_of(g, k == 0)) {
      if (std::isfinite(n.value.value) && n.value.sigma >= 0.0) {
        out.add_scalar(n.name, n.value.value, n.unit.empty() ? "1" : n.unit, n.value.sigma);
      } else {
        out.add_text(n.name + "_status", "not_resolved");
      }
    }
  }
}

void add_group_findings(const PmDnsResult& result, const Grid& grid, Findings& findings) {
  const SpectrumGroups& groups = result.groups;
  if (groups.groups.empty()) {
    return;
  }
  FoundMap map{
      "groups", "groups of spectra", "", grid.nx, grid.ny, grid.step_x_m, grid.step_y_m, {}};
  map.labels = true;
  map.x_m = grid.origin.x_m;
  map.y_m = grid.origin.y_m;
  for (const std::uint8_t label : groups.label_map) {
    map.values.push_back(label == SpectrumGroups::no_group ? std::numeric_limits<float>::quiet_NaN()
                                                           : static_cast<float>(label));
  }
  FoundCurve curve{"group_spectra",
                   "Mean spectra of the groups",
                   "stimulus frequency (Hz)",
                   "response / fast response",
                   true,
                   false,
                   {}};
  curve.note = "Bands: one standard deviation (block bootstrap). Groups by the weights of the NMF.";
  for (std::size_t k = 0; k < groups.groups.size(); ++k) {
    const SpectrumGroup& g = groups.groups[k];
    map.label_names.push_back(g.name);
    if (g.mean.empty()) {
      continue;
    }
    curve.series.push_back({g.name, result.frequencies_hz, g.mean, g.sigma});
    for (const Number& n : numbers_of(g, k == 0)) {
      const bool known = n.value.sigma >= 0.0;
      findings.values.push_back(
          {n.name, known ? n.value.value : nan, known ? n.value.sigma : nan, n.unit, n.note});
    }
  }
  findings.maps.push_back(std::move(map));
  findings.curves.push_back(std::move(curve));
}

std::string groups_text(const SpectrumGroups& groups) {
  std::string text;
  for (std::size_t k = 0; k < groups.groups.size(); ++k) {
    const SpectrumGroup& g = groups.groups[k];
    text += fmt::format("  group {:<13} {:>6} pixels", g.name, g.pixels);
    if (g.wide.usable()) {
      text += fmt::format(
          "  maximum {:.0f} +- {:.0f} Hz (broad)", g.wide.position_hz, g.wide.position_sigma_hz);
    }
    if (k > 0 && g.intensity_ratio.sigma >= 0.0) {
      text += fmt::format(
          "  intensity x {:.2f} +- {:.2f}", g.intensity_ratio.value, g.intensity_ratio.sigma);
    }
    if (k > 0 && g.shift.sigma >= 0.0) {
      text += fmt::format(
          "  shift {:+.1f} +- {:.1f} %", 100.0 * std::expm1(g.shift.value), 100.0 * g.shift.sigma);
    }
    text += "\n";
  }
  return text;
}

}  // namespace halotwin::analysis
