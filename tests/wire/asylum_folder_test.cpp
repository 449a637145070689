// The served microscope behind a folder, as a client sees it. Lines: as aespm 1.1 writes them.
#include "devices/servers/asylum_folder.hpp"

#include <cmath>
#include <fstream>

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include "base/errors.hpp"
#include "base/igor_image.hpp"
#include "tests/support/asylum_world.hpp"

namespace halotwin::devices {
namespace {

namespace fs = std::filesystem;
using test::contents;

class AsylumServed : public testing::Test {
 protected:
  void write(const std::string& text) const {
    std::ofstream(world_.folder / "ToIgor.arcmd", std::ios::binary) << text;
  }
  void pass(double time_s) { world_.time.sleep(from_seconds(time_s)); }
  /// What aespm's read_spm() writes, executed; what it reads back.
  std::vector<double> read_spm(const std::vector<std::string>& keys) {
    std::string text = "Make/N = (" + std::to_string(keys.size()) +
                       ")/O ReadOut // change N to number of parameters to read out\n";
    for (std::size_t i = 0; i < keys.size(); ++i) {
      text += "ReadOut[" + std::to_string(i) +
              "] = " + (keys[i].starts_with("PIDSLoop") ? "td_ReadValue" : "GV") + "(\"" + keys[i] +
              "\")\n";
    }
    world_.service.execute(text + R"(Save/O/G/J ReadOut as "C:\\Users\\x\\readout.txt")");
    return asylum::parse_readout(contents(world_.folder / "readout.txt"))
        .value_or(std::vector<double>());
  }
  double read_one(const std::string& key) {
    const auto values = read_spm({key});
    return values.size() == 1 ? values.front() : -1.0;
  }
  [[nodiscard]] std::size_t count_files() const {
    return static_cast<std::size_t>(
        std::distance(fs::directory_iterator(world_.folder), fs::directory_iterator()));
  }
  void set_small_frame() {
    world_.service.execute(
        "ARExecuteControl(\"ScanSizeSetVar_0\",\"MasterPanel\",1e-07,\"\")\n"
        "ARExecuteControl(\"PointsLinesSetVar_0\",\"MasterPanel\",4,\"\")\n"
        "ARExecuteControl(\"ScanRateSetVar_0\",\"MasterPanel\",1,\"\")\n"
        "PV(\"XOffset\", 2e-07)\nPV(\"YOffset\", 1.5e-07)\n");
  }

