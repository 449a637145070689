// What a signal is: values on axes, stored as one NXdata group.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace halotwin::data {

enum class ElementType { f32, f64, complex64, u8, u16, u32 };

[[nodiscard]] std::size_t size_in_bytes(ElementType type);
[[nodiscard]] std::string_view name_of(ElementType type);

/// How a viewer shows the fastest dimensions.
enum class Interpretation { scalar, spectrum, image };

/// Centres of the elements along one dimension: ascending, with a unit. `long_name` is the label of
/// the axis, by default "name (unit)".
struct Axis {
  std::string name;
  std::string unit;
  std::vector<double> values;
  std::string long_name{};
  bool operator==(const Axis&) const = default;
};

/// A signal with its axes, slowest dimension first: (y, x, frequency). Until they are written,
/// values are NaN; whole numbers have the largest value of their type, which the dataset's
/// attribute `fill_value` states.
struct SignalSpec {
  std::string group;  // path of the NXdata group below the entry, "amplitude"
  ElementType type = ElementType::f32;
  std::string unit;  // "V"; "" or "1" for a pure number
  std::vector<Axis> axes;
  Interpretation interpretation = Interpretation::spectrum;
  std::string title{};           // of the plot; the group name if empty
  std::string long_name{};       // label of the signal; "group (unit)" if empty
  std::string description{};     // one sentence for whoever opens the file, may be empty
  std::string dataset = "data";  // name of the dataset inside the group
  bool with_errors = false;      // also makes <dataset>_errors: one standard deviation, same shape
  bool is_default_plot = false;
  bool operator==(const SignalSpec&) const = default;
};

[[nodiscard]] std::vector<std::size_t> shape_of(const SignalSpec& spec);
[[nodiscard]] std::size_t count_of(const SignalSpec& spec);

/// Names of letters, digits, underscores; unit given for every axis; axes not empty, finite,
/// ascending; a size that fits 2^48 bytes. Throws ParameterError that names the signal.
void validate(const SignalSpec& spec);

/// Handle of a signal of one writer.
struct SignalId {
  std::size_t index = 0;
};

}  // namespace halotwin::data
