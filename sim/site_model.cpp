#include "sim/site_model.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <vector>

#include "base/random.hpp"
#include "physics/contact_potential.hpp"
#include "physics/dielectric_response.hpp"
#include "sim/time_factors.hpp"

namespace halotwin::sim {
namespace {

constexpr std::size_t site_chunk = 16384;
constexpr double reference_temperature_k = 300.0;

/// What is the same within a grain.
struct GrainIons {
  double active_share = 0.0;
  double density_per_m3 = 0.0;  // inside the active part, away from boundaries
  double diffusivity_m2_per_s = 0.0;
  std::array<double, 2> line_hz{};  // away from boundaries
};

std::vector<GrainIons> draw_grain_ions(const Microstructure& film,
                                       const SpecimenParams& p,
                                       std::uint64_t seed) {
  const double warm = physics::arrhenius_diffusivity_m2_per_s(
                          1.0, p.ions.activation_energy_ev, p.film.temperature_k) /
                      physics::arrhenius_diffusivity_m2_per_s(
                          1.0, p.ions.activation_energy_ev, reference_temperature_k);
  const TimeFactors slower = time_factors(p.ions, reference_temperature_k, p.film.temperature_k);
  std::vector<GrainIons> ions(film.grains.size());
  for (std::size_t i = 0; i < ions.size(); ++i) {
    RandomStream draw(seed, Purpose::grain_properties, static_cast<std::uint32_t>(i));
    const bool hotspot = film.grains[i].hotspot && p.effects.hotspot;
    const double first = std::exp(p.ions.grain_frequency_sigma_ln * draw.normal());
    const double second = std::exp(p.ions.grain_frequency_sigma_ln * draw.normal());
    const double share = std::exp(p.ions.grain_share_sigma_ln * draw.normal());
    GrainIons& g = ions[i];
    g.active_share =
        std::min(1.0, share * (hotspot ? p.ions.hotspot_active_share : p.ions.active_share));
    g.density_per_m3 =
        p.ions.vacancy_density_per_m3 * (hotspot ? p.ions.hotspot_density_factor : 1.0);
    g.diffusivity_m2_per_s = p.ions.diffusivity_m2_per_s * warm * first;
    g.line_hz = {p.lines.first_hz * first / slower.perovskite,
                 p.lines.second_hz * second / slower.interface};
  }
  return ions;
}

void resize(SiteFields& s, std::size_t n, std::size_t lines) {
  for (auto* field : {&s.active_share,
                      &s.relaxation_time_s,
                      &s.interface_time_s,
                      &s.inclusion_share,
                      &s.ion_density_per_m3,
                      &s.diffusivity_m2_per_s,
                      &s.contact_potential_v,
                      &s.piezo_m_per_v,
                      &s.contact_resonance_factor}) {
    field->resize(n);
  }
  s.line_hz.assign(lines, std::vector<float>(n));
  s.line_amplitude.assign(lines, std::vector<float>(n));
  s.domain.resize(n);
  s.feature.resize(n);
}

/// The fields of one site from its grain, its distance to the boundary, its share of inclusions and
/// its traits.
class SiteModel {
 public:
  explicit SiteModel(const SpecimenParams& p)
      : p_(p), contact_(p.contact_potential), lines_(p.lines.all()) {
    contact_.temperature_k = p.film.temperature_k;
    enrichment_ = p.effects.boundary ? p.ions.boundary_density_factor : 1.0;
    // The line's shift follows the density: f ~ N^exponent, so that a boundary gives
    // boundary_shift.
    exponent_ = enrichment_ > 1.0 ? std::log(p.lines.boundary_shift) / std::log(enrichment_) : 0.0;
    most_inclusions_ = std::max(p.microstructure.max_inclusion_share, 1e-12);
    const TimeFactors slower = time_factors(p.ions, reference_temperature_k, p.film.temperature_k);
    slower_ = slower.perovskite;
    interface_ratio_ = p.ions.interface_diffusivity_m2_per_s / p.ions.diffusivity_m2_per_s *
                       slower.perovskite / slower.interface;
  }

  [[nodiscard]] std::size_t lines() const { return lines_.size(); }

