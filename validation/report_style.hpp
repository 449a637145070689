// Head and style of the report's page.
#pragma once

#include <string_view>

namespace halotwin::validation {

/// From the document type to the opening of the body. Nothing outside the file may be loaded.
extern const std::string_view report_head;

}  // namespace halotwin::validation
