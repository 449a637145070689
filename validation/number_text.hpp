// Numbers as physicists write them: value with the uncertainty of its last digits.
#pragma once

#include <string>

#include "validation/target.hpp"

namespace halotwin::validation {

struct NumberText {
  std::string digits;  // "1020(8)"
  int exponent = 0;    // power of ten; 0 = none
};

/// Digits by the rule of the Particle Data Group: the uncertainty gets two digits if they are 10 to
/// 35 (of its first three, 100 to 354), otherwise one; the value ends at the same place. Without a
/// sigma (NaN or not positive) four significant digits, whole numbers in full. A power of ten is
/// taken out below 1e-3 and from 1e6. NaN: "-".
[[nodiscard]] NumberText number_text(double value, double sigma);

/// "1020(8) Hz", "1.2(3)e-7 V", "-" for NaN, or "not resolved" if the note says so.
[[nodiscard]] std::string plain_text(const Measured& measured);

}  // namespace halotwin::validation
