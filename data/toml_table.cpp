#include "data/toml_table.hpp"

#include <algorithm>
#include <fstream>
#include <sstream>
#include <system_error>
#include <tuple>
#include <utility>
#include <vector>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "base/errors.hpp"
#include "base/text.hpp"

namespace halotwin::data {

namespace {

/// Deeper nesting than any scenario has; keeps hostile files from exhausting the stack.
constexpr int deepest = 64;

Value to_value(const toml::node& node, const std::string& source, int depth);

Table to_table(const toml::table& in, const std::string& source, int depth) {
  if (depth > deepest) {
    throw DataError(fmt::format("{}: tables are nested too deeply", source));
  }
  // toml++ sorts keys; the order in the file is the order of the places
  std::vector<std::pair<const toml::key*, const toml::node*>> items;
  for (const auto& [key, node] : in) {
    items.emplace_back(&key, &node);
  }
  std::stable_sort(items.begin(), items.end(), [](const auto& a, const auto& b) {
    const auto& first = a.first->source().begin;
    const auto& second = b.first->source().begin;
    return std::tie(first.line, first.column) < std::tie(second.line, second.column);
  });
  Table out;
  for (const auto& [key, node] : items) {
    out.set(key->str(), to_value(*node, source, depth + 1));
  }
  return out;
}

Value to_value(const toml::node& node, const std::string& source, int depth) {
  const Place place{source, static_cast<int>(node.source().begin.line)};
  if (const auto* table = node.as_table()) {
    return {to_table(*table, source, depth), place};
  }
  if (const auto* array = node.as_array()) {
    if (depth > deepest) {
      throw DataError(fmt::format("{}: arrays are nested too deeply", place.text()));
    }
    Array out;
    for (const auto& item : *array) {
      out.push_back(to_value(item, source, depth + 1));
    }
    return {std::move(out), place};
  }
  if (const auto* flag = node.as_boolean()) {
    return {flag->get(), place};
  }
  if (const auto* whole = node.as_integer()) {
    return {whole->get(), place};
  }
  if (const auto* number = node.as_floating_point()) {
    return {number->get(), place};
  }
  if (const auto* text = node.as_string()) {
    return {text->get(), place};
  }
  std::ostringstream date;  // the three kinds of date that TOML knows
  node.visit([&](const auto& leaf) {
    if constexpr (toml::is_date<decltype(leaf)> || toml::is_time<decltype(leaf)> ||
                  toml::is_date_time<decltype(leaf)>) {
      date << leaf.get();
    }
  });
  return {date.str(), place};
}

}  // namespace

Table parse_toml(std::string_view text, const std::string& source) {
  try {
    return to_table(toml::parse(text, source), source, 0);
  } catch (const toml::parse_error& error) {
    std::string what(error.description());
    std::replace(what.begin(), what.end(), '\n', ' ');
    throw DataError(fmt::format("{}:{}: {}", source, error.source().begin.line, what));
  }
}

Table read_toml(const std::filesystem::path& file) {
  std::error_code error;
  if (!std::filesystem::exists(file, error)) {
    throw DataError(fmt::format("{}: no such file", file.string()));
  }
  if (!std::filesystem::is_regular_file(file, error)) {
    throw DataError(fmt::format("{}: not a file", file.string()));
  }
  std::ifstream in(file, std::ios::binary);
  std::ostringstream text;
  text << in.rdbuf();
  if (!in) {
    throw DataError(fmt::format("{}: cannot be read", file.string()));
  }
  return parse_toml(text.str(), file.string());
}

void apply_setting(Table& table, std::string_view setting) {
  const auto equals = setting.find('=');
  const std::string_view key = trimmed(setting.substr(0, equals));
  if (equals == std::string_view::npos || key.empty() || key.front() == '.' || key.back() == '.' ||
      key.find("..") != std::string_view::npos) {
    throw ParameterError(
        fmt::format("--set \"{}\" (must be key=value, as in procedure.dwell_s=0.1)", setting));
  }
  const std::string_view text = trimmed(setting.substr(equals + 1));
  Value value{std::string(text), {"--set", 0}};
  if (text.find('\n') == std::string_view::npos) {
    try {
      const toml::table parsed = toml::parse(fmt::format("v = {}\n", text));
      value.data = to_value(*parsed.get("v"), "--set", 0).data;
    } catch (const toml::parse_error&) {
      // no TOML value: a text such as 25 nm
    }
  }
  table.set_path(key, std::move(value));
}

}  // namespace halotwin::data
