// Analysis of repeated maps of one area: drift from round to round, width of the boundary zones in
// the ionic response, contrast of the contact potential within grains, profile of the boundaries in
// the topography.
//
// cavar2026 (paper 000), Figs. S1 to S3: after the first PM-DNS map zones are thicker and the
// contrast of the contact potential is about five times greater in places, while the profile of the
// boundaries in the topography is the same, so that it is not the tip that has become blunt.
#pragma once

#include <array>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "analysis/grain_contrast.hpp"
#include "analysis/grains.hpp"
#include "analysis/pipelines/pm_dns.hpp"
#include "analysis/registration.hpp"
#include "analysis/zone_width.hpp"

namespace halotwin::analysis {

/// In which map of the response zones are measured. high_weight: of one factorisation of all rounds
/// together; ratio: response at the last peak guess over that at the first.
enum class ZoneQuantity { high_weight, ratio };
constexpr auto enumerators(ZoneQuantity) {
  return std::array<std::pair<ZoneQuantity, std::string_view>, 2>{
      {{ZoneQuantity::high_weight, "high_weight"}, {ZoneQuantity::ratio, "ratio"}}};
}

struct RepeatsOptions {
  std::string map_step = "pm_dns_map";
  std::string potential_step = "kpfm_map";  // may be missing in the recording
  PmDnsOptions map{};                       // bootstraps, scans and nulls are left out
  ZoneQuantity zone_quantity = ZoneQuantity::high_weight;
  RegistrationParams registration{.slow_drift = true};
  GrainParams grains{};
  ZoneParams zone{};
  GrainContrastParams contrast{};
};
void visit_fields(auto& visit, RepeatsOptions& p) {
  visit("map_step", p.map_step);
  visit("potential_step", p.potential_step);
  visit("map", p.map);
  visit("zone_quantity", p.zone_quantity);
  visit("registration", p.registration);
  visit("grains", p.grains);
  visit("zone", p.zone);
  visit("contrast", p.contrast);
}
void validate(const RepeatsOptions& p);

/// An image of the contact potential; both passes of each line. Spans are borrowed.
struct PotentialImage {
  std::size_t nx = 0;
  std::size_t ny = 0;
  std::span<const double> contact_potential_v;
  std::span<const double> contact_potential_backward_v;
  std::span<const double> topography_m;
  double step_m = 0.0;
};

/// Against the first round; NaN or empty where the maps could not be registered.
struct PotentialRound {
  Registration drift;  // of the topography
  double noise_v = 0.0;
  std::vector<double> within_v;  // on the first round's pixels
  ContrastGrowth growth;
};

struct MapRound {
  Registration drift;            // of the topography
  std::vector<double> quantity;  // on the first round's pixels; NaN where not used
};

struct RepeatsResult {
  std::size_t nx = 0;  // of the PM-DNS maps
  std::size_t ny = 0;
  std::size_t excluded_lines = 0;
  GrainMap map_grains;  // from the first round's topography
  std::vector<MapRound> maps;
  ZoneComparison zones;    // of the response
  ZoneComparison grooves;  // of the topography: the same boundaries, the same pixels
  GrainMap potential_grains;
  std::size_t potential_nx = 0;
  std::size_t potential_ny = 0;
  std::vector<PotentialRound> potentials;
};

/// One to many rounds; all maps of one size, all images of one size.
[[nodiscard]] RepeatsResult analyse_repeats(std::span<const PmDnsInput> maps,
                                            std::span<const PotentialImage> potentials,
                                            const RepeatsOptions& options = {},
                                            Threads threads = {});

}  // namespace halotwin::analysis
