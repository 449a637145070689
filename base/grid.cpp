#include "base/grid.hpp"

#include <cmath>

#include "base/require.hpp"

namespace halotwin {

std::vector<double> linear_spacing(double from, double to, std::size_t points) {
  std::vector<double> values(points, from);
  for (std::size_t i = 1; i < points; ++i) {
    values[i] = i + 1 == points
                    ? to
                    : from + (to - from) * static_cast<double>(i) / static_cast<double>(points - 1);
  }
  return values;
}

std::vector<double> log_spacing(double from, double to, std::size_t points) {
  require_positive("from", from);
  require_positive("to", to);
  std::vector<double> values = linear_spacing(std::log(from), std::log(to), points);
  for (double& value : values) {
    value = std::exp(value);
  }
  if (points > 0) {
    values.front() = from;
    values.back() = points > 1 ? to : from;
  }
  return values;
}

}  // namespace halotwin
