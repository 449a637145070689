// Head and style of the report's page.
#pragma once

#include <string>

namespace halotwin::validation {

/// From the document type to the opening of the body; `title` is escaped already. Nothing outside
/// the file may be loaded.
[[nodiscard]] std::string report_head(const std::string& title);

}  // namespace halotwin::validation
