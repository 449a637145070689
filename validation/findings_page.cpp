#include "validation/findings_page.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <complex>
#include <string_view>

#include <fmt/format.h>

namespace halotwin::validation {

namespace {

constexpr std::size_t maps_in_picture = 4;
constexpr float most_labels = 24.0F;  // more would not fit beside the colour bar

struct Prefix {
  std::string_view sign;
  double factor = 1.0;
};

/// The prefix that brings `largest` between 1 and 1000, for units that take one.
Prefix prefix_for(std::string_view unit, double largest) {
  constexpr std::array takers{"m", "V", "A", "s", "N", "F", "C", "Hz", "m/V", "eV", "W"};
  constexpr std::array prefixes{Prefix{"f", 1e15},
                                Prefix{"p", 1e12},
                                Prefix{"n", 1e9},
                                Prefix{"µ", 1e6},
                                Prefix{"m", 1e3},
                                Prefix{"", 1.0},
                                Prefix{"k", 1e-3},
                                Prefix{"M", 1e-6}};
  if (std::find(takers.begin(), takers.end(), unit) == takers.end() || !(largest > 0.0)) {
    return {};
  }
  for (const Prefix& prefix : prefixes) {
    if (largest * prefix.factor >= 1.0 && largest * prefix.factor < 1000.0) {
      return prefix;
    }
  }
  return {};
}

double largest_of(const std::vector<float>& values) {
  double largest = 0.0;
  for (const float v : values) {
    if (std::isfinite(v)) {
      largest = std::max(largest, std::abs(static_cast<double>(v)));
    }
  }
  return largest;
}

/// "change_at_1_v" -> "change at 1 V"
std::string words(std::string name) {
  std::replace(name.begin(), name.end(), '_', ' ');
  for (const std::string_view unit : {" v", " k"}) {
    if (name.ends_with(unit) && name.size() > 2 && name[name.size() - 3] >= '0' &&
        name[name.size() - 3] <= '9') {
      name.back() = static_cast<char>(name.back() - 'a' + 'A');
    }
  }
  return name;
}

Measured measured(const analysis::Finding& finding) {
  Measured out{words(finding.name),
               finding.value,
               finding.sigma,
               finding.unit == "1" ? "" : finding.unit,
               finding.note};
  const double sigma = std::isfinite(finding.sigma) ? std::abs(finding.sigma) : 0.0;
  const double size = std::max(std::abs(finding.value), sigma);
  if (finding.unit == "Hz" && size >= 1.0 && size < 1e5) {
    return out;  // spectra are drawn in Hz
  }
  const Prefix prefix = prefix_for(finding.unit, size);
  out.value *= prefix.factor;
  out.sigma *= prefix.factor;
  out.unit = std::string(prefix.sign) + out.unit;
  return out;
}

/// Phases in degrees, around their circular mean: no jump of a whole turn between neighbours.
void make_continuous_degrees(MapPlot& plot) {
  std::complex<double> sum;
  for (const double v : plot.values.values) {
    sum += std::isfinite(v) ? std::polar(1.0, v) : 0.0;
  }
  const double middle = std::arg(sum);
  for (double& v : plot.values.values) {
    v = (middle + std::remainder(v - middle, 2.0 * std::acos(-1.0))) * 180.0 / std::acos(-1.0);
  }
  plot.value_label = "deg";
}

bool same_size(const analysis::FoundMap& a, const analysis::FoundMap& b) {
  return a.nx == b.nx && a.ny == b.ny;
}

bool can_be_drawn(const analysis::FoundMap& map) {
  return map.nx > 0 && map.ny > 0 && map.values.size() == map.nx * map.ny;
}

/// "potential: ...; topography: ..." of the maps of one picture.
std::string caption_of(const std::vector<const analysis::FoundMap*>& maps) {
  std::string caption;
  for (const analysis::FoundMap* map : maps) {
    if (!map->note.empty()) {
      const std::string title = map->title.empty() ? words(map->name) : map->title;
      caption += fmt::format(
          "{}{}{}", caption.empty() ? "" : " ", maps.size() > 1 ? title + ": " : "", map->note);
    }
  }
  return caption;
}

std::vector<Figure> map_pictures(const std::vector<analysis::FoundMap>& maps) {
  std::vector<const analysis::FoundMap*> left;
  for (const analysis::FoundMap& map : maps) {
    if (can_be_drawn(map)) {
      left.push_back(&map);
    }
  }
  std::vector<Figure> figures;
  for (std::size_t first = 0; first < left.size();) {
    std::vector<const analysis::FoundMap*> together;
    std::vector<MapPlot> plots;
    while (first < left.size() && together.size() < maps_in_picture &&
           (together.empty() || same_size(*together.front(), *left[first]))) {
      together.push_back(left[first]);
      plots.push_back(map_plot(*left[first]));
      ++first;
    }
    const std::string title = plots.size() == 1 ? plots.front().title : "Maps";
    figures.push_back(draw(plots, title, caption_of(together)));
  }
  return figures;
}

}  // namespace

CurvePlot curve_plot(const analysis::FoundCurve& curve) {
  CurvePlot plot{curve.title.empty() ? words(curve.name) : curve.title,
                 curve.note,
                 curve.x_label,
                 curve.y_label,
                 curve.log_x,
                 curve.log_y};
  for (const analysis::FoundSeries& series : curve.series) {
    plot.curves.push_back(
        {series.name, series.x, series.y, series.sigma, series.markers, series.dashed});
  }
  plot.vertical_lines = curve.vertical_lines;
  return plot;
}

MapPlot map_plot(const analysis::FoundMap& map) {
  MapPlot plot;
  plot.title = map.title.empty() ? words(map.name) : map.title;
  plot.values = Image<double>(map.nx, map.ny);
  plot.step_m = map.step_x_m > 0.0 ? map.step_x_m : 1.0;
  plot.step_y_m = map.step_y_m > 0.0 ? map.step_y_m : plot.step_m;
  double factor = 1.0;
  if (map.labels) {
    plot.classes = map.label_names;
    const double top = std::min(static_cast<double>(most_labels), largest_of(map.values));
    for (std::size_t k = 0; map.label_names.empty() && static_cast<double>(k) <= top; ++k) {
      plot.classes.push_back(std::to_string(k));
    }
  } else {
    const Prefix prefix = prefix_for(map.unit, largest_of(map.values));
    factor = prefix.factor;
    plot.value_label =
        map.unit.empty() || map.unit == "1" ? "" : fmt::format("{}{}", prefix.sign, map.unit);
  }
  std::transform(map.values.begin(), map.values.end(), plot.values.values.begin(), [&](float v) {
    return factor * static_cast<double>(v);
  });
  if (map.unit == "rad") {
    make_continuous_degrees(plot);
  }
  return plot;
}

std::vector<Figure> pictures_of(const analysis::Findings& findings) {
  std::vector<Figure> figures = map_pictures(findings.maps);
  for (const analysis::FoundCurve& curve : findings.curves) {
    figures.push_back(draw(curve_plot(curve)));
  }
  return figures;
}

Page page_of(const analysis::Findings& findings) {
  Page page;
  page.note = findings.note;
  page.warnings = findings.warnings;
  for (const analysis::Finding& value : findings.values) {
    page.values.push_back(measured(value));
  }
  for (const analysis::Finding& null : findings.nulls) {
    page.nulls.push_back(measured(null));
  }
  page.figures = pictures_of(findings);
  return page;
}

}  // namespace halotwin::validation
