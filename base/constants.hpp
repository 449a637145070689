// Physical constants (CODATA 2018, exact where the SI defines them), SI units.
#pragma once

#include <limits>

namespace halotwin {

/** A value that is missing. */
inline constexpr double nan = std::numeric_limits<double>::quiet_NaN();

}  // namespace halotwin

namespace halotwin::constants {

inline constexpr double pi = 3.14159265358979323846;
inline constexpr double two_pi = 2.0 * pi;
inline constexpr double euler_gamma = 0.57721566490153286;
inline constexpr double elementary_charge_c = 1.602176634e-19;  // exact
inline constexpr double boltzmann_j_per_k = 1.380649e-23;       // exact
inline constexpr double boltzmann_ev_per_k = boltzmann_j_per_k / elementary_charge_c;
inline constexpr double vacuum_permittivity_f_per_m = 8.8541878128e-12;
inline constexpr double planck_j_s = 6.62607015e-34;           // exact
inline constexpr double speed_of_light_m_per_s = 299792458.0;  // exact

}  // namespace halotwin::constants
