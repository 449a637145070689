// Checks of the rows of experiment D (CLIM, photoluminescence movies).
#pragma once

#include <string>

#include "validation/evidence.hpp"
#include "validation/target.hpp"

namespace halotwin::validation {

Verdict check_d01(Evidence& evidence);
Verdict check_d02(Evidence& evidence);
Verdict check_d03(Evidence& evidence);
Verdict check_d04(Evidence& evidence);
Verdict check_d05(Evidence& evidence);
Verdict check_d06(Evidence& evidence);
Verdict check_d07(Evidence& evidence);
Verdict check_d08(Evidence& evidence);
Verdict check_d09(Evidence& evidence);
Verdict check_d10(Evidence& evidence);
Verdict check_d11(Evidence& evidence);

/// The movie of a film ("mapi", "tcmh").
[[nodiscard]] const ClimCase& clim_film(Evidence& evidence, const std::string& film);
/// A null: the same film without centres; lamp, drift and noise of the camera are left.
[[nodiscard]] const ClimCase& clim_without_centres(Evidence& evidence, const std::string& film);
/// A null: carriers stay where they are, the camera has no noise and the lamp is steady; optics are
/// left.
[[nodiscard]] const ClimCase& clim_without_diffusion(Evidence& evidence, const std::string& film);

/// "MAPI", "TCMH".
[[nodiscard]] std::string film_name(const std::string& film);

}  // namespace halotwin::validation
