// Whatever is wrong with what the user gave: one clear line, exit status 2, nothing lost.
#include "tests/app/program.hpp"

namespace halotwin::tests {
namespace {

using Words = std::vector<std::string>;
using Names = std::vector<std::string>;

class BadInput : public ProgramTest {
 protected:
  void expect_refused(const Words& arguments, const std::string& expected) {
    const Names before = files();
    const Outcome outcome = call(arguments);
    std::string shown;
    for (const std::string& word : arguments) {
      shown += word + " ";
    }
    EXPECT_EQ(outcome.status, 2) << shown;
    EXPECT_NE(outcome.error().find(expected), std::string::npos) << shown << "\n" << outcome.err;
    EXPECT_EQ(files(), before) << shown;
  }
  void expect_setting_refused(const std::string& setting, const std::string& expected) {
    expect_refused(map("map.nxs", 4, 3, 4, {"--set", setting}), expected);
  }
};

TEST_F(BadInput, WrongUseOfTheCommandLine) {
  expect_refused({"rum"}, "did you mean \"run\"?");
  expect_refused({"run"}, "required");
  expect_refused({"run", "pm_dns_quick", "--frobnicate"}, "--frobnicate");
  expect_refused({"run", "pm_dns_quick", "--seed", "abc"}, "--seed \"abc\"");
  expect_refused({"run", "pm_dns_quick", "--threads", "-3"}, "--threads");
  expect_refused({"run", "pm_dns_quick", "--device", "afm"}, "role=address");
  expect_refused({"run", "pm_dns_quick", "--device", "atm=sim:"}, "did you mean \"afm\"?");
  expect_refused({"run", "pm_dns_quick", "--device", "afm=gopher://x"}, "known: \"sim:\"");
  expect_refused({"run", "pm_dns_quick", "--set", "nothing"}, "key=value");
}

TEST_F(BadInput, WrongValues) {
  expect_setting_refused("procedure.pm_dns_map.colums=6", "did you mean \"columns\"?");
  expect_setting_refused("procedure.pm_dns_map.step_m=12 V", "wrong unit");
  expect_setting_refused("specimen.film.thickness_m=-1", "must be > 0");
  expect_setting_refused("procedure.pm_dns_map.step_m=nan", "finite");
  expect_setting_refused("procedure.pm_dns_map.columns=0", "columns = 0");
  expect_setting_refused("specimen.microstructure.grid_step_m=1e-13", "grid_step_m");
  expect_setting_refused("procedure.pm_dns_map.columns=65536", "beyond the scanner");
  expect_setting_refused("procedure.pm_dns_map.reference_m=[1e-8, 0]", "bare metal");
  expect_setting_refused("procedure.pm_dns_map.drive_peak_v=50", "limits.bias_peak_v");
  expect_setting_refused("procedure.pm_dns_map.mechanical_time_constant_s=1e-9", "time constant");
}

TEST_F(BadInput, ScenariosThatAreNotThere) {
  expect_refused({"run", "pm_dns_quik"}, "did you mean \"pm_dns_quick\"?");
  expect_refused({"run", "nowhere.toml"}, "nowhere.toml: no such file");
  expect_refused({"run", "."}, "is a folder");
  put("broken.toml", "a = [1,\n");
  expect_refused({"run", "broken.toml"}, "broken.toml:");
  put("empty.toml", "");
  expect_refused({"run", "empty.toml"}, "procedure is missing");
  put("typo.toml", "[scenario]\nprocedure = \"pm_dns_map\"\n[procedure.pm_dns_map]\nrow = 3\n");
  expect_refused({"run", "typo.toml"}, "typo.toml:4: procedure.pm_dns_map.row");
}

TEST_F(BadInput, OutputsThatCannotBeWritten) {
  expect_refused(map("none/map.nxs", 4, 3, 4), "there is no folder");
  expect_refused(map("/proc/map.nxs", 4, 3, 4), "/proc/map.nxs");
  const std::string big = "procedure.pm_dns_map.frequencies.points=100000";
  expect_refused(map("map.nxs",
                     3000,
                     3000,
                     4,
                     {"--set",
                      big,
                      "--set",
                      "procedure.pm_dns_map.step_m=1 nm",
                      "--set",
                      "procedure.pm_dns_map.sweep_time_s=2000"}),
                 "the disk has");
}

TEST_F(BadInput, AFullDiskLeavesNothingBehind) {
  const Outcome outcome = call(map("map.nxs", 20, 20, 16), 300'000);
  EXPECT_EQ(outcome.status, 2) << outcome.err;
  EXPECT_NE(outcome.error(), "") << outcome.err;
  EXPECT_EQ(files(), Names{});
}

TEST_F(BadInput, AnExistingOutputIsKept) {
  put("map.nxs", "precious");
  expect_refused(map("map.nxs", 4, 3, 4), "--force");
  EXPECT_EQ(bytes("map.nxs"), "precious");
  EXPECT_EQ(call(map("map.nxs", 4, 3, 4, {"--force"})).status, 0);
  EXPECT_GT(bytes("map.nxs").size(), 100'000U);
  EXPECT_EQ(files(), Names{"map.nxs"});
}

TEST_F(BadInput, FilesOfAnotherKind) {
  put("text.nxs", "not a recording");
  put("empty.nxs", "");
  ASSERT_EQ(call(map("blind.nxs", 4, 3, 4, {"--blind"})).status, 0);
  for (const char* command : {"info", "resume", "analyse"}) {
    expect_refused({command, "none.nxs"}, "none.nxs");
    expect_refused({command, "text.nxs"}, "text.nxs");
    expect_refused({command, "empty.nxs"}, "empty.nxs");
    expect_refused({command, "."}, "not a file");
    expect_refused({command, "blind.truth.nxs"}, "truth");
  }
  expect_refused({"resume", "blind.nxs"}, "complete");
}

TEST_F(BadInput, AHalfWrittenFileIsRefusedAndKept) {
  ASSERT_EQ(call(map("map.nxs", 10, 10, 8)).status, 0);
  const std::string whole = bytes("map.nxs");
  for (const double part : {0.02, 0.3, 0.9}) {
    const std::string half =
        whole.substr(0, static_cast<std::size_t>(part * static_cast<double>(whole.size())));
    put("half.nxs", half);
    for (const char* command : {"info", "resume", "analyse"}) {
      expect_refused({command, "half.nxs"}, "half.nxs");
    }
    EXPECT_EQ(bytes("half.nxs"), half);
  }
}

TEST_F(BadInput, WrongExports) {
  ASSERT_EQ(call(map("map.nxs", 4, 3, 4)).status, 0);
  expect_refused({"export", "map.nxs", "-o", "map.txt"}, ".gwy, .gsf, .tif or .tiff");
  expect_refused({"export", "map.nxs", "-o", "map.tif"}, "holds no movie");
  expect_refused({"export", "map.nxs", "-o", "map.gsf"}, "--signal");
  expect_refused({"export", "map.nxs", "-o", "map.gsf", "--signal", "nonsense"}, "topography");
  put("map.gwy", "precious");
  expect_refused({"export", "map.nxs", "-o", "map.gwy"}, "--force");
  EXPECT_EQ(bytes("map.gwy"), "precious");
}

TEST_F(BadInput, WrongAnalyses) {
  ASSERT_EQ(call(map("map.nxs", 4, 3, 4)).status, 0);
  expect_refused({"analyse", "map.nxs", "--pipeline", "pm_dsn"}, "did you mean \"pm_dns\"?");
  expect_refused({"analyse", "map.nxs", "--set", "chanel=loss"}, "did you mean \"channel\"?");
}

}  // namespace
}  // namespace halotwin::tests
