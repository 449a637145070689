#include "analysis/findings_file.hpp"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <set>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "data/result_writer.hpp"

namespace halotwin::analysis {

namespace {

using data::Axis;
using data::ElementType;
using data::Interpretation;
using data::SignalSpec;

constexpr std::uint8_t no_label = 255;

/// Gives every signal its own name: a second "a_b" becomes "a_b_2".
class Names {
 public:
  std::string unused(const std::string& wanted) {
    std::string name = wanted;
    for (int k = 2; !used_.insert(name).second; ++k) {
      name = fmt::format("{}_{}", wanted, k);
    }
    return name;
  }

 private:
  std::set<std::string> used_{"parameters", "scalars", "texts"};
};

Axis steps(const char* name, double first_m, double step_m, std::size_t count) {
  Axis axis{name, "m", std::vector<double>(count), {}};
  const double step = step_m > 0.0 ? step_m : 1.0;
  for (std::size_t k = 0; k < count; ++k) {
    axis.values[k] = first_m + step * static_cast<double>(k);
  }
  return axis;
}

void add_map(data::ResultWriter& out, Names& names, const FoundMap& map) {
  if (map.nx == 0 || map.ny == 0) {
    return;
  }
  SignalSpec spec;
  spec.group = names.unused(dataset_name(map.name));
  spec.unit = map.unit.empty() ? "1" : map.unit;
  spec.axes = {steps("y", map.y_m, map.step_y_m, map.ny),
               steps("x", map.x_m, map.step_x_m, map.nx)};
  spec.interpretation = Interpretation::image;
  spec.title = map.title;
  spec.description = map.note;
  if (!map.labels) {
    out.add_signal(spec, std::span<const float>(map.values));
    return;
  }
  spec.type = ElementType::u8;
  for (std::size_t k = 0; k < map.label_names.size(); ++k) {
    spec.description += fmt::format(
        "{}{} = {}", k > 0 ? ", " : (spec.description.empty() ? "" : "; "), k, map.label_names[k]);
  }
  std::vector<std::uint8_t> labels;
  for (const float value : map.values) {
    const bool known = value >= 0.0F && value < static_cast<float>(no_label);
    labels.push_back(known ? static_cast<std::uint8_t>(std::lround(value)) : no_label);
  }
  out.add_signal(spec, std::span<const std::uint8_t>(labels));
}

bool is_axis(const std::vector<double>& x) {
  return std::all_of(x.begin(), x.end(), [](double v) { return std::isfinite(v); }) &&
         std::adjacent_find(x.begin(), x.end(), [](double a, double b) { return a >= b; }) ==
             x.end();
}

void add_series(data::ResultWriter& out,
                Names& names,
                const FoundCurve& curve,
                const FoundSeries& series) {
  if (series.x.empty()) {
    return;
  }
  SignalSpec spec;
  spec.group = names.unused(dataset_name(
      curve.series.size() == 1 ? curve.name : fmt::format("{}_{}", curve.name, series.name)));
  spec.type = ElementType::f64;
  spec.unit = unit_of_label(curve.y_label);
  spec.long_name = curve.y_label;
  spec.title = curve.title;
  spec.description = curve.note;
  const std::string x_unit = unit_of_label(curve.x_label);
  if (is_axis(series.x)) {
    spec.axes = {Axis{"x", x_unit, series.x, curve.x_label}};
  } else {
    Axis points{"point", "1", std::vector<double>(series.x.size()), {}};
    std::iota(points.values.begin(), points.values.end(), 0.0);
    spec.axes = {points};
    SignalSpec abscissa = spec;
    abscissa.group = names.unused(spec.group + "_x");
    abscissa.unit = x_unit;
    abscissa.long_name = curve.x_label;
    out.add_signal(abscissa, std::span<const double>(series.x));
  }
  if (series.sigma.size() == series.y.size()) {
    spec.with_errors = true;
    out.add_signal(spec, series.y, series.sigma);
  } else {
    out.add_signal(spec, std::span<const double>(series.y));
  }
}

void add_number(data::ResultWriter& out, Names& names, const char* prefix, const Finding& finding) {
  const std::string name = names.unused(prefix + dataset_name(finding.name));
  if (std::isfinite(finding.value)) {
    out.add_scalar(name, finding.value, finding.unit.empty() ? "1" : finding.unit, finding.sigma);
  } else {
    out.add_text(name + "_status", "not_resolved");
  }
}

}  // namespace

std::string dataset_name(std::string_view text) {
  std::string name;
  for (const char c : text) {
    const bool letter = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z');
    const bool digit = c >= '0' && c <= '9';
    if (letter || (digit && !name.empty())) {
      name += c;
    } else if (digit) {
      name += fmt::format("n{}", c);  // names begin with a letter
    } else if (!name.empty() && name.back() != '_') {
      name += '_';
    }
  }
  while (!name.empty() && name.back() == '_') {
    name.pop_back();
  }
  return name.empty() ? "unnamed" : name;
}

std::string unit_of_label(std::string_view label) {
  const std::size_t open = label.rfind('(');
  if (open == std::string_view::npos || !label.ends_with(')') || open + 2 >= label.size()) {
    return "1";
  }
  return std::string(label.substr(open + 1, label.size() - open - 2));
}

void write_findings(const PipelineRun& run, FindingsHeader header, const Findings& findings) {
  data::ResultWriter out(run.recording,
                         {.name = std::move(header.pipeline),
                          .version = run.version,
                          .parameters = std::move(header.parameters),
                          .inputs = std::move(header.inputs),
                          .scope = run.scope});
  Names scalars;
  for (const Finding& value : findings.values) {
    add_number(out, scalars, "", value);
  }
  for (const Finding& null : findings.nulls) {
    add_number(out, scalars, "null_", null);
  }
  Names signals;
  for (const FoundMap& map : findings.maps) {
    add_map(out, signals, map);
  }
  for (const FoundCurve& curve : findings.curves) {
    for (const FoundSeries& series : curve.series) {
      add_series(out, signals, curve, series);
    }
  }
  if (!findings.warnings.empty()) {
    out.add_text("warnings", fmt::format("{}", fmt::join(findings.warnings, "\n")));
  }
  out.commit();
}

}  // namespace halotwin::analysis
