// What a kind of sample is made of: grains, relief, and at each site what makes it differ from the
// inside of its grain.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <string_view>
#include <utility>
#include <vector>

#include "base/grid.hpp"
#include "sim/microstructure.hpp"

namespace halotwin::sim {

inline constexpr std::size_t max_lines = 6;  // of the phenomenological response

/// What a site belongs to, beside its grain.
enum class Feature : std::uint8_t {
  bulk = 0,
  marbling = 1,        // isolated surface defect
  mesh = 2,            // raised, bright texture
  granule = 3,         // PbI2-rich grain on a boundary
  thick_boundary = 4,  // wide boundary of low perovskite content
  sector = 5,          // of the second orientation of a star
};

/// Factors on what the grain gives, and what only some kinds have.
struct SiteTraits {
  float share_factor = 1.0F;     // on the active share and on the height of every line
  float density_factor = 1.0F;   // on the vacancies inside the active part
  float mobility_factor = 1.0F;  // on the perovskite's diffusivity and the first line's frequency
  float first_factor = 1.0F;     // on the height of the perovskite's line
  float further_factor = 1.0F;   // on the height of lines 3 to 6
  float inclusion_share = 0.0F;  // PbI2 interface beside what boundaries have; capped at 1
  float piezo_m_per_v = 0.0F;    // lateral, signed
  float contact_resonance_factor = 1.0F;
  std::uint8_t domain = 0;
  Feature feature = Feature::bulk;
};

struct Structure {
  Microstructure film;
  Image<float> height_m;
  std::vector<SiteTraits> traits;  // on the sites of film.grid; empty: none differ (fresh film)
};

}  // namespace halotwin::sim
