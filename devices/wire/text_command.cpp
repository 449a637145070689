#include "devices/wire/text_command.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <cmath>
#include <utility>

#include "base/text.hpp"

namespace halotwin::devices {

namespace {

char upper(char c) {
  return static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
}

std::optional<TextCommand> parse_command(std::string_view text) {
  TextCommand out;
  std::size_t at = 0;
  const auto part_of_name = [&](char c) {
    return std::isalpha(static_cast<unsigned char>(c)) != 0 || c == ':' || c == '_' ||
           (c == '*' && at == 0);
  };
  while (at < text.size() && part_of_name(text[at])) {
    out.name += upper(text[at++]);
  }
  if (out.name.empty() || out.name == "*") {
    return std::nullopt;
  }
  if (at < text.size() && text[at] == '?') {
    out.query = true;
    ++at;
  }
  const std::string_view rest = trimmed(text.substr(at));
  if (!rest.empty()) {
    for (const std::string_view argument : split(rest, ',')) {
      out.arguments.emplace_back(trimmed(argument));
    }
  }
  return out;
}

}  // namespace

std::vector<std::optional<TextCommand>> parse_commands(std::string_view line) {
  std::vector<std::optional<TextCommand>> out;
  for (const std::string_view text : split(line, ';')) {
    if (const std::string_view command = trimmed(text); !command.empty()) {
      out.push_back(parse_command(command));
    }
  }
  return out;
}

std::optional<double> parse_number(std::string_view text) {
  const auto value = number_of(text);
  return value && std::isfinite(*value) ? value : std::nullopt;
}

std::optional<int> parse_whole(std::string_view text) {
  const auto value = parse_number(text);
  constexpr double most = 1e9;
  if (!value || std::abs(*value) > most || *value != std::floor(*value)) {
    return std::nullopt;
  }
  return static_cast<int>(*value);
}

std::optional<double> parse_quantity(std::string_view text, std::string_view unit) {
  text = trimmed(text);
  const auto same = [](char a, char b) { return upper(a) == upper(b); };
  if (text.size() < unit.size() || unit.empty() ||
      !std::equal(
          unit.begin(), unit.end(), text.end() - static_cast<std::ptrdiff_t>(unit.size()), same)) {
    return parse_number(text);
  }
  text.remove_suffix(unit.size());
  constexpr std::array<std::pair<char, double>, 6> prefixes{
      {{'n', 1e-9}, {'u', 1e-6}, {'m', 1e-3}, {'k', 1e3}, {'K', 1e3}, {'M', 1e6}}};
  double scale = 1.0;
  for (const auto& [letter, factor] : prefixes) {
    if (text.ends_with(letter)) {
      scale = factor;
      text.remove_suffix(1);
      break;
    }
  }
  const auto value = parse_number(text);
  return value ? std::optional(*value * scale) : std::nullopt;
}

std::optional<int> parse_choice(std::string_view text, const std::vector<std::string_view>& names) {
  text = trimmed(text);
  for (std::size_t k = 0; k < names.size(); ++k) {
    const std::string_view name = names[k];
    const auto capitals = static_cast<std::size_t>(
        std::find_if(name.begin(), name.end(), [](char c) { return c != upper(c); }) -
        name.begin());
    if (!name.empty() && text.size() >= capitals && text.size() <= name.size() &&
        std::equal(text.begin(), text.end(), name.begin(), [](char a, char b) {
          return upper(a) == upper(b);
        })) {
      return static_cast<int>(k);
    }
  }
  const auto number = parse_whole(text);
  if (!number || *number < 0 || *number >= static_cast<int>(names.size()) ||
      names[static_cast<std::size_t>(*number)].empty()) {
    return std::nullopt;
  }
  return number;
}

}  // namespace halotwin::devices
