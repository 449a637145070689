// From what a sample is made of to the fields that instruments feel, site by site.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "base/parallel.hpp"
#include "sim/specimen_params.hpp"
#include "sim/structure.hpp"

namespace halotwin::sim {

/// Fields on the sites of the native grid, row-major, one array per quantity.
///
/// Response `physical`: the film charge follows r* = (1 + i w t) / (1 - b_a/Z + i w t) with
/// b_a = share * h_eff / eps_r, in two phases side by side: the perovskite (area 1 -
/// inclusion_share) and the PbI2 interface (area inclusion_share); both have the same active share.
/// Response `phenomenological`: r* = 1 + sum_k a_k f_k^2 / (f_k^2 - f^2 + i f f_k / q_k), up to
/// max_lines of them, q_k as in LineParams.
struct SiteFields {
  std::vector<float> active_share;                 // ion-active part of the film below the tip
  std::vector<float> relaxation_time_s;            // perovskite: t = eps / sigma
  std::vector<float> interface_time_s;             // PbI2 interface: t = eps / sigma
  std::vector<float> inclusion_share;              // area share of the PbI2 interface, 0 to 1
  std::vector<std::vector<float>> line_hz;         // f_k, one field for each line
  std::vector<std::vector<float>> line_amplitude;  // a_k, relative to the fast response
  std::vector<float>
      ion_density_per_m3;  // vacancies, averaged over the film: share * density inside
  std::vector<float> diffusivity_m2_per_s;
  std::vector<float> contact_potential_v;       // V_sample - V_tip, from the same ion density
  std::vector<float> height_m;                  // above the mean plane of the film
  std::vector<float> piezo_m_per_v;             // lateral response to the tip's voltage, signed
  std::vector<float> contact_resonance_factor;  // on the contact resonance of the lever; 1: none
  std::vector<std::uint8_t> domain;             // crystal orientation, 0 to 2
  std::vector<std::uint8_t> feature;            // 0: bulk; else a value of Feature
};

/// What the response of one site depends on, at present.
struct SiteResponse {
  float active_share = 0.0F;
  float relaxation_time_s = 1.0F;
  float interface_time_s = 1.0F;
  float inclusion_share = 0.0F;
  std::size_t lines = 0;
  std::array<float, max_lines> line_hz{};
  std::array<float, max_lines> line_amplitude{};
};

/// All fields but the height. Grains draw their own ions (Purpose::grain_properties), boundaries
/// and inclusions add theirs, SiteTraits (none: a fresh film) act as factors on both; the contact
/// potential follows from the resulting ion density.
[[nodiscard]] SiteFields make_sites(const Microstructure& film,
                                    std::span<const SiteTraits> traits,
                                    const SpecimenParams& params,
                                    std::uint64_t seed,
                                    Threads threads = {});

}  // namespace halotwin::sim
