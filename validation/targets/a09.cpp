#include <cmath>
#include <utility>

#include "validation/targets/pm_dns_rows.hpp"
#include "validation/targets/sample_groups.hpp"

namespace halotwin::validation {

namespace {

constexpr double bulk_feature = 0.0;
constexpr double thick_feature = 4.0;
constexpr double sector_feature = 5.0;
constexpr double near_m = 150e-9;     // of a normal boundary: wider than its zone and a pixel
constexpr double not_dim = 0.8;       // of the intensity of the bulk
constexpr double least_share = 0.5;   // of the thick boundary found dim
constexpr double least_sigmas = 2.0;  // of a sign

MapRequest request_for(const Evidence& evidence, const std::string& response, bool contrast) {
  std::vector<std::string> settings{"specimen.response=" + response};
  if (!contrast) {
    settings.emplace_back("specimen.effects.sectors=false");
    settings.emplace_back("specimen.effects.thick_boundary=false");
  }
  return sample_request(evidence,
                        "pm_dns_treated_film",
                        settings,
                        {"procedure.pm_dns_map.columns=40",
                         "procedure.pm_dns_map.rows=40",
                         "procedure.pm_dns_map.step_m=1.4e-7"});
}

bool feature_is(const MapCase& map, std::size_t p, double feature) {
  return map.feature.values[p] == feature;
}

/// The two sets of sectors as found: the one of lower signal against the other.
struct Sets {
  std::string weak;  // name of its group
  double shift = 0.0;
  double shift_sigma = 0.0;
  double ratio = 0.0;
  double ratio_sigma = 0.0;
  bool known = false;
};

Sets read_sets(const MapCase& map) {
  const analysis::SpectrumGroup* weak = group_of(map, "low");
  const analysis::SpectrumGroup* strong = group_of(map, "high");
  Sets sets;
  if (weak == nullptr || strong == nullptr) {
    return sets;
  }
  if (weak->intensity.value > strong->intensity.value) {
    std::swap(weak, strong);
  }
  const analysis::Peak a = broad_maximum(map, weak->mean, weak->sigma);
  const analysis::Peak b = broad_maximum(map, strong->mean, strong->sigma);
  sets.weak = weak->name;
  sets.known = a.usable() && b.usable();
  sets.shift = a.position_hz / b.position_hz - 1.0;
  sets.shift_sigma =
      std::hypot(a.position_sigma_hz / a.position_hz, b.position_sigma_hz / b.position_hz);
  sets.ratio = weak->intensity.value / strong->intensity.value;
  sets.ratio_sigma = sets.ratio * std::hypot(weak->intensity.sigma / weak->intensity.value,
                                             strong->intensity.sigma / strong->intensity.value);
  return sets;
}

bool check_response(const MapCase& map, const std::string& response, Verdict& verdict) {
  const Sets sets = read_sets(map);
  const analysis::SpectrumGroup* dim = group_of(map, "dim");
  if (!sets.known || dim == nullptr) {
    return false;
  }
  verdict.values.push_back({"shift of the maximum, weaker against stronger sectors, " + response,
                            100.0 * sets.shift,
                            100.0 * sets.shift_sigma,
                            "%",
                            "> 0 (blue) by 2 sigma; groups found from the spectra"});
  verdict.values.push_back({"intensity, weaker over stronger sectors, " + response,
                            sets.ratio,
                            sets.ratio_sigma,
                            "",
                            "< 1 by 2 sigma"});
  const double found = share_labelled(
      map, label_of(map, "dim"), [&](std::size_t p) { return feature_is(map, p, thick_feature); });
  verdict.values.push_back(
      {"share of the thick boundary found dim, " + response, found, std::nan(""), "", ">= 0.5"});
  const MaskedSpectrum bulk =
      masked_spectrum(map, [&](std::size_t p) { return feature_is(map, p, bulk_feature); });
  const MaskedSpectrum sector =
      masked_spectrum(map, [&](std::size_t p) { return feature_is(map, p, sector_feature); });
  const MaskedSpectrum other = masked_spectrum(map, [&](std::size_t p) {
    return feature_is(map, p, bulk_feature) && map.boundary_distance_m.values[p] < near_m;
  });
  verdict.values.push_back({"intensity, other boundaries over insides (truth masks), " + response,
                            other.intensity / bulk.intensity,
                            std::nan(""),
                            "",
                            ">= 0.8 of the same orientation away from them (truth masks)"});
  verdict.values.push_back({"shift of the maximum from truth masks, " + response,
                            100.0 * (sector.wide_hz / bulk.wide_hz - 1.0),
                            std::nan(""),
                            "%",
                            "judge"});
  verdict.values.push_back(
      {"share of the weaker sectors found, " + response,
       share_labelled(map,
                      label_of(map, sets.weak),
                      [&](std::size_t p) { return feature_is(map, p, sector_feature); }),
       std::nan(""),
       "",
       "share of their pixels in the shifted group"});
  return sets.shift > least_sigmas * sets.shift_sigma &&
         1.0 - sets.ratio > least_sigmas * sets.ratio_sigma && found >= least_share &&
         other.intensity >= not_dim * bulk.intensity;
}

}  // namespace

// A9: sectors of a methylamine-treated grain: the groups of the NMF weights give one set with lower
// signal and blue shift; one thick boundary is dim, the others are not.
Verdict check_a09(Evidence& evidence) {
  Verdict verdict;
  bool met = true;
  for (const std::string response : {"phenomenological", "physical"}) {
    const MapCase& map = evidence.map(request_for(evidence, response, true));
    met = check_response(map, response, verdict) && met;
    const MapCase& flat = evidence.map(request_for(evidence, response, false));
    if (const Sets noise = read_sets(flat); noise.known) {
      verdict.nulls.push_back({"shift of the maximum between the two groups, " + response,
                               100.0 * noise.shift,
                               100.0 * noise.shift_sigma,
                               "%",
                               "film without contrast of sectors: what the cut alone does"});
      verdict.nulls.push_back({"intensity ratio of the two groups, " + response,
                               noise.ratio,
                               noise.ratio_sigma,
                               "",
                               "the same"});
    }
    const analysis::SpectrumGroup* dim = group_of(flat, "dim");
    verdict.nulls.push_back({"pixels found dim, " + response,
                             dim != nullptr ? static_cast<double>(dim->pixels) : 0.0,
                             std::nan(""),
                             "",
                             "film without thick boundary"});
    add_group_figures(map,
                      map.feature,
                      {"bulk", "marbling", "mesh", "granule", "thick boundary", "sector"},
                      response,
                      verdict);
    verdict.reproduce.insert(verdict.reproduce.end(), map.reproduce.begin(), map.reproduce.end());
  }
  verdict.met = met ? Met::yes : Met::no;
  verdict.note =
      "Signs and sizes of the contrasts are inputs (share x 0.75, mobility x 1.35; boundary: a "
      "quarter of the perovskite): the row says that instrument and analysis pass them.";
  return verdict;
}

}  // namespace halotwin::validation
