// Named factors, and quantities written as text: "25 nm" for a parameter whose name ends in _m.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace halotwin {

namespace units {
inline constexpr double nm = 1e-9, um = 1e-6, mm = 1e-3;
inline constexpr double ns = 1e-9, us = 1e-6, ms = 1e-3, minute = 60.0, hour = 3600.0;
inline constexpr double khz = 1e3, mhz = 1e6;
inline constexpr double mv = 1e-3, uv = 1e-6;
inline constexpr double fm = 1e-15, pm = 1e-12;
inline constexpr double deg = 0.017453292519943295;
}  // namespace units

/// The unit in which a parameter of this name is stored, from its suffix: "tip_radius_m" -> "m",
/// "drive_peak_v" -> "V", "stiffness_n_per_m" -> "N/m", "noise_m_per_sqrt_hz" -> "m/Hz^0.5",
/// "diffusivity_m2_per_s" -> "m^2/s", "rank" -> "" (dimensionless).
[[nodiscard]] std::string unit_of_name(std::string_view parameter);

/// Reads "25 nm", "-1.5e3 Hz" or "25" as a value in `unit` (a unit word as returned by
/// unit_of_name). Accepts SI prefixes, products with "*" and quotients with "/", powers "m^2",
/// "m2", roots "Hz^0.5", "rtHz", and min, h, d, deg,
/// "%", eV. Throws ParameterError that says what was expected if the text is no number, the unit is
/// unknown or of another dimension.
[[nodiscard]] double parse_quantity(std::string_view text, std::string_view unit);

}  // namespace halotwin
