// Puts what a pipeline found into the recording, so that a pipeline owes only its algorithm.
#pragma once

#include <string>
#include <string_view>

#include "analysis/findings.hpp"
#include "analysis/pipelines/pipeline.hpp"
#include "base/table.hpp"

namespace halotwin::analysis {

/// What the result says of its making.
struct FindingsHeader {
  std::string pipeline;  // "kpfm"
  Table parameters{};    // all effective settings
  std::string inputs{};  // signals that were read, "contact_potential, topography"
};

/// Writes /entry/analysis_<pipeline> (of the step run.scope); an older result of that name is
/// replaced. No reader of the file may be open.
///   scalars    values under their names, nulls under null_<name>, with sigma and unit; what is NaN
///              becomes the text <name>_status = "not_resolved"
///   signals    each map under its name with axes (y, x), labels as whole numbers (255 = none);
///   each
///              series of a curve under <curve>_<series> with its x as the axis, or, if x does not
///              ascend, with an axis of points and x itself in <curve>_<series>_x
///   texts      warnings, one line each
void write_findings(const PipelineRun& run, FindingsHeader header, const Findings& findings);

/// "component 1 (lowest)" -> "component_1_lowest": what a dataset may be called.
[[nodiscard]] std::string dataset_name(std::string_view text);

/// "frequency (Hz)" -> "Hz"; "1" if the label ends without a unit in brackets.
[[nodiscard]] std::string unit_of_label(std::string_view label);

}  // namespace halotwin::analysis
