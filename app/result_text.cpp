#include "app/result_text.hpp"

#include <cmath>

#include <fmt/format.h>

namespace halotwin::app {

std::string number_line(std::string_view name, double value, double sigma, std::string_view unit) {
  return fmt::format("  {:<40} {:.5g}{}{}{}",
                     name,
                     value,
                     std::isfinite(sigma) ? fmt::format(" +- {:.2g}", sigma) : "",
                     unit.empty() || unit == "1" ? "" : " ",
                     unit == "1" ? "" : unit);
}

}  // namespace halotwin::app
