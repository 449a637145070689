// Parameter structs and the outside world. A struct P names its fields once, in a free function
//     void visit_fields(auto& visit, P& p) { visit("tip_radius_m", p.tip_radius_m); ... }
// and checks them once, in `void validate(const P&)`. From these follow: loading from a Table
// (scenario file, --set) with unit strings, unknown-key errors and places; the effective values as
// a Table; the list of names.
//
// Field types: double, int, std::int64_t, std::uint64_t, bool, std::string, enums with
// `enumerators(E)`, std::array and std::vector of these, and structs that have visit_fields
// themselves.
#pragma once

#include <array>
#include <concepts>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "base/errors.hpp"
#include "base/table.hpp"

namespace halotwin {

namespace detail {
struct AnyVisitor {
  template <class T>
  void operator()(std::string_view, T&) {}
};
}  // namespace detail

template <class T>
concept HasFields = requires(detail::AnyVisitor& visit, T& p) {
  visit_fields(visit, p);
};

/// An enum is a field if `enumerators(E{})` (found by argument-dependent lookup) returns a range of
/// pair<E, string_view>.
template <class T>
concept NamedEnum = std::is_enum_v<T> && requires(T e) {
  enumerators(e);
};

template <NamedEnum E>
[[nodiscard]] std::string_view name_of(E value) {
  for (const auto& [e, name] : enumerators(value)) {
    if (e == value) {
      return name;
    }
  }
  return "?";
}

namespace detail {

// Conversions of one value; each throws ParameterError "place: key: expected ..., found ...".
void read(double& out, const Value& value, std::string_view key, std::string_view path);
void read(std::int64_t& out, const Value& value, std::string_view key, std::string_view path);
void read(std::uint64_t& out, const Value& value, std::string_view key, std::string_view path);
void read(int& out, const Value& value, std::string_view key, std::string_view path);
void read(bool& out, const Value& value, std::string_view key, std::string_view path);
void read(std::string& out, const Value& value, std::string_view key, std::string_view path);
[[noreturn]] void fail(const Place& place, std::string_view path, const std::string& message);
[[noreturn]] void fail_unknown_key(const Place& place,
                                   std::string_view path,
                                   std::string_view key,
                                   const std::vector<std::string>& known);
[[nodiscard]] std::string describe(const Value& value);
/// Puts place and path before a message of require(): "f.toml:7: specimen.film: thickness_m = -1
/// (must be > 0)".
[[nodiscard]] std::string place_message(std::string_view message,
                                        const Table& table,
                                        const std::string& path);

template <NamedEnum E>
void read(E& out, const Value& value, std::string_view key, std::string_view path) {
  std::string word;
  read(word, value, key, path);
  std::vector<std::string> known;
  for (const auto& [e, name] : enumerators(E{})) {
    if (name == word) {
      out = e;
      return;
    }
    known.emplace_back(name);
  }
  std::string list;
  for (const auto& name : known) {
    list += (list.empty() ? "\"" : ", \"") + name + "\"";
  }
  fail(value.place, path, "expected one of " + list + ", found \"" + word + "\"");
}

template <class T>
void read_field(T& out, const Value& value, std::string_view key, const std::string& path);

template <HasFields T>
void load(T& out, const Table& table, const std::string& path);

template <class T>
struct IsArray : std::false_type {};
template <class T, std::size_t N>
struct IsArray<std::array<T, N>> : std::true_type {};
template <class T>
struct IsVector : std::false_type {};
template <class T>
struct IsVector<std::vector<T>> : std::true_type {};

template <class T>
void read_field(T& out, const Value& value, std::string_view key, const std::string& path) {
  if constexpr (HasFields<T>) {
    if (const auto* table = std::get_if<Table>(&value.data)) {
      load(out, *table, path);
    } else {
      fail(value.place, path, "expected a table, found " + describe(value));
    }
  } else if constexpr (IsArray<T>::value) {
    const auto* array = std::get_if<Array>(&value.data);
    if (array == nullptr || array->size() != out.size()) {
      fail(value.place,
           path,
           "expected an array of " + std::to_string(out.size()) + " values, found " +
               describe(value));
    }
    for (std::size_t i = 0; i < out.size(); ++i) {
      read_field(out[i], (*array)[i], key, path + "[" + std::to_string(i) + "]");
    }
  } else if constexpr (IsVector<T>::value) {
    const auto* array = std::get_if<Array>(&value.data);
    if (array == nullptr) {
      fail(value.place, path, "expected an array, found " + describe(value));
    }
    out.assign(array->size(), typename T::value_type{});
    for (std::size_t i = 0; i < out.size(); ++i) {
      read_field(out[i], (*array)[i], key, path + "[" + std::to_string(i) + "]");
    }
  } else {
    read(out, value, key, path);
  }
}

struct NameCollector {
  std::vector<std::string> names;
  template <class T>
  void operator()(std::string_view name, T&) {
    names.emplace_back(name);
  }
};

struct FieldLoader {
  const Table* table;
  std::string path;
  template <class T>
  void operator()(std::string_view name, T& field) {
    if (const Value* value = table->find(name)) {
      read_field(
          field, *value, name, path.empty() ? std::string(name) : path + "." + std::string(name));
    }
  }
};

template <HasFields T>
void load(T& out, const Table& table, const std::string& path) {
  NameCollector known;
  visit_fields(known, out);
  for (const auto& [key, value] : table.entries()) {
    bool found = false;
    for (const auto& name : known.names) {
      found = found || name == key;
    }
    if (!found) {
      fail_unknown_key(value->place, path, key, known.names);
    }
  }
  FieldLoader loader{&table, path};
  visit_fields(loader, out);
}

template <class T>
[[nodiscard]] Value to_value(const T& field);

struct FieldDumper {
  Table table;
  template <class T>
  void operator()(std::string_view name, T& field) {
    table.set(name, to_value(field));
  }
};

template <class T>
[[nodiscard]] Value to_value(const T& field) {
  if constexpr (HasFields<T>) {
    FieldDumper dumper;
    T copy = field;
    visit_fields(dumper, copy);
    return Value{std::move(dumper.table), {}};
  } else if constexpr (IsArray<T>::value || IsVector<T>::value) {
    Array array;
    for (const auto& item : field) {
      array.push_back(to_value(item));
    }
    return Value{std::move(array), {}};
  } else if constexpr (NamedEnum<T>) {
    return Value{std::string(name_of(field)), {}};
  } else if constexpr (std::integral<T> && !std::same_as<T, bool>) {
    return Value{static_cast<std::int64_t>(field), {}};
  } else {
    return Value{field, {}};
  }
}

}  // namespace detail

/// Overwrites the fields of `params` that `table` names; keys that the struct does not have are
/// errors that name the nearest known key. `path` is the dotted path of the table, for messages.
/// Then calls validate(params), so that what comes back is valid; its ParameterError is prefixed
/// with the path.
template <HasFields T>
void load_fields(T& params, const Table& table, const std::string& path) {
  detail::load(params, table, path);
  try {
    validate(params);
  } catch (const ParameterError& error) {
    throw ParameterError(detail::place_message(error.what(), table, path));
  }
}

/// All effective values, defaults included.
template <HasFields T>
[[nodiscard]] Table effective_fields(const T& params) {
  return std::get<Table>(detail::to_value(params).data);
}

}  // namespace halotwin
