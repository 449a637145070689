#include "data/imports/foreign_units.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <vector>

#include <fmt/format.h>

#include "base/units.hpp"
#include "data/imports/foreign_text.hpp"

namespace halotwin::data::imports {

namespace {

struct Named {
  std::string_view name;
  SiUnit si;
};

const std::vector<Named>& plain_units() {
  static const std::vector<Named> units = {{"m", {"m"}},
                                           {"V", {"V"}},
                                           {"A", {"A"}},
                                           {"Hz", {"Hz"}},
                                           {"s", {"s"}},
                                           {"N", {"N"}},
                                           {"Pa", {"Pa"}},
                                           {"K", {"K"}},
                                           {"W", {"W"}},
                                           {"J", {"J"}},
                                           {"C", {"C"}},
                                           {"F", {"F"}},
                                           {"Ohm", {"ohm"}},
                                           {"ohm", {"ohm"}},
                                           {"S", {"S"}},
                                           {"T", {"T"}},
                                           {"rad", {"rad"}},
                                           {"eV", {"eV"}},
                                           {"deg", {"rad", units::deg}},
                                           {"\xC2\xB0", {"rad", units::deg}},  // degree sign
                                           {"%", {"1", 0.01}},
                                           {"counts", {"counts"}},
                                           {"1", {"1"}},
                                           {"\xE2\x84\xA6", {"ohm"}},
                                           {"\xCE\xA9", {"ohm"}},
                                           {"min", {"min"}},
                                           {"cps", {"Hz"}},
                                           {"dB", {"dB"}}};
  return units;
}

struct Prefix {
  std::string_view text;
  double factor;
};
constexpr std::array prefixes{Prefix{"f", 1e-15},
                              Prefix{"p", 1e-12},
                              Prefix{"n", 1e-9},
                              Prefix{"u", 1e-6},
                              Prefix{"\xC2\xB5", 1e-6},
                              Prefix{"\xCE\xBC", 1e-6},
                              Prefix{"m", 1e-3},
                              Prefix{"k", 1e3},
                              Prefix{"M", 1e6},
                              Prefix{"G", 1e9}};

std::optional<SiUnit> simple_unit(std::string_view word) {
  if (word == "\xC3\x85" || word == "\xE2\x84\xAB") {  // angstrom
    return SiUnit{"m", 1e-10};
  }
  const auto find = [](std::string_view name) {
    return std::find_if(plain_units().begin(), plain_units().end(), [&](const Named& unit) {
      return unit.name == name;
    });
  };
  if (const auto plain = find(word); plain != plain_units().end()) {
    return plain->si;
  }
  for (const Prefix& prefix : prefixes) {
    if (!word.starts_with(prefix.text)) {
      continue;
    }
    const auto rest = find(word.substr(prefix.text.size()));
    const bool takes_prefixes = rest != plain_units().end() && rest->si.factor == 1.0 &&
                                rest->name != "1" && rest->name != "min" && rest->name != "counts";
    if (takes_prefixes) {
      return SiUnit{rest->si.unit, prefix.factor};
    }
  }
  return std::nullopt;
}

std::string printable(std::string_view text) {
  std::string out(text);
  std::replace_if(
      out.begin(), out.end(), [](char c) { return c < ' ' || c > '~'; }, '?');
  return out;
}

std::string tag_suffix(std::string_view tag) {
  if (tag == "AVG") {
    return "_mean";
  }
  if (tag == "filt") {
    return "_filtered";
  }
  if (const auto number = whole_of(tag)) {
    return fmt::format("_sweep_{}", *number);
  }
  return "_" + signal_name_of(tag);
}

}  // namespace

SiUnit si_unit_of(std::string_view text) {
  const std::string unit = utf8_of(trimmed(text));
  if (unit.empty()) {
    return {"1", 1.0};
  }
  if (const auto simple = simple_unit(unit)) {
    return *simple;
  }
  const std::size_t slash = unit.find('/');
  if (slash != std::string::npos) {
    const auto top = simple_unit(std::string_view(unit).substr(0, slash));
    const auto bottom = simple_unit(std::string_view(unit).substr(slash + 1));
    if (top && bottom) {
      return {top->unit + "/" + bottom->unit, top->factor / bottom->factor};
    }
  }
  return {printable(unit), 1.0};
}

ColumnLabel column_label_of(std::string_view text) {
  ColumnLabel label;
  label.text = utf8_of(trimmed(text));
  std::string rest = label.text;
  std::string suffix;
  const auto take = [&rest](char open, char close) -> std::optional<std::string> {
    const std::size_t end = rest.rfind(close);
    const std::size_t begin = end == std::string::npos ? end : rest.rfind(open, end);
    if (begin == std::string::npos) {
      return std::nullopt;
    }
    std::string inside = rest.substr(begin + 1, end - begin - 1);
    rest.erase(begin, end - begin + 1);
    return inside;
  };
  while (const auto tag = take('[', ']')) {
    if (*tag == "bwd") {
      label.backward = true;
    } else {
      suffix.insert(0, tag_suffix(*tag));
    }
  }
  label.unit = si_unit_of(take('(', ')').value_or(""));
  label.name = signal_name_of(rest) + suffix + (label.backward ? "_backward" : "");
  return label;
}

}  // namespace halotwin::data::imports
