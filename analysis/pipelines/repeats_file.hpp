// The analysis of repeated maps on a recording.
#pragma once

#include <filesystem>
#include <vector>

#include "analysis/pipelines/pipeline.hpp"
#include "analysis/pipelines/pm_dns_file.hpp"
#include "analysis/pipelines/repeats.hpp"

namespace halotwin::analysis {

/// The rounds of a recording of the procedure `series`.
struct Repeats {
  struct Image {
    std::size_t nx = 0;
    std::size_t ny = 0;
    double step_m = 0.0;
    Point first{};
    std::vector<double> contact_potential_v;
    std::vector<double> contact_potential_backward_v;
    std::vector<double> topography_m;
  };
  std::vector<PmDnsMap> maps;
  std::vector<Image> images;
};

/// Whole rounds only. Throws DataError if there is neither step.
[[nodiscard]] Repeats read_repeats(const std::filesystem::path& recording,
                                   const RepeatsOptions& options);
[[nodiscard]] RepeatsResult analyse_repeats(const Repeats& repeats,
                                            const RepeatsOptions& options = {},
                                            Threads threads = {});

/// The result in the form that all pipelines share.
[[nodiscard]] Findings findings_of(const RepeatsResult& result, const Repeats& repeats);

/// The entry of all_pipelines().
void check_repeats_settings(const Table& settings);
[[nodiscard]] Findings run_repeats_pipeline(const PipelineRun& run);

}  // namespace halotwin::analysis
