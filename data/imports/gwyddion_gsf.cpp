// Gwyddion simple field. Format: Gwyddion user guide, "Gwyddion Simple Field": text header with
// LF line ends, 1 to 4 NUL bytes up to a multiple of 4, then XRes * YRes little-endian 32-bit
// floats, row by row from the top.
#include <algorithm>
#include <cmath>
#include <utility>
#include <variant>

#include <fmt/format.h>

#include "data/imports/file_bytes.hpp"
#include "data/imports/foreign_scan.hpp"
#include "data/imports/foreign_text.hpp"
#include "data/imports/foreign_units.hpp"

namespace halotwin::data::imports {

namespace {

constexpr std::string_view magic = "Gwyddion Simple Field 1.0\n";

std::size_t side(std::string_view file, const ForeignScan& scan, const char* key) {
  const auto text = header_value(scan, key);
  const auto value = whole_of(text);
  if (!value || *value == 0 || *value > most_pixels) {
    refuse(file, fmt::format("{} = {}: a number from 1 to {} expected", key, text, most_pixels));
  }
  return *value;
}

double number(std::string_view file, const ForeignScan& scan, const char* key, double otherwise) {
  const auto text = header_value(scan, key);
  const auto value = number_of(text);
  if (!text.empty() && !(value && std::isfinite(*value))) {
    refuse(file, fmt::format("{} = {}: a number expected", key, text));
  }
  return value.value_or(otherwise);
}

void read_header(std::string_view file, std::string_view text, ForeignScan& scan) {
  scan.header_text = utf8_of(text);
  for (const std::string_view line : lines_of(scan.header_text)) {
    const std::size_t equals = line.find('=');
    if (equals != std::string_view::npos) {
      scan.header.emplace_back(trimmed(line.substr(0, equals)), trimmed(line.substr(equals + 1)));
    } else if (!trimmed(line).empty() && !line.starts_with("Gwyddion Simple Field")) {
      refuse(file, fmt::format("header line \"{}\": name = value expected", line.substr(0, 60)));
    }
  }
}

Axis side_axis(std::string_view file,
               const ForeignScan& scan,
               const std::string& name,
               const char* extent_key,
               const char* offset_key,
               std::size_t count) {
  const SiUnit unit = si_unit_of(header_value(scan, "XYUnits"));
  const double extent = number(file, scan, extent_key, 1.0) * unit.factor;
  const double offset = number(file, scan, offset_key, 0.0) * unit.factor;
  if (!(extent > 0.0)) {
    refuse(file, fmt::format("{} = {:g}: a length > 0 expected", extent_key, extent));
  }
  const double step = extent / static_cast<double>(count);
  return stepped_axis(file, name, unit.unit, offset + 0.5 * step, step, count);
}

}  // namespace

ForeignScan read_gsf(std::string_view file, std::string_view bytes) {
  if (bytes.starts_with("Gwyddion Simple Field 1.0\r")) {
    refuse(file, "header lines end in CR LF: LF expected, the file was changed on its way");
  }
  if (!bytes.starts_with(magic)) {
    refuse(file, "is no simple field: it does not begin with \"Gwyddion Simple Field 1.0\"");
  }
  const std::size_t end = bytes.substr(0, longest_header).find('\0');
  if (end == std::string_view::npos) {
    refuse(file, "is cut off: no NUL ends its header");
  }
  ForeignScan scan;
  scan.kind = "Gwyddion simple field";
  scan.procedure = "imported_scan";
  read_header(file, bytes.substr(0, end), scan);
  const std::size_t nx = side(file, scan, "XRes");
  const std::size_t ny = side(file, scan, "YRes");
  const std::size_t data_at = end + 4 - end % 4;
  const std::size_t expected = data_at + 4 * nx * ny;
  if (bytes.size() != expected) {
    refuse(
        file,
        fmt::format("has {} bytes: {} expected of {} x {} pixels", bytes.size(), expected, nx, ny));
  }
  if (bytes.substr(end, data_at - end).find_first_not_of('\0') != std::string_view::npos) {
    refuse(file, "its header is not filled with NUL up to a multiple of 4 bytes");
  }
  if (is_other_order(bytes, data_at, nx * ny, ByteOrder::little)) {
    refuse(file, "its numbers make sense in the opposite byte order only: little-endian expected");
  }
  const SiUnit unit = si_unit_of(header_value(scan, "ZUnits"));
  const Axis x = side_axis(file, scan, "x", "XReal", "XOffset", nx);
  const Axis y = side_axis(file, scan, "y", "YReal", "YOffset", ny);
  auto values = scaled(numbers_at<float>(bytes, data_at, nx * ny, ByteOrder::little), unit.factor);
  std::visit(
      [&](auto& v) {
        std::reverse(v.begin(), v.end());  // rows and points
        for (std::size_t row = 0; row < ny; ++row) {
          const auto begin = v.begin() + static_cast<std::ptrdiff_t>(row * nx);
          std::reverse(begin, begin + static_cast<std::ptrdiff_t>(nx));  // points back
        }
      },
      values);
  const std::string title(header_value(scan, "Title"));
  scan.title = title.empty() ? "simple field" : title;
  scan.channels.push_back(
      {.label = title.empty() ? "image" : title,
       .name = signal_name_of(title.empty() ? "image" : title),
       .unit = unit.unit,
       .axes = {y, x},
       .values = std::move(values),
       .description = "rows turned round: the first one is the lowest of the picture"});
  scan.about.set("row_order",
                 Value{std::string("turned round: the file begins at the top of the picture"), {}});
  if (x.unit == "m") {
    scan.area =
        ScanArea{x.values.front(), x.values.back(), y.values.front(), y.values.back(), nx, ny};
  }
  return scan;
}

}  // namespace halotwin::data::imports
