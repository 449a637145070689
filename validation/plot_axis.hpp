// Range and ticks of an axis.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace halotwin::validation {

struct Axis {
  double low = 0.0;
  double high = 1.0;
  bool log = false;
  std::vector<std::pair<double, std::string>> ticks;  // with their labels
  std::vector<double> minor_ticks;                    // without
};

/// An axis over all `values` that can be shown on it (finite; > 0 if `log`), with `margin` as a
/// fraction of the span (of its logarithm) on both sides. Ticks at 1, 2 and 5 times powers of ten;
/// at the decades alone where a logarithmic axis spans more than 2.7 of them; about `intervals` on
/// a linear one. Never empty.
[[nodiscard]] Axis axis_over(const std::vector<double>& values,
                             bool log,
                             double margin,
                             double intervals = 6.0);

/// A linear axis with these limits.
[[nodiscard]] Axis axis_between(double low, double high, double intervals = 6.0);

/// Gnuplot's commands for the axis ("x", "y", "cb").
[[nodiscard]] std::string axis_commands(std::string_view name, const Axis& axis);

}  // namespace halotwin::validation
