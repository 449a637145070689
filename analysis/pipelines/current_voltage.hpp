// Conductance of a current-voltage curve: straight lines through it, one for each direction of the
// voltage and one for both.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "analysis/pipelines/pipeline.hpp"
#include "analysis/uncertainty.hpp"

namespace halotwin::analysis {

/// I = G V + I0 by least squares; sigmas from the scatter about the line.
struct LineFit {
  Estimate conductance_siemens;
  Estimate offset_a;
  double scatter_a = 0.0;  // standard deviation about the line
  std::size_t points = 0;
};
/// Throws ParameterError for fewer than three points or a single voltage.
[[nodiscard]] LineFit fit_line(std::span<const double> voltage_v,
                               std::span<const double> current_a);

struct CurrentVoltageOptions {
  bool operator==(const CurrentVoltageOptions&) const = default;
};
inline void validate(const CurrentVoltageOptions&) {}
void visit_fields(auto&, CurrentVoltageOptions&) {}

struct CurrentVoltageInput {
  std::span<const double> set_v;  // tells the direction; NaN = not measured
  std::span<const double> voltage_v;
  std::span<const double> current_a;
  std::span<const std::uint8_t> compliance;  // 1: not used
};

struct CurrentVoltageResult {
  LineFit both;
  LineFit rising;  // 0 points if that direction was not measured
  LineFit falling;
  Estimate hysteresis_siemens;  // rising less falling; NaN without both
  Estimate hysteresis_a;        // of the currents at 0 V, the same way
  Estimate null_siemens;        // see the pipeline's note; NaN for a curve that is not closed
  std::size_t left_out = 0;     // steps at the current limit or not measured
};

/// A step belongs to the direction of the way to it. Null: the same currents against the voltages
/// of a quarter of the cycle later, which no ohmic load follows.
[[nodiscard]] CurrentVoltageResult analyse_current_voltage(const CurrentVoltageInput& input);

void check_current_voltage_settings(const Table& settings);
[[nodiscard]] Findings run_current_voltage_pipeline(const PipelineRun& run);

}  // namespace halotwin::analysis
