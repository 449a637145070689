// Nanonis spectroscopy (.dat): text. "key<TAB>value" lines, [DATA], a line of column names between
// tabs, lines of numbers. The first column is what was swept; a column [bwd] holds the way back at
// the same values of it, row by row.
#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "data/imports/foreign_scan.hpp"
#include "data/imports/foreign_text.hpp"
#include "data/imports/foreign_units.hpp"

namespace halotwin::data::imports {

namespace {

struct Columns {
  std::vector<ColumnLabel> labels;
  std::vector<std::vector<double>> values;  // by column
};

/// Header, and the lines after [DATA].
std::vector<std::string_view> read_header(std::string_view file,
                                          std::string_view bytes,
                                          ForeignScan& scan) {
  const std::size_t end = bytes.substr(0, longest_header).find("[DATA]");
  if (end == std::string_view::npos) {
    refuse(file, "is no Nanonis spectrum, or cut off: no line [DATA]");
  }
  scan.header_text = utf8_of(bytes.substr(0, end));
  for (const std::string_view line : lines_of(scan.header_text)) {
    const std::size_t tab = line.find('\t');
    const std::string_view key = trimmed(line.substr(0, tab));
    if (!key.empty()) {
      scan.header.emplace_back(
          key, tab == std::string_view::npos ? std::string_view() : trimmed(line.substr(tab)));
    }
  }
  auto lines = lines_of(bytes.substr(end + 6));
  lines.erase(lines.begin(), std::find_if(lines.begin(), lines.end(), [](std::string_view line) {
                return !trimmed(line).empty();
              }));
  return lines;
}

std::vector<ColumnLabel> labels_of(std::string_view file, std::string_view line) {
  std::vector<ColumnLabel> labels;
  auto names = split(line, '\t');
  while (!names.empty() && trimmed(names.back()).empty()) {
    names.pop_back();
  }
  for (const std::string_view name : names) {
    labels.push_back(column_label_of(name));
  }
  if (labels.size() < 2 || labels.size() > most_channels) {
    refuse(file,
           fmt::format("{} column names after [DATA]: 2 to {} expected, between tabs",
                       labels.size(),
                       most_channels));
  }
  return labels;
}

/// An empty field is a value that is not there.
double value_of(std::string_view file, std::string_view field, std::size_t row) {
  const std::string_view text = trimmed(field);
  if (text.empty()) {
    return std::numeric_limits<double>::quiet_NaN();
  }
  const auto value = number_of(text);
  if (!value) {
    refuse(file,
           fmt::format("row {} after the column names has \"{}\": a number expected",
                       row,
                       utf8_of(text.substr(0, 40))));
  }
  return *value;
}

Columns read_columns(std::string_view file, const std::vector<std::string_view>& lines) {
  Columns columns;
  if (lines.empty()) {
    refuse(file, "is cut off: no column names after [DATA]");
  }
  columns.labels = labels_of(file, lines.front());
  columns.values.resize(columns.labels.size());
  for (std::size_t row = 1; row < lines.size(); ++row) {
    const std::string_view line = lines[row];
    if (trimmed(line).empty()) {
      continue;
    }
    const auto fields = split(line, '\t');
    const std::size_t n = columns.labels.size();
    const bool only_tab_more = fields.size() == n + 1 && trimmed(fields.back()).empty();
    if (fields.size() != n && !only_tab_more) {
      refuse(
          file,
          fmt::format(
              "row {} after the column names has {} values: {} expected", row, fields.size(), n));
    }
    for (std::size_t k = 0; k < n; ++k) {
      columns.values[k].push_back(value_of(file, fields[k], row));
    }
  }
  if (columns.values.front().empty()) {
    refuse(file, "has no values after its column names");
  }
  return columns;
}

enum class Order { rising, falling, neither };

Order order_of(const std::vector<double>& v) {
  if (!std::all_of(v.begin(), v.end(), [](double x) { return std::isfinite(x); })) {
    return Order::neither;
  }
  if (std::adjacent_find(v.begin(), v.end(), std::greater_equal<>()) == v.end()) {
    return Order::rising;
  }
  const bool falls = std::adjacent_find(v.begin(), v.end(), std::less_equal<>()) == v.end();
  return falls ? Order::falling : Order::neither;
}

/// Where the spectrum was taken, as signals (point).
void add_places(ForeignScan& scan) {
  for (const auto& [key, name] : {std::pair{"X (m)", "x"}, {"Y (m)", "y"}, {"Z (m)", "z"}}) {
    const auto value = number_of(header_value(scan, key));
    if (value && std::isfinite(*value)) {
      scan.channels.push_back({.label = key,
                               .name = name,
                               .unit = "m",
                               .axes = {index_axis("point", 1)},
                               .values = std::vector<double>{*value},
                               .interpretation = Interpretation::scalar,
                               .description = "of the point, from the header"});
    }
  }
}

std::optional<std::chrono::nanoseconds> recorded_at(ForeignScan& scan) {
  for (const char* key : {"Start time", "Date", "Saved Date"}) {
    if (const auto time = time_of(header_value(scan, key))) {
      scan.about.set("time_source", Value{std::string(key), {}});
      return time;
    }
  }
  return std::nullopt;
}

}  // namespace

ForeignScan read_dat(std::string_view file, std::string_view bytes) {
  ForeignScan scan;
  scan.kind = "Nanonis spectroscopy";
  scan.procedure = "imported_spectra";
  scan.unit_word = "curve";
  const auto lines = read_header(file, bytes, scan);
  Columns columns = read_columns(file, lines);
  if (!bytes.ends_with('\n') && !bytes.ends_with('\r')) {
    scan.warnings.emplace_back("the last line has no end: the file may be cut off");
  }
  const ColumnLabel& swept = columns.labels.front();
  std::vector<double>& sweep = columns.values.front();
  const Order order = order_of(sweep);
  const std::size_t n = sweep.size();
  Axis axis = index_axis("index", n);
  std::string note;
  if (order == Order::neither) {
    scan.warnings.push_back(fmt::format(
        "column {} neither rises nor falls: the axis is the number of the row", swept.text));
  } else {
    if (order == Order::falling) {
      for (auto& values : columns.values) {
        std::reverse(values.begin(), values.end());
      }
      note = "rows of the file turned round, so that the axis rises";
    }
    scan.about.set("sweep_direction",
                   Value{std::string(order == Order::rising ? "up" : "down"), {}});
    axis.name = swept.name == "data" || swept.name == "title" || swept.name == "point"
                    ? "sweep_" + swept.name
                    : swept.name;
    axis.unit = swept.unit.unit;
    std::transform(sweep.begin(), sweep.end(), axis.values.begin(), [&](double v) {
      return v * swept.unit.factor;
    });
  }
  for (std::size_t k = order == Order::neither ? 0 : 1; k < columns.labels.size(); ++k) {
    const ColumnLabel& label = columns.labels[k];
    scan.channels.push_back({.label = label.text,
                             .name = label.name,
                             .unit = label.unit.unit,
                             .axes = {index_axis("point", 1), axis},
                             .values = scaled(std::move(columns.values[k]), label.unit.factor),
                             .interpretation = Interpretation::spectrum,
                             .description = note});
  }
  add_places(scan);
  scan.recorded = recorded_at(scan);
  const std::string experiment(header_value(scan, "Experiment"));
  scan.title = experiment.empty() ? "spectroscopy" : experiment;
  return scan;
}

}  // namespace halotwin::data::imports
