#include "sim/structures/pellet.hpp"

#include <algorithm>
#include <cmath>

#include "base/random.hpp"
#include "base/require.hpp"
#include "sim/specimen_params.hpp"
#include "sim/topography.hpp"

namespace halotwin::sim {

void validate(const PelletParams& p) {
  require_range("inclusion_share", p.inclusion_share, 0.0, 1.0);
  require_range("inclusion_sigma_ln", p.inclusion_sigma_ln, 0.0, 1.0);
}

Structure make_pellet(const SpecimenParams& params, std::uint64_t seed, Threads threads) {
  const PelletParams& p = params.pellet;
  Structure s;
  s.film = make_microstructure(params.microstructure, seed, threads);
  s.height_m = make_topography(s.film, params.topography, seed, threads);
  std::vector<float> share(s.film.grains.size());
  for (std::size_t i = 0; i < share.size(); ++i) {
    RandomStream draw(seed, Purpose::sample_structure, static_cast<std::uint32_t>(i));
    share[i] = static_cast<float>(
        std::min(1.0, p.inclusion_share * std::exp(p.inclusion_sigma_ln * draw.normal())));
  }
  s.traits.resize(s.film.grid.size());
  for (std::size_t k = 0; k < s.traits.size(); ++k) {
    const float inclusions = share[static_cast<std::size_t>(s.film.label.values[k])];
    s.traits[k].inclusion_share = inclusions;
    s.traits[k].first_factor = params.effects.inclusions ? 1.0F - inclusions : 1.0F;
  }
  return s;
}

}  // namespace halotwin::sim
