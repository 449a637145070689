// The registry of pipelines, and what write_findings() puts into a recording.
#include <cmath>
#include <cstdlib>

#include <gtest/gtest.h>

#include "analysis/findings_file.hpp"
#include "analysis/pipelines/pipeline.hpp"
#include "base/clock.hpp"
#include "base/constants.hpp"
#include "base/errors.hpp"
#include "data/recording_reader.hpp"
#include "data/recording_writer.hpp"
#include "data/toml_table.hpp"

namespace halotwin::analysis {
namespace {

TEST(Pipelines, EachHasANameOfItsOwnAndRefusesUnknownSettings) {
  std::vector<std::string_view> names;
  Table wrong;
  data::apply_setting(wrong, "no_such_setting=3");
  for (const Pipeline& pipeline : all_pipelines()) {
    for (const std::string_view name : names) {
      EXPECT_NE(name, pipeline.name);
    }
    names.push_back(pipeline.name);
    EXPECT_FALSE(pipeline.procedure.empty()) << pipeline.name;
    EXPECT_FALSE(pipeline.summary.empty()) << pipeline.name;
    EXPECT_NO_THROW(pipeline.check_settings({})) << pipeline.name;
    EXPECT_THROW(pipeline.check_settings(wrong), ParameterError) << pipeline.name;
    EXPECT_EQ(&find_pipeline(std::string(pipeline.name), "nothing"), &pipeline);
  }
}

TEST(Pipelines, AreFoundByTheProcedureAndNameTheNearest) {
  EXPECT_EQ(find_pipeline("", "pm_dns_map").name, "pm_dns");
  EXPECT_THROW(static_cast<void>(find_pipeline("", "tea")), ParameterError);
  try {
    static_cast<void>(find_pipeline("pm_dsn", ""));
    FAIL();
  } catch (const ParameterError& error) {
    EXPECT_NE(std::string(error.what()).find("did you mean \"pm_dns\"?"), std::string::npos);
  }
}

TEST(Pipelines, ASettingOfAWrongUnitIsRefused) {
  Table settings;
  data::apply_setting(settings, "fast_from_hz=4 V");
  EXPECT_THROW(find_pipeline("pm_dns", "").check_settings(settings), ParameterError);
}

TEST(DatasetNames, AreMadeOfLettersDigitsAndUnderscores) {
  EXPECT_EQ(dataset_name("component 1 (lowest)"), "component_1_lowest");
  EXPECT_EQ(dataset_name("2 kHz / 1 kHz"), "n2_kHz_1_kHz");
  EXPECT_EQ(dataset_name("%"), "unnamed");
  EXPECT_EQ(unit_of_label("frequency (Hz)"), "Hz");
  EXPECT_EQ(unit_of_label("f(x)"), "x");
  EXPECT_EQ(unit_of_label("rank"), "1");
  EXPECT_EQ(unit_of_label("()"), "1");
}

class FindingsFile : public ::testing::Test {
 protected:
  FindingsFile() {
    std::string name =
        (std::filesystem::temp_directory_path() / "halotwin_findings_XXXXXX").string();
    folder_ = mkdtemp(name.data());
    file_ = folder_ / "image.nxs";
    data::RecordingHeader header;
    header.title = "image";
    header.sample.name = "film";
    header.units_total = 1;
    header.sections = {{.scope = "r01_image", .procedure = "image", .units = 1}};
    auto out = data::RecordingWriter::create(file_, header);
    data::SignalSpec spec;
    spec.group = "height";
    spec.unit = "m";
    spec.axes = {{"y", "m", {0.0, 1.0}, {}}, {"x", "m", {0.0, 1.0, 2.0}, {}}};
    const auto id = out.add_signal(spec);
    out.begin();
    out.write(id, {}, std::span<const float>(std::vector<float>(6, 1.0F)));
    out.finish(data::RunStatus::complete, from_seconds(1.0));
  }
  ~FindingsFile() override {
    std::error_code error;
    std::filesystem::remove_all(folder_, error);
  }
  [[nodiscard]] PipelineRun run(const std::string& scope = "") const {
    return {.recording = file_, .version = "1.2.3", .scope = scope};
  }

