// The report: one HTML file that opens offline; and the same rows as JSON.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include "validation/target.hpp"

namespace halotwin::validation {

struct ReportHeader {
  std::uint64_t seed = 0;
  bool quick = false;
  double wall_s = 0.0;
  std::string version;
  std::string commit;
  std::string command_line;
};

/// Checks of the physics that a reader wants to see: model, what it was held against, deviation,
/// tolerance.
struct PhysicsCheck {
  std::string model;
  std::string against;
  double deviation = 0.0;
  double tolerance = 0.0;
  [[nodiscard]] bool met() const { return deviation <= tolerance; }
};

/// Writes `folder`/report.html (one file, pictures inside). Replaces an older report.
void write_report(const std::filesystem::path& folder,
                  const ReportHeader& header,
                  const std::vector<Row>& rows,
                  const std::vector<PhysicsCheck>& physics);

/// One page about one recording: key numbers, nulls and pictures.
struct Page {
  std::string title;
  std::string subtitle;  // what was measured and analysed
  std::string note;
  std::vector<std::string> warnings;
  std::vector<Measured> values;
  std::vector<Measured> nulls;
  std::vector<Figure> figures;
  std::vector<std::string> reproduce;
};
/// Writes `folder`/report.html like write_report.
void write_page(const std::filesystem::path& folder, const Page& page);

/// {"rows": [{"id", "title", "published", "value", "sigma", "unit", "met", "calibrated", "note",
/// "names"}], "seed", "wall_s"}; names: what the values are, always an array; value and sigma are
/// arrays if a row has several numbers, unit too if they differ in it; NaN is null. A row that is
/// only shown counts as met.
[[nodiscard]] std::string to_json(const ReportHeader& header, const std::vector<Row>& rows);

/// The rows for the terminal, in lines of `width` columns (at least 60): for each a headline with
/// its verdict, what is published, one line per value and null, the note.
[[nodiscard]] std::string to_text(const std::vector<Row>& rows, std::size_t width = 100);

}  // namespace halotwin::validation
