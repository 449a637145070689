// Groups of spectra in the result of a PM-DNS map: in the file, among the findings, in the summary.
// Internal to pipelines/.
#pragma once

#include <string>

#include "analysis/findings.hpp"
#include "analysis/pipelines/pm_dns.hpp"
#include "base/grid.hpp"
#include "data/result_writer.hpp"

namespace halotwin::analysis {

void write_groups(data::ResultWriter& out,
                  const PmDnsResult& result,
                  const data::Axis& y,
                  const data::Axis& x,
                  const data::Axis& frequency);

void add_group_findings(const PmDnsResult& result, const Grid& grid, Findings& findings);

/// A line for each group; empty if there are none.
[[nodiscard]] std::string groups_text(const SpectrumGroups& groups);

}  // namespace halotwin::analysis
