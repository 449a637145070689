#include <cmath>

#include <fmt/format.h>

#include "validation/map_pictures.hpp"
#include "validation/plot.hpp"
#include "validation/score.hpp"
#include "validation/targets/pm_dns_rows.hpp"

namespace halotwin::validation {

namespace {

PmDnsScore score(const MapCase& map) {
  return score_pm_dns({map.weights(0), map.weights(1), {}},
                      {map.step_m, map.boundary_distance_m, map.hotspot, map.grain});
}

void add_pictures(const std::string& response, const MapCase& map, Verdict& verdict) {
  const MapPictures pictures{map.result, map.step_m, ", " + response + " response"};
  MapPlot hot{"truth: hotspot grains", "", "", map.hotspot, map.step_m};
  hot.classes = {"other grain", "hotspot"};
  MapPlot distance{
      "truth: distance to the boundary", "", "distance (nm)", map.boundary_distance_m, map.step_m};
  for (double& d : distance.values.values) {
    d *= 1e9;
  }
  verdict.figures.push_back(draw(
      {pictures.map("weight_1"), hot, pictures.map("weight_2"), distance},
      "NMF weights beside the truth, " + response + " response",
      "Left: what the analysis found. Right: what the film is. Grey: lines left out because of "
      "the ultraslow transient."));
  verdict.figures.push_back(pictures.curve("bases"));
  verdict.figures.push_back(pictures.curve("channel_residual"));
  verdict.figures.push_back(draw(
      {pictures.map("pixel_residual"), pictures.map("topography")},
      "Residual and topography, " + response + " response",
      "A residual that follows grains or grooves would be structure that two components miss, or "
      "topography in the signal. Grey: lines left out."));
  verdict.figures.push_back(pictures.curve("rank_scan"));
}

}  // namespace

// A2: weights of a plain NMF of rank 2 against the true film. Nulls: the same with boundaries (and
// PbI2) and with hotspots switched off in the film.
Verdict check_a02(Evidence& evidence) {
  Verdict verdict;
  bool met = true;
  for (const std::string response : {"phenomenological", "physical"}) {
    const MapCase& map = evidence.fresh_film(response);
    const PmDnsScore s = score(map);
    met = met && s.boundary_auc.value >= 0.9 && s.hotspot_auc.value >= 0.9;
    verdict.values.push_back({"AUC of boundaries by the high-frequency weight, " + response,
                              s.boundary_auc.value,
                              s.boundary_auc.sigma,
                              "",
                              ">= 0.9"});
    verdict.values.push_back({"AUC of hotspots by the low-frequency weight, " + response,
                              s.hotspot_auc.value,
                              s.hotspot_auc.sigma,
                              "",
                              ">= 0.9"});
    verdict.values.push_back({"AUC of hotspots by the mean weight of true grains, " + response,
                              s.hotspot_grain_auc.value,
                              s.hotspot_grain_auc.sigma,
                              "",
                              "for comparison"});
    const PmDnsScore flat = score(evidence.fresh_film(response,
                                                      {"specimen.effects.boundary=false",
                                                       "specimen.effects.inclusions=false",
                                                       "specimen.effects.hotspot=false"}));
    verdict.nulls.push_back({"AUC of boundaries by the high-frequency weight, " + response,
                             flat.boundary_auc.value,
                             flat.boundary_auc.sigma,
                             "",
                             "film without boundary, PbI2 and hotspot effects"});
    verdict.nulls.push_back({"AUC of hotspots by the low-frequency weight, " + response,
                             flat.hotspot_auc.value,
                             flat.hotspot_auc.sigma,
                             "",
                             "the same film"});
    verdict.values.push_back(
        {"relative residual of the factorisation, " + response,
         map.result.nmf.relative_residual,
         std::nan(""),
         "",
         fmt::format("singular values above the noise: {}", map.result.significant_rank)});
    add_pictures(response, map, verdict);
    verdict.reproduce.insert(verdict.reproduce.end(), map.reproduce.begin(), map.reproduce.end());
  }
  verdict.met = met ? Met::yes : Met::no;
  verdict.note =
      "The contrasts themselves (more ions and PbI2 at boundaries, a larger ion-active share in "
      "hotspots) are inputs: the "
      "row says that instrument and analysis pass contrasts of this size through the tip, the "
      "lock-ins and the noise.";
  return verdict;
}

}  // namespace halotwin::validation
