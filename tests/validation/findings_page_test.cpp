// What any pipeline found, as a page.
#include "validation/findings_page.hpp"

#include <cmath>

#include <gtest/gtest.h>

namespace halotwin::validation {
namespace {

analysis::FoundMap map_of(const std::string& unit, float value) {
  return {"a_b", "", unit, 2, 1, 12e-9, 24e-9, {value, NAN}};
}

TEST(FindingsPage, MapsGetAPrefixThatSuitsThem) {
  const MapPlot heights = map_plot(map_of("m", 25e-9F));
  EXPECT_EQ(heights.value_label, "nm");
  EXPECT_NEAR(heights.values.values[0], 25.0, 1e-5);
  EXPECT_TRUE(std::isnan(heights.values.values[1]));
  EXPECT_EQ(heights.title, "a b");
  EXPECT_DOUBLE_EQ(heights.step_y_m, 24e-9);
  EXPECT_EQ(map_plot(map_of("V", -0.3F)).value_label, "mV");
  EXPECT_EQ(map_plot(map_of("V", 2.0F)).value_label, "V");
  EXPECT_EQ(map_plot(map_of("m/V", 2e-12F)).value_label, "pm/V");
  EXPECT_EQ(map_plot(map_of("deg", 1e-6F)).value_label, "deg");
  EXPECT_EQ(map_plot(map_of("1", 1e-6F)).value_label, "");
  EXPECT_EQ(map_plot(map_of("V", 0.0F)).value_label, "V");
}

TEST(FindingsPage, NumbersGetTheSamePrefixAsTheirSigma) {
  analysis::Findings findings;
  findings.values = {{"contact_potential_at_1_v", -3.7e-5, 3.7e-4, "V"},
                     {"frequency_300_k", 1722.0, 15.0, "Hz"},
                     {"contact_resonance", 1.353e6, 2e3, "Hz"},
                     {"share", 0.004, NAN, "1"}};
  const Page page = page_of(findings);
  EXPECT_EQ(page.values[0].name, "contact potential at 1 V");
  EXPECT_EQ(page.values[0].unit, "µV");
  EXPECT_DOUBLE_EQ(page.values[0].value, -37.0);
  EXPECT_DOUBLE_EQ(page.values[0].sigma, 370.0);
  EXPECT_EQ(page.values[1].name, "frequency 300 K");
  EXPECT_EQ(page.values[1].unit, "Hz");
  EXPECT_EQ(page.values[2].unit, "MHz");
  EXPECT_DOUBLE_EQ(page.values[2].value, 1.353);
  EXPECT_EQ(page.values[3].unit, "");
  EXPECT_DOUBLE_EQ(page.values[3].value, 0.004);
}

TEST(FindingsPage, PhasesDoNotJumpBetweenNeighboursAcrossHalfATurn) {
  analysis::FoundMap phase = map_of("rad", 3.1F);
  phase.values = {3.1F, -3.1F};
  const MapPlot plot = map_plot(phase);
  EXPECT_EQ(plot.value_label, "deg");
  EXPECT_NEAR(std::abs(plot.values.values[0] - plot.values.values[1]), 4.77, 0.01);
}

TEST(FindingsPage, LabelsAreClasses) {
  analysis::FoundMap levels = map_of("", 2.0F);
  levels.labels = true;
  EXPECT_EQ(map_plot(levels).classes, (std::vector<std::string>{"0", "1", "2"}));
  levels.label_names = {"none", "low", "high"};
  EXPECT_EQ(map_plot(levels).classes, levels.label_names);
}

TEST(FindingsPage, NumbersNullsWarningsAndPicturesAreThere) {
  analysis::Findings findings;
  findings.values = {{"stripe_angle", 70.0, 1.0, "deg", "of both families"}};
  findings.nulls = {{"stripe_angle", 10.0, 5.0, "1", "shuffled"}};
  findings.warnings = {"few pixels"};
  findings.note = "Lateral PFM.";
  findings.maps = {map_of("m", 1e-9F), map_of("V", 1.0F), map_of("V", 2.0F)};
  findings.maps[2].nx = 1;
  findings.maps[2].ny = 2;  // another shape: a picture of its own
  findings.maps.push_back({"empty", "", "", 0, 0, 0.0, 0.0, {}});
  analysis::FoundCurve curve{"c", "Curve", "x (m)", "y", false, false, {}};
  curve.series = {{"one", {1, 2, 3}, {1, 4, 9}, {1, 1, 1}}};
  findings.curves = {curve};
  const Page page = page_of(findings);
  ASSERT_EQ(page.values.size(), 1U);
  EXPECT_EQ(page.values[0].name, "stripe angle");
  EXPECT_EQ(page.nulls[0].unit, "");
  EXPECT_EQ(page.note, "Lateral PFM.");
  EXPECT_EQ(page.warnings, findings.warnings);
  EXPECT_EQ(page.figures.size(), 3U);
  for (const Figure& figure : page.figures) {
    EXPECT_FALSE(figure.image.empty());
  }
}

}  // namespace
}  // namespace halotwin::validation
