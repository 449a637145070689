#include "analysis/pipelines/current_voltage.hpp"

#include <algorithm>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "analysis/findings_file.hpp"
#include "base/constants.hpp"
#include "base/errors.hpp"
#include "base/require.hpp"
#include "data/recording_reader.hpp"

namespace halotwin::analysis {

namespace {

constexpr std::size_t fewest_points = 3;

Estimate difference(const Estimate& a, const Estimate& b) {
  return {a.value - b.value, std::hypot(a.sigma, b.sigma)};
}

struct Points {
  std::vector<double> voltage_v;
  std::vector<double> current_a;

  void add(double v, double a) {
    voltage_v.push_back(v);
    current_a.push_back(a);
  }
  [[nodiscard]] LineFit fit() const {
    return voltage_v.size() < fewest_points ? LineFit{} : fit_line(voltage_v, current_a);
  }
};

/// Of a closed cycle of which every step was measured.
Estimate null_of(const CurrentVoltageInput& in) {
  const std::size_t steps = in.voltage_v.size() - 1;  // the last one is the first again
  if (steps < 4 || steps % 4 != 0) {
    return {nan, nan};
  }
  Points points;
  for (std::size_t k = 0; k < steps; ++k) {
    points.add(in.voltage_v[(k + steps / 4) % steps], in.current_a[k]);
  }
  return points.fit().conductance_siemens;
}

}  // namespace

LineFit fit_line(std::span<const double> voltage_v, std::span<const double> current_a) {
  require(voltage_v.size() == current_a.size() && voltage_v.size() >= fewest_points,
          "a line needs at least three points");
  const auto n = static_cast<double>(voltage_v.size());
  const double mean_v = mean(voltage_v);
  const double mean_a = mean(current_a);
  double vv = 0.0;
  double va = 0.0;
  for (std::size_t k = 0; k < voltage_v.size(); ++k) {
    vv += (voltage_v[k] - mean_v) * (voltage_v[k] - mean_v);
    va += (voltage_v[k] - mean_v) * (current_a[k] - mean_a);
  }
  require(vv > 0.0, "a line needs more than one voltage");
  LineFit fit;
  fit.points = voltage_v.size();
  fit.conductance_siemens.value = va / vv;
  fit.offset_a.value = mean_a - va / vv * mean_v;
  double squares = 0.0;
  for (std::size_t k = 0; k < voltage_v.size(); ++k) {
    const double rest =
        current_a[k] - fit.offset_a.value - fit.conductance_siemens.value * voltage_v[k];
    squares += rest * rest;
  }
  fit.scatter_a = std::sqrt(squares / (n - 2.0));
  fit.conductance_siemens.sigma = fit.scatter_a / std::sqrt(vv);
  fit.offset_a.sigma = fit.scatter_a * std::sqrt(1.0 / n + mean_v * mean_v / vv);
  return fit;
}

CurrentVoltageResult analyse_current_voltage(const CurrentVoltageInput& in) {
  const std::size_t steps = in.voltage_v.size();
  require(in.set_v.size() == steps && in.current_a.size() == steps && in.compliance.size() == steps,
          "voltage, current and compliance of each step expected");
  CurrentVoltageResult result;
  Points both;
  Points rising;
  Points falling;
  for (std::size_t k = 0; k < steps; ++k) {
    if (in.compliance[k] != 0 || !std::isfinite(in.current_a[k]) ||
        !std::isfinite(in.voltage_v[k])) {
      ++result.left_out;
      continue;
    }
    both.add(in.voltage_v[k], in.current_a[k]);
    const double way_v = k == 0 ? 0.0 : in.set_v[k] - in.set_v[k - 1];
    if (way_v != 0.0) {
      (way_v > 0.0 ? rising : falling).add(in.voltage_v[k], in.current_a[k]);
    }
  }
  if (both.voltage_v.size() < fewest_points) {
    throw DataError(
        fmt::format("only {} steps were measured below the current limit; a line needs "
                    "{}",
                    both.voltage_v.size(),
                    fewest_points));
  }
  result.both = both.fit();
  result.rising = rising.fit();
  result.falling = falling.fit();
  result.hysteresis_siemens = result.hysteresis_a = result.null_siemens = {nan, nan};
  if (result.rising.points > 0 && result.falling.points > 0) {
    result.hysteresis_siemens =
        difference(result.rising.conductance_siemens, result.falling.conductance_siemens);
    result.hysteresis_a = difference(result.rising.offset_a, result.falling.offset_a);
  }
  if (result.left_out == 0) {
    result.null_siemens = null_of(in);
  }
  return result;
}

void check_current_voltage_settings(const Table& settings) {
  static_cast<void>(options_from<CurrentVoltageOptions>(settings, "current_voltage"));
}

Findings run_current_voltage_pipeline(const PipelineRun& run) {
  const auto options = options_from<CurrentVoltageOptions>(run.settings, "current_voltage");
  CurrentVoltageResult r;
  std::vector<double> voltage_v;
  std::vector<double> current_a;
  {
    const data::RecordingReader recording(run.recording, run.scope);
    const auto set_v = recording.read<double>("set_voltage");
    const auto compliance = recording.read<std::uint8_t>("compliance");
    voltage_v = recording.read<double>("voltage");
    current_a = recording.read<double>("current");
    r = analyse_current_voltage({set_v, voltage_v, current_a, compliance});
  }
  Findings f;
  const auto put = [&](const char* name, const Estimate& e, const char* unit, const char* note) {
    f.values.push_back({name, e.value, e.sigma, unit, note});
  };
  const auto put_line = [&](const char* name, const LineFit& fit, const char* note) {
    const Estimate none{nan, nan};
    put(name, fit.points > 0 ? fit.conductance_siemens : none, "S", note);
  };
  put_line("conductance", r.both, "both directions");
  put("offset_current", r.both.offset_a, "A", "at 0 V");
  put_line("conductance_rising", r.rising, "voltage rising");
  put_line("conductance_falling", r.falling, "voltage falling");
  put("hysteresis_conductance", r.hysteresis_siemens, "S", "rising less falling");
  put("hysteresis_current", r.hysteresis_a, "A", "at 0 V, rising less falling");
  f.values.push_back({"scatter", r.both.scatter_a, nan, "A", "of a reading about the line"});
  f.nulls.push_back({"conductance",
                     r.null_siemens.value,
                     r.null_siemens.sigma,
                     "S",
                     "the same currents against the voltages of a quarter of the cycle later"});
  std::vector<double> steps_v;
  std::vector<double> steps_a;
  for (std::size_t k = 0; k < voltage_v.size(); ++k) {
    if (std::isfinite(voltage_v[k]) && std::isfinite(current_a[k])) {
      steps_v.push_back(voltage_v[k]);
      steps_a.push_back(current_a[k]);
    }
  }
  const auto [low, high] = std::minmax_element(steps_v.begin(), steps_v.end());
  const auto line_a = [&](double v) {
    return r.both.offset_a.value + r.both.conductance_siemens.value * v;
  };
  f.curves.push_back(
      {.name = "curve",
       .title = "current-voltage curve",
       .x_label = "voltage (V)",
       .y_label = "current (A)",
       .series = {{.name = "measured", .x = steps_v, .y = steps_a, .markers = true},
                  {.name = "line", .x = {*low, *high}, .y = {line_a(*low), line_a(*high)}}}});
  if (r.left_out > 0) {
    f.warnings.push_back(
        fmt::format("{} steps at the current limit or not measured are left out", r.left_out));
  }
  write_findings(
      run,
      {"current_voltage", effective_fields(options), "set_voltage, voltage, current, compliance"},
      f);
  return f;
}

}  // namespace halotwin::analysis
