// Checks of the rows of experiment A (PM-DNS), and of the rows X as they apply to it.
#pragma once

#include "validation/evidence.hpp"
#include "validation/target.hpp"

namespace halotwin::validation {

Verdict check_a01(Evidence& evidence);
Verdict check_a02(Evidence& evidence);
Verdict check_a03(Evidence& evidence);
Verdict check_a11(Evidence& evidence);
Verdict check_a12(Evidence& evidence);
Verdict check_x02(Evidence& evidence);
Verdict check_x04(Evidence& evidence);
Verdict check_x05(Evidence& evidence);
Verdict check_x06(Evidence& evidence);

}  // namespace halotwin::validation
