// Numbers of an analysis as lines of text.
#pragma once

#include <string>
#include <string_view>

namespace halotwin::app {

/// "first_peak   1020 +- 12 Hz": name, value, one standard deviation if it is known, unit.
[[nodiscard]] std::string number_line(std::string_view name,
                                      double value,
                                      double sigma,
                                      std::string_view unit);

}  // namespace halotwin::app
