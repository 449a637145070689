// Checks of the ion transport for the report.
#pragma once

#include <vector>

#include "validation/report.hpp"

namespace halotwin::validation {

[[nodiscard]] std::vector<PhysicsCheck> pnp_checks();

}  // namespace halotwin::validation
