// What the source meters can that are spoken to by SCPI. Source: Keithley, Series 2400 SourceMeter
// User's Manual, 2400S-900-01 (specifications; chapter 18, SCPI command reference); pymeasure's
// Keithley2400.
#pragma once

#include <string_view>
#include <vector>

#include "devices/bias_source.hpp"

namespace halotwin::devices::source_meter {

/// A model of Series 2400: the same commands for all.
struct Model {
  std::string_view profile;  // "keithley2400", in an address
  std::string_view name;     // "MODEL 2400", as *IDN? says it
  double max_voltage_v = 0.0;
  double max_current_a = 0.0;       // up to full_current_v
  double full_current_v = 0.0;      // beyond it:
  double high_voltage_max_a = 0.0;  // no more than this
};
inline constexpr std::string_view vendor = "KEITHLEY INSTRUMENTS";  // begins so

[[nodiscard]] const std::vector<Model>& models();
/// Nothing for another profile.
[[nodiscard]] const Model* find_model(std::string_view profile);

/// Largest current limit at a voltage [A].
[[nodiscard]] double max_compliance_a(const Model& model, double voltage_v);

inline constexpr double least_compliance_a = 1e-9;  // 0.1 % of the smallest range
inline constexpr double reset_compliance_a = 105e-6;
/// In place of a value that was not measured, and beyond the range.
inline constexpr double not_a_number = 9.91e37;
inline constexpr double overflow = 9.9e37;

}  // namespace halotwin::devices::source_meter
