// Pictures of the report, drawn by gnuplot run as a program: SVG for curves, PNG for maps.
#pragma once

#include <string>
#include <vector>

#include "base/grid.hpp"
#include "validation/target.hpp"

namespace halotwin::validation {

struct Curve {
  std::string name;
  std::vector<double> x;
  std::vector<double> y;
  std::vector<double> sigma{};  // a band of one standard deviation; empty = none
  bool points = false;          // markers instead of a line
  bool dashed = false;
};

struct CurvePlot {
  std::string title;
  std::string caption;
  std::string x_label;  // with its unit
  std::string y_label;
  bool log_x = false;
  bool log_y = false;
  std::vector<Curve> curves{};
  std::vector<double> vertical_lines{};  // at these x, thin and grey
  std::vector<double> horizontal_lines{};
};

struct MapPlot {
  std::string title;
  std::string caption;
  std::string value_label;  // with its unit; shown at the colour bar
  Image<double> values;     // NaN = grey
  double step_m = 0.0;
  /// Colour range as percentiles of the values (1 and 99), or fixed if low < high.
  double low = 0.0;
  double high = 0.0;
  /// For class maps: names of the values 0, 1, 2 ...; then colours are discrete.
  std::vector<std::string> classes{};
  double step_y_m = 0.0;  // 0: pixels are square
};

/// Throws DataError with gnuplot's message if it cannot be run.
[[nodiscard]] Figure draw(const CurvePlot& plot);
[[nodiscard]] Figure draw(const MapPlot& map);
/// Several maps side by side as one picture with one caption.
[[nodiscard]] Figure draw(const std::vector<MapPlot>& maps,
                          const std::string& title,
                          const std::string& caption);

}  // namespace halotwin::validation