  std::filesystem::path folder_;
  std::filesystem::path file_;
};

Findings everything() {
  Findings f;
  f.values = {{"angle", 70.0, 1.5, "deg"}, {"lost", nan, nan, "Hz"}, {"plain", 3.0}};
  f.nulls = {{"angle", 12.0, 4.0, "deg"}};
  FoundMap map{"height", "levelled", "m", 3, 2, 12e-9, 24e-9, {1, 2, 3, 4, 5, NAN}};
  map.x_m = 5e-9;
  f.maps.push_back(map);
  FoundMap levels{"levels", "", "", 3, 2, 12e-9, 24e-9, {0, 1, 2, 0, 1, NAN}, true};
  levels.label_names = {"low", "middle", "high"};
  f.maps.push_back(levels);
  FoundCurve curve{"spectrum", "t", "frequency (Hz)", "amplitude (V)", true, false, {}};
  curve.series = {{"one", {1, 10}, {3, 4}, {0.1, 0.2}}, {"folded", {2, 1, 3}, {1, 2, 3}}};
  f.curves.push_back(curve);
  f.warnings = {"few pixels", "overload"};
  return f;
}

TEST_F(FindingsFile, EverythingComesBack) {
  write_findings(run(), {"pfm", {}, "height"}, everything());
  write_findings(run(), {"pfm", {}, "height"}, everything());  // replaces it
  const data::RecordingReader reader(file_);
  ASSERT_EQ(reader.results(), std::vector<std::string>{"pfm"});
  const data::Result result = reader.result("pfm");
  EXPECT_EQ(result.version, "1.2.3");
  ASSERT_EQ(result.scalars.size(), 3U);
  for (const data::ResultScalar& s : result.scalars) {
    if (s.name == "angle") {
      EXPECT_EQ(s.value, 70.0);
      EXPECT_EQ(s.sigma, 1.5);
      EXPECT_EQ(s.unit, "deg");
    } else if (s.name == "null_angle") {
      EXPECT_EQ(s.value, 12.0);
    } else {
      EXPECT_EQ(s.name, "plain");
      EXPECT_TRUE(std::isnan(s.sigma));
    }
  }
  const data::SignalSpec height = reader.spec("analysis_pfm/height");
  EXPECT_EQ(height.unit, "m");
  EXPECT_DOUBLE_EQ(height.axes[1].values[2], 5e-9 + 24e-9);
  EXPECT_DOUBLE_EQ(height.axes[0].values[1], 24e-9);
  EXPECT_TRUE(std::isnan(reader.read<float>("analysis_pfm/height")[5]));
  EXPECT_EQ(reader.read<std::uint8_t>("analysis_pfm/levels"),
            (std::vector<std::uint8_t>{0, 1, 2, 0, 1, 255}));
  const data::SignalSpec one = reader.spec("analysis_pfm/spectrum_one");
  EXPECT_EQ(one.unit, "V");
  EXPECT_EQ(one.axes[0].unit, "Hz");
  EXPECT_EQ(reader.read_errors("analysis_pfm/spectrum_one"), (std::vector<double>{0.1, 0.2}));
  EXPECT_EQ(reader.read<double>("analysis_pfm/spectrum_folded_x"),
            (std::vector<double>{2.0, 1.0, 3.0}));
  bool lost = false;
  for (const auto& [name, text] : result.texts) {
    lost = lost || (name == "lost_status" && text == "not_resolved");
  }
  EXPECT_TRUE(lost);
}

TEST_F(FindingsFile, TwoThingsOfOneNameAreBothKept) {
  Findings twice = everything();
  twice.maps[1].name = "height";
  write_findings(run(), {"pfm", {}, ""}, twice);
  const data::RecordingReader reader(file_);
  EXPECT_TRUE(reader.has_signal("analysis_pfm/height"));
  EXPECT_TRUE(reader.has_signal("analysis_pfm/height_2"));
}

TEST_F(FindingsFile, AStepHasResultsOfItsOwn) {
  write_findings(run("r01_image"), {"pfm", {}, ""}, everything());
  EXPECT_TRUE(data::RecordingReader(file_).results().empty());
  EXPECT_EQ(data::RecordingReader(file_, "r01_image").results(), std::vector<std::string>{"pfm"});
  EXPECT_THROW(write_findings(run("r07"), {"pfm", {}, ""}, everything()), DataError);
}

TEST_F(FindingsFile, NothingFoundIsAResultToo) {
  write_findings(run(), {"pfm", {}, ""}, {});
  EXPECT_EQ(data::RecordingReader(file_).results(), std::vector<std::string>{"pfm"});
}

}  // namespace
}  // namespace halotwin::analysis
