#include "app/result_text.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace halotwin::app {

namespace {

/// Five significant digits, but no digit beyond the second one of sigma.
std::string digits_of(double value, double sigma) {
  if (std::isnan(value)) {
    return "-";
  }
  const bool rounded = std::isfinite(sigma) && sigma > 1e-12 * std::abs(value);
  if (!rounded || !std::isfinite(value)) {
    return fmt::format("{:.5g}", value);
  }
  const int last = static_cast<int>(std::floor(std::log10(sigma))) - 1;
  const double size = std::max(std::abs(value), sigma);
  const int first = static_cast<int>(std::floor(std::log10(size)));
  const double unit = std::pow(10.0, last);
  return fmt::format(
      "{:.{}g} +- {:.2g}", std::round(value / unit) * unit, std::max(1, first - last + 1), sigma);
}

}  // namespace

std::string number_line(std::string_view name, double value, double sigma, std::string_view unit) {
  const std::string digits = digits_of(value, sigma);
  return fmt::format("  {:<44} {}{}{}",
                     name,
                     digits,
                     unit.empty() || unit == "1" || digits == "-" ? "" : " ",
                     unit == "1" || digits == "-" ? "" : unit);
}

}  // namespace halotwin::app
