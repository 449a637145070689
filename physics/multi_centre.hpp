// Multiple recombination centres (MRC): one well-mixed volume whose monomolecular loss is a
// constant part and a sum over switching centres. Without space; the limit of fast diffusion.
//
//   G = k n + k2 n (n + p0),   k = k0 + sum_i k_i sigma_i,   PL = k2 n (n + p0)
//
// For k2 n << k: PL ~ 1/k^2 (p0 = 0, bimolecular emission) or ~ 1/k (p0 >> n, doped). Not linear in
// sigma: each centre multiplies the others' levels, it does not add to them. Source: Frantsuzov,
// Volkan-Kacso, Janko, Nano Lett. 13, 402 (2013).
#pragma once

#include <cstddef>
#include <span>
#include <vector>

#include "physics/telegraph.hpp"

namespace halotwin::physics {

struct MultiCentreParams {
  double loss_per_s = 8e6;                // k0
  double bimolecular_m3_per_s = 1e-16;    // k2
  double background_per_m3 = 0.0;         // p0
  double generation_per_m3_s = 3e28;      // G
  std::vector<double> centre_per_s = {};  // k_i
  bool operator==(const MultiCentreParams&) const = default;
};
void validate(const MultiCentreParams& p);
void visit_fields(auto& visit, MultiCentreParams& p) {
  visit("loss_per_s", p.loss_per_s);
  visit("bimolecular_m3_per_s", p.bimolecular_m3_per_s);
  visit("background_per_m3", p.background_per_m3);
  visit("generation_per_m3_s", p.generation_per_m3_s);
  visit("centre_per_s", p.centre_per_s);
}

/// k [1/s] for the occupations of the centres (0 to 1).
[[nodiscard]] double total_loss_per_s(const MultiCentreParams& p,
                                      std::span<const double> occupation);

/// n [1/m^3]: 2 G / (k' + sqrt(k'^2 + 4 k2 G)), k' = k + k2 p0.
[[nodiscard]] double mixed_density_per_m3(const MultiCentreParams& p, double loss_per_s);

/// PL [1/(m^3 s)]; divided by G it is the quantum yield inside.
[[nodiscard]] double mixed_emission_per_m3_s(const MultiCentreParams& p, double loss_per_s);

/// Emission of each of the 2^N states, bit i of the index: centre i is on. At most 20 centres.
[[nodiscard]] std::vector<double> emission_levels(const MultiCentreParams& p);

/// Stationary mean and variance of the emission; centre i is on with probability duty[i],
/// independent of the others.
struct EmissionMoments {
  double mean_per_m3_s = 0.0;
  double variance = 0.0;  // of it, squared units
};
[[nodiscard]] EmissionMoments emission_moments(const MultiCentreParams& p,
                                               std::span<const double> duty);

/// Emission averaged over each frame, exact however often the centres switch inside it (they are
/// followed from switch to switch). Traces as in frame_occupations.
[[nodiscard]] std::vector<double> emission_frames(const MultiCentreParams& p,
                                                  std::span<const TelegraphParams> centres,
                                                  std::uint64_t seed,
                                                  std::uint32_t first_entity,
                                                  double frame_s,
                                                  std::size_t frames);

}  // namespace halotwin::physics
