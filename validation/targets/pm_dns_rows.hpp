// Checks of the rows of experiment A (PM-DNS), and of the rows X as they apply to it.
#pragma once

#include "validation/evidence.hpp"
#include "validation/target.hpp"

namespace halotwin::validation {

Verdict check_a01(Evidence& evidence);
Verdict check_a02(Evidence& evidence);
Verdict check_a03(Evidence& evidence);
Verdict check_a04(Evidence& evidence);
Verdict check_a06(Evidence& evidence);
Verdict check_a07(Evidence& evidence);
Verdict check_a05(Evidence& evidence);
Verdict check_a08(Evidence& evidence);
Verdict check_a09(Evidence& evidence);
Verdict check_a10(Evidence& evidence);
Verdict check_a11(Evidence& evidence);
Verdict check_a12(Evidence& evidence);
Verdict check_a13(Evidence& evidence);
Verdict check_a14(Evidence& evidence);
Verdict check_a15(Evidence& evidence);
Verdict check_x01(Evidence& evidence);
Verdict check_x02(Evidence& evidence);
Verdict check_x03(Evidence& evidence);
Verdict check_x04(Evidence& evidence);
Verdict check_x05(Evidence& evidence);
Verdict check_x06(Evidence& evidence);
Verdict check_x07(Evidence& evidence);

}  // namespace halotwin::validation
