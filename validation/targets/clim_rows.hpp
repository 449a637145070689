// Checks of the rows of experiment D (CLIM, photoluminescence movies).
#pragma once

#include "validation/evidence.hpp"
#include "validation/target.hpp"

namespace halotwin::validation {

Verdict check_d11(Evidence& evidence);

}  // namespace halotwin::validation
