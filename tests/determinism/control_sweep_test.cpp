// A control sweep ends in the same bits for any number of threads and after a stop; its pipeline
// finds what the scenario put in.
#include <filesystem>

#include <gtest/gtest.h>
#include <unistd.h>

#include "analysis/pipelines/pm_dns_control_file.hpp"
#include "base/errors.hpp"
#include "data/recording_reader.hpp"
#include "session/run.hpp"
#include "tests/support/compare_recordings.hpp"

namespace halotwin::session {
namespace {

class ControlSweep : public testing::Test {
 protected:
  ControlSweep()
      : folder_(std::filesystem::temp_directory_path() /
                ("halotwin_control_" + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~ControlSweep() override { std::filesystem::remove_all(folder_); }

  static Scenario small(int reference_repeats) {
    return load_scenario("control_sweep",
                         {.settings = {"procedure.pm_dns_control.columns=3",
                                       "procedure.pm_dns_control.rows=2",
                                       "procedure.pm_dns_control.reference_repeats=" +
                                           std::to_string(reference_repeats)}});
  }
  std::filesystem::path straight_through(const std::string& name,
                                         int threads,
                                         int reference_repeats = 0) const {
    RunOptions options;
    options.output = folder_ / name;
    options.threads = Threads{threads};
    return run(small(reference_repeats), options).recording;
  }
  std::filesystem::path folder_;
};

TEST_F(ControlSweep, SameBitsForAnyThreadsAndAfterAStop) {
  const auto one = straight_through("one.nxs", 1, 1);
  EXPECT_EQ(tests::differences(one, straight_through("three.nxs", 3, 1)),
            std::vector<std::string>{});
  for (const std::size_t places : {1U, 4U}) {
    std::stop_source stop;
    RunOptions options;
    options.output = folder_ / (std::to_string(places) + ".nxs");
    options.stop = stop.get_token();
    options.progress = [places, &stop](const Progress& now) {
      if (now.done >= places) {
        stop.request_stop();
      }
    };
    EXPECT_THROW((void)run(small(1), options), Interrupted);
    EXPECT_EQ(tests::differences(one, resume(options.output, {}).recording),
              std::vector<std::string>{})
        << places;
  }
}

TEST_F(ControlSweep, ItsPipelineFindsTheDetuningAndWritesIt) {
  const auto path = straight_through("whole.nxs", 2);
  const analysis::Findings found = analysis::run_pm_dns_control_pipeline({.recording = path});
  ASSERT_FALSE(found.values.empty());
  EXPECT_EQ(found.values[0].name, "detuning");
  // 2.4 kHz above the drive, less what the static field softens the lever by
  EXPECT_NEAR(found.values[0].value, -2390.0, 25.0);
  EXPECT_NEAR(found.values[1].value, 150.0, 5.0 * found.values[1].sigma);
  const data::RecordingReader reader(path);
  EXPECT_TRUE(reader.has_signal("analysis_pm_dns_control/corrected_loss"));
  EXPECT_EQ(reader.result("pm_dns_control").scalars.empty(), false);
}

TEST(ControlSweepScenario, RefusesOneSettingAlone) {
  EXPECT_THROW((void)load_scenario("control_sweep",
                                   {.settings = {"procedure.pm_dns_control.drive_offsets_hz=[0]"}}),
               ParameterError);
  EXPECT_THROW(
      (void)load_scenario("control_sweep",
                          {.settings = {"procedure.pm_dns_control.setpoint_fractions=[0.8]"}}),
      ParameterError);
}

}  // namespace
}  // namespace halotwin::session
