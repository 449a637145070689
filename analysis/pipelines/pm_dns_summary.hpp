// What an analysed PM-DNS map says: a dozen lines for the terminal, and what every pipeline hands
// on.
#pragma once

#include <string>

#include "analysis/findings.hpp"
#include "analysis/pipelines/pm_dns.hpp"
#include "base/grid.hpp"

namespace halotwin::analysis {

[[nodiscard]] std::string summary_text(const PmDnsResult& result, const PmDnsOptions& options);

/// Key numbers with their nulls, maps, spectra and the summary. `grid` is that of the map.
[[nodiscard]] Findings pm_dns_findings(const PmDnsResult& result,
                                       const PmDnsOptions& options,
                                       const Grid& grid);

}  // namespace halotwin::analysis
