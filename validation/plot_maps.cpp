// Maps as pictures: one panel per map, two beside each other.
#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>

#include <fmt/format.h>

#include "base/require.hpp"
#include "validation/gnuplot.hpp"
#include "validation/letters.hpp"
#include "validation/plot.hpp"
#include "validation/plot_axis.hpp"

namespace halotwin::validation {

namespace {

// Viridis (S. van der Walt, N. Smith, 2015), every 32nd colour.
constexpr std::array viridis{"#440154",
                             "#472c7a",
                             "#3b518b",
                             "#2c718e",
                             "#21908d",
                             "#27ad81",
                             "#5cc863",
                             "#aadc32",
                             "#fde725"};
// Classes: Okabe and Ito again, the first one (mostly the background) light.
constexpr std::array class_colours{
    "#f0e9d8", "#56B4E9", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#0072B2", "#000000"};
constexpr const char* no_value_colour = "#b8b8b8";

// Pixels of the page; the picture has twice as many.
constexpr int scale = 2;
constexpr double left_px = 66.0;
constexpr double bar_gap_px = 10.0;
constexpr double bar_px = 14.0;
constexpr double letter_px = 7.8;
constexpr double top_px = 30.0;
constexpr double bottom_px = 52.0;
constexpr double px_per_tick = 56.0;
constexpr double px_per_x_tick = 84.0;  // labels stand side by side
constexpr double least_bar_px = 90.0;
constexpr double least_side_px = 24.0;

struct Panel {
  double plot_width_px = 0.0;
  double plot_height_px = 0.0;
  double right_px = 0.0;  // colour bar and its texts
  [[nodiscard]] double width_px() const { return left_px + plot_width_px + right_px; }
  [[nodiscard]] double height_px() const { return top_px + plot_height_px + bottom_px; }
};

void check(const MapPlot& map) {
  require(map.values.nx > 0 && map.values.ny > 0 &&
              map.values.values.size() == map.values.nx * map.values.ny,
          fmt::format("map \"{}\": {} values for {} x {} pixels",
                      map.title,
                      map.values.values.size(),
                      map.values.nx,
                      map.values.ny));
  require_positive("step_m of map \"" + map.title + "\"", map.step_m);
}

double step_y_of(const MapPlot& map) {
  return map.step_y_m > 0.0 ? map.step_y_m : map.step_m;
}

bool shows(const MapPlot& map, double value) {
  return std::isfinite(value) &&
         (map.classes.empty() || (value >= 0.0 && value < static_cast<double>(map.classes.size())));
}

bool is_complete(const MapPlot& map) {
  return std::all_of(
      map.values.values.begin(), map.values.values.end(), [&](double v) { return shows(map, v); });
}

bool range_from_values(const MapPlot& map) {
  return map.classes.empty() && !(map.low < map.high);
}

// 1st and 99th percentile, so that single pixels do not set the colours.
Axis colour_axis(const MapPlot& map, double intervals) {
  if (!map.classes.empty()) {
    Axis axis{-0.5, static_cast<double>(map.classes.size()) - 0.5, false, {}, {}};
    for (std::size_t k = 0; k < map.classes.size(); ++k) {
      axis.ticks.emplace_back(static_cast<double>(k), map.classes[k]);
    }
    return axis;
  }
  if (map.low < map.high) {
    return axis_between(map.low, map.high, intervals);
  }
  std::vector<double> sorted;
  std::copy_if(
      map.values.values.begin(), map.values.values.end(), std::back_inserter(sorted), [](double v) {
        return std::isfinite(v);
      });
  std::sort(sorted.begin(), sorted.end());
  if (sorted.empty()) {
    return axis_between(0.0, 1.0, intervals);
  }
  const auto at = [&](double share) {
    return sorted[static_cast<std::size_t>(
        std::lround(share * static_cast<double>(sorted.size() - 1)))];
  };
  return axis_over({at(0.01), at(0.99)}, false, 0.0, intervals);
}

std::string palette_commands(const MapPlot& map) {
  std::string colours;
  if (map.classes.empty()) {
    for (std::size_t k = 0; k < viridis.size(); ++k) {
      colours += fmt::format("{}{} '{}'", k == 0 ? "" : ", ", k, viridis[k]);
    }
    return "set palette maxcolors 0\nset palette defined (" + colours + ")\n";
  }
  const std::size_t n = map.classes.size();
  for (std::size_t k = 0; k < n; ++k) {  // steps: each colour from edge to edge
    const char* colour = class_colours[k % class_colours.size()];
    colours += fmt::format("{0}{1} '{3}', {2} '{3}'", k == 0 ? "" : ", ", k, k + 1, colour);
  }
  return fmt::format("set palette maxcolors {}\nset palette defined ({})\n", n, colours);
}

// From the colour bar to the middle of its label, and the room for the label.
double text_width_px(const Axis& colours) {
  std::size_t longest = 0;
  for (const auto& tick : colours.ticks) {
    longest = std::max(longest, letters(tick.second));
  }
  return 24.0 + letter_px * static_cast<double>(longest);
}

double right_px(const MapPlot& map) {
  const Axis colours = colour_axis(map, 6.0);
  return bar_gap_px + bar_px + text_width_px(colours) + (map.value_label.empty() ? 0.0 : 14.0);
}

// Gnuplot draws no image of a single row or column, so these are doubled.
struct Doubled {
  std::size_t columns = 1;
  std::size_t rows = 1;
};

Doubled doubled(const Image<double>& image) {
  return {image.nx == 1 ? std::size_t{2} : 1, image.ny == 1 ? std::size_t{2} : 1};
}

std::string values_of(const MapPlot& map) {
  const Doubled times = doubled(map.values);
  std::vector<double> shown;
  for (std::size_t y = 0; y < map.values.ny * times.rows; ++y) {
    for (std::size_t x = 0; x < map.values.nx * times.columns; ++x) {
      const double v = map.values(x / times.columns, y / times.rows);
      shown.push_back(shows(map, v) ? v : std::nan(""));
    }
  }
  std::string bytes(shown.size() * sizeof(double), '\0');
  std::memcpy(bytes.data(), shown.data(), bytes.size());
  return bytes;
}

// Where a panel lies: pixels of the page from the lower left corner of a picture of `page_width`
// x `page_height`.
struct Place {
  double left = 0.0;
  double bottom = 0.0;
  double width = 0.0;  // of the plot proper
  double height = 0.0;
  double bar_height = 0.0;
  double page_width = 0.0;
  double page_height = 0.0;
  [[nodiscard]] std::string at(double x, double y) const {
    return fmt::format("screen {:.6f}, screen {:.6f}", x / page_width, y / page_height);
  }
};

std::string frame_commands(const Place& place) {
  return fmt::format(
      "set lmargin at screen {:.6f}\nset rmargin at screen {:.6f}\n"
      "set bmargin at screen {:.6f}\nset tmargin at screen {:.6f}\n",
      place.left / place.page_width,
      (place.left + place.width) / place.page_width,
      place.bottom / place.page_height,
      (place.bottom + place.height) / place.page_height);
}

// The colour bar with its label, which gnuplot itself would put on the names of classes.
std::string bar_commands(const MapPlot& map, const Place& place) {
  const Axis colours = colour_axis(map, std::max(4.0, place.bar_height / px_per_tick));
  const double bar_left = place.left + place.width + bar_gap_px;
  return palette_commands(map) + axis_commands("cb", colours) + "set colorbox user origin " +
         place.at(bar_left, place.bottom) + " size " + place.at(bar_px, place.bar_height) +
         "\nset label 1 " + gnuplot_text(map.value_label) + " at " +
         place.at(bar_left + bar_px + text_width_px(colours),
                  place.bottom + 0.5 * place.bar_height) +
         " center rotate by 90\n";
}

std::string panel_commands(const MapPlot& map, std::size_t k, bool titled, const Place& place) {
  const double width_m = map.step_m * static_cast<double>(map.values.nx);
  const double height_m = step_y_of(map) * static_cast<double>(map.values.ny);
  const bool micrometres = std::max(width_m, height_m) >= 2e-6;
  const double unit_m = micrometres ? 1e-6 : 1e-9;
  const char* unit = micrometres ? "µm" : "nm";
  const Doubled times = doubled(map.values);
  const double dx = map.step_m / unit_m / static_cast<double>(times.columns);
  const double dy = step_y_of(map) / unit_m / static_cast<double>(times.rows);
  return frame_commands(place) + bar_commands(map, place) +
         axis_commands(
             "x", axis_between(0.0, width_m / unit_m, std::max(2.0, place.width / px_per_x_tick))) +
         axis_commands(
             "y", axis_between(0.0, height_m / unit_m, std::max(2.0, place.height / px_per_tick))) +
         fmt::format(
             "set xlabel {} offset character 0,0.4\n"
             "set ylabel {}\n"
             "set title {} offset character 0,-0.5\n",
             gnuplot_text(fmt::format("x ({})", unit)),
             gnuplot_text(fmt::format("y ({})", unit)),
             gnuplot_text(titled ? map.title : "")) +
         fmt::format(
             "plot 'map{}' binary array=({},{}) format='%float64' dx={:.12g} dy={:.12g} "
             "origin=({:.12g},{:.12g}) with image notitle\n",
             k,
             map.values.nx * times.columns,
             map.values.ny * times.rows,
             dx,
             dy,
             0.5 * dx,
             0.5 * dy);
}

double ratio_of(const MapPlot& map) {
  return step_y_of(map) * static_cast<double>(map.values.ny) /
         (map.step_m * static_cast<double>(map.values.nx));
}

Panel panel_for(const std::vector<MapPlot>& maps) {
  Panel panel;
  panel.plot_width_px = maps.size() == 1 ? 420.0 : 290.0;
  double ratio = 0.0;
  for (const MapPlot& map : maps) {
    ratio = std::max(ratio, ratio_of(map));
    panel.right_px = std::max(panel.right_px, right_px(map));
  }
  panel.plot_height_px =
      std::clamp(panel.plot_width_px * ratio, least_bar_px, 1.6 * panel.plot_width_px);
  return panel;
}

// Panel `k` of a grid of `rows` x `columns`. Pixels are square unless the map would become a
// thread.
Place place_of(
    const MapPlot& map, const Panel& panel, std::size_t k, std::size_t columns, std::size_t rows) {
  const double ratio = ratio_of(map);
  const double width = std::min(panel.plot_width_px, panel.plot_height_px / ratio);
  Place place;
  place.left = left_px + panel.width_px() * static_cast<double>(k % columns);
  const std::size_t below = rows - 1 - k / columns;
  place.bottom = bottom_px + panel.height_px() * static_cast<double>(below);
  place.width = std::max(width, least_side_px);
  place.height = std::max(width * ratio, least_side_px);
  place.bar_height = std::max(place.height, least_bar_px);
  place.page_width = panel.width_px() * static_cast<double>(columns);
  place.page_height = panel.height_px() * static_cast<double>(rows);
  return place;
}

std::string caption_of(const std::vector<MapPlot>& maps, const std::string& caption) {
  std::string out = caption;
  const auto add = [&](const char* sentence) {
    out += (out.empty() ? "" : " ") + std::string(sentence);
  };
  if (std::any_of(maps.begin(), maps.end(), range_from_values)) {
    add("Colours from the 1st to the 99th percentile.");
  }
  const bool told = caption.find("rey:") != std::string::npos;
  if (!told && !std::all_of(maps.begin(), maps.end(), is_complete)) {
    add("Grey: no value.");
  }
  return out;
}

}  // namespace

Figure draw(const std::vector<MapPlot>& maps,
            const std::string& title,
            const std::string& caption) {
  require(!maps.empty(), "a picture of maps needs at least one map");
  std::for_each(maps.begin(), maps.end(), check);
  const Panel panel = panel_for(maps);
  const std::size_t columns = std::min<std::size_t>(2, maps.size());
  const std::size_t rows = (maps.size() + columns - 1) / columns;
  std::string script = fmt::format(
      "set terminal pngcairo size {:.0f},{:.0f} noenhanced font 'sans,20' linewidth {} background "
      "'#ffffff'\nset multiplot\nset border 15 linewidth 0.8 linecolor rgb '#404040'\n"
      "set tics nomirror out scale 0.5\nset object 1 rectangle from graph 0, graph 0 to graph 1, "
      "graph 1 behind fillstyle solid noborder fillcolor rgb '{}'\n",
      panel.width_px() * static_cast<double>(columns) * scale,
      panel.height_px() * static_cast<double>(rows) * scale,
      scale,
      no_value_colour);
  std::map<std::string, std::string> files;
  for (std::size_t k = 0; k < maps.size(); ++k) {
    files[fmt::format("map{}", k)] = values_of(maps[k]);
    script += panel_commands(
        maps[k], k, maps[k].title != title, place_of(maps[k], panel, k, columns, rows));
  }
  script += "unset multiplot";
  return {title, caption_of(maps, caption), "image/png", run_gnuplot(script, files)};
}

Figure draw(const MapPlot& map) {
  return draw(std::vector{map}, map.title, map.caption);
}

}  // namespace halotwin::validation
