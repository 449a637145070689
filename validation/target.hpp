// A target: one published result, checked by running the whole chain; and its verdict.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace halotwin::validation {

class Evidence;

/// One number of a verdict. sigma: one standard deviation, NaN if there is none.
struct Measured {
  std::string name;  // "first peak, loss channel"
  double value = 0.0;
  double sigma = 0.0;
  std::string unit;  // "" = dimensionless
  std::string note;  // what it is held against, or "null: no boundary effect"
};

/// A picture of the report. `image` is the file's content; `media` "image/svg+xml" or "image/png".
struct Figure {
  std::string title;
  std::string caption;  // what to see; how it was made
  std::string media;
  std::string image;
};

/// shown: no verdict, a figure for the reader.
enum class Met { no, yes, shown };

struct Verdict {
  Met met = Met::no;
  bool calibrated = false;       // parameters were fitted to this published figure
  std::vector<Measured> values;  // the first ones are what the row is about
  std::vector<Measured> nulls;   // the same with the effect switched off
  std::string note;              // one or two sentences: why not met, what follows
  std::vector<Figure> figures;
  std::vector<std::string> reproduce;  // command lines
};

struct Target {
  std::string_view id;  // "A1"
  std::string_view title;
  std::string_view published;  // the paper's value, with the figure
  std::string_view tolerance;
  Verdict (*check)(Evidence&) = nullptr;
  std::string_view together{};  // rows of the same word look at the same recordings: one process
};

/// All targets, in the order of the report. The one list.
[[nodiscard]] const std::vector<Target>& all_targets();

/// Targets chosen by experiment ("A"), row ("A1") or nothing (all); throws ParameterError that
/// names the nearest row.
[[nodiscard]] std::vector<Target> choose_targets(const std::vector<std::string>& selection);

/// A row of the report: the target and what came of it.
struct Row {
  Target target;
  Verdict verdict;
  double wall_s = 0.0;
};

}  // namespace halotwin::validation
