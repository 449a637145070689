// Units and column labels in files of other programs. Internal to data/.
#pragma once

#include <string>
#include <string_view>

namespace halotwin::data::imports {

/// A unit as SI word, and what to multiply values with: "nm" -> {"m", 1e-9}, "deg" -> {"rad", ...}.
/// What is not known stays as it is, with factor 1.
struct SiUnit {
  std::string unit;
  double factor = 1.0;
};
[[nodiscard]] SiUnit si_unit_of(std::string_view text);

/// The name of a column as Nanonis writes it: "Current [AVG] [bwd] (A)", "Current (A) [filt]".
struct ColumnLabel {
  std::string text;  // as in the file
  std::string name;  // "current_mean_backward"
  SiUnit unit{};
  bool backward = false;
};
[[nodiscard]] ColumnLabel column_label_of(std::string_view text);

}  // namespace halotwin::data::imports
