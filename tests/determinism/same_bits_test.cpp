// The same scenario and seed give the same bits, whatever the number of threads and however often
// the run was stopped on its way.
#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/errors.hpp"
#include "data/recording_reader.hpp"
#include "data/truth.hpp"
#include "session/run.hpp"
#include "tests/support/compare_recordings.hpp"

namespace halotwin::session {
namespace {

using Names = std::vector<std::string>;

class SameBits : public testing::Test {
 protected:
  SameBits()
      : folder_(std::filesystem::temp_directory_path() /
                ("halotwin_same_bits_" + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~SameBits() override { std::filesystem::remove_all(folder_); }

  static Scenario small_map(const Names& more = {}) {
    Overrides overrides;
    overrides.settings = {"procedure.pm_dns_map.columns=7",
                          "procedure.pm_dns_map.rows=5",
                          "procedure.pm_dns_map.frequencies.points=6"};
    overrides.settings.insert(overrides.settings.end(), more.begin(), more.end());
    return load_scenario("pm_dns_quick", overrides);
  }
  std::filesystem::path at(const std::string& name) const { return folder_ / name; }
  std::filesystem::path straight_through(const std::string& name,
                                         const Scenario& scenario,
                                         int threads = 1,
                                         bool blind = false) const {
    RunOptions options;
    options.output = at(name);
    options.threads = {threads};
    options.blind = blind;
    return run(scenario, options).recording;
  }
  /// Runs until `units` are done, then asks for a stop; the stop comes with the next wait.
  template <class Work>
  static void stop_after(std::size_t units, RunOptions options, const Work& work) {
    std::stop_source stop;
    options.stop = stop.get_token();
    options.progress = [&](const Progress& now) {
      if (now.done >= units) {
        stop.request_stop();
      }
    };
    EXPECT_THROW(work(options), Interrupted);
  }

 private:
  std::filesystem::path folder_;
};

TEST_F(SameBits, ForAnyNumberOfThreads) {
  const auto one = straight_through("one.nxs", small_map(), 1);
  for (const int threads : {2, 3}) {
    const auto more = straight_through(std::to_string(threads) + ".nxs", small_map(), threads);
    EXPECT_EQ(tests::differences(one, more), Names{}) << threads << " threads";
  }
}

TEST_F(SameBits, DependOnTheSeed) {
  const auto one = straight_through("one.nxs", small_map());
  const auto two = straight_through("two.nxs", small_map({"scenario.seed=2"}));
  EXPECT_GT(tests::differences(one, two).size(), 10U);
}

TEST_F(SameBits, AfterAStopAtAnyPixelAndTakingUpAgain) {
  for (const char* response : {"physical", "phenomenological"}) {
    const Scenario scenario = small_map({std::string("specimen.response=") + response});
    const auto whole = straight_through(std::string(response) + ".nxs", scenario);
    for (const std::size_t units : {1U, 6U, 7U, 8U, 20U, 34U}) {
      RunOptions options;
      options.output = at(std::string(response) + std::to_string(units) + ".nxs");
      stop_after(units, options, [&](const RunOptions& with) { (void)run(scenario, with); });
      const auto resumed = resume(options.output, {}).recording;
      EXPECT_EQ(tests::differences(whole, resumed), Names{}) << response << ", stop at " << units;
    }
  }
}

TEST_F(SameBits, AfterManyStopsInOneRun) {
  const auto whole = straight_through("whole.nxs", small_map());
  RunOptions options;
  options.output = at("stopped.nxs");
  stop_after(3, options, [&](const RunOptions& with) { (void)run(small_map(), with); });
  for (const std::size_t units : {4U, 7U, 8U, 15U, 30U}) {
    stop_after(units, {}, [&](const RunOptions& with) { (void)resume(options.output, with); });
  }
  EXPECT_EQ(tests::differences(whole, resume(options.output, {}).recording), Names{});
}

TEST_F(SameBits, InTheTimeDomainEngine) {
  const Names slow{"surroundings.engine=time-domain",
                   "procedure.pm_dns_map.columns=2",
                   "procedure.pm_dns_map.rows=1",
                   "procedure.pm_dns_map.reference_repeats=1",
                   "procedure.pm_dns_map.frequencies.points=2",
                   "procedure.pm_dns_map.sweep_time_s=0",
                   "procedure.pm_dns_map.dwell_s=0.001"};
  const auto whole = straight_through("whole.nxs", small_map(slow));
  RunOptions options;
  options.output = at("stopped.nxs");
  stop_after(1, options, [&](const RunOptions& with) { (void)run(small_map(slow), with); });
  EXPECT_EQ(tests::differences(whole, resume(options.output, {}).recording), Names{});
}

TEST_F(SameBits, OfACurrentVoltageCurveAfterAStopAtAnyStep) {
  Overrides overrides;
  overrides.settings = {"procedure.current_voltage.steps=3"};
  const Scenario scenario = load_scenario("iv_quick", overrides);
  const auto whole = straight_through("whole.nxs", scenario);
  for (const std::size_t steps : {1U, 4U, 12U}) {
    RunOptions options;
    options.output = at(std::to_string(steps) + ".nxs");
    stop_after(steps, options, [&](const RunOptions& with) { (void)run(scenario, with); });
    EXPECT_EQ(tests::differences(whole, resume(options.output, {}).recording), Names{})
        << "stop at " << steps;
  }
}

TEST_F(SameBits, OfBiasSpectroscopyAfterAStopAtAnyPlace) {
  Overrides overrides;
  overrides.settings = {"procedure.bias_spectroscopy.columns=3",
                        "procedure.bias_spectroscopy.rows=2",
                        "procedure.bias_spectroscopy.points=7"};
  const Scenario scenario = load_scenario("bias_spectroscopy_quick", overrides);
  const auto whole = straight_through("whole.nxs", scenario);
  EXPECT_EQ(tests::differences(whole, straight_through("two.nxs", scenario, 2)), Names{});
  for (const std::size_t places : {1U, 3U, 5U}) {
    RunOptions options;
    options.output = at(std::to_string(places) + ".nxs");
    stop_after(places, options, [&](const RunOptions& with) { (void)run(scenario, with); });
    EXPECT_EQ(tests::differences(whole, resume(options.output, {}).recording), Names{})
        << "stop at " << places;
  }
}

TEST_F(SameBits, OfImagesAfterAStopAtAnyLine) {
  for (const char* name : {"kpfm_map", "pfm_map", "pm_efm_map"}) {
    const std::string procedure(name);
    const std::string microcrystal =
        procedure.substr(0, procedure.size() - 4) + "_microcrystal";  // of the files
    Overrides overrides;
    overrides.settings = {
        "procedure." + procedure + ".columns=11",
        "procedure." + procedure + ".rows=7",
        "procedure." + procedure + ".step_m=3.7e-9",
        "procedure." + procedure +
            (procedure == "pfm_map" ? ".search_points=11" : ".reference_readings=3"),
        "specimen.microstructure.width_m=300e-9",
        "specimen.microstructure.height_m=300e-9"};
    const Scenario scenario = load_scenario(microcrystal, overrides);
    const auto whole = straight_through(procedure + ".nxs", scenario);
    EXPECT_EQ(tests::differences(whole, straight_through(procedure + "_2.nxs", scenario, 2)),
              Names{});
    for (const std::size_t lines : {1U, 3U, 6U}) {
      RunOptions options;
      options.output = at(procedure + std::to_string(lines) + ".nxs");
      stop_after(lines, options, [&](const RunOptions& with) { (void)run(scenario, with); });
      EXPECT_EQ(tests::differences(whole, resume(options.output, {}).recording), Names{})
          << procedure << ", stop at " << lines;
    }
  }
}

// Wear so fast that the tip is blunter in each pixel, and a change in the middle.
TEST_F(SameBits, WithATipThatWearsAndChanges) {
  const Names blunting{
      "instruments.afm.wear.on=true",
      "instruments.afm.wear.tapping_m3_per_tap=3e-30",
      "surroundings.creep.per_decade=0.015",
      R"(fault=[{device="afm", operation="approach", kind="tip_change", at_count=18}])"};
  const auto whole = straight_through("whole.nxs", small_map(blunting));
  for (const std::size_t units : {5U, 16U, 30U}) {
    RunOptions options;
    options.output = at(std::to_string(units) + ".nxs");
    stop_after(
        units, options, [&](const RunOptions& with) { (void)run(small_map(blunting), with); });
    EXPECT_EQ(tests::differences(whole, resume(options.output, {}).recording), Names{}) << units;
  }
  const auto radius = data::TruthReader(whole).read<double>("tip_radius");
  const auto potential = data::TruthReader(whole).read<double>("tip_potential");
  for (std::size_t i = 1; i < radius.size(); ++i) {
    EXPECT_GT(radius[i], radius[i - 1]);
  }
  EXPECT_EQ(potential.front(), 0.0);
  EXPECT_NEAR(potential.back(), 0.1, 1e-6);
  const auto changes = [](const std::filesystem::path& recording) {
    const std::vector<Event> events = data::RecordingReader(recording).events();
    return std::count_if(events.begin(), events.end(), [](const Event& e) {
      return e.source == "simulation" && e.text.starts_with("tip change");
    });
  };
  EXPECT_EQ(changes(whole), 1);
  EXPECT_EQ(changes(straight_through("blind.nxs", small_map(blunting), 1, true)), 0)
      << "it belongs to the truth";
}

TEST_F(SameBits, BlindOrNot) {
  const auto open = straight_through("open.nxs", small_map());
  const auto blind = straight_through("blind.nxs", small_map(), 1, true);
  EXPECT_EQ(tests::differences(open, blind), Names{});
}

}  // namespace
}  // namespace halotwin::session
