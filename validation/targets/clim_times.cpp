// D2, D8, D9: how both films fluctuate in time.
#include <algorithm>
#include <cmath>
#include <set>

#include <fmt/format.h>

#include "analysis/uncertainty.hpp"
#include "base/constants.hpp"
#include "validation/findings_page.hpp"
#include "validation/targets/clim_rows.hpp"

namespace halotwin::validation {

namespace {

analysis::Finding finding(const analysis::Findings& all, const std::string& name) {
  const auto found = std::find_if(
      all.values.begin(), all.values.end(), [&](const auto& f) { return f.name == name; });
  return found == all.values.end() ? analysis::Finding{name, nan} : *found;
}

void push(Verdict& v,
          const std::string& name,
          const analysis::Finding& f,
          const std::string& note) {
  v.values.push_back({name, f.value, f.sigma, f.unit, note});
}

void add_curve(const analysis::Findings& all,
               const std::string& name,
               const std::string& film,
               Verdict& v) {
  for (const analysis::FoundCurve& curve : all.curves) {
    if (curve.name == name) {
      CurvePlot plot = curve_plot(curve);
      plot.title += ", " + film_name(film);
      v.figures.push_back(draw(plot));
    }
  }
}

}  // namespace

// D2: flickering in MAPI, steps between few levels in TCMH.
Verdict check_d02(Evidence& evidence) {
  Verdict v;
  v.met = Met::yes;
  for (const std::string film : {"mapi", "tcmh"}) {
    const ClimCase& c = clim_film(evidence, film);
    const analysis::Findings f = analysis::findings_of(c.result);
    const std::string of = ", " + film_name(film);
    const analysis::Finding share = finding(f, "two_level_share");
    const analysis::Finding kurtosis = finding(f, "excess_kurtosis");
    const bool mapi = film == "mapi";
    const bool met = mapi ? share.value < 0.72 && kurtosis.value > -0.15 && kurtosis.value < 0.2
                          : share.value > 0.78 && kurtosis.value < -0.8;
    v.met = met ? v.met : Met::no;
    push(v,
         "variance explained by the best two levels" + of,
         share,
         mapi ? "below 0.72; noise taken off" : "above 0.78; noise taken off");
    push(v, "excess kurtosis" + of, kurtosis, mapi ? "-0.15 to 0.2" : "below -0.8");
    v.nulls.push_back({"variance explained by the best two levels" + of,
                       c.result.levels.explained_gaussian.median,
                       nan,
                       "",
                       "a Gaussian signal under the same noise"});
    add_curve(f, "traces", film, v);
    v.reproduce.insert(v.reproduce.end(), c.reproduce.begin(), c.reproduce.end());
  }
  v.note =
      "Traces of 3 x 3 pixels from the top 15 % of the map. Steps are a matter of how few and how "
      "strong the centres are that rule a place.";
  return v;
}

// D8: spectra of the clusters.
Verdict check_d08(Evidence& evidence) {
  Verdict v;
  v.calibrated = true;  // the distributions of the rates
  v.met = Met::yes;
  for (const std::string film : {"mapi", "tcmh"}) {
    const ClimCase& c = clim_film(evidence, film);
    const analysis::Findings f = analysis::findings_of(c.result);
    const std::string of = ", " + film_name(film);
    analysis::Finding single = finding(f, "single_time_share");
    single.value *= 100.0;
    single.sigma *= 100.0;
    single.unit = "%";
    const analysis::Finding time = finding(f, "characteristic_time");
    const analysis::Finding exponent = finding(f, "power_law_exponent");
    if (film == "mapi") {
      v.met = single.value >= 90.0 && time.value >= 1.0 && time.value <= 10.0 ? v.met : Met::no;
      push(v, "clusters that saturate" + of, single, "at least 90 %, rule L2");
      push(v, "their characteristic time, median" + of, time, "1 to 10 s");
      std::vector<double> slopes;
      for (const auto& s : c.result.spectra) {
        if (s.single_time) {
          slopes.push_back(s.lorentzian.exponent.value);
        }
      }
      v.values.push_back({"slope at high frequency, median" + of,
                          slopes.empty() ? nan : analysis::median(slopes),
                          nan,
                          "",
                          "near 2"});
      std::vector<double> truth;
      for (const TrueCentre& centre : c.centres) {
        truth.push_back(centre.tau_s);
      }
      v.values.push_back(
          {"true time of the centres, median" + of, analysis::median(truth), nan, "s", "truth"});
    } else {
      v.met = single.value >= 20.0 && single.value <= 40.0 && std::abs(exponent.value - 1.3) <= 0.15
                  ? v.met
                  : Met::no;
      push(v, "clusters that saturate" + of, single, "20 to 40 %, rule L2");
      push(v, "exponent of the others, mean" + of, exponent, "1.3 +- 0.15");
    }
    add_curve(f, "spectra", film, v);
    v.reproduce.insert(v.reproduce.end(), c.reproduce.begin(), c.reproduce.end());
  }
  const ClimCase& still = clim_without_centres(evidence, "tcmh");
  v.nulls = {{"clusters found, TCMH",
              static_cast<double>(still.result.clusters.count()),
              nan,
              "",
              "no centres: lamp, drift and noise alone"}};
  v.note =
      "Whole-record Hann periodograms; the camera's noise, the averaging in frames and folding are "
      "in the model. A share of saturating clusters belongs to the length of the record as much as "
      "to the film (D11). Times with a density that goes as tau^g per ln tau give an exponent of "
      "1 + g; g of the triple-cation film is calibrated to it.";
  return v;
}

// D9: rates and density of the centres that dominate a place.
Verdict check_d09(Evidence& evidence) {
  Verdict v;
  const ClimCase& c = clim_film(evidence, "tcmh");
  std::vector<double> tau_error;
  std::vector<double> rate_error;
  std::vector<double> shuffled;
  std::vector<double> pulls;
  Curve found{"centre", {}, {}, {}, true};
  std::vector<double> all_tau;
  for (const TrueCentre& centre : c.centres) {
    if (centre.strong) {
      all_tau.push_back(centre.tau_s);
    }
  }
  std::size_t ruled = 0;
  for (const analysis::Centre& one : c.result.centres) {
    const int number = c.domain[one.pixel];
    if (number <= 0) {
      continue;
    }
    ++ruled;
    const TrueCentre& truth = c.centres[static_cast<std::size_t>(number) - 1];
    tau_error.push_back(std::abs(one.rates.tau_s / truth.tau_s - 1.0));
    rate_error.push_back(std::abs(one.rates.to_low_hz / truth.on_rate_hz - 1.0));
    rate_error.push_back(std::abs(one.rates.to_high_hz / truth.off_rate_hz - 1.0));
    pulls.push_back((one.rates.tau_s - truth.tau_s) / one.rates.tau_sigma_s);
    shuffled.push_back(std::abs(one.rates.tau_s / all_tau[(ruled * 7) % all_tau.size()] - 1.0));
    found.x.push_back(truth.tau_s);
    found.y.push_back(one.rates.tau_s);
    found.sigma.push_back(one.rates.tau_sigma_s);
  }
  const auto median_of = [](const std::vector<double>& e) {
    return e.empty() ? nan : 100.0 * analysis::median(e);
  };
  const double area =
      static_cast<double>(c.result.nx * c.result.ny) * c.result.pixel_m * c.result.pixel_m;
  const double per_um2 = 1e-12;
  std::set<int> ruling;
  for (const int number : c.domain) {
    if (number > 0 && c.centres[static_cast<std::size_t>(number) - 1].strong) {
      ruling.insert(number);
    }
  }
  const double true_density = static_cast<double>(ruling.size()) / area;
  const double density_error = c.result.centre_count.per_m2 / true_density - 1.0;
  v.values = {{"error of tau, median",
               median_of(tau_error),
               nan,
               "%",
               fmt::format("below 25 %; {} places where one centre rules", ruled)},
              {"error of both rates, median", median_of(rate_error), nan, "%", "below 25 %"},
              {"density of centres that rule a place",
               c.result.centre_count.per_m2 * per_um2,
               c.result.centre_count.sigma_per_m2 * per_um2,
               "1/um^2",
               fmt::format("truth {:.3f}", true_density * per_um2)},
              {"error of the density", 100.0 * density_error, nan, "%", "within 25 %"},
              {"resolved places where no centre makes half of the variance",
               static_cast<double>(c.result.centres.size() - ruled),
               nan,
               "",
               fmt::format("of {}", c.result.centres.size())}};
  double covered = 0.0;
  for (const double pull : pulls) {
    covered += std::abs(pull) <= 1.0 ? 1.0 : 0.0;
  }
  v.values.push_back({"68 % intervals of tau that hold the truth",
                      pulls.empty() ? nan : 100.0 * covered / static_cast<double>(pulls.size()),
                      pulls.empty() ? nan : 46.5 / std::sqrt(static_cast<double>(pulls.size())),
                      "%",
                      ""});
  v.nulls = {{"error of tau, median",
              median_of(shuffled),
              nan,
              "%",
              "against other strong centres of the same film"}};
  v.met =
      median_of(tau_error) < 25.0 && median_of(rate_error) < 25.0 && std::abs(density_error) < 0.25
          ? Met::yes
          : Met::no;
  CurvePlot plot{"Time found and true time of centres that rule a place",
                 "Two-state hidden Markov model on 3 x 3 pixel traces at the maxima of the map.",
                 "true tau (s)",
                 "found tau (s)",
                 true,
                 true};
  const auto [low, high] = std::minmax_element(found.x.begin(), found.x.end());
  if (!found.x.empty()) {
    plot.curves = {found, {"equal", {*low, *high}, {*low, *high}}};
    plot.curves.back().dashed = true;
    v.figures = {draw(plot)};
  }
  v.note =
      "Only where one centre makes most of the variance has a trace two levels. Centres that rule "
      "no "
      "place, fast ones that frames average out and slow ones that do not switch are missed; "
      "places "
      "counted twice or ruled by none balance them in part, which the density's error holds.";
  v.reproduce = c.reproduce;
  return v;
}

}  // namespace halotwin::validation
