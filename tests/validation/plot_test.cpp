// Pictures are well-formed whatever the values and texts are, and show what was asked for.
#include "validation/plot.hpp"

#include <cmath>
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <limits>

#include <gtest/gtest.h>

#include "base/constants.hpp"
#include "base/errors.hpp"
#include "validation/gnuplot.hpp"
#include "validation/plot_axis.hpp"
#include "validation/scratch_folder.hpp"

namespace halotwin::validation {
namespace {

constexpr double inf = std::numeric_limits<double>::infinity();

bool contains(const std::string& text, std::string_view part) {
  return text.find(part) != std::string::npos;
}

// Every element is closed, in order, and "&" only begins an entity.
bool well_formed(const std::string& xml) {
  std::vector<std::string> open;
  for (std::size_t at = xml.find('<'); at != std::string::npos; at = xml.find('<', at + 1)) {
    const std::size_t end = xml.find('>', at);
    if (end == std::string::npos) {
      return false;
    }
    const std::string tag = xml.substr(at + 1, end - at - 1);
    const std::string name = tag.substr(0, tag.find_first_of(" \t\r\n/", 1));
    if (tag.front() == '/') {
      if (open.empty() || "/" + open.back() != name) {
        return false;
      }
      open.pop_back();
    } else if (tag.front() != '?' && tag.front() != '!' && tag.back() != '/') {
      open.push_back(name);
    }
  }
  for (std::size_t at = xml.find('&'); at != std::string::npos; at = xml.find('&', at + 1)) {
    const std::size_t end = xml.find(';', at);
    if (end == std::string::npos || end - at > 6) {
      return false;
    }
  }
  return open.empty();
}

std::uint32_t big_endian(const std::string& bytes, std::size_t at) {
  std::uint32_t value = 0;
  for (std::size_t i = at; i < at + 4; ++i) {
    value = value << 8U | static_cast<unsigned char>(bytes[i]);
  }
  return value;
}

// Signature, header and end of a PNG; its width and height.
std::pair<std::uint32_t, std::uint32_t> png_size(const Figure& figure) {
  EXPECT_EQ(figure.media, "image/png");
  const std::string& png = figure.image;
  EXPECT_TRUE(png.starts_with("\x89PNG\r\n\x1a\n"));
  EXPECT_EQ(png.substr(12, 4), "IHDR");
  EXPECT_EQ(png.substr(png.size() - 8, 4), "IEND");
  return {big_endian(png, 16), big_endian(png, 20)};
}

CurvePlot peak() {
  CurvePlot plot{"Spectrum", "A caption.", "frequency (Hz)", "loss", true};
  Curve curve{"measured", log_spacing(100.0, 1e4, 32), {}, {}};
  for (const double f : curve.x) {
    curve.y.push_back(std::exp(-std::pow(std::log(f / 1000.0), 2)));
    curve.sigma.push_back(0.05);
  }
  plot.curves = {curve};
  return plot;
}

MapPlot slope(std::size_t nx, std::size_t ny) {
  MapPlot map{"Slope", "", "height (nm)", Image<double>(nx, ny), 10e-9};
  for (std::size_t i = 0; i < map.values.size(); ++i) {
    map.values.values[i] = static_cast<double>(i);
  }
  return map;
}

TEST(CurvePicture, IsAWellFormedSvgWithItsTexts) {
  const Figure figure = draw(peak());
  EXPECT_EQ(figure.title, "Spectrum");
  EXPECT_EQ(figure.caption, "A caption.");
  EXPECT_EQ(figure.media, "image/svg+xml");
  EXPECT_TRUE(well_formed(figure.image));
  for (const char* text : {">frequency (Hz)<", ">loss<", ">measured<", ">1000<", ">500<"}) {
    EXPECT_TRUE(contains(figure.image, text)) << text;
  }
  EXPECT_FALSE(contains(figure.image, "<script"));
}

TEST(CurvePicture, IsTheSameEveryTime) {
  EXPECT_EQ(draw(peak()).image, draw(peak()).image);
}

TEST(CurvePicture, ShowsAnyTextAsItIsAndExecutesNone) {
  const ScratchFolder folder("halotwin-plot-test");
  const std::string touched = (folder.path() / "touched").string();
  CurvePlot plot = peak();
  plot.x_label = "a<b & \"c\" 'd' \\n {e} %f @g #h 100 µm";
  plot.y_label = "`touch " + touched + "`";
  plot.curves[0].name = "'; system('touch " + touched + "'); '10";
  const std::string svg = draw(plot).image;
  EXPECT_TRUE(well_formed(svg));
  EXPECT_FALSE(std::filesystem::exists(touched));
  EXPECT_TRUE(contains(svg, "a&lt;b &amp; ")) << svg;
  EXPECT_TRUE(contains(svg, "{e} %f @g #h 100 µm"));
  EXPECT_TRUE(contains(svg, "`touch "));
}

TEST(CurvePicture, LeavesOutWhatIsNoNumber) {
  CurvePlot plot = peak();
  plot.log_y = true;
  plot.curves[0].y[3] = nan;
  plot.curves[0].y[4] = inf;
  plot.curves[0].y[5] = -1.0;
  plot.curves[0].sigma[9] = nan;
  plot.curves[0].sigma[10] = inf;
  EXPECT_TRUE(well_formed(draw(plot).image));
}

TEST(CurvePicture, SaysWhereThereIsNothingToShow) {
  CurvePlot plot{"Empty", "", "x", "y"};
  EXPECT_TRUE(contains(draw(plot).image, "no values"));
  plot.curves = {{"none", {}, {}}, {"all NaN", {1.0, 2.0}, {nan, nan}, {nan, nan}}};
  const std::string svg = draw(plot).image;
  EXPECT_TRUE(well_formed(svg));
  EXPECT_TRUE(contains(svg, "all NaN (no values)"));
  plot.log_x = plot.log_y = true;
  EXPECT_TRUE(well_formed(draw(plot).image));
}

TEST(CurvePicture, ShowsASinglePointAndAConstant) {
  CurvePlot plot{"One", "", "x", "y"};
  plot.curves = {{"point", {1.0}, {2.0}}};
  EXPECT_TRUE(well_formed(draw(plot).image));
  plot.curves = {{"flat", {1.0, 2.0}, {0.0, 0.0}}};
  EXPECT_TRUE(well_formed(draw(plot).image));
}

TEST(CurvePicture, RefusesColumnsOfDifferentLength) {
  CurvePlot plot = peak();
  plot.curves[0].y.pop_back();
  EXPECT_THROW(static_cast<void>(draw(plot)), ParameterError);
  plot = peak();
  plot.curves[0].sigma.pop_back();
  EXPECT_THROW(static_cast<void>(draw(plot)), ParameterError);
}

TEST(MapPicture, KeepsTheRatioOfItsSides) {
  const auto [square_width, square_height] = png_size(draw(slope(32, 32)));
  const auto [width, height] = png_size(draw(slope(32, 16)));
  EXPECT_NEAR(square_width, width, 40);     // the labels of the colour bar may differ
  EXPECT_EQ(square_height - height, 420U);  // half of the plot, at two pixels per pixel
}

TEST(MapPicture, OfOnePixelOrOneLineIsDrawnToo) {
  for (const auto& [nx, ny] : {std::pair<std::size_t, std::size_t>{1, 1}, {1, 64}, {64, 1}}) {
    const auto [width, height] = png_size(draw(slope(nx, ny)));
    EXPECT_GT(width, 200U);
    EXPECT_GT(height, 200U);
  }
}

TEST(MapPicture, ShowsWhatHasNoValueAndTellsIt) {
  MapPlot map = slope(8, 8);
  EXPECT_EQ(draw(map).caption, "Colours from the 1st to the 99th percentile.");
  const std::string complete = draw(map).image;
  map.values.values[5] = nan;
  EXPECT_TRUE(draw(map).caption.ends_with("Grey: no value."));
  EXPECT_NE(draw(map).image, complete);
  map.caption = "Grey: left out.";
  map.low = 0.0;
  map.high = 10.0;
  EXPECT_EQ(draw(map).caption, "Grey: left out.");
  map.values = Image<double>(4, 4, nan);
  EXPECT_GT(png_size(draw(map)).first, 0U);
}

TEST(MapPicture, OfClassesHasADiscreteColourForEach) {
  MapPlot map = slope(3, 1);
  map.classes = {"grain", "boundary 50 %", "<hotspot>"};
  const Figure figure = draw(map);
  EXPECT_GT(png_size(figure).first, 0U);
  EXPECT_EQ(figure.caption, "");
  map.values.values[2] = 7.0;  // no such class
  EXPECT_EQ(draw(map).caption, "Grey: no value.");
}

TEST(MapPicture, PutsSeveralMapsInTwoColumns) {
  const MapPlot map = slope(16, 16);
  const auto two = png_size(draw({map, map}, "Maps", "Both."));
  const auto three = png_size(draw({map, map, map}, "Maps", "All."));
  EXPECT_EQ(two.first, three.first);
  EXPECT_EQ(2 * two.second, three.second);
}

TEST(MapPicture, RefusesAMapWithoutPixelsOrScale) {
  EXPECT_THROW(static_cast<void>(draw(std::vector<MapPlot>{}, "", "")), ParameterError);
  EXPECT_THROW(static_cast<void>(draw(MapPlot{})), ParameterError);
  MapPlot map = slope(4, 4);
  map.step_m = 0.0;
  EXPECT_THROW(static_cast<void>(draw(map)), ParameterError);
  map = slope(4, 4);
  map.values.values.pop_back();
  EXPECT_THROW(static_cast<void>(draw(map)), ParameterError);
}

std::string message_of(const std::string& script) {
  try {
    static_cast<void>(run_gnuplot(script, {}));
  } catch (const DataError& error) {
    return error.what();
  }
  return "";
}

TEST(Gnuplot, TellsItsFirstError) {
  EXPECT_TRUE(contains(message_of("set nonsense"), "unrecognized option"));
  EXPECT_TRUE(contains(message_of("x = 1"), "no picture"));
}

TEST(Gnuplot, IsAskedForWhereItIsMissing) {
  const ScratchFolder empty("halotwin-plot-test");
  const std::string path = std::getenv("PATH");
  setenv("PATH", empty.path().c_str(), 1);
  const std::string message = message_of("x = 1");
  setenv("PATH", path.c_str(), 1);
  EXPECT_TRUE(contains(message, "gnuplot: cannot be run")) << message;
  EXPECT_TRUE(contains(message, "gnuplot-nox")) << message;
}

std::vector<std::string> labels(const Axis& axis) {
  std::vector<std::string> out;
  for (const auto& tick : axis.ticks) {
    out.push_back(tick.second);
  }
  return out;
}

using Labels = std::vector<std::string>;

TEST(AxisTicks, AreRoundNumbers) {
  EXPECT_EQ(labels(axis_between(0.0, 1.0)), (Labels{"0", "0.2", "0.4", "0.6", "0.8", "1.0"}));
  EXPECT_EQ(labels(axis_between(-20.0, 20.0, 4.0)), (Labels{"−20", "−10", "0", "10", "20"}));
  EXPECT_EQ(labels(axis_between(0.0, 2e-5, 2.0)), (Labels{"0", "10⁻⁵", "2×10⁻⁵"}));
}

TEST(AxisTicks, FollowTheDecadesOfALogarithmicAxis) {
  EXPECT_EQ(labels(axis_over({100.0, 1e4}, true, 0.0)),
            (Labels{"100", "200", "500", "1000", "2000", "5000", "10000"}));
  EXPECT_EQ(labels(axis_over({0.01, 1e5}, true, 0.0)),
            (Labels{"0.01", "0.1", "1", "10", "100", "1000", "10000", "10⁵"}));
  // too narrow for 1, 2, 5
  EXPECT_EQ(labels(axis_over({800.0, 1000.0}, true, 0.0, 4.0)),
            (Labels{"800", "850", "900", "950", "1000"}));
}

TEST(AxisRange, TakesOnlyWhatCanBeShown) {
  const Axis axis = axis_over({nan, -inf, -1.0, 0.0, 10.0, 1000.0}, true, 0.0);
  EXPECT_DOUBLE_EQ(axis.low, 10.0);
  EXPECT_DOUBLE_EQ(axis.high, 1000.0);
  const Axis nothing = axis_over({nan}, false, 0.1);
  EXPECT_LT(nothing.low, nothing.high);
}

}  // namespace
}  // namespace halotwin::validation
