// D1, D3, D4, D5, D7: what the correlation maps of both films look like.
#include <algorithm>
#include <cmath>

#include <fmt/format.h>

#include "analysis/pipelines/clim_file.hpp"
#include "analysis/region_shape.hpp"
#include "analysis/score.hpp"
#include "base/constants.hpp"
#include "validation/findings_page.hpp"
#include "validation/targets/clim_rows.hpp"

namespace halotwin::validation {

namespace {

constexpr double um = 1e-6;
const std::vector<std::string> films{"mapi", "tcmh"};

std::vector<double> finite(const std::vector<double>& values) {
  std::vector<double> out;
  std::copy_if(values.begin(), values.end(), std::back_inserter(out), [](double v) {
    return std::isfinite(v);
  });
  return out;
}

double median_of(const std::vector<double>& values) {
  const std::vector<double> known = finite(values);
  return known.empty() ? nan : analysis::median(known);
}

/// A number of the pipeline by its name.
analysis::Finding finding(const ClimCase& c, const std::string& name) {
  const analysis::Findings all = analysis::findings_of(c.result);
  const auto found = std::find_if(
      all.values.begin(), all.values.end(), [&](const auto& f) { return f.name == name; });
  return found == all.values.end() ? analysis::Finding{name, nan} : *found;
}

MapPlot image_of(const ClimCase& c,
                 const std::string& title,
                 const std::string& unit,
                 const std::vector<double>& values,
                 double low = 0.0,
                 double high = 0.0) {
  MapPlot plot{title, "", unit, Image<double>(c.result.nx, c.result.ny)};
  plot.values.values = values;
  plot.step_m = c.result.pixel_m;
  plot.low = low;
  plot.high = high;
  return plot;
}

Figure maps_of(const std::string& film, const ClimCase& c) {
  return draw(
      {image_of(c, "mean intensity", "photoelectrons", c.result.signal_e),
       image_of(c, "measured", "r", c.result.map.mean_r, 0.0, 1.0),
       image_of(c, "without the detector's noise", "r", c.result.disattenuated, 0.9, 1.0),
       image_of(c, "truth: noise-free movie", "r", c.clean_map, 0.9, 1.0)},
      "Correlation maps, " + film_name(film),
      "Mean Pearson r of each pixel with its eight neighbours. Beside the measured map: the "
      "same with the camera's noise taken out, and of the movie before there was noise "
      "(other colour scale).");
}

/// Some frames as deviations from the mean image.
Figure film_strip(const std::string& film, const ClimCase& c) {
  constexpr std::size_t shown = 6;
  const analysis::RecordedMovie movie(c.recording);
  const analysis::MovieInfo& info = movie.info();
  const std::size_t apart = std::max<std::size_t>(1, info.frames / shown);
  constexpr std::size_t together = 10;
  std::vector<MapPlot> plots;
  std::vector<std::uint16_t> frames(together * info.pixels());
  for (std::size_t k = 0; k < shown; ++k) {
    movie.read(k * apart, together, frames);
    std::vector<double> change(c.result.nx * c.result.ny);
    for (std::size_t p = 0; p < change.size(); ++p) {
      const std::size_t at =
          (p / c.result.nx + c.result.first_y) * info.nx + p % c.result.nx + c.result.first_x;
      double sum = 0.0;
      for (std::size_t t = 0; t < together; ++t) {
        sum += static_cast<double>(frames[t * info.pixels() + at]) / static_cast<double>(together);
      }
      const double gain = info.counts_per_electron;
      change[p] = 100.0 * (sum - c.result.map.intensity[p]) / (gain * c.result.signal_e[p]);
    }
    plots.push_back(
        image_of(c,
                 fmt::format("{:.0f} s", static_cast<double>(k * apart) * info.frame_period_s),
                 "%",
                 change,
                 -20.0,
                 20.0));
  }
  return draw(plots,
              "The movie, " + film_name(film),
              "Means of ten frames as deviations from the mean image.");
}

/// Regions of the map above 0.8, joined by sides: number and mean diameter.
struct HotRegions {
  std::size_t count = 0;
  double diameter_m = nan;
};
HotRegions hot_regions(const ClimCase& c) {
  constexpr double hot = 0.8;
  constexpr std::size_t least = 5;
  std::vector<unsigned char> inside;
  for (const double r : c.result.map.mean_r) {
    inside.push_back(r > hot ? 1 : 0);
  }
  HotRegions out;
  double sum = 0.0;
  for (std::size_t p = 0; p < inside.size(); ++p) {
    const auto region = analysis::connected_region(inside, c.result.nx, p);
    for (const std::size_t q : region) {
      inside[q] = 0;
    }
    if (region.size() >= least) {
      sum += analysis::equivalent_diameter_m(region.size(), c.result.pixel_m);
      ++out.count;
    }
  }
  if (out.count > 0) {
    out.diameter_m = sum / static_cast<double>(out.count);
  }
  return out;
}

void push(Verdict& v,
          const std::string& name,
          const analysis::Estimate& e,
          double scale,
          const std::string& unit,
          const std::string& note) {
  v.values.push_back({name, e.value / scale, e.sigma / scale, unit, note});
}

void reproduce(const ClimCase& c, Verdict& v) {
  v.reproduce.insert(v.reproduce.end(), c.reproduce.begin(), c.reproduce.end());
}

bool within(double value, double low, double high) {
  return value >= low && value <= high;
}

/// Agreement of clusters with the true quenching domains, on all pixels and where there is one.
std::pair<double, double> agreement(const ClimCase& c, const analysis::ClusterMap& clusters) {
  std::vector<int> truth;
  std::vector<int> found;
  for (std::size_t p = 0; p < c.domain.size(); ++p) {
    if (c.domain[p] > 0) {
      truth.push_back(c.domain[p]);
      found.push_back(clusters.label[p]);
    }
  }
  return {analysis::compare_labels(c.domain, clusters.label).adjusted_rand,
          truth.empty() ? nan : analysis::compare_labels(truth, found).adjusted_rand};
}

}  // namespace

std::string film_name(const std::string& film) {
  return film == "mapi" ? "MAPI" : "TCMH";
}

const ClimCase& clim_film(Evidence& evidence, const std::string& film) {
  return evidence.movie({"clim_" + film, {}, {}});
}

const ClimCase& clim_without_centres(Evidence& evidence, const std::string& film) {
  return evidence.movie({"clim_" + film,
                         {"specimen.clim.centres.density_per_m2=0",
                          "specimen.clim.strong.density_per_m2=0",
                          "procedure.pl_movie.columns=48",
                          "procedure.pl_movie.rows=48"},
                         {}});
}

const ClimCase& clim_without_diffusion(Evidence& evidence, const std::string& film) {
  const int side = evidence.options().quick ? 64 : 128;
  return evidence.movie({"clim_" + film,
                         {"specimen.clim.diffusion=false",
                          "surroundings.shot_noise=false",
                          "surroundings.read_noise=false",
                          "surroundings.lamp_noise=false",
                          fmt::format("procedure.pl_movie.columns={}", side),
                          fmt::format("procedure.pl_movie.rows={}", side)},
                         {}});
}

// D1: medians of the correlation maps, and how much of them is signal over noise.
Verdict check_d01(Evidence& evidence) {
  Verdict v;
  v.calibrated = true;  // density and strength of the centres; D6, D10 and the clean maps follow
  v.met = Met::yes;
  for (const std::string& film : films) {
    const ClimCase& c = clim_film(evidence, film);
    const std::string of = ", " + film_name(film);
    const analysis::Finding map = finding(c, "median_correlation");
    const bool in_range = film == "mapi" ? map.value > 0.75 : within(map.value, 0.5, 0.7);
    v.met = in_range && v.met == Met::yes ? Met::yes : Met::no;
    v.values.push_back({"median of the correlation map" + of,
                        map.value,
                        map.sigma,
                        "",
                        film == "mapi" ? "above 0.75" : "0.5 to 0.7"});
    v.values.push_back({"median without the detector's noise" + of,
                        median_of(c.result.disattenuated),
                        nan,
                        "",
                        ""});
    v.values.push_back(
        {"median of the noise-free movie" + of, median_of(c.clean_map), nan, "", "truth"});
    if (film == "tcmh") {
      const HotRegions hot = hot_regions(c);
      v.values.push_back({"separate regions above 0.8" + of,
                          static_cast<double>(hot.count),
                          nan,
                          "",
                          "of 5 pixels and more"});
      v.values.push_back({"their mean diameter" + of, hot.diameter_m / um, nan, "um", ""});
      v.met = hot.count >= 3 && within(hot.diameter_m, 0.5 * um, 2.0 * um) ? v.met : Met::no;
    }
    const ClimCase& still = clim_without_centres(evidence, film);
    v.nulls.push_back({"median of the correlation map" + of,
                       median_of(still.result.map.mean_r),
                       nan,
                       "",
                       "no centres: lamp, drift and noise alone"});
    v.figures.push_back(maps_of(film, c));
    v.figures.push_back(film_strip(film, c));
    reproduce(c, v);
  }
  v.note =
      "The contrast between the films is signal over noise: without noise both maps are near 1, "
      "since optics and diffusion make neighbours alike. What the measured map shows is the share "
      "of a pixel's variance that is not noise of the camera.";
  return v;
}

// D3: the ratio of the intensities.
Verdict check_d03(Evidence& evidence) {
  Verdict v;
  const double mapi = median_of(clim_film(evidence, "mapi").result.signal_e);
  const double tcmh = median_of(clim_film(evidence, "tcmh").result.signal_e);
  const double ratio = tcmh / mapi;
  v.met = within(ratio, 1.5, 2.5) ? Met::yes : Met::no;
  v.calibrated = true;
  v.values = {{"intensity of TCMH over MAPI", ratio, nan, "", "1.5 to 2.5"},
              {"photoelectrons of a pixel in a frame, MAPI", mapi, nan, "", "median"},
              {"photoelectrons of a pixel in a frame, TCMH", tcmh, nan, "", "median"}};
  v.nulls = {{"intensity of TCMH over MAPI",
              median_of(clim_without_centres(evidence, "tcmh").result.signal_e) /
                  median_of(clim_without_centres(evidence, "mapi").result.signal_e),
              nan,
              "",
              "no centres: what other losses and boundaries alone would give"}};
  v.note =
      "Both films have nearly the same loss without centres: the ratio is what the centres take. "
      "It is calibrated by their density and strength.";
  reproduce(clim_film(evidence, "mapi"), v);
  return v;
}

// D4: how wide the region around a pixel is that follows it.
Verdict check_d04(Evidence& evidence) {
  Verdict v;
  v.calibrated = true;
  v.met = Met::yes;
  CurvePlot plot{
      "Correlation around a pixel",
      "Mean over rings one pixel wide, over pixels drawn at random where the map is above "
      "0.5; dashed: the camera's noise taken out.",
      "distance (um)",
      "r"};
  plot.horizontal_lines = {0.5};
  for (const std::string& film : films) {
    const ClimCase& c = clim_film(evidence, film);
    const std::string of = ", " + film_name(film);
    const auto& d = c.result.decay_summary;
    const double published = film == "mapi" ? 1.9 * um : 1.1 * um;
    v.met = within(d.diameter_m.value, 0.75 * published, 1.25 * published) ? v.met : Met::no;
    push(v,
         "diameter of the region r >= 0.5" + of,
         d.diameter_m,
         um,
         "um",
         fmt::format("{:.1f} +- 25 %; median of {} pixels", published / um, d.count));
    push(v, "its longest Feret diameter" + of, d.feret_m, um, "um", "");
    v.values.push_back({"grains along the diameter" + of,
                        d.diameter_m.value / c.grain_diameter_m,
                        d.diameter_m.sigma / c.grain_diameter_m,
                        "",
                        "published 6 to 7"});
    push(v,
         "diameter without the detector's noise" + of,
         c.result.clean_decay_summary.diameter_m,
         um,
         "um",
         "");
    const ClimCase& alone = clim_without_diffusion(evidence, film);
    v.nulls.push_back({"diameter of the region r >= 0.5" + of,
                       alone.result.decay_summary.diameter_m.value / um,
                       alone.result.decay_summary.diameter_m.sigma / um,
                       "um",
                       "no diffusion, camera without noise: optics alone"});
    const auto curve = [&](const analysis::RingProfile& p, const std::string& name, bool dashed) {
      Curve out{name, {}, p.r};
      for (const double distance : p.distance_m) {
        out.x.push_back(distance / um);
      }
      out.dashed = dashed;
      return out;
    };
    plot.curves.push_back(curve(c.result.decay.mean_profile, film_name(film), false));
    plot.curves.push_back(
        curve(c.result.clean_decay.mean_profile, film_name(film) + ", no noise", true));
    plot.curves.push_back(
        curve(alone.result.decay.mean_profile, film_name(film) + ", no diffusion", true));
    reproduce(c, v);
  }
  v.figures = {draw(plot)};
  v.note =
      "The size is that of diffusion between boundaries: it goes with their transfer velocity, to "
      "which it is calibrated.";
  return v;
}

// D5: how r falls from pixel to pixel.
Verdict check_d05(Evidence& evidence) {
  Verdict v;
  v.calibrated = true;
  const ClimCase& mapi = clim_film(evidence, "mapi");
  const ClimCase& tcmh = clim_film(evidence, "tcmh");
  const auto& gradual = mapi.result.decay_summary.drop_per_pixel;
  const auto& hot = tcmh.result.high_pixels.drop_per_pixel;
  const auto& low = tcmh.result.low_pixels.first_drop;
  v.met = within(gradual.value, 0.05, 0.1) && within(hot.value, 0.05, 0.1) &&
                  within(low.value, 0.3, 0.5)
              ? Met::yes
              : Met::no;
  push(v,
       "drop of r per pixel, MAPI",
       gradual,
       1.0,
       "",
       "0.05 to 0.1; 0.5 over the radius where r = 0.5");
  push(v, "drop of r per pixel, TCMH, map above 0.8", hot, 1.0, "", "0.05 to 0.1");
  push(v, "drop in the first pixel, TCMH, map 0.5 to 0.7", low, 1.0, "", "0.3 to 0.5");
  for (const ClimCase* c : {&mapi, &tcmh}) {
    const auto& clean = c->result.clean_decay_summary.first_drop;
    v.nulls.push_back(
        {c == &mapi ? "drop in the first pixel, MAPI" : "drop in the first pixel, TCMH",
         clean.value,
         clean.sigma,
         "",
         "the detector's noise taken out"});
    reproduce(*c, v);
  }
  v.note =
      "The first drop is noise of the camera, not the sample: it is 1 less the map; without the "
      "noise "
      "it is what the nulls show.";
  return v;
}

// D7: clusters at the published and at the self-optimised threshold, and what they have to do with
// the centres.
Verdict check_d07(Evidence& evidence) {
  Verdict v;
  v.calibrated = true;
  v.met = Met::yes;
  CurvePlot scan{"Choice of the threshold",
                 "Mean silhouette times clustered share; the public program scans from 0.40.",
                 "threshold",
                 "objective"};
  for (const std::string& film : films) {
    const ClimCase& c = clim_film(evidence, film);
    const analysis::ClimResult& r = c.result;
    const std::string of = ", " + film_name(film);
    const double published = film == "mapi" ? 2.0 * um : 1.0 * um;
    const auto near = [&](double value) { return within(value, 0.7 * published, 1.3 * published); };
    v.met = near(r.diameter_m.value) && near(r.optimised_diameter_m.value) ? v.met : Met::no;
    push(v,
         "cluster diameter at 0.5" + of,
         r.diameter_m,
         um,
         "um",
         fmt::format("{:.0f} +- 30 %, area-weighted", published / um));
    push(v,
         "the same at the self-optimised threshold" + of,
         r.optimised_diameter_m,
         um,
         "um",
         fmt::format("threshold {:.2f}, scan from 0.25{}",
                     r.scan.threshold(),
                     r.scan.at_edge ? ": at its edge" : ""));
    push(v,
         "the same, scan from 0.40 as published" + of,
         r.published_diameter_m,
         um,
         "um",
         fmt::format("threshold {:.2f}", r.published_threshold));
    const auto [all, inside] = agreement(c, r.clusters);
    v.values.push_back(
        {"agreement with the true quenching domains" + of,
         all,
         nan,
         "",
         fmt::format("adjusted Rand index at 0.5; {:.2f} where a centre rules", inside)});
    v.values.push_back(
        {"agreement of published and deterministic rule" + of,
         analysis::compare_labels(r.clusters.label, r.deterministic.label).adjusted_rand,
         nan,
         "",
         "adjusted Rand index"});
    std::vector<int> turned(r.clusters.label.rbegin(), r.clusters.label.rend());
    v.nulls.push_back({"agreement with the true quenching domains" + of,
                       analysis::compare_labels(c.domain, turned).adjusted_rand,
                       nan,
                       "",
                       "the same clusters turned by 180 degrees"});
    Curve curve{film_name(film), {}, {}};
    for (const auto& point : r.scan.points) {
      curve.x.push_back(point.threshold);
      curve.y.push_back(point.objective);
    }
    scan.curves.push_back(std::move(curve));
    const auto numbers = [](const std::vector<int>& labels) {
      std::vector<double> out;
      for (const int label : labels) {  // neighbours in number far apart in colour
        out.push_back(label > 0 ? static_cast<double>(label * 37 % 101) : nan);
      }
      return out;
    };
    v.figures.push_back(
        draw({image_of(c, "clusters at 0.5", "", numbers(r.clusters.label)),
              image_of(c, "self-optimised", "", numbers(r.optimised.label)),
              image_of(c, "deterministic rule", "", numbers(r.deterministic.label)),
              image_of(c, "true domains", "", numbers(c.domain))},
             "Clusters, " + film_name(film),
             "Colours only tell clusters apart. True domains: where one centre makes "
             "more than half of a pixel's variance; grey elsewhere."));
    reproduce(c, v);
  }
  v.figures.push_back(draw(scan));
  v.note =
      "The objective of the self-optimised threshold falls over nearly the whole scan, so its "
      "choice is where the scan begins, 0.40 in the public program. Clusters depend on it little "
      "where many strong centres bound each other (TCMH). Most of a film is not the domain of any "
      "one centre: clusters are regions that fluctuate alike, not footprints of single centres.";
  return v;
}

}  // namespace halotwin::validation
