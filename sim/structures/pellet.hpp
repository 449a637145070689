// A pressed pellet of MAPbI3, months old: decomposed to PbI2 for the most part.
#pragma once

#include <cstdint>

#include "base/parallel.hpp"
#include "sim/structure.hpp"

namespace halotwin::sim {

struct SpecimenParams;

/// PbI2 everywhere, nearly the same everywhere (cavar2026, Fig. 7: little spatial contrast, strong
/// 2 kHz). What is left of the perovskite gives the faint 600 Hz. The rough surface is that of
/// TopographyParams.
struct PelletParams {
  double inclusion_share = 0.75;     // study, section 6 to A8
  double inclusion_sigma_ln = 0.02;  // from grain to grain (estimate)
  bool operator==(const PelletParams&) const = default;
};
void validate(const PelletParams& p);
void visit_fields(auto& visit, PelletParams& p) {
  visit("inclusion_share", p.inclusion_share);
  visit("inclusion_sigma_ln", p.inclusion_sigma_ln);
}

[[nodiscard]] Structure make_pellet(const SpecimenParams& params,
                                    std::uint64_t seed,
                                    Threads threads = {});

}  // namespace halotwin::sim
