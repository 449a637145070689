// Quantities: a line of the name of a parameter, a line of its value.
#include <cmath>

#include "base/errors.hpp"
#include "base/units.hpp"
#include "tests/fuzz/target.hpp"

namespace halotwin::fuzz {
namespace {

const Target target("quantity", [](std::string_view bytes) {
  while (!bytes.empty()) {
    const std::string unit = unit_of_name(take_line(bytes));
    const std::string_view text = take_line(bytes);
    static_cast<void>(accepted<ParameterError>(
        [&] { expect(!std::isnan(parse_quantity(text, unit)), "a quantity is a number"); }));
    static_cast<void>(
        accepted<ParameterError>([&] { static_cast<void>(parse_quantity(text, text)); }));
  }
});

}  // namespace
}  // namespace halotwin::fuzz
