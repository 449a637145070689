// The scenario files that come with the program, and how a scenario is read.
#include <algorithm>
#include <chrono>
#include <fstream>

#include <gtest/gtest.h>

#include "base/errors.hpp"
#include "base/fields.hpp"
#include "session/run.hpp"
#include "session/scenario.hpp"

namespace halotwin::session {
namespace {

std::string message_of(const std::string& setting) {
  try {
    (void)load_scenario("pm_dns_quick", {.settings = {setting}});
  } catch (const ParameterError& error) {
    return error.what();
  }
  return "no error";
}

TEST(ScenarioFiles, AllLoadAndSayWhatTheyAre) {
  const auto all = built_in_scenarios();
  ASSERT_GE(all.size(), 4U);
  for (const BuiltInScenario& built_in : all) {
    const Scenario scenario = load_scenario(built_in.name);
    EXPECT_FALSE(scenario.info.title.empty()) << built_in.name;
    EXPECT_GT(estimate_costs(scenario).experiment.units, 0U) << built_in.name;
  }
}

TEST(ScenarioFiles, EveryNumberHasAComment) {
  for (const BuiltInScenario& built_in : built_in_scenarios()) {
    std::ifstream file(built_in.file);
    std::string line;
    for (int number = 1; std::getline(file, line); ++number) {
      const auto equals = line.find(" = ");
      if (line.starts_with('#') || equals == std::string::npos ||
          line.find('#') != std::string::npos) {
        continue;
      }
      const std::string key = line.substr(0, equals);
      EXPECT_FALSE(key.ends_with("_m") || key.ends_with("_s") || key.ends_with("_v"))
          << built_in.name << ":" << number << ": " << line;
    }
  }
}

TEST(ScenarioFiles, TheFreshFilmTakesADay) {
  const Costs costs = estimate_costs(load_scenario("pm_dns_fresh_film"));
  EXPECT_EQ(costs.experiment.units, 16384U);
  EXPECT_EQ(costs.experiment.readings, 2U * 16384U * 64U);
  EXPECT_NEAR(seconds(costs.experiment.duration), 24.0 * 3600.0, 0.01 * 24.0 * 3600.0);
}

TEST(Scenario, ConfigurationGivesTheSameScenarioAgain) {
  const Scenario scenario =
      load_scenario("pm_dns_fresh_film_lines",
                    {.settings = {R"(fault=[{device="afm", operation="approach", at_count=3}])",
                                  "analysis.pm_dns.nmf.rank=3"},
                     .devices = {},
                     .seed = "77"});
  const Table configuration = scenario.configuration();
  const Scenario again = scenario_from_configuration(configuration);
  EXPECT_EQ(to_toml(again.configuration()), to_toml(configuration));
  EXPECT_EQ(again.info.seed, 77U);
  EXPECT_EQ(again.simulated.faults, scenario.simulated.faults);
  EXPECT_EQ(again.simulated.specimen, scenario.simulated.specimen);
}

TEST(Scenario, FilmFitsTheMapUnlessItsSizeIsGiven) {
  const auto film = [](const std::vector<std::string>& settings) {
    return load_scenario("pm_dns_quick", {.settings = settings}).simulated.specimen.microstructure;
  };
  EXPECT_NEAR(film({}).width_m, 48 * 12e-9, 1e-15);
  EXPECT_NEAR(film({"procedure.pm_dns_map.columns=200"}).width_m, 200 * 12e-9, 1e-15);
  EXPECT_NEAR(film({"specimen.microstructure.width_m=\"2 um\""}).width_m, 2e-6, 1e-15);
}

TEST(Scenario, CommandLineSeedWinsOverSettingAndFile) {
  const Overrides both{.settings = {"scenario.seed=5"}, .devices = {}, .seed = "9"};
  EXPECT_EQ(load_scenario("pm_dns_quick", both).info.seed, 9U);
}

TEST(Scenario, InstantsAreReadAsUtc) {
  using std::chrono::seconds;
  EXPECT_EQ(parse_instant("1970-01-02T00:00:01Z"), seconds(86401));
  EXPECT_EQ(parse_instant("2026-01-01T00:00:00+00:00"), seconds(1767225600));
  for (const char* wrong : {"",
                            "2026-01-01",
                            "2026-13-01T00:00:00Z",
                            "2026-01-01T24:00:00Z",
                            "2026-01-01T00:00:00+01:00"}) {
    EXPECT_THROW((void)parse_instant(wrong), ParameterError) << wrong;
  }
}

struct Wrong {
  const char* setting;
  const char* expected;  // part of the message
};
class WrongSetting : public testing::TestWithParam<Wrong> {};

TEST_P(WrongSetting, IsRefusedWithItsName) {
  EXPECT_NE(message_of(GetParam().setting).find(GetParam().expected), std::string::npos)
      << message_of(GetParam().setting);
}

INSTANTIATE_TEST_SUITE_P(
    Scenario,
    WrongSetting,
    testing::Values(Wrong{"procedure.pm_dns_map.colums=6", "did you mean \"columns\"?"},
                    Wrong{"surroundigs.pace=1", "did you mean \"surroundings\"?"},
                    Wrong{"procedure.pm_dns_mop.columns=1", "did you mean \"pm_dns_map\"?"},
                    Wrong{"instruments.amf.closest_approach_m=1e-9", "did you mean \"afm\"?"},
                    Wrong{"analysis.pm_dns.chanel=loss", "did you mean \"channel\"?"},
                    Wrong{"procedure.pm_dns_map.step_m=12 V", "wrong unit \"V\""},
                    Wrong{"procedure.pm_dns_map.step_m=nan", "finite"},
                    Wrong{"procedure.pm_dns_map.columns=0", "columns = 0 (must be"},
                    Wrong{"specimen.film.thickness_m=-1", "thickness_m = -1 (must be > 0)"},
                    Wrong{"specimen=3", "expected a table"},
                    Wrong{"cable=3", "[[cable]]"},
                    Wrong{"bench.afm=nanomix://x", "known: \"sim:\""},
                    Wrong{"scenario.start=yesterday", "2026-01-01T00:00:00Z"},
                    Wrong{"scenario.seed=-3", ">= 0"},
                    Wrong{"limits.bias_peak_v=0.1", "limits.bias_peak_v = 0.1"},
                    Wrong{"procedure.pm_dns_map.first_pixel_m=[-1e-6, 0]", "the film goes from 0"},
                    Wrong{"specimen.microstructure.width_m=2e-7",
                          "specimen.microstructure.width_m"},
                    Wrong{R"(fault=[{device="amf"}])", "did you mean \"afm\"?"}));

}  // namespace
}  // namespace halotwin::session