  void fill(SiteFields& s,
            std::size_t k,
            const GrainIons& g,
            double boundary_distance_m,
            double boundary_inclusions,
            const SiteTraits& traits) const {
    const auto of = [](float factor) { return static_cast<double>(factor); };
    const double excess =
        1.0 + (enrichment_ - 1.0) * std::exp(-boundary_distance_m / p_.ions.boundary_zone_m);
    const double share = std::min(1.0, g.active_share * of(traits.share_factor));
    const double bulk_density = g.density_per_m3 * of(traits.density_factor);
    const double density = bulk_density * excess;
    const double diffusivity = g.diffusivity_m2_per_s * of(traits.mobility_factor);
    const double inclusions = p_.effects.inclusions
                                  ? std::min(1.0, boundary_inclusions + of(traits.inclusion_share))
                                  : 0.0;
    const double mean_density = share * density;
    const auto set = [k](std::vector<float>& field, double value) {
      field[k] = static_cast<float>(value);
    };
    set(s.active_share, share);
    set(s.relaxation_time_s, time_s(density, diffusivity));
    set(s.interface_time_s, time_s(bulk_density, g.diffusivity_m2_per_s * interface_ratio_));
    set(s.inclusion_share, inclusions);
    set(s.ion_density_per_m3, mean_density);
    set(s.diffusivity_m2_per_s, diffusivity);
    set(s.contact_potential_v, physics::contact_potential_difference_v(contact_, mean_density));
    set(s.piezo_m_per_v, of(traits.piezo_m_per_v));
    set(s.contact_resonance_factor, of(traits.contact_resonance_factor));
    s.domain[k] = traits.domain;
    s.feature[k] = static_cast<std::uint8_t>(traits.feature);

    const double second =
        p_.lines.second_interior + p_.lines.second_boundary * inclusions / most_inclusions_;
    const double first_shift = std::pow(excess, exponent_) * of(traits.mobility_factor);
    set(s.line_hz[0], g.line_hz[0] * first_shift);
    set(s.line_amplitude[0],
        p_.lines.amplitude * share / p_.ions.active_share * of(traits.first_factor));
    set(s.line_hz[1], g.line_hz[1]);
    set(s.line_amplitude[1], p_.lines.amplitude * second * of(traits.share_factor));
    for (std::size_t line = 2; line < lines_.size(); ++line) {
      set(s.line_hz[line], lines_[line].frequency_hz / slower_);
      set(s.line_amplitude[line],
          lines_[line].amplitude * of(traits.share_factor) * of(traits.further_factor));
    }
  }

 private:
  [[nodiscard]] double time_s(double density_per_m3, double diffusivity_m2_per_s) const {
    return physics::dielectric_time_s(
        p_.film.relative_permittivity,
        physics::ionic_conductivity_s_per_m(
            density_per_m3, diffusivity_m2_per_s, p_.film.temperature_k));
  }

  const SpecimenParams& p_;
  physics::ContactPotentialParams contact_;
  std::vector<LineOfResponse> lines_;
  double enrichment_ = 1.0;
  double exponent_ = 0.0;
  double most_inclusions_ = 1.0;
  double interface_ratio_ = 1.0;
  double slower_ = 1.0;  // time factor of the perovskite from 300 K to the film's temperature
};

}  // namespace

SiteFields make_sites(const Microstructure& film,
                      std::span<const SiteTraits> traits,
                      const SpecimenParams& params,
                      std::uint64_t seed,
                      Threads threads) {
  const std::vector<GrainIons> grains = draw_grain_ions(film, params, seed);
  const SiteModel model(params);
  SiteFields s;
  resize(s, film.grid.size(), model.lines());
  for_each_chunk(film.grid.size(), site_chunk, threads, [&](std::size_t begin, std::size_t end) {
    for (std::size_t k = begin; k < end; ++k) {
      model.fill(s,
                 k,
                 grains[static_cast<std::size_t>(film.label.values[k])],
                 static_cast<double>(film.boundary_distance_m.values[k]),
                 static_cast<double>(film.inclusion_share.values[k]),
                 traits.empty() ? SiteTraits{} : traits[k]);
    }
  });
  return s;
}

}  // namespace halotwin::sim
