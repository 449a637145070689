// D6, D10: what diffusion, optics and noise contribute.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analysis/uncertainty.hpp"
#include "base/constants.hpp"
#include "validation/plot.hpp"
#include "validation/targets/clim_rows.hpp"

namespace halotwin::validation {

namespace {

constexpr double far_m = 0.75e-6;  // beyond optics: the point spread function gives 0.01 there

/// Mean profile at `at_m`, linear between rings.
double at(const analysis::RingProfile& p, double at_m) {
  for (std::size_t k = 1; k < p.r.size(); ++k) {
    if (p.distance_m[k] >= at_m) {
      const double share = (at_m - p.distance_m[k - 1]) / (p.distance_m[k] - p.distance_m[k - 1]);
      return p.r[k - 1] + share * (p.r[k] - p.r[k - 1]);
    }
  }
  return nan;
}

/// Difference of the disattenuated map to the noise-free one: median, and median of its size.
struct Deviation {
  double median = nan;
  double size = nan;
};
Deviation deviation(const ClimCase& c) {
  std::vector<double> difference;
  std::vector<double> size;
  for (std::size_t p = 0; p < c.result.disattenuated.size(); ++p) {
    const double d = c.result.disattenuated[p] - c.clean_map[p];
    if (std::isfinite(d)) {
      difference.push_back(d);
      size.push_back(std::abs(d));
    }
  }
  return difference.empty() ? Deviation{}
                            : Deviation{analysis::median(difference), analysis::median(size)};
}

}  // namespace

// D6: valleys of the map follow the mix of their surroundings.
Verdict check_d06(Evidence& evidence) {
  Verdict v;
  const auto add = [&](const ClimCase& c, const std::string& of, const std::string& note) {
    const analysis::ValleyTest& t = c.result.valleys;
    auto& into = note.empty() ? v.values : v.nulls;
    const auto text = [&](const std::string& own) { return note.empty() ? own : note; };
    into.push_back({"gain of the mix over the best single region, median" + of,
                    t.median_gain.value,
                    t.median_gain.sigma,
                    "",
                    text(fmt::format("at least 0.05 in TCMH; {} valleys", t.valleys.size()))});
    into.push_back({"valleys with a gain" + of,
                    100.0 * t.share_positive.value,
                    100.0 * t.share_positive.sigma,
                    "%",
                    text("more than half")});
    into.push_back({"gain over one region averaged over as many pixels" + of,
                    t.median_gain_over_wide.value,
                    t.median_gain_over_wide.sigma,
                    "",
                    text("not noise averaging")});
  };
  const ClimCase& tcmh = clim_film(evidence, "tcmh");
  const ClimCase& alone = clim_without_diffusion(evidence, "tcmh");
  add(tcmh, ", TCMH", "");
  add(clim_film(evidence, "mapi"), ", MAPI", "");
  add(alone, ", TCMH", "no diffusion, camera without noise");
  const analysis::ValleyTest& t = tcmh.result.valleys;
  const analysis::ValleyTest& null = alone.result.valleys;
  const bool gone = null.valleys.empty() || null.median_gain.value < 0.025;
  v.met = t.median_gain.value >= 0.05 && t.share_positive.value > 0.5 && gone ? Met::yes : Met::no;
  std::vector<double> mix;
  std::vector<double> single;
  for (const analysis::Valley& valley : t.valleys) {
    mix.push_back(valley.mix_r);
    single.push_back(valley.best_single_r);
  }
  if (!mix.empty()) {
    v.values.push_back(
        {"r with the mix, median, TCMH", analysis::median(mix), nan, "", "published 0.58"});
    v.values.push_back({"r with the best single region, median, TCMH",
                        analysis::median(single),
                        nan,
                        "",
                        "published at most 0.49"});
  }
  v.note =
      "All valleys of the map, not one chosen. A gain says that the light of a valley holds what "
      "several regions do; without diffusion it is gone.";
  v.reproduce = tcmh.reproduce;
  return v;
}

// D10: how much of the correlation map is optics and noise.
Verdict check_d10(Evidence& evidence) {
  Verdict v;
  v.met = Met::yes;
  CurvePlot plot{
      "Correlation around a pixel, the detector's noise taken out",
      "Mean over rings one pixel wide. Point spread function alone: exp(-d^2 / (4 s^2)).",
      "distance (um)",
      "r"};
  const auto curve = [](const analysis::RingProfile& p, const std::string& name, bool dashed) {
    Curve out{name, {}, p.r};
    for (const double distance : p.distance_m) {
      out.x.push_back(distance * 1e6);
    }
    out.dashed = dashed;
    return out;
  };
  for (const std::string film : {"mapi", "tcmh"}) {
    const std::string of = ", " + film_name(film);
    const ClimCase& c = clim_film(evidence, film);
    const ClimCase& alone = clim_without_diffusion(evidence, film);
    const Deviation d = deviation(c);
    const double reach = at(c.result.clean_decay.mean_profile, far_m);
    const double without = at(alone.result.decay.mean_profile, far_m);
    v.met = std::abs(d.median) <= 0.05 && d.size <= 0.05 && reach > 0.3 && without < 0.1 ? v.met
                                                                                         : Met::no;
    v.values.push_back(
        {"disattenuated less noise-free map, median" + of, d.median, nan, "", "within 0.05"});
    v.values.push_back({"the same, median of its size" + of, d.size, nan, "", "within 0.05"});
    v.values.push_back(
        {"correlation 750 nm away" + of, reach, nan, "", "with diffusion, noise taken out"});
    v.nulls.push_back({"correlation 750 nm away" + of,
                       without,
                       nan,
                       "",
                       "no diffusion, camera without noise: optics"});
    plot.curves.push_back(curve(c.result.clean_decay.mean_profile, film_name(film), false));
    plot.curves.push_back(
        curve(alone.result.decay.mean_profile, film_name(film) + ", no diffusion", true));
    v.reproduce.insert(v.reproduce.end(), c.reproduce.begin(), c.reproduce.end());
  }
  v.figures = {draw(plot)};
  v.note =
      "Optics correlate the nearest pixels, noise lowers all; beyond 700 nm only diffusion is "
      "left.";
  return v;
}

}  // namespace halotwin::validation
