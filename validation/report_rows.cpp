// The rows of the report for machines (JSON) and for the terminal.
#include <algorithm>
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

constexpr std::size_t narrowest_line = 60;
constexpr std::size_t indent = 6;          // of what belongs to a row
constexpr std::size_t widest_number = 24;  // longer ones push their name to the right

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

std::string blanks(std::size_t count) {
  return std::string(count, ' ');
}

/// `text` after `head`, wrapped; further lines begin where the text began.
std::string hanging(const std::string& head, std::string_view text, std::size_t width) {
  const std::size_t column = letters(head);
  std::string out;
  for (const std::string& line : wrap(text, width - std::min(column, width / 2))) {
    out += (out.empty() ? head : blanks(std::min(column, width / 2))) + line + "\n";
  }
  return out;
}

const char* word_of(Met met) {
  return met == Met::yes ? "met" : met == Met::no ? "NOT met" : "shown";
}

/// "A5    title ................ met, calibrated"
std::string headline(const Row& row, std::size_t width) {
  std::string verdict = word_of(row.verdict.met);
  verdict += row.verdict.calibrated ? ", calibrated" : "";
  const std::string id(row.target.id);
  std::string out;
  const std::vector<std::string> title =
      wrap(row.target.title, width - indent - letters(verdict) - 2);
  for (const std::string& line : title) {
    const bool first = out.empty();
    std::string full =
        (first ? id + blanks(indent - std::min(indent - 1, id.size())) : blanks(indent)) + line;
    full +=
        first ? blanks(width - std::min(width, letters(full) + letters(verdict))) + verdict : "";
    out += full + "\n";
  }
  return out;
}

/// Digits and unit of a value: "1083(7)" and "Hz".
struct Cells {
  std::string digits;
  std::string unit;
};

Cells cells_of(const Measured& m) {
  Measured bare = m;
  bare.unit.clear();
  return {plain_text(bare), std::isnan(m.value) ? "" : m.unit};
}

struct Widths {
  std::size_t digits = 0;
  std::size_t unit = 0;
};

Widths widths_of(const Verdict& verdict) {
  Widths w;
  for (const auto* list : {&verdict.values, &verdict.nulls}) {
    for (const Measured& m : *list) {
      const Cells cells = cells_of(m);
      if (letters(cells.digits) + letters(cells.unit) < widest_number) {
        w.digits = std::max(w.digits, letters(cells.digits));
        w.unit = std::max(w.unit, letters(cells.unit));
      }
    }
  }
  return w;
}

/// Value and unit in their columns, then the name. A null says what was switched off, a missing
/// value why it is missing.
std::string value_lines(
    const Measured& m, const Widths& w, bool null, std::string_view label, std::size_t width) {
  const Cells cells = cells_of(m);
  constexpr std::string_view said = "not resolved";  // in the column of the values
  std::string_view note = m.note;
  if (note == "-") {
    note = {};
  }
  if (std::isnan(m.value) && note.starts_with(said)) {
    note.remove_prefix(said.size());
    note.remove_prefix(std::min(note.size(), note.starts_with(": ") ? 2UL : 0UL));
  }
  const bool explain = !note.empty() && (null || std::isnan(m.value));
  const std::string what = explain ? fmt::format("{} ({})", m.name, note) : m.name;
  const std::string begin = blanks(indent) + std::string(label);
  const std::string number = blanks(w.digits - std::min(w.digits, letters(cells.digits))) +
                             cells.digits + " " + cells.unit +
                             blanks(w.unit - std::min(w.unit, letters(cells.unit))) + "  ";
  return letters(begin + number) <= width / 2 ? hanging(begin + number, what, width)
                                              : hanging(begin, number + what, width);
}

std::string row_lines(const Row& row, std::size_t width) {
  std::string out = headline(row, width);
  if (!row.target.published.empty() && row.target.published != "-") {
    out += hanging(blanks(indent) + "published: ", row.target.published, width);
  }
  out += hanging(blanks(indent) + "tolerance: ", row.target.tolerance, width);
  const Widths w = widths_of(row.verdict);
  for (const Measured& m : row.verdict.values) {
    out += value_lines(m, w, false, "      ", width);
  }
  for (const Measured& m : row.verdict.nulls) {
    out += value_lines(m, w, true, "null  ", width);
  }
  return row.verdict.note.empty() ? out : out + hanging(blanks(indent), row.verdict.note, width);
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

std::string to_text(const std::vector<Row>& rows, std::size_t width) {
  width = std::max(width, narrowest_line);
  std::string out;
  std::size_t met = 0;
  std::size_t judged = 0;
  for (const Row& row : rows) {
    out += row_lines(row, width) + "\n";
    judged += row.verdict.met != Met::shown ? 1 : 0;
    met += row.verdict.met == Met::yes ? 1 : 0;
  }
  out += fmt::format("{} of {} met", met, judged);
  if (judged < rows.size()) {
    out += fmt::format(", {} shown without verdict", rows.size() - judged);
  }
  return out + "\n";
}

}  // namespace halotwin::validation
