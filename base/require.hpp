// Checks of values at the door: valid or throw, always on.
#pragma once

#include <string>
#include <string_view>

namespace halotwin {

/// Throws ParameterError "<field> = <value> (must be <rule>)" unless `holds`. NaN never holds a
/// comparison, so `require(x > 0, ...)` refuses it.
void require(bool holds, std::string_view field, double value, std::string_view rule);

/// The same with a free text: "<what>".
void require(bool holds, std::string_view what);

/// Finite and inside [low, high].
void require_range(std::string_view field, double value, double low, double high);

/// Finite and > 0.
void require_positive(std::string_view field, double value);

}  // namespace halotwin
