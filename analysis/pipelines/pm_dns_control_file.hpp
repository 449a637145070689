// The control-sweep analysis on a recording of pm_dns_control.
#pragma once

#include <filesystem>
#include <string>

#include "analysis/pipelines/pipeline.hpp"
#include "analysis/pipelines/pm_dns_control.hpp"

namespace halotwin::data {
class RecordingReader;
}

namespace halotwin::analysis {

/// Reads the signals demodulated, conditions and tune; throws DataError if one is missing or has
/// other dimensions.
[[nodiscard]] PmDnsControlResult analyse_pm_dns_control_recording(
    const data::RecordingReader& recording, const PmDnsControlOptions& options = {});

void check_pm_dns_control_settings(const Table& settings);
[[nodiscard]] Findings run_pm_dns_control_pipeline(const PipelineRun& run);

}  // namespace halotwin::analysis
