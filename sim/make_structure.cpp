#include "sim/make_structure.hpp"

#include "sim/topography.hpp"

namespace halotwin::sim {
namespace {

Structure make_film(const SpecimenParams& p, std::uint64_t seed, Threads threads) {
  Structure s;
  s.film = make_microstructure(p.microstructure, seed, threads);
  s.height_m = make_topography(s.film, p.topography, seed, threads);
  return s;
}

}  // namespace

Structure make_structure(const SpecimenParams& params, std::uint64_t seed, Threads threads) {
  switch (params.kind) {
    case SpecimenKind::film:
      return make_film(params, seed, threads);
    case SpecimenKind::microcrystal:
      return make_microcrystal(params, seed, threads);
    case SpecimenKind::pellet:
      return make_pellet(params, seed, threads);
    case SpecimenKind::treated_film:
      return make_treated_film(params, seed, threads);
    case SpecimenKind::degraded_treated_film:
      return make_degraded_treated_film(params, seed, threads);
  }
  return {};
}

}  // namespace halotwin::sim
