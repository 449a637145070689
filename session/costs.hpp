// What a run will cost, known before it starts.
#pragma once

#include <cstdint>
#include <string>

#include "session/scenario.hpp"

namespace halotwin::session {

struct Costs {
  scenarios::Estimate experiment;  // time in the laboratory, pixels, readings
  std::uint64_t file_bytes = 0;    // recording and truth
  std::uint64_t memory_bytes = 0;
};
/// Throws ParameterError if this computer has not that much memory.
[[nodiscard]] Costs estimate_costs(const Scenario& scenario);

/// "42 MB", "1.23 GB"
[[nodiscard]] std::string gigabytes(double bytes);

}  // namespace halotwin::session
