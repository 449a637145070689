// What an analysis found, in a form that every pipeline shares: printed, written to the report and
// compared by the same code whatever the experiment.
#pragma once

#include <cstddef>
#include <limits>
#include <string>
#include <vector>

namespace halotwin::analysis {

/// One number. sigma: one standard deviation, NaN if there is none.
struct Finding {
  std::string name;  // "stripe_angle"
  double value = 0.0;
  double sigma = std::numeric_limits<double>::quiet_NaN();
  std::string unit{};  // "" = dimensionless
  std::string note{};  // what it means or what it is held against
};

/// A map, row-major (y, x); NaN where nothing is known.
struct FoundMap {
  std::string name;  // "piezo_amplitude"
  std::string title;
  std::string unit;
  std::size_t nx = 0;
  std::size_t ny = 0;
  double step_x_m = 0.0;
  double step_y_m = 0.0;
  std::vector<float> values;
  bool labels = false;                     // small whole numbers: classes, levels, clusters
  std::vector<std::string> label_names{};  // of the labels 0, 1, 2 ...; "" = the numbers themselves
  double x_m = 0.0;                        // centre of the first pixel
  double y_m = 0.0;
  std::string note{};  // one sentence: what to see, how it was made
};

/// One line of a plot; sigma may be empty.
struct FoundSeries {
  std::string name;
  std::vector<double> x;
  std::vector<double> y;
  std::vector<double> sigma{};
  bool markers = false;  // points instead of a line
  bool dashed = false;
};

struct FoundCurve {
  std::string name;  // "mean_spectrum"
  std::string title;
  std::string x_label;  // "frequency (Hz)"
  std::string y_label;
  bool log_x = false;
  bool log_y = false;
  std::vector<FoundSeries> series{};
  std::string note{};                    // one sentence: what to see, how it was made
  std::vector<double> vertical_lines{};  // at these x
};

struct Findings {
  std::vector<Finding> values;
  std::vector<Finding>
      nulls;  // the same with the effect shuffled, switched off or replaced by noise
  std::vector<FoundMap> maps;
  std::vector<FoundCurve> curves;
  std::vector<std::string> warnings;  // flags: overload, not converged, too few pixels
  std::string text{};                 // for the terminal; if empty, values and nulls are listed
  std::string note{};                 // what the reader of the page must know: definitions, nulls
};

}  // namespace halotwin::analysis
