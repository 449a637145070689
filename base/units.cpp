#include "base/units.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <vector>

#include <fmt/format.h>

#include "base/errors.hpp"
#include "base/text.hpp"

namespace halotwin {

namespace {

// A unit word as a factor to SI and exponents of (m, kg, s, A, K, rad, count-like words).
struct Dimension {
  double factor = 1.0;
  std::array<double, 6> power{};  // m, kg, s, A, K, eV
};

struct Symbol {
  std::string_view word;
  Dimension dimension;
  bool prefixable;
};

constexpr double electron_volt_marker = 1.0;

const std::array<Symbol, 28>& symbols() {
  static const std::array<Symbol, 28> table{{
      {"m", {1.0, {1, 0, 0, 0, 0, 0}}, true},
      {"g", {1e-3, {0, 1, 0, 0, 0, 0}}, true},
      {"s", {1.0, {0, 0, 1, 0, 0, 0}}, true},
      {"A", {1.0, {0, 0, 0, 1, 0, 0}}, true},
      {"K", {1.0, {0, 0, 0, 0, 1, 0}}, true},
      {"Hz", {1.0, {0, 0, -1, 0, 0, 0}}, true},
      {"V", {1.0, {2, 1, -3, -1, 0, 0}}, true},
      {"N", {1.0, {1, 1, -2, 0, 0, 0}}, true},
      {"J", {1.0, {2, 1, -2, 0, 0, 0}}, true},
      {"W", {1.0, {2, 1, -3, 0, 0, 0}}, true},
      {"C", {1.0, {0, 0, 1, 1, 0, 0}}, true},
      {"F", {1.0, {-2, -1, 4, 2, 0, 0}}, true},
      {"S", {1.0, {-2, -1, 3, 2, 0, 0}}, true},
      {"ohm", {1.0, {2, 1, -3, -2, 0, 0}}, true},
      {"Pa", {1.0, {-1, 1, -2, 0, 0, 0}}, true},
      {"eV", {1.0, {0, 0, 0, 0, 0, electron_volt_marker}}, true},
      {"rad", {1.0, {}}, true},
      {"deg", {0.017453292519943295, {}}, false},
      {"min", {60.0, {0, 0, 1, 0, 0, 0}}, false},
      {"h", {3600.0, {0, 0, 1, 0, 0, 0}}, false},
      {"d", {86400.0, {0, 0, 1, 0, 0, 0}}, false},
      {"%", {0.01, {}}, false},
      {"ppm", {1e-6, {}}, false},
      {"counts", {1.0, {}}, false},
      {"px", {1.0, {}}, false},
      {"rtHz", {1.0, {0, 0, -0.5, 0, 0, 0}}, false},
      {"L", {1e-3, {3, 0, 0, 0, 0, 0}}, true},
      {"1", {1.0, {}}, false},
  }};
  return table;
}

double prefix_factor(std::string_view prefix) {
  static constexpr std::array<std::pair<std::string_view, double>, 13> prefixes{{{"f", 1e-15},
                                                                                 {"p", 1e-12},
                                                                                 {"n", 1e-9},
                                                                                 {"u", 1e-6},
                                                                                 {"\xC2\xB5", 1e-6},
                                                                                 {"\xCE\xBC", 1e-6},
                                                                                 {"m", 1e-3},
                                                                                 {"c", 1e-2},
                                                                                 {"d", 1e-1},
                                                                                 {"k", 1e3},
                                                                                 {"M", 1e6},
                                                                                 {"G", 1e9},
                                                                                 {"T", 1e12}}};
  for (const auto& [word, factor] : prefixes) {
    if (word == prefix) {
      return factor;
    }
  }
  return 0.0;
}

bool lookup(std::string_view word, Dimension& out) {
  for (const auto& symbol : symbols()) {
    if (symbol.word == word) {
      out = symbol.dimension;
      return true;
    }
  }
  for (const auto& symbol : symbols()) {
    if (symbol.prefixable && word.size() > symbol.word.size() && word.ends_with(symbol.word)) {
      const double factor = prefix_factor(word.substr(0, word.size() - symbol.word.size()));
      if (factor > 0.0) {
        out = symbol.dimension;
        out.factor *= factor;
        return true;
      }
    }
  }
  return false;
}

// "m^2", "m2", "Hz^0.5": word and power.
bool parse_factor(std::string_view text, Dimension& out) {
  double power = 1.0;
  std::string_view word = text;
  const auto caret = text.find('^');
  const auto digits = text.find_last_not_of("0123456789.-");
  if (caret != std::string_view::npos ||
      (digits != std::string_view::npos && digits + 1 < text.size())) {
    const std::size_t at = caret != std::string_view::npos ? caret + 1 : digits + 1;
    const std::string_view number = text.substr(at);
    const auto [end, status] = std::from_chars(number.data(), number.data() + number.size(), power);
    if (status != std::errc{} || end != number.data() + number.size() || !(std::abs(power) <= 9)) {
      return false;  // not a power, or one that no unit has (nan, inf, 1e9)
    }
    word = text.substr(0, caret != std::string_view::npos ? caret : at);
  }
  if (!lookup(word, out)) {
    return false;
  }
  out.factor = std::pow(out.factor, power);
  for (double& p : out.power) {
    p *= power;
  }
  return true;
}

// Products and quotients: "N/m", "m^2/V/s", "uW*s". Powers and words are read by parse_factor.
bool parse_unit(std::string_view text, Dimension& out) {
  out = Dimension{};
  double sign = 1.0;
  std::size_t begin = 0;
  while (begin <= text.size()) {
    const std::size_t end = std::min(text.find_first_of("*/", begin), text.size());
    Dimension part;
    if (!parse_factor(text.substr(begin, end - begin), part)) {
      return false;
    }
    out.factor *= sign > 0 ? part.factor : 1.0 / part.factor;
    for (std::size_t i = 0; i < out.power.size(); ++i) {
      out.power[i] += sign * part.power[i];
    }
    if (end == text.size()) {
      return true;
    }
    sign = text[end] == '/' ? -1.0 : 1.0;
    begin = end + 1;
  }
  return false;
}

std::string word_unit(std::string_view word) {
  static constexpr std::array<std::pair<std::string_view, std::string_view>, 19> words{
      {{"m", "m"},
       {"s", "s"},
       {"kg", "kg"},
       {"a", "A"},
       {"k", "K"},
       {"hz", "Hz"},
       {"rad", "rad"},
       {"v", "V"},
       {"n", "N"},
       {"j", "J"},
       {"w", "W"},
       {"c", "C"},
       {"f", "F"},
       {"ohm", "ohm"},
       {"siemens", "S"},
       {"ev", "eV"},
       {"deg", "deg"},
       {"counts", "counts"},
       {"pa", "Pa"}}};
  for (const auto& [name, unit] : words) {
    if (name == word) {
      return std::string(unit);
    }
  }
  // a digit is a power: m2, m3
  const auto digit = word.find_last_not_of("0123456789");
  if (digit != std::string_view::npos && digit + 1 < word.size()) {
    const std::string base = word_unit(word.substr(0, digit + 1));
    if (!base.empty()) {
      return base + "^" + std::string(word.substr(digit + 1));
    }
  }
  return {};
}

}  // namespace

namespace {

// "Hz" -> "Hz^0.5", "m^3" -> "m^1.5".
std::string square_root_of(const std::string& unit) {
  const auto caret = unit.find('^');
  const double power = caret == std::string::npos ? 1.0 : std::stod(unit.substr(caret + 1));
  return fmt::format("{}^{}", unit.substr(0, caret), 0.5 * power);
}

// Index of the first word of the unit. Reads from the end: unit words, "per" and "sqrt" belong to
// the unit; the first other word ends it.
std::size_t first_unit_word(const std::vector<std::string_view>& words) {
  std::size_t first = words.size();
  while (first > 1) {
    const std::string_view word = words[first - 1];
    if (word != "per" && word != "sqrt" && word_unit(word).empty()) {
      break;
    }
    --first;
  }
  // a bare unit without "per" is one word: in "noise_m_s" only the last one counts
  const auto begin = words.begin() + static_cast<std::ptrdiff_t>(first);
  const bool has_per = std::find(begin, words.end(), "per") != words.end();
  return !has_per && first + 1 < words.size() ? words.size() - 1 : first;
}

}  // namespace

std::string unit_of_name(std::string_view parameter) {
  const std::vector<std::string_view> words = split(parameter, '_');
  std::string unit;
  bool below = false;
  bool root = false;
  for (std::size_t i = first_unit_word(words); i < words.size(); ++i) {
    if (words[i] == "per") {
      below = true;
    } else if (words[i] == "sqrt") {
      root = true;
    } else {
      std::string part = word_unit(words[i]);
      if (part.empty()) {
        return {};
      }
      if (root) {
        part = square_root_of(part);
        root = false;
      }
      unit += below ? (unit.empty() ? "1/" : "/") + part : (unit.empty() ? "" : "*") + part;
    }
  }
  return unit;
}

double parse_quantity(std::string_view text, std::string_view unit) {
  const std::string_view all = trimmed(text);
  const std::string expected = unit.empty() ? std::string("a plain number")
                                            : fmt::format("a number with a unit of {}", unit);
  double number = 0.0;
  const bool plus = all.starts_with('+');
  const char* begin = all.data() + (plus ? 1 : 0);
  const auto [end, status] = std::from_chars(begin, all.data() + all.size(), number);
  if (status != std::errc{} || !std::isfinite(number) || (plus && *begin == '-')) {
    throw ParameterError(fmt::format("expected {}, found \"{}\"", expected, text));
  }
  const std::string_view word =
      trimmed(std::string_view(end, static_cast<std::size_t>(all.data() + all.size() - end)));
  if (word.empty()) {
    return number;
  }
  Dimension given;
  if (!parse_unit(word, given)) {
    throw ParameterError(fmt::format("unknown unit \"{}\" (expected {})", word, expected));
  }
  Dimension wanted;
  if (!unit.empty() && !parse_unit(unit, wanted)) {
    throw ParameterError(fmt::format("unknown unit \"{}\"", unit));
  }
  for (std::size_t i = 0; i < wanted.power.size(); ++i) {
    if (std::abs(wanted.power[i] - given.power[i]) > 1e-9) {
      throw ParameterError(fmt::format("wrong unit \"{}\" (expected {})", word, expected));
    }
  }
  const double value = number * given.factor / wanted.factor;
  if (!std::isfinite(value)) {
    throw ParameterError(fmt::format("expected {}, found \"{}\" (too large)", expected, text));
  }
  return value;
}

}  // namespace halotwin
