// What an analysed PM-DNS map says, in a dozen lines.
#pragma once

#include <string>

#include "analysis/pipelines/pm_dns.hpp"

namespace halotwin::app {

[[nodiscard]] std::string summary_text(const analysis::PmDnsResult& result,
                                       const analysis::PmDnsOptions& options);

}  // namespace halotwin::app
