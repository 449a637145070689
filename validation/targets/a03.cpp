#include <cmath>

#include <fmt/format.h>

#include "analysis/peaks.hpp"
#include "base/constants.hpp"
#include "validation/map_pictures.hpp"
#include "validation/plot.hpp"
#include "validation/targets/pm_dns_rows.hpp"

namespace halotwin::validation {

namespace {

using analysis::ClassComparison;
using analysis::MaybeEstimate;
using analysis::PixelClass;

const ClassComparison* find(const std::vector<ClassComparison>& all, PixelClass label) {
  for (const ClassComparison& c : all) {
    if (c.label == label) {
      return &c;
    }
  }
  return nullptr;
}

Measured percent(const std::string& name, const MaybeEstimate& e, const std::string& note) {
  // shifts are ln ratios
  return e.known ? Measured{name, 100.0 * std::expm1(e.value), 100.0 * e.sigma, "%", note}
                 : Measured{name, nan, nan, "%", note + "; not resolved"};
}

Measured plain(const std::string& name, const MaybeEstimate& e, const std::string& note) {
  return e.known ? Measured{name, e.value, e.sigma, "", note}
                 : Measured{name, nan, nan, "", note + "; not resolved"};
}

// The shift that the response lets see: of the resolved line, or of the one broad maximum.
const MaybeEstimate& shift_of(const ClassComparison& c, bool lines) {
  return lines ? c.shift : c.wide_shift;
}

// Mean spectra over the true sets of pixels.
struct TruthSpectra {
  std::vector<double> grain, boundary, hotspot;
};

TruthSpectra truth_spectra(const MapCase& map) {
  const std::size_t n = map.result.frequencies_hz.size();
  TruthSpectra t{std::vector<double>(n), std::vector<double>(n), std::vector<double>(n)};
  std::array<double, 3> count{};
  for (std::size_t p = 0; p < map.nx * map.ny; ++p) {
    const double steps = map.boundary_distance_m.values[p] / map.step_m;
    if (map.result.response.valid[p] == 0 || !std::isfinite(steps) ||
        p / map.nx < map.result.excluded_lines) {
      continue;
    }
    const bool hot = map.hotspot.values[p] > 0.5;
    std::vector<double>* sum = nullptr;
    std::size_t which = 0;
    if (steps <= 1.0 && !hot) {
      sum = &t.boundary;
      which = 1;
    } else if (steps > 2.0) {
      sum = hot ? &t.hotspot : &t.grain;
      which = hot ? 2 : 0;
    }
    if (sum != nullptr) {
      ++count[which];
      for (std::size_t i = 0; i < n; ++i) {
        (*sum)[i] += static_cast<double>(map.result.response.values[p * n + i]);
      }
    }
  }
  for (std::size_t i = 0; i < n; ++i) {
    t.grain[i] /= count[0];
    t.boundary[i] /= count[1];
    t.hotspot[i] /= count[2];
  }
  return t;
}

double truth_shift_percent(const MapCase& map,
                           const std::vector<double>& of,
                           const std::vector<double>& against,
                           bool lines) {
  const auto& f = map.result.frequencies_hz;
  const auto peak = [&](const std::vector<double>& y) {
    const analysis::SpectrumView view{f, y, {}};
    if (lines) {
      const std::vector<double> guesses{1000.0, 2000.0};
      return analysis::find_peaks(view, guesses).front();
    }
    return analysis::wide_peak(view, 1500.0);
  };
  const analysis::Peak a = peak(of);
  const analysis::Peak b = peak(against);
  return a.usable() && b.usable() ? 100.0 * (a.position_hz / b.position_hz - 1.0) : nan;
}

double ratio_contrast(const MapCase& map,
                      const std::vector<double>& of,
                      const std::vector<double>& against) {
  const auto& f = map.result.frequencies_hz;
  const auto ratio = [&](const std::vector<double>& y) {
    const analysis::SpectrumView view{f, y, {}};
    return analysis::value_at(view, 2000.0).value / analysis::value_at(view, 1000.0).value;
  };
  return ratio(of) / ratio(against);
}

void add_figure(const std::string& response, const MapCase& map, Verdict& verdict) {
  const MapPictures pictures{map.result, map.step_m, ", " + response + " response"};
  verdict.figures.push_back(pictures.curve("class_spectra"));
  verdict.figures.push_back(
      draw({pictures.map("classes"), pictures.map("topography")},
           "Classes and topography, " + response + " response",
           "Lines left out because of the transient are marked as excluded."));
}

bool check_response(const std::string& response, Evidence& evidence, Verdict& verdict) {
  const bool lines = response == "phenomenological";
  const MapCase& map = evidence.fresh_film(response);
  const MapCase& flat = evidence.fresh_film(response,
                                            {"specimen.effects.boundary=false",
                                             "specimen.effects.inclusions=false",
                                             "specimen.effects.hotspot=false"});
  const ClassComparison* boundary = find(map.result.comparisons, PixelClass::boundary);
  const ClassComparison* hotspot = find(map.result.comparisons, PixelClass::hotspot);
  const ClassComparison* null_boundary = find(flat.result.comparisons, PixelClass::boundary);
  const ClassComparison* selection = find(map.result.selection_null, PixelClass::boundary);
  if (boundary == nullptr || hotspot == nullptr || null_boundary == nullptr ||
      selection == nullptr) {
    verdict.note += response + ": a class is empty. ";
    return false;
  }
  verdict.values.push_back(percent("shift of the maximum, boundaries against grains, " + response,
                                   shift_of(*boundary, lines),
                                   "blue is positive"));
  verdict.values.push_back(plain("ratio 2 kHz / 1 kHz, boundaries over grains, " + response,
                                 boundary->ratio_contrast,
                                 "above its null"));
  verdict.values.push_back(
      plain("loss at 1 kHz, hotspots over grains, " + response, hotspot->enhancement, "> 1"));
  verdict.values.push_back(percent("shift of the maximum, hotspots against grains, " + response,
                                   shift_of(*hotspot, lines),
                                   "<= +5 %"));

  const TruthSpectra truth = truth_spectra(map);
  const std::string masks = "from truth masks";
  verdict.nulls.push_back({"shift of the maximum, boundaries against grains, " + response,
                           truth_shift_percent(map, truth.boundary, truth.grain, lines),
                           nan,
                           "%",
                           masks});
  verdict.nulls.push_back({"ratio 2 kHz / 1 kHz, boundaries over grains, " + response,
                           ratio_contrast(map, truth.boundary, truth.grain),
                           nan,
                           "",
                           masks});
  verdict.nulls.push_back({"shift of the maximum, hotspots against grains, " + response,
                           truth_shift_percent(map, truth.hotspot, truth.grain, lines),
                           nan,
                           "%",
                           masks});
  verdict.nulls.push_back(percent("shift of the maximum, boundaries against grains, " + response,
                                  shift_of(*null_boundary, lines),
                                  "film without the effects"));
  verdict.nulls.push_back(plain("ratio 2 kHz / 1 kHz, boundaries over grains, " + response,
                                null_boundary->ratio_contrast,
                                "film without the effects"));
  verdict.nulls.push_back(plain("ratio 2 kHz / 1 kHz, boundaries over grains, " + response,
                                selection->ratio_contrast,
                                "selection null: one spectral shape, measured noise"));
  add_figure(response, map, verdict);
  verdict.reproduce.insert(verdict.reproduce.end(), map.reproduce.begin(), map.reproduce.end());

  const MaybeEstimate& blue = shift_of(*boundary, lines);
  const MaybeEstimate& hot = shift_of(*hotspot, lines);
  const double null_ratio =
      std::max(null_boundary->ratio_contrast.known ? null_boundary->ratio_contrast.value : 1.0,
               selection->ratio_contrast.known ? selection->ratio_contrast.value : 1.0);
  return blue.known && blue.value > 0.0 && boundary->ratio_contrast.known &&
         boundary->ratio_contrast.value > null_ratio && hotspot->enhancement.known &&
         hotspot->enhancement.value > 1.0 && hot.known && std::expm1(hot.value) <= 0.05;
}

}  // namespace

// A3: class mean spectra. Beside each value: the same from the true sets of pixels, from a film
// without the effects, and from a surrogate map in which selection alone makes differences.
Verdict check_a03(Evidence& evidence) {
  Verdict verdict;
  const bool lines = check_response("phenomenological", evidence, verdict);
  const bool physical = check_response("physical", evidence, verdict);
  verdict.met = lines && physical ? Met::yes : Met::no;
  verdict.note +=
      "Class selection alone moves class means: compare each value with its nulls. In the "
      "phenomenological response the "
      "shift is that of the kHz line, in the physical one that of the one broad maximum, where "
      "hotspots turn red because "
      "the tip sees less of their boundaries.";
  return verdict;
}

}  // namespace halotwin::validation
