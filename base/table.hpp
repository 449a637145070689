// A tree of named values with the place where each was written: the form in which scenario files,
// --set options and the effective configuration travel. Who parses TOML is data/toml_table; base
// knows only the tree.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace halotwin {

/// Where a value was written: "scenario.toml:12", or "--set" with line 0.
struct Place {
  std::string source;
  int line = 0;
  [[nodiscard]] std::string text() const;
};

struct Value;
using Array = std::vector<Value>;

/// A table keeps its keys in the order in which they were written.
class Table {
 public:
  [[nodiscard]] const Value* find(std::string_view key) const;
  [[nodiscard]] Value* find(std::string_view key);
  /// Inserts or replaces.
  void set(std::string_view key, Value value);
  /// Follows a dotted path ("procedure.pm_dns_map.dwell_s"); makes missing tables. Throws
  /// ParameterError if a part of the path is a value that is no table.
  void set_path(std::string_view dotted_path, Value value);
  /// The table at a dotted path, or null.
  [[nodiscard]] const Table* table_at(std::string_view dotted_path) const;
  [[nodiscard]] std::vector<std::string> keys() const;
  [[nodiscard]] bool empty() const { return entries_.empty(); }
  [[nodiscard]] const std::vector<std::pair<std::string, std::shared_ptr<Value>>>& entries() const {
    return entries_;
  }

 private:
  std::vector<std::pair<std::string, std::shared_ptr<Value>>> entries_;
};

struct Value {
  std::variant<bool, std::int64_t, double, std::string, Array, Table> data;
  Place place;
};

/// The table as TOML text: what a user could save and run again.
[[nodiscard]] std::string to_toml(const Table& table);

/// The known word nearest to `word` (Damerau-Levenshtein distance at most 1/3 of its length, at
/// least 2), or "".
[[nodiscard]] std::string nearest(std::string_view word, const std::vector<std::string>& known);

}  // namespace halotwin
