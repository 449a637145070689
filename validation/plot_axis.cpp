#include "validation/plot_axis.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "validation/gnuplot.hpp"

namespace halotwin::validation {

namespace {

constexpr double most_decades_with_steps = 2.7;
constexpr double few_ticks = 3.0;  // fewer than this on a logarithmic axis: linear ticks instead

std::string superscript(int exponent) {
  static const std::array<const char*, 10> digits{"⁰", "¹", "²", "³", "⁴", "⁵", "⁶", "⁷", "⁸", "⁹"};
  std::string out = exponent < 0 ? "⁻" : "";
  for (const char c : std::to_string(std::abs(exponent))) {
    out += digits[static_cast<std::size_t>(c - '0')];
  }
  return out;
}

std::string minus_sign(std::string text) {
  if (text.starts_with('-')) {
    text.replace(0, 1, "−");
  }
  return text;
}

// 0.02, 1500, 2×10⁻⁵: as the largest value of the axis and its step ask for.
std::string label(double value, double largest, double step) {
  if (value == 0.0) {
    return "0";
  }
  if (largest < 1e-3 || largest >= 1e5) {
    const int exponent = static_cast<int>(std::floor(std::log10(largest) + 1e-9));
    const double unit = std::pow(10.0, exponent);
    const int decimals = std::max(0, -static_cast<int>(std::floor(std::log10(step / unit) + 1e-9)));
    const std::string mantissa = fmt::format("{:.{}f}", value / unit, decimals);
    return (mantissa == "1" ? "" : minus_sign(mantissa) + "×") + "10" + superscript(exponent);
  }
  const int decimals = std::max(0, -static_cast<int>(std::floor(std::log10(step) + 1e-9)));
  return minus_sign(fmt::format("{:.{}f}", value, decimals));
}

// 1, 2 or 5 times a power of ten, the nearest to span / intervals.
double nice_step(double span, double intervals) {
  const double raw = span / intervals;
  const double decade = std::pow(10.0, std::floor(std::log10(raw)));
  const double digits = raw / decade;
  const double nearest = digits < std::sqrt(2.0)    ? 1.0
                         : digits < std::sqrt(10.0) ? 2.0
                         : digits < std::sqrt(50.0) ? 5.0
                                                    : 10.0;
  return nearest * decade;
}

void linear_ticks(Axis& axis, double intervals, double least_step) {
  const double step = std::max(least_step, nice_step(axis.high - axis.low, intervals));
  const double largest = std::max(std::abs(axis.low), std::abs(axis.high));
  const double tolerance = 1e-6 * step;
  for (double n = std::ceil((axis.low - tolerance) / step); n * step <= axis.high + tolerance;
       n += 1.0) {
    axis.ticks.emplace_back(n * step, label(n * step, largest, step));
  }
}

void log_ticks(Axis& axis) {
  const double span = std::log10(axis.high / axis.low);
  const int every = std::max(1, static_cast<int>(std::ceil(span / 8.0)));
  for (int e = static_cast<int>(std::floor(std::log10(axis.low)));
       e <= static_cast<int>(std::ceil(std::log10(axis.high)));
       ++e) {
    for (int m = 1; m < 10; ++m) {
      const double at = m * std::pow(10.0, e);
      const bool steps = span <= most_decades_with_steps && (m == 2 || m == 5);
      if (at < axis.low * (1.0 - 1e-9) || at > axis.high * (1.0 + 1e-9)) {
        continue;
      }
      if (steps || (m == 1 && e % every == 0)) {
        axis.ticks.emplace_back(at, label(at, at, at));
      } else if (every == 1) {
        axis.minor_ticks.push_back(at);
      }
    }
  }
}

void place_ticks(Axis& axis, double intervals, double least_step = 0.0) {
  if (axis.log) {
    log_ticks(axis);
    if (static_cast<double>(axis.ticks.size()) >= few_ticks) {
      return;
    }
    axis.ticks.clear();
    axis.minor_ticks.clear();
  }
  linear_ticks(axis, intervals, least_step);
}

}  // namespace

Axis axis_over(const std::vector<double>& values, bool log, double margin, double intervals) {
  double low = std::numeric_limits<double>::infinity();
  double high = -low;
  for (const double v : values) {
    if (std::isfinite(v) && (!log || v > 0.0)) {
      low = std::min(low, v);
      high = std::max(high, v);
    }
  }
  if (low > high) {
    low = log ? 1.0 : 0.0;
    high = log ? 10.0 : 1.0;
  }
  if (log) {
    // a single value gets half a decade around it
    const double room = high > low * (1.0 + 1e-9) ? std::pow(high / low, margin) : 1.8;
    low /= room;
    high *= room;
  } else {
    const double size = std::max(std::abs(low), std::abs(high));
    const double room =
        high - low > 1e-12 * size ? margin * (high - low) : (size > 0.0 ? 0.1 * size : 0.5);
    low -= room;
    high += room;
  }
  Axis axis{low, high, log, {}, {}};
  // counts, ranks, line numbers: nothing between whole numbers
  const bool whole = high - low > 2.0 && std::all_of(values.begin(), values.end(), [](double v) {
                       return !std::isfinite(v) || v == std::round(v);
                     });
  place_ticks(axis, intervals, whole ? 1.0 : 0.0);
  return axis;
}

Axis axis_between(double low, double high, double intervals) {
  Axis axis{low, high, false, {}, {}};
  place_ticks(axis, intervals);
  return axis;
}

std::string axis_commands(std::string_view name, const Axis& axis) {
  std::string ticks;
  for (const auto& [at, text] : axis.ticks) {
    ticks += fmt::format("{}{} {:.12g}", ticks.empty() ? "" : ", ", gnuplot_tick_text(text), at);
  }
  for (const double at : axis.minor_ticks) {
    ticks += fmt::format("{}\"\" {:.12g} 1", ticks.empty() ? "" : ", ", at);
  }
  return fmt::format("{0}set logscale {1}\nset {1}range [{2:.12g}:{3:.12g}]\nset {1}tics ({4})\n",
                     axis.log ? "" : "un",
                     name,
                     axis.low,
                     axis.high,
                     ticks);
}

}  // namespace halotwin::validation
