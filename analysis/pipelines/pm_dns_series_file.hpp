// The analysis of a PM-DNS series on a recording.
#pragma once

#include <filesystem>
#include <vector>

#include "analysis/pipelines/pipeline.hpp"
#include "analysis/pipelines/pm_dns_file.hpp"
#include "analysis/pipelines/pm_dns_series.hpp"

namespace halotwin::analysis {

/// The maps of one step of a series with the conditions of their rounds.
struct PmDnsSeries {
  std::vector<PmDnsMap> maps;
  std::vector<double> temperature_k;  // of the sensor; 300 if the recording has none
  std::vector<double> offset_v;
  /// Borrows from this object.
  [[nodiscard]] std::vector<PmDnsSeriesRound> rounds(const PmDnsSeriesOptions& options) const;
};

/// The settings that the scenario of a recording has for this pipeline.
[[nodiscard]] PmDnsSeriesOptions series_options(const std::filesystem::path& recording);

/// Throws DataError if the recording has no such step or a round is not whole.
[[nodiscard]] PmDnsSeries read_pm_dns_series(const std::filesystem::path& recording,
                                             const PmDnsSeriesOptions& options);

/// The result in the form that all pipelines share.
[[nodiscard]] Findings findings_of(const PmDnsSeriesResult& result, const Grid& pixels);

/// The entry of all_pipelines().
void check_pm_dns_series_settings(const Table& settings);
[[nodiscard]] Findings run_pm_dns_series_pipeline(const PipelineRun& run);

}  // namespace halotwin::analysis
