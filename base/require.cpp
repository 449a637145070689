#include "base/require.hpp"

#include <cmath>

#include <fmt/format.h>

#include "base/errors.hpp"

namespace halotwin {

void require(bool holds, std::string_view field, double value, std::string_view rule) {
  if (!holds) {
    throw ParameterError(fmt::format("{} = {} (must be {})", field, value, rule));
  }
}

void require(bool holds, std::string_view what) {
  if (!holds) {
    throw ParameterError(std::string(what));
  }
}

void require_range(std::string_view field, double value, double low, double high) {
  if (!(std::isfinite(value) && value >= low && value <= high)) {
    throw ParameterError(
        fmt::format("{} = {} (must be between {} and {})", field, value, low, high));
  }
}

void require_positive(std::string_view field, double value) {
  require(std::isfinite(value) && value > 0.0, field, value, "> 0");
}

}  // namespace halotwin
