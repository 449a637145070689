// Row A11, second half: what repeated maps of one area show.
#pragma once

#include "validation/evidence.hpp"
#include "validation/target.hpp"

namespace halotwin::validation {

/// Adds values, nulls and figures to the verdict; whether all of it is met.
bool check_repeats(Evidence& evidence, Verdict& verdict);

}  // namespace halotwin::validation
