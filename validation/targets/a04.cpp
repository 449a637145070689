#include <algorithm>
#include <cmath>
#include <numeric>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "analysis/pipelines/kpfm.hpp"
#include "analysis/score.hpp"
#include "base/constants.hpp"
#include "base/random.hpp"
#include "data/recording_reader.hpp"
#include "data/truth.hpp"
#include "validation/plot.hpp"
#include "validation/targets/pm_dns_rows.hpp"

namespace halotwin::validation {

namespace {

constexpr double interior_pixels = 1.5;
constexpr std::size_t least_pixels = 8;

std::vector<double> doubles(const data::RecordingReader& recording, const std::string& name) {
  const auto values = recording.read<float>(name);
  return {values.begin(), values.end()};
}

struct Kpfm {
  std::size_t nx = 0;
  std::size_t ny = 0;
  analysis::KpfmResult result;
  std::vector<float> true_grain;
};

Kpfm kpfm_of(Evidence& evidence, std::vector<std::string> settings) {
  if (evidence.options().quick) {
    settings.emplace_back("procedure.kpfm_map.columns=64");
  }
  const auto& file = evidence.recording({"kpfm_fresh_film", std::move(settings), {}});
  const data::RecordingReader recording(file);
  Kpfm k;
  k.nx = recording.spec("contact_potential").axes[1].values.size();
  k.ny = recording.spec("contact_potential").axes[0].values.size();
  const auto forward = doubles(recording, "contact_potential");
  const auto backward = doubles(recording, "contact_potential_backward");
  const auto topography = doubles(recording, "topography");
  const auto reference = recording.read<double>("reference");
  k.result = analysis::analyse_kpfm({{k.nx, k.ny, forward, backward}, topography, reference});
  k.true_grain = data::TruthReader(file).read<float>("grain");
  return k;
}

/// Means over the insides of grains, of the grains that both maps know.
struct GrainTable {
  std::vector<double> intensity, potential_v;
  std::vector<bool> hotspot;
};

struct Labels {
  std::vector<std::int32_t> grain;
  std::vector<double> distance_pixels;
};

GrainTable tabulate(const MapCase& map, const Kpfm& kpfm, const Labels& labels) {
  const std::size_t channels = map.result.frequencies_hz.size();
  const auto grains =
      static_cast<std::size_t>(*std::max_element(labels.grain.begin(), labels.grain.end()) + 1);
  std::vector<std::array<double, 4>> sum(grains);  // pixels, intensity, potential, hotspot
  for (std::size_t p = 0; p < labels.grain.size(); ++p) {
    if (labels.grain[p] < 0 || !(labels.distance_pixels[p] >= interior_pixels) ||
        map.result.response.valid[p] == 0 || p / map.nx < map.result.excluded_lines) {
      continue;
    }
    double mean = 0.0;
    for (std::size_t i = 0; i < channels; ++i) {
      mean += static_cast<double>(map.result.response.values[p * channels + i]) /
              static_cast<double>(channels);
    }
    auto& s = sum[static_cast<std::size_t>(labels.grain[p])];
    s[0] += 1.0;
    s[1] += mean;
    s[2] += kpfm.result.potential.mean[p];
    s[3] += map.hotspot.values[p] > 0.5 ? 1.0 : 0.0;
  }
  GrainTable table;
  for (const auto& s : sum) {
    if (s[0] >= static_cast<double>(least_pixels)) {
      table.intensity.push_back(s[1] / s[0]);
      table.potential_v.push_back(s[2] / s[0]);
      table.hotspot.push_back(s[3] > 0.5 * s[0]);
    }
  }
  return table;
}

Labels found_labels(const Kpfm& kpfm) {
  return {kpfm.result.grains.label, kpfm.result.grains.distance_pixels};
}

Labels true_labels(const MapCase& map) {
  Labels labels;
  for (std::size_t p = 0; p < map.grain.values.size(); ++p) {
    const double grain = map.grain.values[p];
    labels.grain.push_back(std::isfinite(grain) ? static_cast<std::int32_t>(grain) : -1);
    labels.distance_pixels.push_back(map.boundary_distance_m.values[p] / map.step_m);
  }
  return labels;
}

struct Correlation {
  double r = nan;
  double sigma = nan;
  double p = nan;  // two-sided, Fisher's transformation
  std::size_t grains = 0;
};

// Of intensity and minus the contact potential.
Correlation correlate(const GrainTable& table) {
  Correlation c;
  c.grains = table.intensity.size();
  if (c.grains < 8) {
    return c;
  }
  std::vector<double> negative;
  for (const double v : table.potential_v) {
    negative.push_back(-v);
  }
  const double n = static_cast<double>(c.grains);
  c.r = analysis::pearson(table.intensity, negative);
  c.sigma = (1.0 - c.r * c.r) / std::sqrt(n - 1.0);
  c.p = std::erfc(std::abs(std::atanh(c.r)) * std::sqrt(n - 3.0) / std::sqrt(2.0));
  return c;
}

Correlation shuffled(GrainTable table, std::uint64_t seed) {
  RandomStream draw(seed, Purpose::validation_repeat, 4);
  for (std::size_t i = table.potential_v.size(); i > 1; --i) {
    std::swap(table.potential_v[i - 1],
              table.potential_v[draw.index(static_cast<std::uint32_t>(i))]);
  }
  return correlate(table);
}

// Mean potential of true hotspot grains minus that of the others.
Measured hotspot_potential(const GrainTable& table, const std::string& name) {
  std::array<std::vector<double>, 2> sets;
  for (std::size_t g = 0; g < table.hotspot.size(); ++g) {
    sets[table.hotspot[g] ? 1 : 0].push_back(table.potential_v[g]);
  }
  if (sets[0].size() < 2 || sets[1].size() < 2) {
    return {name, nan, nan, "mV", "too few grains"};
  }
  const auto error = [](const std::vector<double>& v) {
    return analysis::standard_deviation(v) / std::sqrt(static_cast<double>(v.size()));
  };
  return {name,
          1e3 * (analysis::mean(sets[1]) - analysis::mean(sets[0])),
          1e3 * std::hypot(error(sets[0]), error(sets[1])),
          "mV",
          fmt::format("{} hotspot grains against {} others", sets[1].size(), sets[0].size())};
}

Measured row_of(const std::string& name, const Correlation& c, const std::string& note) {
  return {name, c.r, c.sigma, "", fmt::format("{}{} grains, p = {:.1g}", note, c.grains, c.p)};
}

void add_figure(const MapCase& map,
                const Kpfm& heterodyne,
                const Kpfm& amplitude,
                const GrainTable& table,
                const std::string& response,
                Verdict& verdict) {
  const auto image = [&](const std::vector<double>& values, double scale) {
    Image<double> out(map.nx, map.ny, nan);
    for (std::size_t p = 0; p < values.size(); ++p) {
      out.values[p] = scale * values[p];
    }
    return out;
  };
  const std::size_t channels = map.result.frequencies_hz.size();
  std::vector<double> intensity(map.nx * map.ny, nan);
  for (std::size_t p = 0; p < intensity.size(); ++p) {
    if (map.result.response.valid[p] != 0) {
      intensity[p] = 0.0;
      for (std::size_t i = 0; i < channels; ++i) {
        intensity[p] += static_cast<double>(map.result.response.values[p * channels + i]) /
                        static_cast<double>(channels);
      }
    }
  }
  MapPlot a{.title = "topography",
            .caption = {},
            .value_label = "height (nm)",
            .values = image(heterodyne.result.topography_m, 1e9),
            .step_m = map.step_m};
  MapPlot b{.title = "mean PM-DNS intensity",
            .caption = {},
            .value_label = "mean loss",
            .values = image(intensity, 1.0),
            .step_m = map.step_m};
  MapPlot c{.title = "KPFM, heterodyne",
            .caption = {},
            .value_label = "CPD (mV)",
            .values = image(heterodyne.result.potential.smooth, 1e3),
            .step_m = map.step_m};
  MapPlot d{.title = "KPFM, amplitude detection",
            .caption = {},
            .value_label = "CPD (mV)",
            .values = image(amplitude.result.potential.smooth, 1e3),
            .step_m = map.step_m};
  verdict.figures.push_back(
      draw(std::vector<MapPlot>{a, b, c, d},
           "Topography, PM-DNS intensity and contact potential, " + response + " response",
           "The same area in four images (paper 000, Fig. S1). Hotspot grains and boundaries are "
           "bright in PM-DNS and more negative in KPFM; amplitude detection, of which "
           "the lever has the larger share, shrinks the contrast: see the colour bars."));
  Curve hot{.name = "hotspot grains (truth)", .x = {}, .y = {}, .sigma = {}, .points = true};
  Curve other{.name = "other grains", .x = {}, .y = {}, .sigma = {}, .points = true};
  for (std::size_t g = 0; g < table.intensity.size(); ++g) {
    Curve& curve = table.hotspot[g] ? hot : other;
    curve.x.push_back(table.intensity[g]);
    curve.y.push_back(1e3 * table.potential_v[g]);
  }
  verdict.figures.push_back(
      draw(CurvePlot{.title = "Contact potential against PM-DNS intensity, " + response,
                     .caption = "One mark per grain as found in the topography of the KPFM image, "
                                "mean over its inside.",
                     .x_label = "mean PM-DNS intensity",
                     .y_label = "contact potential (mV)",
                     .curves = {other, hot}}));
}

bool check_response(const std::string& response,
                    Evidence& evidence,
                    const Kpfm& heterodyne,
                    const Kpfm& amplitude,
                    Verdict& verdict) {
  const MapCase& map = evidence.fresh_film(response);
  const MapCase& flat = evidence.fresh_film(response, {"specimen.effects.hotspot=false"});
  const Kpfm flat_kpfm = kpfm_of(evidence, {"specimen.effects.hotspot=false"});
  const GrainTable table = tabulate(map, heterodyne, found_labels(heterodyne));
  const Correlation found = correlate(table);
  const Correlation truth = correlate(tabulate(map, heterodyne, true_labels(map)));
  verdict.values.push_back(row_of("correlation of intensity with -CPD, " + response,
                                  found,
                                  "grains found in the topography, > 0 and p < 0.01; "));
  verdict.values.push_back(row_of("correlation of intensity with -CPD, true grains, " + response,
                                  truth,
                                  "masks of the truth; "));
  const GrainTable nothing = tabulate(flat, flat_kpfm, found_labels(flat_kpfm));
  verdict.nulls.push_back(row_of("correlation of intensity with -CPD, " + response,
                                 correlate(nothing),
                                 "film without hotspots; "));
  verdict.nulls.push_back(row_of("correlation of intensity with -CPD, " + response,
                                 shuffled(table, evidence.seed()),
                                 "potentials shuffled among the grains; "));
  verdict.nulls.push_back(row_of("correlation of intensity with -CPD, " + response,
                                 correlate(tabulate(map, amplitude, found_labels(heterodyne))),
                                 "amplitude detection: cone and lever see the mean film; "));
  if (response == "phenomenological") {
    verdict.values.push_back(
        hotspot_potential(table, "CPD of hotspot grains less that of other grains"));
    Measured none = hotspot_potential(nothing, "CPD of hotspot grains less that of other grains");
    none.note = "the same grains in the film without hotspots; " + none.note;
    verdict.nulls.push_back(none);
  }
  add_figure(map, heterodyne, amplitude, table, response, verdict);
  verdict.reproduce.insert(verdict.reproduce.end(), map.reproduce.begin(), map.reproduce.end());
  return found.r > 0.0 && found.p < 0.01;
}

}  // namespace

// A4: KPFM and PM-DNS of the same film. The contact potential follows from the ion field of the
// specimen; grains are those that the pipeline finds in the topography.
Verdict check_a04(Evidence& evidence) {
  Verdict verdict;
  const Kpfm heterodyne = kpfm_of(evidence, {});
  // AM is ten times as sensitive per volt: a tenth of the gain gives the same loop
  const Kpfm amplitude = kpfm_of(
      evidence, {"procedure.kpfm_map.method=amplitude", "procedure.kpfm_map.proportional_gain=1"});
  bool met = true;
  for (const char* response : {"phenomenological", "physical"}) {
    met = check_response(response, evidence, heterodyne, amplitude, verdict) && met;
  }
  const auto contrast = [&](const char* name, const Kpfm& k) {
    return Measured{name, 1e3 * k.result.grain_contrast_v, nan, "mV", "noise taken off"};
  };
  verdict.values.push_back(
      contrast("CPD, standard deviation between grains, heterodyne", heterodyne));
  verdict.values.push_back(
      contrast("CPD, standard deviation between grains, amplitude detection", amplitude));
  verdict.values.push_back({"CPD of boundaries less that of insides of grains",
                            1e3 * heterodyne.result.boundary_contrast_v,
                            1e3 * heterodyne.result.boundary_contrast_null_v.sigma,
                            "mV",
                            "heterodyne"});
  verdict.values.push_back({"share of the CPD variance inside grains that their means explain",
                            heterodyne.result.grain_share,
                            heterodyne.result.grain_share_null.sigma,
                            "",
                            "share of the variance, heterodyne"});
  verdict.nulls.push_back({"share of the CPD variance inside grains that their means explain",
                           heterodyne.result.grain_share_null.value,
                           heterodyne.result.grain_share_null.sigma,
                           "",
                           "grains laid elsewhere on the map"});
  verdict.met = met ? Met::yes : Met::no;
  verdict.note =
      "Means are over the insides of grains (1.5 pixels from a boundary), so that boundaries, "
      "which "
      "are bright and negative too, do not make the correlation.";
  verdict.reproduce.emplace_back(
      fmt::format("halotwin run kpfm_fresh_film --seed {} -o kpfm.nxs", evidence.seed()));
  verdict.reproduce.emplace_back("halotwin analyse kpfm.nxs");
  return verdict;
}

}  // namespace halotwin::validation
