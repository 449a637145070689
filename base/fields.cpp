#include "base/fields.hpp"

#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "base/units.hpp"

namespace halotwin::detail {

void fail(const Place& place, std::string_view path, const std::string& message) {
  const std::string where = place.text();
  throw ParameterError(fmt::format("{}{}{}: {}", where, where.empty() ? "" : ": ", path, message));
}

void fail_unknown_key(const Place& place,
                      std::string_view path,
                      std::string_view key,
                      const std::vector<std::string>& known) {
  const std::string near = nearest(key, known);
  std::string hint;
  if (!near.empty()) {
    hint = fmt::format(" (did you mean \"{}\"?)", near);
  } else {
    hint = " (known: ";
    for (std::size_t i = 0; i < known.size(); ++i) {
      hint += (i == 0 ? "" : ", ") + known[i];
    }
    hint += ")";
  }
  fail(place,
       path.empty() ? std::string(key) : fmt::format("{}.{}", path, key),
       "unknown key" + hint);
}

std::string describe(const Value& value) {
  struct Describe {
    std::string operator()(bool v) const { return v ? "true" : "false"; }
    std::string operator()(std::int64_t v) const { return fmt::format("the number {}", v); }
    std::string operator()(double v) const { return fmt::format("the number {}", v); }
    std::string operator()(const std::string& v) const { return fmt::format("the text \"{}\"", v); }
    std::string operator()(const Array& v) const {
      return fmt::format("an array of {} values", v.size());
    }
    std::string operator()(const Table&) const { return "a table"; }
  };
  return std::visit(Describe{}, value.data);
}

namespace {

const Value* find_anywhere(const Table& table, std::string_view key) {
  if (const Value* value = table.find(key)) {
    return value;
  }
  for (const auto& entry : table.entries()) {
    if (const auto* inner = std::get_if<Table>(&entry.second->data)) {
      if (const Value* value = find_anywhere(*inner, key)) {
        return value;
      }
    }
  }
  return nullptr;
}

}  // namespace

std::string place_message(std::string_view message, const Table& table, const std::string& path) {
  const Value* value = find_anywhere(table, message.substr(0, message.find(' ')));
  const std::string where = value == nullptr ? std::string() : value->place.text();
  return fmt::format("{}{}{}: {}", where, where.empty() ? "" : ": ", path, message);
}

void read(double& out, const Value& value, std::string_view key, std::string_view path) {
  if (const auto* integer = std::get_if<std::int64_t>(&value.data)) {
    out = static_cast<double>(*integer);
  } else if (const auto* number = std::get_if<double>(&value.data)) {
    out = *number;
  } else if (const auto* text = std::get_if<std::string>(&value.data)) {
    try {
      out = parse_quantity(*text, unit_of_name(key));
    } catch (const ParameterError& error) {
      fail(value.place, path, error.what());
    }
  } else {
    fail(value.place, path, "expected a number, found " + describe(value));
  }
  if (!std::isfinite(out)) {
    fail(value.place, path, fmt::format("expected a finite number, found {}", out));
  }
}

void read(std::int64_t& out, const Value& value, std::string_view, std::string_view path) {
  if (const auto* integer = std::get_if<std::int64_t>(&value.data)) {
    out = *integer;
    return;
  }
  if (const auto* number = std::get_if<double>(&value.data)) {
    if (std::abs(*number) < 9.0e15 && *number == std::floor(*number)) {
      out = static_cast<std::int64_t>(*number);
      return;
    }
  }
  fail(value.place, path, "expected a whole number, found " + describe(value));
}

void read(std::uint64_t& out, const Value& value, std::string_view key, std::string_view path) {
  std::int64_t number = 0;
  read(number, value, key, path);
  if (number < 0) {
    fail(value.place, path, fmt::format("expected a whole number >= 0, found {}", number));
  }
  out = static_cast<std::uint64_t>(number);
}

void read(int& out, const Value& value, std::string_view key, std::string_view path) {
  std::int64_t number = 0;
  read(number, value, key, path);
  if (number < std::numeric_limits<int>::min() || number > std::numeric_limits<int>::max()) {
    fail(value.place,
         path,
         fmt::format("expected a whole number of at most nine digits, found {}", number));
  }
  out = static_cast<int>(number);
}

void read(bool& out, const Value& value, std::string_view, std::string_view path) {
  const auto* flag = std::get_if<bool>(&value.data);
  if (flag == nullptr) {
    fail(value.place, path, "expected true or false, found " + describe(value));
  }
  out = *flag;
}

void read(std::string& out, const Value& value, std::string_view, std::string_view path) {
  const auto* text = std::get_if<std::string>(&value.data);
  if (text == nullptr) {
    fail(value.place, path, "expected a text in quotes, found " + describe(value));
  }
  out = *text;
}

}  // namespace halotwin::detail
