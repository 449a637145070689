// What the commands print and leave behind when all is well.
#include <nlohmann/json.hpp>

#include "base/errors.hpp"
#include "data/recording_reader.hpp"
#include "data/truth.hpp"
#include "tests/app/program.hpp"

namespace halotwin::tests {
namespace {

using Json = nlohmann::json;
using Names = std::vector<std::string>;

class Commands : public ProgramTest {};

TEST_F(Commands, HelpAndVersionAreAnswers) {
  EXPECT_EQ(call({"--help"}).status, 0);
  EXPECT_EQ(call({"run", "--help"}).status, 0);
  const Outcome version = call({"--version"});
  EXPECT_EQ(version.status, 0);
  EXPECT_TRUE(version.out.starts_with("halotwin ")) << version.out;
}

TEST_F(Commands, ListNamesScenariosAddressesAndPipelines) {
  const Outcome text = call({"list"});
  EXPECT_EQ(text.status, 0);
  const Json json = Json::parse(call({"list", "--json"}).out);
  Names names;
  for (const Json& scenario : json["scenarios"]) {
    names.push_back(scenario["name"]);
    EXPECT_NE(text.out.find(names.back()), std::string::npos);
  }
  EXPECT_NE(std::find(names.begin(), names.end(), "pm_dns_quick"), names.end());
  EXPECT_EQ(json["device_addresses"][0]["form"], "sim:");
  const Names pipelines = json["pipelines"];
  EXPECT_NE(std::find(pipelines.begin(), pipelines.end(), "pm_dns"), pipelines.end());
}

TEST_F(Commands, RunNamesItsOutputAfterTheScenario) {
  put("tiny.toml",
      "[scenario]\nprocedure = \"pm_dns_map\"\n[procedure.pm_dns_map]\ncolumns = 4\nrows = 3\n"
      "frequencies = { points = 4 }\n");
  const Outcome outcome = call({"run", "tiny.toml", "--seed", "42"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(files(), (Names{"tiny.nxs", "tiny.toml"}));
  const Json info = Json::parse(call({"info", "--json", "tiny.nxs"}).out);
  EXPECT_EQ(info["seed"], 42);
  EXPECT_EQ(info["status"], "complete");
  EXPECT_EQ(info["units_done"], 12);
  EXPECT_EQ(info["scenario_file"], "tiny.toml");
  EXPECT_EQ(info["command_line"], "halotwin run tiny.toml --seed 42");
  EXPECT_EQ(info["devices"].size(), 3U);
}

TEST_F(Commands, ARecordingHoldsEveryValueThatWasUsed) {
  ASSERT_EQ(call(map("map.nxs", 4, 3, 4)).status, 0);
  const data::RecordingReader reader(at("map.nxs"));
  const Table& used = reader.header().configuration;
  for (const char* section : {"scenario",
                              "sample",
                              "specimen.microstructure",
                              "specimen.ions",
                              "surroundings",
                              "instruments.afm.cantilever",
                              "instruments.lockin_electrical",
                              "limits",
                              "procedure.pm_dns_map.frequencies"}) {
    EXPECT_NE(used.table_at(section), nullptr) << section;
  }
  EXPECT_NE(reader.header().scenario_text.find("[scenario]"), std::string::npos);
  EXPECT_FALSE(reader.header().software.commit.empty());
}

TEST_F(Commands, TruthIsSampledWhereTheTipWas) {
  ASSERT_EQ(call(map("map.nxs", 6, 5, 4)).status, 0);
  const data::TruthReader truth(at("map.nxs"));
  const auto tip_x = truth.read<double>("tip_x");
  const auto height = truth.read<float>("height");
  const data::SignalSpec native = truth.spec("native_height");
  ASSERT_EQ(tip_x.size(), 30U);
  ASSERT_EQ(native.axes.size(), 2U);
  const auto native_height = truth.read<float>("native_height");
  const auto [low, high] = std::minmax_element(native_height.begin(), native_height.end());
  for (std::size_t i = 0; i < 30; ++i) {
    EXPECT_NEAR(tip_x[i], 12e-9 * static_cast<double>(i % 6), 10e-9) << i;
    EXPECT_GE(height[i], *low);
    EXPECT_LE(height[i], *high);
  }
}

TEST_F(Commands, BlindRecordingsHaveNoTruthInsideAndTamperingIsNoticed) {
  ASSERT_EQ(call(map("map.nxs", 6, 5, 4, {"--blind"})).status, 0);
  EXPECT_EQ(files(), (Names{"map.nxs", "map.truth.nxs"}));
  EXPECT_TRUE(data::is_blind(at("map.nxs")));
  EXPECT_NO_THROW(data::verify_seal(at("map.nxs"), at("map.truth.nxs")));
  EXPECT_NO_THROW(data::TruthReader{at("map.nxs")});
  for (const char* name : {"map.nxs", "map.truth.nxs"}) {
    const std::string whole = bytes(name);
    const std::size_t place = whole.find("height") + 4000;
    std::string changed = whole;
    changed[std::min(place, whole.size() - 1)] ^= 1;
    bool noticed = false;
    for (std::size_t at_byte = whole.size() / 4; at_byte < whole.size() && !noticed;
         at_byte += whole.size() / 7) {
      changed = whole;
      changed[at_byte] ^= 1;
      put(name, changed);
      try {
        data::verify_seal(at("map.nxs"), at("map.truth.nxs"));
      } catch (const DataError&) {
        noticed = true;
      }
    }
    EXPECT_TRUE(noticed) << name;
    put(name, whole);
  }
  std::filesystem::remove(at("map.truth.nxs"));
  EXPECT_THROW(data::TruthReader{at("map.nxs")}, DataError);
}

TEST_F(Commands, ABlindRunCanBeTakenUpAgain) {
  const char* fault = R"(fault=[{device="afm", operation="approach", at_count=12}])";
  ASSERT_EQ(call(map("map.nxs", 6, 5, 4, {"--blind", "--set", fault})).status, 3);
  ASSERT_EQ(call({"resume", "map.nxs"}).status, 0);
  EXPECT_EQ(files(), (Names{"map.nxs", "map.truth.nxs"}));
  EXPECT_NO_THROW(data::TruthReader{at("map.nxs")});
}

TEST_F(Commands, AnalyseAddsItsResultAndInfoShowsIt) {
  ASSERT_EQ(call(map("map.nxs", 20, 20, 16)).status, 0);
  const Outcome analysed = call({"analyse", "map.nxs", "--set", "exclude_lines=0"});
  ASSERT_EQ(analysed.status, 0) << analysed.err;
  const Json info = Json::parse(call({"info", "--json", "map.nxs"}).out);
  ASSERT_EQ(info["results"].size(), 1U);
  EXPECT_EQ(info["results"][0]["name"], "pm_dns");
  EXPECT_GT(info["results"][0]["scalars"].size(), 5U);
  EXPECT_EQ(call({"analyse", "map.nxs", "--set", "exclude_lines=0"}).status, 0);  // replaces it
}

TEST_F(Commands, ExportWritesGwyddionFiles) {
  ASSERT_EQ(call(map("map.nxs", 6, 5, 4)).status, 0);
  EXPECT_EQ(call({"export", "map.nxs", "-o", "map.gwy"}).status, 0);
  EXPECT_EQ(call({"export", "map.nxs", "-o", "map.gsf", "--signal", "topography"}).status, 0);
  EXPECT_TRUE(bytes("map.gwy").starts_with("GWYP"));
  EXPECT_TRUE(bytes("map.gsf").starts_with("Gwyddion Simple Field 1.0"));
}

}  // namespace
}  // namespace halotwin::tests
