// What the Stanford Research lock-ins SR860, SR865A and SR830 can, and the codes of their remote
// commands. Sources: operation manuals, programming chapters; the maker's Python package
// srsinst.sr860; pymeasure's drivers.
#pragma once

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "base/constants.hpp"
#include "devices/lock_in.hpp"

namespace halotwin::devices::srs {

enum class Family { sr86x, sr830 };

struct Model {
  std::string_view name;  // as *IDN? says it
  Family family = Family::sr86x;
  double max_reference_hz = 0.0;
  int max_harmonic = 1;
  double min_output_rms_v = 0.0;  // the sine output cannot be less; there is no switch
  double max_output_rms_v = 0.0;
  double max_offset_v = 0.0;  // 0: no offset at the sine output
  std::vector<double> time_constants_s;
  /// Full scales of the input, peak [V]: input ranges (SR86x) or sensitivities x sqrt 2 (SR830).
  std::vector<double> input_ranges_v;
};

/// SR860, SR865A, SR830; nothing for another name (capitals do not matter).
[[nodiscard]] const Model* find_model(std::string_view name);
[[nodiscard]] const std::vector<Model>& models();

/// Index of the value next to `wanted` on a logarithmic scale; the list may rise or fall.
[[nodiscard]] int nearest_index(const std::vector<double>& values, double wanted);
/// Index of the smallest value that is not below `wanted`, else of the largest.
[[nodiscard]] int covering_index(const std::vector<double>& values, double wanted);

/// Full scales of SCAL of the SR86x, code 0 to 27: 1 V ... 1 nV [V rms].
[[nodiscard]] const std::vector<double>& sr86x_sensitivities_v();
/// The same of one code, peak [V].
[[nodiscard]] double sr86x_full_scale_v(int code);

/// Names of OUTP? and SNAP? parameters of the SR86x by code, capitals = shortest form.
inline const std::vector<std::string_view> sr86x_parameters{"X",
                                                            "Y",
                                                            "R",
                                                            "THeta",
                                                            "IN1",
                                                            "IN2",
                                                            "IN3",
                                                            "IN4",
                                                            "XNOise",
                                                            "YNOise",
                                                            "OUT1",
                                                            "OUT2",
                                                            "PHAse",
                                                            "SAMp",
                                                            "LEVel",
                                                            "FInt",
                                                            "FExt"};

/// Bit of LIAS? that says the input (or reserve) overloads.
[[nodiscard]] int overload_bit(Family family);

[[nodiscard]] LockInLimits limits_of(const Model& model);

inline constexpr double highest_aux_v = 10.5;

/// Analog outputs CH1 (X or R) and CH2 (Y or theta): 10 V for a signal of the sensitivity, theta at
/// 18 degrees per volt (SR86x: unverified).
inline constexpr double full_output_v = 10.0;
inline constexpr double theta_v_per_rad = 10.0 / constants::pi;

}  // namespace halotwin::devices::srs
