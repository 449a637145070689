#include "validation/plot.hpp"

#include <algorithm>
#include <array>
#include <cmath>

#include <fmt/format.h>

#include "base/require.hpp"
#include "validation/gnuplot.hpp"
#include "validation/plot_axis.hpp"

namespace halotwin::validation {

namespace {

// Okabe and Ito, Color Universal Design (2008): told apart with any colour vision; without the
// yellow, too pale on white.
constexpr std::array palette{
    "#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000"};

constexpr int width_px = 820;
constexpr int height_px = 400;
constexpr int legend_row_px = 22;

bool on_axis(double value, bool log) {
  return std::isfinite(value) && (!log || value > 0.0);
}

double sigma_at(const Curve& curve, std::size_t i) {
  return curve.sigma.empty() || !std::isfinite(curve.sigma[i]) ? 0.0 : std::abs(curve.sigma[i]);
}

void check(const Curve& curve) {
  require(curve.x.size() == curve.y.size(),
          fmt::format("curve \"{}\": {} x but {} y", curve.name, curve.x.size(), curve.y.size()));
  require(curve.sigma.empty() || curve.sigma.size() == curve.y.size(),
          fmt::format(
              "curve \"{}\": {} sigma but {} y", curve.name, curve.sigma.size(), curve.y.size()));
}

std::size_t visible_points(const CurvePlot& plot, const Curve& curve) {
  std::size_t count = 0;
  for (std::size_t i = 0; i < curve.x.size(); ++i) {
    count += on_axis(curve.x[i], plot.log_x) && on_axis(curve.y[i], plot.log_y) ? 1 : 0;
  }
  return count;
}

Axis x_axis(const CurvePlot& plot) {
  std::vector<double> values = plot.vertical_lines;
  for (const Curve& curve : plot.curves) {
    for (std::size_t i = 0; i < curve.x.size(); ++i) {
      if (on_axis(curve.y[i], plot.log_y)) {
        values.push_back(curve.x[i]);
      }
    }
  }
  return axis_over(values, plot.log_x, 0.02);
}

// Bands count, but may not take more than the room of the curves themselves: one wild sigma must
// not flatten the picture.
Axis y_axis(const CurvePlot& plot) {
  std::vector<double> values = plot.horizontal_lines;
  for (const Curve& curve : plot.curves) {
    for (std::size_t i = 0; i < curve.y.size(); ++i) {
      if (on_axis(curve.x[i], plot.log_x)) {
        values.push_back(curve.y[i]);
      }
    }
  }
  const Axis curves = axis_over(values, plot.log_y, 0.5);
  for (const Curve& curve : plot.curves) {
    for (std::size_t i = 0; i < curve.y.size(); ++i) {
      if (on_axis(curve.x[i], plot.log_x) && on_axis(curve.y[i], plot.log_y)) {
        values.push_back(std::max(curves.low, curve.y[i] - sigma_at(curve, i)));
        values.push_back(std::min(curves.high, curve.y[i] + sigma_at(curve, i)));
      }
    }
  }
  return axis_over(values, plot.log_y, 0.05);
}

// x, y, lower and upper end of the band; a blank line interrupts curve and band where nothing can
// be shown.
std::string rows_of(const CurvePlot& plot, const Curve& curve, const Axis& y) {
  std::string rows;
  bool broken = true;
  for (std::size_t i = 0; i < curve.x.size(); ++i) {
    if (!on_axis(curve.x[i], plot.log_x) || !on_axis(curve.y[i], plot.log_y)) {
      rows += broken ? "" : "\n";
      broken = true;
      continue;
    }
    const double sigma = sigma_at(curve, i);
    rows += fmt::format("{:.9g} {:.9g} {:.9g} {:.9g}\n",
                        curve.x[i],
                        curve.y[i],
                        std::max(curve.y[i] - sigma, y.low),
                        std::min(curve.y[i] + sigma, y.high));
    broken = false;
  }
  return rows;
}

std::string legend(const std::string& name) {
  return name.empty() ? "notitle" : "title " + gnuplot_text(name);
}

// The parts of the plot command for curve `k`: its band, then the curve.
std::vector<std::string> parts_of(const CurvePlot& plot, std::size_t k) {
  const Curve& curve = plot.curves[k];
  const std::string colour = palette[k % palette.size()];
  const std::string file = fmt::format("'curve{}'", k);
  const std::size_t visible = visible_points(plot, curve);
  if (visible == 0) {
    return {fmt::format("NaN with lines linecolor rgb '{}' linewidth 2 {}",
                        colour,
                        legend(curve.name.empty() ? "" : curve.name + " (no values)"))};
  }
  const std::string symbol = fmt::format(
      "linecolor rgb '{}' linewidth 1.2 pointtype 7 pointsize 0.45 {}", colour, legend(curve.name));
  if (curve.points || visible == 1) {
    return {curve.sigma.empty() ? file + " using 1:2 with points " + symbol
                                : file + " using 1:2:3:4 with yerrorbars " + symbol};
  }
  std::vector<std::string> parts;
  if (!curve.sigma.empty()) {
    parts.push_back(fmt::format(
        "{} using 1:3:4 with filledcurves fillstyle transparent solid 0.2 noborder fillcolor rgb "
        "'{}' notitle",
        file,
        colour));
  }
  // after the seventh curve the colours come again, with dots
  const std::string dash = curve.dashed          ? " dashtype (9,5)"
                           : k >= palette.size() ? " dashtype (2,4)"
                                                 : "";
  parts.push_back(fmt::format("{} using 1:2 with lines linecolor rgb '{}' linewidth 2{} {}",
                              file,
                              colour,
                              dash,
                              legend(curve.name)));
  return parts;
}

std::string guide_lines(const CurvePlot& plot) {
  std::string out;
  const std::string style = "nohead back linecolor rgb '#8a8a8a' linewidth 1";
  for (const double at : plot.vertical_lines) {
    if (on_axis(at, plot.log_x)) {
      out += fmt::format(
          "set arrow from first {0:.12g}, graph 0 to first {0:.12g}, graph 1 {1}\n", at, style);
    }
  }
  for (const double at : plot.horizontal_lines) {
    if (on_axis(at, plot.log_y)) {
      out += fmt::format(
          "set arrow from graph 0, first {0:.12g} to graph 1, first {0:.12g} {1}\n", at, style);
    }
  }
  return out;
}

// Rows that the legend needs above the plot; gnuplot gives every entry the width of the longest.
int legend_rows(const CurvePlot& plot) {
  std::size_t longest = 0;
  std::size_t entries = 0;
  for (const Curve& curve : plot.curves) {
    longest = std::max(longest, curve.name.size());
    entries += curve.name.empty() ? 0 : 1;
  }
  const std::size_t per_row = std::max<std::size_t>(1, 740 / (45 + 8 * longest));
  return static_cast<int>((entries + per_row - 1) / per_row);
}

}  // namespace

Figure draw(const CurvePlot& plot) {
  std::for_each(plot.curves.begin(), plot.curves.end(), check);
  const Axis x = x_axis(plot);
  const Axis y = y_axis(plot);
  std::string script =
      fmt::format(
          "set terminal svg size {},{} noenhanced font 'sans-serif,14' background "
          "'#ffffff'\n",
          width_px,
          height_px + legend_row_px * legend_rows(plot)) +
      "set border 3 linewidth 1 linecolor rgb '#404040'\n"
      "set key above left horizontal Left reverse samplen 2.2 spacing 1.1\n"
      "set tics nomirror out scale 0.7,0.4\nset errorbars small\nset pointintervalbox 0\n" +
      axis_commands("x", x) + axis_commands("y", y) +
      "set grid xtics ytics back linetype 1 linecolor rgb '#e6e6e6' linewidth 1\n" + "set xlabel " +
      gnuplot_text(plot.x_label) + "\nset ylabel " + gnuplot_text(plot.y_label) +
      " offset character -0.5,0\n" + guide_lines(plot);
  std::map<std::string, std::string> files;
  std::string commands;
  std::size_t visible = 0;
  for (std::size_t k = 0; k < plot.curves.size(); ++k) {
    files[fmt::format("curve{}", k)] = rows_of(plot, plot.curves[k], y);
    visible += visible_points(plot, plot.curves[k]);
    for (const std::string& part : parts_of(plot, k)) {
      commands += (commands.empty() ? "plot " : ", \\\n  ") + part;
    }
  }
  if (visible == 0) {
    script += "set label \"no values\" at graph 0.5, graph 0.5 center textcolor rgb '#606060'\n";
  }
  script += commands.empty() ? "plot NaN notitle" : commands;
  return {plot.title, plot.caption, "image/svg+xml", run_gnuplot(script, files)};
}

}  // namespace halotwin::validation