  test::AsylumWorld world_;
};

TEST_F(AsylumServed, SetsAndGivesBack) {
  set_small_frame();
  EXPECT_EQ(read_spm({"ScanSize", "ScanPoints", "ScanLines", "ScanRate", "XOffset", "Yoffset"}),
            (std::vector<double>{1e-7, 4.0, 4.0, 1.0, 2e-7, 1.5e-7}));
  world_.service.execute("ARExecuteControl(\"DriveFrequencySetVar_0\",\"MasterPanel\",74000,\"\")");
  EXPECT_EQ(world_.probe.drive().settings().frequency_hz, 74000.0);
  EXPECT_EQ(read_one("DriveFrequency"), 74000.0);
  world_.service.execute("PV(\"AmplitudeSetpointVolts\", 0.8)");
  EXPECT_EQ(read_one("AmplitudeSetpointVolts"), 0.8) << "kept";
  EXPECT_TRUE(std::isnan(read_one("NoSuchKey")));
  EXPECT_TRUE(world_.heard.empty()) << world_.heard.front();
}

TEST_F(AsylumServed, TakesNoValuesThatCannotBe) {
  const auto before = read_spm({"ScanSize", "ScanPoints", "XOffset", "ScanRate", "InvOLS"});
  world_.service.execute(
      "PV(\"ScanSize\", 1)\nPV(\"ScanPoints\", 2.5)\nPV(\"ScanPoints\", 0)\n"
      "PV(\"XOffset\", 1e-3)\nPV(\"ScanRate\", 0)\nPV(\"InvOLS\", 1)\n"
      "PV(\"ScanSize\", NaN)\nPV(\"DriveFrequency\", 1e12)");
  EXPECT_EQ(read_spm({"ScanSize", "ScanPoints", "XOffset", "ScanRate", "InvOLS"}), before);
  EXPECT_EQ(world_.heard.size(), 8U);
}

TEST_F(AsylumServed, MovesTheTipAsAespmDoes) {
  const auto v0 = read_spm({"PIDSLoop.0.Setpoint", "PIDSLoop.1.Setpoint"});
  const auto sensitivity = read_spm({"XLVDTSens", "YLVDTSens"});
  const auto volts = [](double v) { return std::to_string(v); };
  world_.service.execute(
      "td_WriteValue(\"PIDSLoop.0.Setpoint\"," + volts(1e-7 / sensitivity[0] + v0[0]) +
      ")\ntd_WriteValue(\"PIDSLoop.1.Setpoint\"," + volts(2e-7 / sensitivity[1] + v0[1]) + ")\n");
  pass(1.0);
  EXPECT_TRUE(world_.heard.empty()) << world_.heard.front();
  EXPECT_NEAR(world_.probe.positioner().position().x_m, 1e-7, 1e-10);
  EXPECT_NEAR(world_.probe.positioner().position().y_m, 2e-7, 1e-10);
}

TEST_F(AsylumServed, SavesAnImageWhenAFrameIsComplete) {
  set_small_frame();
  world_.service.execute(
      "ChangeName(\"film\")\n"
      "ARExecuteControl(\"DownScan_0\",\"MasterPanel\",0,\"\")");
  EXPECT_TRUE(world_.probe.height().engaged());
  EXPECT_EQ(read_one("ScanStatus"), 1.0);
  pass(3.9);
  EXPECT_FALSE(fs::exists(world_.folder / "film0000.ibw"));
  pass(0.2);
  EXPECT_EQ(read_one("ScanStatus"), 0.0);
  const IgorImage image = read_igor_image("film", contents(world_.folder / "film0000.ibw"));
  ASSERT_EQ(image.layers.size(), 8U);
  EXPECT_EQ(image.layers[0].label, "HeightTrace");
  EXPECT_EQ(image.layers[5].label, "PhaseRetrace");
  EXPECT_NEAR(std::stod(std::string(note_value(image.note, "ScanSize"))), 1e-7, 1e-16);
  EXPECT_EQ(note_value(image.note, "Channel3DataType"), "Phase");
  EXPECT_DOUBLE_EQ(image.step_m[0], 1e-7 / 3.0);
  const Image<float> z = world_.probe.scanner()->data(0, ScanDirection::forward);
  const Image<float> phase = world_.probe.scanner()->data(2, ScanDirection::backward);
  EXPECT_EQ(image.layers[0].image.values, z.values);
  for (std::size_t i = 0; i < phase.size(); ++i) {
    EXPECT_NEAR(image.layers[5].image.values[i], phase.values[i] * 57.29578, 1e-4) << "degrees";
  }
  // the next one gets the next number
  world_.service.execute("ARExecuteControl(\"UpScan_0\",\"MasterPanel\",0,\"\")");
  pass(5.0);
  EXPECT_TRUE(fs::exists(world_.folder / "film0001.ibw"));
  const std::string first = contents(world_.folder / "film0000.ibw");
  world_.service.execute("PV(\"BaseSuffix\",0)\nDoScanFunc(\"UpScan_0\")");
  pass(5.0);
  EXPECT_TRUE(fs::exists(world_.folder / "film0002.ibw"));
  EXPECT_EQ(contents(world_.folder / "film0000.ibw"), first) << "what is there stays";
  world_.service.execute("ARExecuteControl(\"StopScan_0\",\"MasterPanel\",0,\"\")");
  EXPECT_FALSE(world_.probe.height().engaged());
}

TEST_F(AsylumServed, StopEndsAScanWithoutAnImage) {
  set_small_frame();
  world_.service.execute("ARExecuteControl(\"UpScan_0\",\"MasterPanel\",0,\"\")");
  pass(1.0);
  world_.service.execute("DoScanFunc(\"StopEngageButton\")");
  EXPECT_EQ(read_one("ScanStatus"), 0.0);
  EXPECT_FALSE(world_.probe.height().engaged());
  pass(10.0);
  EXPECT_EQ(count_files(), 1U) << "readout.txt";
}

TEST_F(AsylumServed, ExecutesEachFileOnceWhenItIsComplete) {
  const std::string line = "PV(\"XOffset\", 1e-7)";
  write(line);  // in place and without a line end: it may still grow
  world_.service.look();
  EXPECT_EQ(world_.service.executed(), 0U);
  world_.service.look();
  EXPECT_EQ(world_.service.executed(), 1U);
  world_.service.look();
  EXPECT_EQ(world_.service.executed(), 1U);
  write("PV(\"XOffset\", 2e-7)\n");
  world_.service.look();
  EXPECT_EQ(world_.service.executed(), 2U);
  EXPECT_EQ(read_one("XOffset"), 2e-7);
  write(std::string(asylum::longest_file + 1, '\n'));
  world_.service.look();
  EXPECT_EQ(world_.service.executed(), 3U) << "and read_one(); this one is too long";
}

TEST_F(AsylumServed, TellsWhatItDoesNotExecuteAndWritesNowhereElse) {
  const fs::path elsewhere = world_.folder.parent_path() / "halotwin_not_written.txt";
  for (const std::string& line : {std::string("GetTune()"),
                                  std::string("ExecuteScriptText \"shutdown\""),
                                  std::string("DoWindow/K Panel"),
                                  std::string("MoveStage(\"MoveStageLeftButton_0\")"),
                                  std::string("ChangeName(\"../film\")"),
                                  std::string("ChangeName(\"an_overlong_name_of_a_file\")"),
                                  std::string("ARExecuteControl(\"Thermal_1\",\"Panel\",0,\"\")"),
                                  std::string("td_WriteValue(\"Output.Z\",5)")}) {
    world_.heard.clear();
    world_.service.execute(line);
    EXPECT_EQ(world_.heard.size(), 1U) << line;
  }
  EXPECT_EQ(count_files(), 0U);
  world_.service.execute("Make/O/N=(1) ReadOut\nSave/O/G/J ReadOut as \"" + elsewhere.string() +
                         "\"");
  EXPECT_FALSE(fs::exists(elsewhere));
  EXPECT_TRUE(fs::exists(world_.folder / "readout.txt"));
  EXPECT_THROW(AsylumFolder(world_.probe, world_.folder / "none"), ParameterError);
}

RC_GTEST_FIXTURE_PROP(AsylumServed, AnyTextIsSurvived, ()) {
  const auto piece = rc::gen::element<std::string>("PV(\"ScanSize\",",
                                                   "1e-7)\n",
                                                   "-1)",
                                                   "ReadOut[0] =",
                                                   "GV(\"x\")\n",
                                                   "Make/N=(2)/O ReadOut\n",
                                                   "Save/O ReadOut as \"x\"\n",
                                                   "\r",
                                                   "\"",
                                                   "\\",
                                                   "DoScanFunc(\"UpScan_0\")\n",
                                                   "td_RV(\"Phase\")");
  const auto pieces = *rc::gen::container<std::vector<std::string>>(piece);
  std::string text;
  for (const std::string& one : pieces) {
    text += one + (*rc::gen::inRange(0, 4) == 0 ? *rc::gen::string<std::string>() : "");
  }
  world_.service.execute(text);
  RC_ASSERT(count_files() <= 1U);
}

}  // namespace
}  // namespace halotwin::devices
