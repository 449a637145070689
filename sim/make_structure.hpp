// The structure of every kind of sample.
#pragma once

#include <cstdint>

#include "base/parallel.hpp"
#include "sim/specimen_params.hpp"
#include "sim/structure.hpp"

namespace halotwin::sim {

/// Grains, relief and traits of the kind that `params` names. The same bits for any threads.
[[nodiscard]] Structure make_structure(const SpecimenParams& params,
                                       std::uint64_t seed,
                                       Threads threads = {});

}  // namespace halotwin::sim
