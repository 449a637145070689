#include "base/table.hpp"

#include <algorithm>

#include <fmt/format.h>

#include "base/errors.hpp"

namespace halotwin {

std::string Place::text() const {
  if (source.empty()) {
    return {};
  }
  return line > 0 ? fmt::format("{}:{}", source, line) : source;
}

const Value* Table::find(std::string_view key) const {
  for (const auto& [name, value] : entries_) {
    if (name == key) {
      return value.get();
    }
  }
  return nullptr;
}

Value* Table::find(std::string_view key) {
  for (auto& [name, value] : entries_) {
    if (name == key) {
      value = std::make_shared<Value>(
          *value);  // copies share their values; a change must not reach the other copy
      return value.get();
    }
  }
  return nullptr;
}

void Table::set(std::string_view key, Value value) {
  for (auto& [name, slot] : entries_) {
    if (name == key) {
      slot = std::make_shared<Value>(std::move(value));
      return;
    }
  }
  entries_.emplace_back(key, std::make_shared<Value>(std::move(value)));
}

void Table::set_path(std::string_view dotted_path, Value value) {
  const auto dot = dotted_path.find('.');
  if (dot == std::string_view::npos) {
    set(dotted_path, std::move(value));
    return;
  }
  const std::string_view head = dotted_path.substr(0, dot);
  if (find(head) == nullptr) {
    set(head, Value{Table{}, value.place});
  }
  auto* inner = std::get_if<Table>(&find(head)->data);
  if (inner == nullptr) {
    throw ParameterError(fmt::format("{}: {} is a value, not a table", value.place.text(), head));
  }
  inner->set_path(dotted_path.substr(dot + 1), std::move(value));
}

const Table* Table::table_at(std::string_view dotted_path) const {
  const auto dot = dotted_path.find('.');
  const Value* value = find(dotted_path.substr(0, dot));
  const Table* inner = value == nullptr ? nullptr : std::get_if<Table>(&value->data);
  if (inner == nullptr || dot == std::string_view::npos) {
    return inner;
  }
  return inner->table_at(dotted_path.substr(dot + 1));
}

std::vector<std::string> Table::keys() const {
  std::vector<std::string> names;
  for (const auto& entry : entries_) {
    names.push_back(entry.first);
  }
  return names;
}

namespace {

std::string quoted(std::string_view text) {
  std::string out = "\"";
  for (const char c : text) {
    switch (c) {
      case '"':
        out += "\\\"";
        break;
      case '\\':
        out += "\\\\";
        break;
      case '\n':
        out += "\\n";
        break;
      case '\t':
        out += "\\t";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20
                   ? fmt::format("\\u{:04x}", static_cast<unsigned>(c))
                   : std::string(1, c);
    }
  }
  return out + "\"";
}

std::string number_text(double value) {
  std::string text = fmt::format("{}", value);
  // TOML wants a point or an exponent in a float; inf and nan are words in both.
  return text.find_first_of(".en") == std::string::npos ? text + ".0" : text;
}

std::string inline_text(const Value& value);

std::string inline_table(const Table& table) {
  std::string out = "{ ";
  bool first = true;
  for (const auto& [key, value] : table.entries()) {
    out += (first ? "" : ", ") + key + " = " + inline_text(*value);
    first = false;
  }
  return out + " }";
}

std::string inline_text(const Value& value) {
  return std::visit(
      [](const auto& v) -> std::string {
        using T = std::decay_t<decltype(v)>;
        if constexpr (std::is_same_v<T, bool>) {
          return v ? "true" : "false";
        } else if constexpr (std::is_same_v<T, std::int64_t>) {
          return fmt::format("{}", v);
        } else if constexpr (std::is_same_v<T, double>) {
          return number_text(v);
        } else if constexpr (std::is_same_v<T, std::string>) {
          return halotwin::quoted(v);
        } else if constexpr (std::is_same_v<T, Array>) {
          std::string out = "[";
          for (std::size_t i = 0; i < v.size(); ++i) {
            out += (i == 0 ? "" : ", ") + inline_text(v[i]);
          }
          return out + "]";
        } else {
          return inline_table(v);
        }
      },
      value.data);
}

void write_table(const Table& table, const std::string& path, std::string& out) {
  bool header = path.empty();
  for (const auto& [key, value] : table.entries()) {
    if (!std::holds_alternative<Table>(value->data)) {
      if (!header) {
        out += fmt::format("\n[{}]\n", path);
        header = true;
      }
      out += key + " = " + inline_text(*value) + "\n";
    }
  }
  for (const auto& [key, value] : table.entries()) {
    if (const auto* inner = std::get_if<Table>(&value->data)) {
      write_table(*inner, path.empty() ? key : path + "." + key, out);
    }
  }
}

}  // namespace

std::string to_toml(const Table& table) {
  std::string out;
  write_table(table, "", out);
  return out;
}

std::string nearest(std::string_view word, const std::vector<std::string>& known) {
  const auto distance = [](std::string_view a, std::string_view b) {
    std::vector<std::vector<std::size_t>> d(a.size() + 1, std::vector<std::size_t>(b.size() + 1));
    for (std::size_t i = 0; i <= a.size(); ++i) {
      for (std::size_t j = 0; j <= b.size(); ++j) {
        if (i == 0 || j == 0) {
          d[i][j] = i + j;
          continue;
        }
        const std::size_t swap_cost = a[i - 1] == b[j - 1] ? 0 : 1;
        d[i][j] = std::min({d[i - 1][j] + 1, d[i][j - 1] + 1, d[i - 1][j - 1] + swap_cost});
        if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
          d[i][j] = std::min(d[i][j], d[i - 2][j - 2] + 1);
        }
      }
    }
    return d[a.size()][b.size()];
  };
  std::string best;
  std::size_t best_distance = std::max<std::size_t>(2, word.size() / 3) + 1;
  for (const auto& candidate : known) {
    // a key without its unit suffix ("bias" for "bias_v") counts as near
    const std::size_t d =
        candidate.starts_with(word) && word.size() >= 3 ? 1 : distance(word, candidate);
    if (d < best_distance) {
      best_distance = d;
      best = candidate;
    }
  }
  return best;
}

}  // namespace halotwin
