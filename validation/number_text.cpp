#include "validation/number_text.hpp"

#include <algorithm>
#include <cmath>

#include <fmt/format.h>

namespace halotwin::validation {

namespace {

constexpr double smallest_relative = 1e-12;
constexpr double largest_count = 1e15;  // whole numbers below are shown in full

int decade_of(double x) {
  return static_cast<int>(std::floor(std::log10(x) + 1e-12));
}

// Place of the last digit to keep of a sigma: 10^place.
int last_place(double sigma) {
  const int decade = decade_of(sigma);
  const double first_three = std::round(sigma / std::pow(10.0, decade - 2));
  if (first_three >= 950.0) {
    return decade;  // rounds to 10
  }
  return first_three < 355.0 ? decade - 1 : decade;
}

// `x` rounded to a multiple of 10^place.
std::string rounded(double x, int place) {
  const double unit = std::pow(10.0, place);
  if (std::abs(x) < 0.5 * unit) {
    x = 0.0;  // no sign
  }
  return place <= 0 ? fmt::format("{:.{}f}", x, -place)
                    : fmt::format("{:.0f}", std::round(x / unit) * unit);
}

std::string without_trailing_zeros(std::string text) {
  if (text.find('.') != std::string::npos) {
    text.erase(text.find_last_not_of('0') + 1);
    if (text.ends_with('.')) {
      text.pop_back();
    }
  }
  return text;
}

// Four significant digits, but all digits before the point.
std::string four_digits(double value) {
  const int place = std::min(0, decade_of(std::abs(value)) - 3);
  return without_trailing_zeros(rounded(value, place));
}

}  // namespace

NumberText number_text(double value, double sigma) {
  if (std::isnan(value)) {
    return {"-", 0};
  }
  if (std::isinf(value)) {
    return {value > 0.0 ? "inf" : "-inf", 0};
  }
  // a sigma far below the value's own rounding says nothing
  const bool has_sigma = std::isfinite(sigma) && sigma > smallest_relative * std::abs(value);
  if (!has_sigma && value == std::round(value) && std::abs(value) < largest_count) {
    return {fmt::format("{:.0f}", value), 0};
  }
  const double size = std::max(std::abs(value), has_sigma ? sigma : 0.0);
  NumberText text;
  if (size > 0.0 && (size < 1e-3 || size >= 1e6)) {
    text.exponent = decade_of(size);
    const double unit = std::pow(10.0, text.exponent);
    value /= unit;
    sigma /= unit;
  }
  if (!has_sigma) {
    text.digits = four_digits(value);
    return text;
  }
  const int place = last_place(sigma);
  // digits of the sigma itself when the value ends left of the point, else without point and zeros
  const bool whole = place >= 0 || sigma >= 1.0;
  const std::string in_brackets =
      whole ? rounded(sigma, place) : fmt::format("{:.0f}", sigma / std::pow(10.0, place));
  text.digits = fmt::format("{}({})", rounded(value, place), in_brackets);
  return text;
}

std::string plain_text(const Measured& measured) {
  const NumberText number = number_text(measured.value, measured.sigma);
  if (std::isnan(measured.value)) {
    return measured.note.find("not resolved") != std::string::npos ? "not resolved" : "-";
  }
  std::string text = number.digits;
  if (number.exponent != 0) {
    text += fmt::format("e{}", number.exponent);
  }
  return measured.unit.empty() ? text : text + " " + measured.unit;
}

}  // namespace halotwin::validation
