// The pipelines by name: what `halotwin analyse` runs on a recording of a procedure.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "analysis/findings.hpp"
#include "base/fields.hpp"
#include "base/parallel.hpp"
#include "base/table.hpp"

namespace halotwin::analysis {

struct PipelineRun {
  std::filesystem::path recording;
  Table settings{};       // of the pipeline: the scenario's [analysis.<name>], then --set
  std::string version{};  // of the program, for the provenance in the file
  Threads threads{};
  std::string scope{};  // the step of a run of several; "" = the recording itself
};

struct Pipeline {
  std::string_view name;       // "pm_dns"; results go to /entry/analysis_<name>
  std::string_view procedure;  // whose recordings it reads: "pm_dns_map"
  std::string_view summary;    // one line for `halotwin list`
  /// Throws ParameterError for a setting that is unknown or out of range.
  void (*check_settings)(const Table& settings);
  /// Reads the recording, adds the result to the file, returns it. Throws DataError or
  /// ParameterError.
  Findings (*analyse)(const PipelineRun& run);
};

/// The options of a pipeline with these settings; what Pipeline::check_settings is made of.
template <HasFields Options>
[[nodiscard]] Options options_from(const Table& settings, const std::string& pipeline) {
  Options options;
  load_fields(options, settings, "analysis." + pipeline);
  return options;
}

/// All pipelines. The one list.
[[nodiscard]] const std::vector<Pipeline>& all_pipelines();

/// The pipeline of this name, or for recordings of this procedure if `name` is empty; throws
/// ParameterError that names the nearest one.
[[nodiscard]] const Pipeline& find_pipeline(const std::string& name, const std::string& procedure);

}  // namespace halotwin::analysis
