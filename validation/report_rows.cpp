// The rows of the report for machines (JSON) and for the terminal.
#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "validation/letters.hpp"
#include "validation/number_text.hpp"
#include "validation/report.hpp"

namespace halotwin::validation {

namespace {

using Json = nlohmann::ordered_json;

Json number(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

// One entry alone, several as an array, none as null.
Json one_or_array(Json list) {
  return list.empty() ? Json(nullptr) : list.size() == 1 ? list.front() : list;
}

Json unit_of(const std::vector<Measured>& values) {
  Json units = Json::array();
  bool same = true;
  for (const Measured& m : values) {
    units.push_back(m.unit);
    same = same && m.unit == values.front().unit;
  }
  return values.empty() ? Json("") : same ? units.front() : units;
}

Json row_as_json(const Row& row) {
  Json values = Json::array();
  Json sigmas = Json::array();
  Json names = Json::array();
  for (const Measured& m : row.verdict.values) {
    names.push_back(m.name);
    values.push_back(number(m.value));
    sigmas.push_back(number(m.sigma));
  }
  return {{"id", row.target.id},
          {"title", row.target.title},
          {"published", row.target.published},
          {"value", one_or_array(values)},
          {"sigma", one_or_array(sigmas)},
          {"unit", unit_of(row.verdict.values)},
          {"met", row.verdict.met != Met::no},
          {"calibrated", row.verdict.calibrated},
          {"note", row.verdict.note},
          {"names", names}};
}

// Columns of the table for the terminal: row, target, published, ours, verdict.
constexpr std::array<std::size_t, 5> column_widths{4, 28, 22, 26, 10};
constexpr std::size_t gap = 2;
constexpr std::size_t line_width = 100;
static_assert(4 + 28 + 22 + 26 + 10 + 4 * gap <= line_width);

// Length in bytes of the first `count` letters.
std::size_t bytes_of(std::string_view text, std::size_t count) {
  std::size_t i = 0;
  for (; i < text.size(); ++i) {
    if (begins_letter(text[i]) && count-- == 0) {
      break;
    }
  }
  return i;
}

// Breaks at blanks and line ends; a word longer than a line is cut.
std::vector<std::string> wrap(std::string_view text, std::size_t width) {
  std::vector<std::string> lines;
  std::string line;
  const auto flush = [&] {
    lines.push_back(line);
    line.clear();
  };
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t begin = std::min(text.find_first_not_of(" \t\r\n", at), text.size());
    const std::size_t end = std::min(text.find_first_of(" \t\r\n", begin), text.size());
    std::string_view word = text.substr(begin, end - begin);
    at = end;
    if (word.empty()) {
      break;
    }
    if (!line.empty() && letters(line) + 1 + letters(word) > width) {
      flush();
    }
    while (letters(word) > width) {
      line = word.substr(0, bytes_of(word, width));
      word.remove_prefix(line.size());
      flush();
    }
    line += (line.empty() ? "" : " ") + std::string(word);
  }
  if (!line.empty() || lines.empty()) {
    flush();
  }
  return lines;
}

using Cell = std::vector<std::string>;

void append(Cell& cell, const std::vector<std::string>& lines) {
  cell.insert(cell.end(), lines.begin(), lines.end());
}

std::string table_lines(const std::array<Cell, 5>& cells) {
  std::size_t height = 0;
  for (const Cell& cell : cells) {
    height = std::max(height, cell.size());
  }
  std::string out;
  for (std::size_t i = 0; i < height; ++i) {
    std::string line;
    for (std::size_t k = 0; k < cells.size(); ++k) {
      const std::string text = i < cells[k].size() ? cells[k][i] : "";
      line += text + std::string(column_widths[k] - letters(text) + gap, ' ');
    }
    line.erase(line.find_last_not_of(' ') + 1);
    out += line + "\n";
  }
  return out;
}

const char* word_of(Met met) {
  return met == Met::yes ? "met" : met == Met::no ? "NOT met" : "shown";
}

std::string row_lines(const Row& row) {
  std::array<Cell, 5> cells{wrap(row.target.id, column_widths[0]),
                            wrap(row.target.title, column_widths[1]),
                            wrap(row.target.published, column_widths[2]),
                            {},
                            {word_of(row.verdict.met)}};
  for (const Measured& m : row.verdict.values) {
    append(cells[3], wrap(plain_text(m) + "  " + m.name, column_widths[3]));
  }
  if (row.verdict.values.empty()) {
    cells[3].emplace_back("-");
  }
  if (row.verdict.calibrated) {
    cells[4].emplace_back("calibrated");
  }
  std::string out = table_lines(cells);
  if (row.verdict.met == Met::no && !row.verdict.note.empty()) {
    for (const std::string& line : wrap(row.verdict.note, line_width - 6)) {
      out += std::string(6, ' ') + line + "\n";
    }
  }
  return out;
}

}  // namespace

std::string to_json(const ReportHeader& header, const std::vector<Row>& rows) {
  Json list = Json::array();
  for (const Row& row : rows) {
    list.push_back(row_as_json(row));
  }
  const Json all{{"rows", list}, {"seed", header.seed}, {"wall_s", number(header.wall_s)}};
  return all.dump(2, ' ', false, Json::error_handler_t::replace) + "\n";
}

std::string to_text(const std::vector<Row>& rows) {
  std::string out = table_lines({{{"row"}, {"target"}, {"published"}, {"ours"}, {"verdict"}}});
  const std::string rule(line_width, '-');
  std::size_t met = 0;
  std::size_t judged = 0;
  for (const Row& row : rows) {
    out += rule + "\n" + row_lines(row);
    judged += row.verdict.met != Met::shown ? 1 : 0;
    met += row.verdict.met == Met::yes ? 1 : 0;
  }
  out += rule + "\n" + fmt::format("{} of {} met", met, judged);
  if (judged < rows.size()) {
    out += fmt::format(", {} shown without verdict", rows.size() - judged);
  }
  return out + "\n";
}

}  // namespace halotwin::validation
