// Only the correlation map of CLIM, of the whole field and in one pass: for movies larger than the
// memory, or a first look.
#pragma once

#include <cstdint>

#include "analysis/drift.hpp"
#include "analysis/findings.hpp"
#include "analysis/pipelines/pipeline.hpp"

namespace halotwin::analysis {

struct ClimMapOptions {
  std::int64_t first_frames = 0;  // 0 = all (public program: 1000)
  bool correct_drift = false;     // by whole pixels; the movie is read once more for it
  DriftParams drift{};
  bool operator==(const ClimMapOptions&) const = default;
};
void validate(const ClimMapOptions& p);
void visit_fields(auto& visit, ClimMapOptions& p) {
  visit("first_frames", p.first_frames);
  visit("correct_drift", p.correct_drift);
  visit("drift", p.drift);
}

void check_clim_map_settings(const Table& settings);
/// Maps of intensity, r and, where the camera's noise is known, r without it and the reliability.
[[nodiscard]] Findings run_clim_map_pipeline(const PipelineRun& run);

}  // namespace halotwin::analysis
