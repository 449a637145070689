// A series that was stopped anywhere, in a step or between two, ends in the same bits.
#include <filesystem>

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

class SameBitsOfSeries : public testing::Test {
 protected:
  SameBitsOfSeries()
      : folder_(std::filesystem::temp_directory_path() /
                ("halotwin_series_" + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~SameBitsOfSeries() override { std::filesystem::remove_all(folder_); }

  // two rounds of a map of 3 x 2 pixels
  static Scenario small(const std::string& name, const Names& more) {
    Overrides overrides;
    overrides.settings = {"procedure.pm_dns_map.columns=3",
                          "procedure.pm_dns_map.rows=2",
                          "procedure.pm_dns_map.reference_repeats=2",
                          "procedure.pm_dns_map.frequencies.points=5"};
    overrides.settings.insert(overrides.settings.end(), more.begin(), more.end());
    return load_scenario(name, overrides);
  }
  static Scenario heated() {
    return small("temperature_series", {"procedure.series.temperature_k=[310, 290]"});
  }
  std::filesystem::path at(const std::string& name) const { return folder_ / name; }
  std::filesystem::path straight_through(const std::string& name, const Scenario& scenario) const {
    RunOptions options;
    options.output = at(name);
    return run(scenario, options).recording;
  }
  static RunOptions stopping_after(std::size_t units, std::stop_source& stop) {
    RunOptions options;
    options.stop = stop.get_token();
    options.progress = [units, &stop](const Progress& now) {
      if (now.done >= units) {
        stop.request_stop();
      }
    };
    return options;
  }

 private:
  std::filesystem::path folder_;
};

TEST_F(SameBitsOfSeries, AfterAStopInsideAStepAndBetweenTwo) {
  const auto whole = straight_through("whole.nxs", heated());
  for (const std::size_t units : {1U, 3U, 5U, 6U, 7U, 11U}) {
    std::stop_source stop;
    RunOptions options = stopping_after(units, stop);
    options.output = at(std::to_string(units) + ".nxs");
    EXPECT_THROW((void)run(heated(), options), Interrupted);
    const auto resumed = resume(options.output, {}).recording;
    EXPECT_EQ(tests::differences(whole, resumed), Names{}) << "stop at " << units;
  }
}

TEST_F(SameBitsOfSeries, AfterAStopWithEveryUnit) {
  const auto whole = straight_through("whole.nxs", heated());
  const auto path = at("stopped.nxs");
  for (const std::size_t units : {2U, 4U, 6U, 8U, 9U}) {
    std::stop_source stop;
    RunOptions options = stopping_after(units, stop);
    options.output = path;
    if (units == 2) {
      EXPECT_THROW((void)run(heated(), options), Interrupted);
    } else {
      EXPECT_THROW((void)resume(path, options), Interrupted);
    }
  }
  EXPECT_EQ(tests::differences(whole, resume(path, {}).recording), Names{});
}

TEST_F(SameBitsOfSeries, ConditionsAndTruthAreThoseOfTheRounds) {
  const auto path = straight_through("whole.nxs", heated());
  const data::RecordingReader whole(path);
  EXPECT_EQ(whole.read<double>("conditions/set_temperature"), (std::vector<double>{310.0, 290.0}));
  const auto sensor = whole.read<double>("conditions/temperature");
  EXPECT_NEAR(sensor[0], 310.0, 0.05);
  EXPECT_NEAR(sensor[1], 290.0, 0.05);
  // the sensor shows 0.1 K too much, the surface misses 1 % of the way from 300 K
  const data::TruthReader first(path, {}, "r00_pm_dns_map");
  for (const double t : first.read<double>("sample_temperature")) {
    EXPECT_NEAR(t, 300.0 + 0.99 * 9.9, 0.02);  // it still creeps
  }
  const data::RecordingReader step(path, "r01_pm_dns_map");
  EXPECT_EQ(step.header().units_total, 6U);
  EXPECT_EQ(step.spec("demodulated").axes.size(), 4U);
  // the kelvin make the relaxation faster by the true activation energy
  const auto fast = first.read<double>("relaxation_frequency");
  const auto slow =
      data::TruthReader(path, {}, "r01_pm_dns_map").read<double>("relaxation_frequency");
  EXPECT_GT(fast[0] / slow[0], 1.8);
}

TEST_F(SameBitsOfSeries, OffsetsAreAddedToThoseOfTheStep) {
  const Scenario scenario =
      small("bias_series", {"procedure.series.offset_v=[0, 0.5]", "limits.bias_peak_v=2.1"});
  const auto steps = scenario.make_procedure()->steps();
  ASSERT_EQ(steps.size(), 2U);
  EXPECT_DOUBLE_EQ(std::get<double>(steps[0].parameters.find("offset_v")->data), 0.58);
  EXPECT_DOUBLE_EQ(std::get<double>(steps[1].parameters.find("offset_v")->data), 1.08);
  const auto reference = [](const auto& all) {
    return std::get<double>(all[1].parameters.find("reference_offset_v")->data);
  };
  EXPECT_DOUBLE_EQ(reference(steps), 1.1);  // bias_series shifts the metal's offset too
  const Scenario on_the_film_only =
      small("bias_series",
            {"procedure.series.offset_v=[0, 0.5]", "procedure.series.shift_reference=false"});
  EXPECT_DOUBLE_EQ(reference(on_the_film_only.make_procedure()->steps()), 0.6);
  EXPECT_THROW((void)small("bias_series", {"procedure.series.offset_v=[0, 2.5]"}), ParameterError);
}

TEST_F(SameBitsOfSeries, WrongSeriesAreRefusedBeforeTheyStart) {
  const auto message = [](const Names& settings) -> std::string {
    try {
      (void)small("temperature_series", settings);
    } catch (const ParameterError& error) {
      return error.what();
    }
    return "no error";
  };
  EXPECT_NE(message({"bench.temperature="}).find("bench.temperature"), std::string::npos);
  EXPECT_NE(message({"procedure.series.temperature_k=[300, 500]"}).find("temperature_high_k"),
            std::string::npos);
  EXPECT_NE(message({"procedure.series.steps=[\"pm_dns_mop\"]"}).find("pm_dns_map"),
            std::string::npos);
  EXPECT_NE(message({"procedure.series.rounds=3"}).find("one for each"), std::string::npos);
  EXPECT_NE(message({"procedure.kpfm_mop.rows=3"}).find("kpfm_mop"), std::string::npos);
}

TEST_F(SameBitsOfSeries, ConfigurationGivesTheSameSeriesAgain) {
  const Scenario scenario = heated();
  const Table configuration = scenario.configuration();
  const Scenario again = scenario_from_configuration(configuration);
  EXPECT_EQ(again.configuration().table_at("procedure") == nullptr, false);
  EXPECT_EQ(again.make_procedure()->estimate().units, scenario.make_procedure()->estimate().units);
  EXPECT_EQ(again.simulated.temperature, scenario.simulated.temperature);
}

}  // namespace
}  // namespace halotwin::session
