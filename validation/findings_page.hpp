// What a pipeline found, as a page of the report: the same code for every pipeline.
#pragma once

#include <vector>

#include "analysis/findings.hpp"
#include "validation/plot.hpp"
#include "validation/report.hpp"

namespace halotwin::validation {

[[nodiscard]] CurvePlot curve_plot(const analysis::FoundCurve& curve);

/// In a unit with a prefix that suits the values ("nm" for heights); labels as classes.
[[nodiscard]] MapPlot map_plot(const analysis::FoundMap& map);

/// All curves and maps, these four to a picture where they have one size.
[[nodiscard]] std::vector<Figure> pictures_of(const analysis::Findings& findings);

/// Numbers, nulls, pictures, note and warnings; title and commands are the caller's.
[[nodiscard]] Page page_of(const analysis::Findings& findings);

}  // namespace halotwin::validation
