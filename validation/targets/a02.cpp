#include <cmath>

#include <fmt/format.h>

#include "validation/plot.hpp"
#include "validation/score.hpp"
#include "validation/targets/pm_dns_rows.hpp"

namespace halotwin::validation {

namespace {

PmDnsScore score(const MapCase& map) {
  return score_pm_dns({map.weights(0), map.weights(1), {}},
                      {map.step_m, map.boundary_distance_m, map.hotspot, map.grain});
}

void add_maps(const std::string& response, const MapCase& map, Verdict& verdict) {
  MapPlot low{"low-frequency weight", "", "weight", map.weights(0), map.step_m};
  MapPlot high{"high-frequency weight", "", "weight", map.weights(1), map.step_m};
  MapPlot hot{"truth: hotspot grains", "", "", map.hotspot, map.step_m};
  hot.classes = {"other grain", "hotspot"};
  MapPlot distance{
      "truth: distance to the boundary", "", "distance (nm)", map.boundary_distance_m, map.step_m};
  for (double& d : distance.values.values) {
    d *= 1e9;
  }
  verdict.figures.push_back(draw(
      {low, hot, high, distance},
      "NMF weights beside the truth, " + response + " response",
      "Left: what the analysis found. Right: what the film is. Grey: lines left out because of "
      "the ultraslow transient."));
  CurvePlot bases{"NMF bases, " + response + " response",
                  "Each scaled to its maximum.",
                  "stimulus frequency (Hz)",
                  "basis (relative)",
                  true};
  for (Eigen::Index k = 0; k < map.result.nmf.basis.rows(); ++k) {
    Curve curve{
        k == 0 ? "low-frequency basis" : "high-frequency basis", map.result.frequencies_hz, {}, {}};
    const auto row = map.result.nmf.basis.row(k);
    const double top = row.maxCoeff();
    for (Eigen::Index j = 0; j < row.size(); ++j) {
      curve.y.push_back(top > 0.0 ? row(j) / top : 0.0);
    }
    bases.curves.push_back(curve);
  }
  verdict.figures.push_back(draw(bases));
}

// What the factorisation leaves: rms over the pixels of each channel beside the noise of a reading,
// and the rms over the channels of each pixel. A third component would show as a residual above the
// noise.
void add_residuals(const std::string& response, const MapCase& map, Verdict& verdict) {
  const auto& result = map.result;
  const std::size_t channels = result.frequencies_hz.size();
  const auto rank = static_cast<std::size_t>(result.nmf.basis.rows());
  std::vector<double> channel(channels, 0.0);
  MapPlot pixels{"rms residual of each pixel",
                 "",
                 "loss / fast response",
                 Image<double>(map.nx, map.ny, std::nan("")),
                 map.step_m};
  std::vector<Image<double>> weights;
  for (std::size_t k = 0; k < rank; ++k) {
    weights.push_back(map.weights(k));
  }
  double used = 0.0;
  for (std::size_t p = 0; p < map.nx * map.ny; ++p) {
    if (rank == 0 || std::isnan(weights[0].values[p])) {
      continue;
    }
    double sum = 0.0;
    for (std::size_t i = 0; i < channels; ++i) {
      double rest = static_cast<double>(result.response.values[p * channels + i]);
      for (std::size_t k = 0; k < rank; ++k) {
        rest -= weights[k].values[p] *
                result.nmf.basis(static_cast<Eigen::Index>(k), static_cast<Eigen::Index>(i));
      }
      sum += rest * rest;
      channel[i] += rest * rest;
    }
    pixels.values.values[p] = std::sqrt(sum / static_cast<double>(channels));
    used += 1.0;
  }
  for (double& c : channel) {
    c = std::sqrt(c / std::max(used, 1.0));
  }
  CurvePlot plot{"Residual of the factorisation, " + response + " response",
                 "Rms over the pixels. Where it lies on the noise, two components explain the map.",
                 "stimulus frequency (Hz)",
                 "loss / fast response",
                 true,
                 true,
                 {{"residual", result.frequencies_hz, channel},
                  {"noise of one pixel (up against down)",
                   result.frequencies_hz,
                   result.response.noise_sigma,
                   {},
                   false,
                   true}}};
  verdict.figures.push_back(draw(plot));
  MapPlot height{
      "topography, levelled", "", "height (nm)", Image<double>(map.nx, map.ny), map.step_m};
  if (result.topography_m.size() == map.nx * map.ny) {
    for (std::size_t p = 0; p < map.nx * map.ny; ++p) {
      height.values.values[p] = 1e9 * result.topography_m[p];
    }
  }
  verdict.figures.push_back(draw(
      {pixels, height},
      "Residual and topography, " + response + " response",
      "A residual that follows grains or grooves would be structure that two components miss, or "
      "topography in the signal."));
  if (!result.rank_scan.empty()) {
    Curve scan{"relative residual", {}, {}};
    for (const auto& step : result.rank_scan) {
      scan.x.push_back(static_cast<double>(step.rank));
      scan.y.push_back(step.relative_residual);
    }
    scan.points = true;
    verdict.figures.push_back(
        draw(CurvePlot{"Rank scan, " + response + " response",
                       "Relative residual of the best factorisation of each rank.",
                       "rank",
                       "relative residual",
                       false,
                       false,
                       {scan}}));
  }
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
    verdict.values.push_back(
        {"boundary AUC, " + response, s.boundary_auc.value, s.boundary_auc.sigma, "", ">= 0.9"});
    verdict.values.push_back(
        {"hotspot AUC, " + response, s.hotspot_auc.value, s.hotspot_auc.sigma, "", ">= 0.9"});
    verdict.values.push_back({"hotspot AUC of grain means, " + response,
                              s.hotspot_grain_auc.value,
                              s.hotspot_grain_auc.sigma,
                              "",
                              "for comparison"});
    const PmDnsScore flat = score(evidence.fresh_film(response,
                                                      {"specimen.effects.boundary=false",
                                                       "specimen.effects.inclusions=false",
                                                       "specimen.effects.hotspot=false"}));
    verdict.nulls.push_back({"boundary AUC, " + response,
                             flat.boundary_auc.value,
                             flat.boundary_auc.sigma,
                             "",
                             "film without boundary, PbI2 and hotspot effects"});
    verdict.nulls.push_back({"hotspot AUC, " + response,
                             flat.hotspot_auc.value,
                             flat.hotspot_auc.sigma,
                             "",
                             "the same film"});
    verdict.values.push_back(
        {"residual of the factorisation, " + response,
         map.result.nmf.relative_residual,
         std::nan(""),
         "",
         fmt::format("singular values above the noise: {}", map.result.significant_rank)});
    add_maps(response, map, verdict);
    add_residuals(response, map, verdict);
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
