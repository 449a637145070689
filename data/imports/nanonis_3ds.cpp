// Nanonis grid spectroscopy (.3ds). "key=value" lines up to :HEADER_END:, then big-endian 32-bit
// floats, pixel by pixel, line by line, always upward: the parameters of the pixel, then the curve
// of each channel. A grid that was stopped lacks its last pixels.
#include <algorithm>
#include <cmath>
#include <functional>

#include <fmt/format.h>

#include "data/imports/foreign_scan.hpp"
#include "data/imports/foreign_text.hpp"
#include "data/imports/foreign_units.hpp"
#include "data/imports/nanonis_grid.hpp"

namespace halotwin::data::imports {

namespace {

/// Distance between the first pixel and the one `pixel` further in the file, by its parameters
/// X (m), Y (m).
std::optional<double> distance_to(const NanonisGrid& grid, std::size_t pixel) {
  const auto x = grid.parameter("X (m)");
  const auto y = grid.parameter("Y (m)");
  if (!x || !y || pixel >= grid.there) {
    return std::nullopt;
  }
  const auto difference = [&](std::size_t k) {
    return static_cast<double>(grid.at(pixel, k)) - static_cast<double>(grid.at(0, k));
  };
  const double distance = std::hypot(difference(*x), difference(*y));
  return std::isfinite(distance) && distance > 0.0 ? std::optional(distance) : std::nullopt;
}

/// Lines run along x: refuses a grid whose first two pixels say otherwise.
void check_order(std::string_view file, const NanonisGrid& grid) {
  const auto x = grid.parameter("X (m)");
  const auto y = grid.parameter("Y (m)");
  if (!x || !y || grid.angle_deg != 0.0 || grid.nx < 2 || grid.there < 2) {
    return;
  }
  if (std::abs(grid.at(1, *y) - grid.at(0, *y)) > std::abs(grid.at(1, *x) - grid.at(0, *x))) {
    refuse(file, "its first two pixels follow each other along y: lines along x expected");
  }
}

/// The outer points lie on the edge of the frame, or half a step inside: the places that were
/// measured tell which.
double step_of(const NanonisGrid& grid,
               const char* name,
               double extent,
               std::size_t count,
               std::size_t stride,
               ForeignScan& scan) {
  const double inside = extent / static_cast<double>(count);
  if (count < 2) {
    return inside;
  }
  const double to_edge = extent / static_cast<double>(count - 1);
  const auto found = distance_to(grid, stride);
  if (!found) {
    scan.warnings.push_back(fmt::format(
        "the file does not say where its pixels lie: {} of equal pixels inside the frame", name));
    return inside;
  }
  const double nearest = std::abs(*found - inside) < std::abs(*found - to_edge) ? inside : to_edge;
  if (std::abs(*found - nearest) <= 0.02 * nearest) {
    return nearest;
  }
  scan.warnings.push_back(
      fmt::format("pixels are {:.4g} m apart along {}, the frame says {:.4g} m: taken as measured",
                  *found,
                  name,
                  nearest));
  return *found;
}

/// Values of a sweep of several segments, from the line "Segment Start (V), Segment End (V), ...,
/// Steps (xn), ..." of the header: neighbours share a value. Nothing if they are not `points`.
std::optional<std::vector<double>> segments_of(const ForeignScan& scan, std::size_t points) {
  const auto line = std::find_if(scan.header.begin(), scan.header.end(), [](const auto& entry) {
    return entry.first.starts_with("Segment Start");
  });
  if (line == scan.header.end()) {
    return std::nullopt;
  }
  std::vector<double> values;
  for (const std::string_view segment : split(line->second, ';')) {
    const auto fields = split(segment, ',');
    const auto first = number_of(fields[0]);
    const auto last = fields.size() > 4 ? number_of(fields[1]) : std::nullopt;
    const std::size_t steps = fields.size() > 4 ? whole_of(fields[4]).value_or(0) : 0;
    if (!first || !last || steps < 2 || steps > points) {
      return std::nullopt;
    }
    const double step = (*last - *first) / static_cast<double>(steps - 1);
    for (std::size_t i = values.empty() ? 0 : 1; i < steps; ++i) {
      values.push_back(*first + step * static_cast<double>(i));
    }
  }
  return values.size() == points ? std::optional(values) : std::nullopt;
}

/// Values of the sweep in the order of the file, or why they cannot be known.
struct Sweep {
  std::vector<double> values;
  std::string unknown;
};

Sweep sweep_of(const NanonisGrid& grid, const ForeignScan& scan) {
  const auto begin = grid.parameter("Sweep Start");
  const auto end = grid.parameter("Sweep End");
  const std::string_view type = header_value(scan, "Filetype");
  if (!type.empty() && type != "Linear") {
    const auto values = segments_of(scan, grid.points);
    return values ? Sweep{*values, {}}
                  : Sweep{{}, fmt::format("Filetype {} with segments that do not fit", type)};
  }
  if (!begin || !end) {
    return {{}, "Sweep Start and Sweep End are not among the parameters"};
  }
  const float first = grid.at(0, *begin);
  const float last = grid.at(0, *end);
  for (std::size_t p = 0; p < grid.there; ++p) {
    if (grid.at(p, *begin) != first || grid.at(p, *end) != last) {
      return {{}, "the sweep differs from pixel to pixel"};
    }
  }
  std::vector<double> values(grid.points);
  const auto last_point = static_cast<double>(std::max<std::size_t>(grid.points, 2) - 1);
  for (std::size_t i = 0; i < values.size(); ++i) {
    const double share = static_cast<double>(i) / last_point;
    values[i] = (1.0 - share) * static_cast<double>(first) + share * static_cast<double>(last);
  }
  return {std::move(values), {}};
}

/// The axis of the curves, rising; the number of the point where the sweep is not known or turns
/// back. `falls`: the points of the file must be turned round.
Axis sweep_axis(const NanonisGrid& grid, ForeignScan& scan, bool& falls) {
  Sweep sweep = sweep_of(grid, scan);
  const ColumnLabel label = column_label_of(header_value(scan, "Sweep Signal"));
  auto& v = sweep.values;
  for (double& value : v) {
    value *= label.unit.factor;
  }
  falls = v.size() > 1 && v.back() < v.front();
  if (falls) {
    std::reverse(v.begin(), v.end());
  }
  const bool finite = std::all_of(v.begin(), v.end(), [](double x) { return std::isfinite(x); });
  const bool rises = std::adjacent_find(v.begin(), v.end(), std::greater_equal<>()) == v.end();
  if (sweep.unknown.empty() && !(finite && rises)) {
    sweep.unknown = "the sweep does not go one way";
  }
  if (!sweep.unknown.empty()) {
    falls = false;
    scan.warnings.push_back(sweep.unknown + ": the axis is the number of the point");
    return index_axis("index", grid.points);
  }
  scan.about.set("sweep_direction", Value{std::string(falls ? "down" : "up"), {}});
  const bool is_taken =
      label.name == "x" || label.name == "y" || label.name == "data" || label.name == "title";
  return {is_taken ? "sweep_" + label.name : label.name, label.unit.unit, std::move(v), {}};
}

void add_parameters(const NanonisGrid& grid, const Axis& y, const Axis& x, ForeignScan& scan) {
  for (std::size_t k = 0; k < grid.parameters.size(); ++k) {
    const ColumnLabel label = column_label_of(grid.parameters[k]);
    const bool is_sweep = grid.parameters[k] == "Sweep Start" || grid.parameters[k] == "Sweep End";
    const SiUnit unit =
        is_sweep ? column_label_of(header_value(scan, "Sweep Signal")).unit : label.unit;
    std::vector<float> values(grid.nx * grid.ny);
    for (std::size_t p = 0; p < values.size(); ++p) {
      values[p] = grid.at(p, k);
    }
    scan.channels.push_back({.label = label.text,
                             .name = label.name,
                             .unit = unit.unit,
                             .axes = {y, x},
                             .values = scaled(std::move(values), unit.factor),
                             .description = "parameter of the pixel"});
  }
}

void add_curves(const NanonisGrid& grid,
                const Axis& y,
                const Axis& x,
                const Axis& sweep,
                bool falls,
                ForeignScan& scan) {
  for (std::size_t c = 0; c < grid.channels.size(); ++c) {
    const ColumnLabel label = column_label_of(grid.channels[c]);
    std::vector<float> values(grid.nx * grid.ny * grid.points);
    for (std::size_t p = 0; p < grid.nx * grid.ny; ++p) {
      for (std::size_t i = 0; i < grid.points; ++i) {
        const std::size_t to = falls ? grid.points - 1 - i : i;
        values[p * grid.points + to] = grid.at(p, grid.parameters.size() + c * grid.points + i);
      }
    }
    scan.channels.push_back(
        {.label = label.text,
         .name = label.name,
         .unit = label.unit.unit,
         .axes = {y, x, sweep},
         .values = scaled(std::move(values), label.unit.factor),
         .interpretation = Interpretation::spectrum,
         .description = falls ? "points turned round, so that the axis rises" : ""});
  }
}

void describe(const NanonisGrid& grid, const Axis& y, const Axis& x, ForeignScan& scan) {
  scan.about.set("slow_scan_direction", Value{std::string("up"), {}});
  scan.about.set("row_order",
                 Value{std::string("as measured: row 0 was the first, y points up"), {}});
  scan.about.set("centre_x_m", Value{grid.centre_x, {}});
  scan.about.set("centre_y_m", Value{grid.centre_y, {}});
  scan.about.set("width_m", Value{grid.width, {}});
  scan.about.set("height_m", Value{grid.height, {}});
  scan.about.set("scan_angle_deg", Value{grid.angle_deg, {}});
  if (grid.angle_deg != 0.0) {
    scan.warnings.push_back(fmt::format(
        "the frame is turned by {:g} deg: x and y run along its sides, about its centre",
        grid.angle_deg));
  }
  scan.area = ScanArea{
      x.values.front(), x.values.back(), y.values.front(), y.values.back(), grid.nx, grid.ny};
  for (const char* key : {"Start time", "Date"}) {
    if (!scan.recorded) {
      scan.recorded = time_of(header_value(scan, key));
    }
  }
}

}  // namespace

ForeignScan read_3ds(std::string_view file, std::string_view bytes) {
  ForeignScan scan;
  scan.kind = "Nanonis grid";
  scan.procedure = "imported_scan";
  const NanonisGrid grid = read_grid(file, bytes, scan);
  check_order(file, grid);
  const double step_x = step_of(grid, "x", grid.width, grid.nx, 1, scan);
  const double step_y = step_of(grid, "y", grid.height, grid.ny, grid.nx, scan);
  const Axis x =
      frame_axis(file, "x", grid.centre_x, step_x * static_cast<double>(grid.nx), grid.nx);
  const Axis y =
      frame_axis(file, "y", grid.centre_y, step_y * static_cast<double>(grid.ny), grid.ny);
  bool falls = false;
  const Axis sweep = sweep_axis(grid, scan, falls);
  add_curves(grid, y, x, sweep, falls, scan);
  add_parameters(grid, y, x, scan);
  describe(grid, y, x, scan);
  const std::string experiment(header_value(scan, "Experiment"));
  scan.title = experiment.empty() ? "grid spectroscopy" : experiment;
  return scan;
}

}  // namespace halotwin::data::imports
