// Photoluminescence movies: the same bits however they were made, and what happens when something
// goes wrong.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <numeric>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/errors.hpp"
#include "data/recording_reader.hpp"
#include "data/truth.hpp"
#include "devices/device.hpp"
#include "session/run.hpp"
#include "tests/support/compare_recordings.hpp"

namespace halotwin::session {
namespace {

using Names = std::vector<std::string>;
constexpr std::size_t frames = 100;
constexpr std::size_t pixels = 20 * 16;

class PlMovie : public testing::Test {
 protected:
  PlMovie()
      : folder_(std::filesystem::temp_directory_path() /
                ("halotwin_pl_movie_" + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~PlMovie() override { std::filesystem::remove_all(folder_); }

  static Scenario small(const Names& more = {}) {
    Overrides overrides;
    overrides.settings = {"procedure.pl_movie.columns=20",
                          "procedure.pl_movie.rows=16",
                          "procedure.pl_movie.frames=100",
                          "procedure.pl_movie.dark_frames=20",
                          "procedure.pl_movie.soak_s=20",
                          "specimen.microstructure.margin_m=400e-9",
                          "specimen.microstructure.fit_iterations=0",
                          "procedure.pl_movie.focus_range_m=0",
                          "instruments.camera.sensor_width=24",
                          "instruments.camera.sensor_height=16"};
    overrides.settings.insert(overrides.settings.end(), more.begin(), more.end());
    return load_scenario("clim_quick", overrides);
  }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  [[nodiscard]] std::filesystem::path movie(const std::string& name,
                                            const Scenario& scenario,
                                            int threads = 1) const {
    RunOptions options;
    options.output = folder_ / name;
    options.threads = {threads};
    return run(scenario, options).recording;
  }
  /// Until `units` are done, then a stop; then on to the end.
  [[nodiscard]] std::filesystem::path in_two_parts(const Scenario& scenario,
                                                   std::size_t units) const {
    RunOptions options;
    options.output = folder_ / (std::to_string(units) + ".nxs");
    std::stop_source stop;
    options.stop = stop.get_token();
    options.progress = [&](const Progress& now) {
      if (now.done >= units) {
        stop.request_stop();
      }
    };
    EXPECT_THROW(static_cast<void>(run(scenario, options)), Interrupted);
    return resume(options.output, {}).recording;
  }
  static std::vector<double> read(const std::filesystem::path& file, const std::string& signal) {
    return data::RecordingReader(file).read<double>(signal);
  }
  static double mean(const std::vector<double>& v) {
    return std::accumulate(v.begin(), v.end(), 0.0) / static_cast<double>(v.size());
  }

 private:
  std::filesystem::path folder_;
};

TEST_F(PlMovie, HoldsWhatItPromises) {
  const auto file = movie("one.nxs", small());
  const auto counts = read(file, "movie");
  ASSERT_EQ(counts.size(), frames * pixels);
  const auto time = read(file, "frame_time");
  const auto number = read(file, "frame_number");
  for (std::size_t k = 0; k < frames; ++k) {
    EXPECT_NEAR(time[k], 0.03 * static_cast<double>(k), 1e-9);
    EXPECT_EQ(number[k], static_cast<double>(k));
  }
  EXPECT_EQ(mean(read(file, "frame_valid")), 1.0);
  const double dark = mean(read(file, "dark"));
  EXPECT_NEAR(dark, 200.0, 2.0);
  // 100 / 12 counts per electron
  const double electrons = (mean(counts) - dark) / (100.0 / 12.0);
  const data::TruthReader truth(file);
  EXPECT_NEAR(electrons / (0.87 * mean(truth.read<double>("clean_mean"))), 0.75, 0.03)
      << "after 20 s of light the film is not quite soaked";
  const auto clean = truth.read<double>("clean_map");
  EXPECT_GT(mean(clean), 0.9);
  EXPECT_EQ(clean.size(), pixels);
  EXPECT_EQ(truth.read<double>("centre_x").size(), truth.read<double>("centre_tau").size());
}

TEST_F(PlMovie, GivesTheSameBitsForAnyNumberOfThreads) {
  const auto one = movie("one.nxs", small());
  EXPECT_EQ(tests::differences(one, movie("two.nxs", small(), 2)), Names{});
  EXPECT_GT(tests::differences(one, movie("other.nxs", small({"scenario.seed=2"}))).size(), 5U);
}

TEST_F(PlMovie, GivesTheSameBitsAfterAStopAtAnyFrame) {
  const Scenario scenario = small({R"(fault=[{device="camera", kind="frame_lost", at_count=61},)"
                                   R"({device="camera", kind="frame_incomplete", at_count=62}])"});
  const auto whole = movie("whole.nxs", scenario);
  for (const std::size_t units : {1U, 41U, 42U}) {
    EXPECT_EQ(tests::differences(whole, in_two_parts(scenario, units)), Names{}) << units;
  }
}

TEST_F(PlMovie, LostFramesKeepTheirPlace) {
  // the camera counts its dark frames too: the 20 before, then the movie's
  const auto file = movie("lost.nxs",
                          small({R"(fault=[{device="camera", kind="frame_lost", at_count=31},)"
                                 R"({device="camera", kind="frame_incomplete", at_count=41},)"
                                 R"({device="camera", kind="frame_lost", at_count=120}])"}));
  const auto whole = movie("whole.nxs", small());
  const auto valid = read(file, "frame_valid");
  const auto counts = read(file, "movie");
  const auto as_was = read(whole, "movie");
  for (std::size_t k = 0; k < frames; ++k) {
    const bool lost = k == 10 || k == 20 || k == 99;
    EXPECT_EQ(valid[k], lost ? 0.0 : 1.0) << k;
    const std::size_t from = lost ? k - 1 : k;
    EXPECT_TRUE(std::equal(counts.begin() + static_cast<std::ptrdiff_t>(k * pixels),
                           counts.begin() + static_cast<std::ptrdiff_t>((k + 1) * pixels),
                           as_was.begin() + static_cast<std::ptrdiff_t>(from * pixels)))
        << k;
  }
  EXPECT_THROW(
      static_cast<void>(movie("many.nxs", small({"instruments.camera.drop_probability=0.3"}))),
      devices::DeviceError);
}

TEST_F(PlMovie, AFailureEndsInTheSafeStateAndCanBeTakenUpAgain) {
  const Scenario scenario =
      small({R"(fault=[{device="camera", operation="read frame", kind="timeout", at_count=70}])"});
  RunOptions options;
  options.output = folder() / "failed.nxs";
  EXPECT_THROW(static_cast<void>(run(scenario, options)), devices::DeviceError);
  const auto resumed = resume(options.output, {}).recording;
  const std::vector<Event> events = data::RecordingReader(resumed).events();
  EXPECT_TRUE(std::any_of(
      events.begin(), events.end(), [](const Event& e) { return e.text == "safe state reached"; }));
  EXPECT_EQ(tests::differences(movie("whole.nxs", small()), resumed), Names{"configuration"});
}

TEST_F(PlMovie, WithoutNoiseItIsTheCleanMovie) {
  const Names quiet{"surroundings.shot_noise=false",
                    "surroundings.read_noise=false",
                    "surroundings.lamp_noise=false",
                    "surroundings.lateral_drift=false",
                    "instruments.camera.background_photons_per_s=0",
                    "instruments.camera.ambient_photons_per_s=0",
                    "specimen.clim.soaking=0",
                    "specimen.clim.bleaching_exposure_j_per_m2=0"};
  const auto file = movie("quiet.nxs", small(quiet));
  const auto counts = read(file, "movie");
  const auto clean = data::TruthReader(file).read<double>("clean_mean");
  for (std::size_t i = 0; i < pixels; ++i) {
    double sum = 0.0;
    for (std::size_t k = 0; k < frames; ++k) {
      sum += (counts[k * pixels + i] - 200.0) * 12.0 / 100.0;
    }
    EXPECT_NEAR(sum / static_cast<double>(frames), 0.87 * clean[i], 0.4) << i;
  }
}

/// With a focus check: of a film larger than that of small(), which would have too little to see.
const Names with_check{"procedure.pl_movie.focus_range_m=2e-6",
                       "procedure.pl_movie.columns=64",
                       "procedure.pl_movie.rows=64",
                       "procedure.pl_movie.frames=10",
                       "specimen.microstructure.margin_m=800e-9",
                       "instruments.camera.sensor_width=64",
                       "instruments.camera.sensor_height=64"};
Names also(Names names, const Names& more) {
  names.insert(names.end(), more.begin(), more.end());
  return names;
}

TEST_F(PlMovie, TheFocusCheckFindsTheFocusItDoesNotKnow) {
  for (const int seed : {1, 3}) {
    const double true_m = 150e-9 * (seed - 2);
    const auto file = movie(
        "focus.nxs" + std::to_string(seed),
        small(also(with_check,
                   {"scenario.seed=" + std::to_string(seed),
                    "instruments.focus.best_m=" + std::to_string(150 * (seed - 2)) + "e-9"})));
    const auto best = read(file, "focus_best");
    EXPECT_LT(std::abs(best[0] - true_m), 3.0 * best[1]) << seed;
    EXPECT_LT(best[1], 60e-9);
    EXPECT_NEAR(best[2], best[0], 10e-9) << "where the stage stands";
    EXPECT_EQ(read(file, "focus_found"), std::vector<double>{1.0});
    const auto position = read(file, "focus_position");
    ASSERT_EQ(position.size(), 85U);
    EXPECT_NEAR(position.front(), -1.4e-6, 20e-9);
    EXPECT_NEAR(position.back(), 0.6e-6, 20e-9);
  }
}

TEST_F(PlMovie, AFocusBesideTheRangeIsAWarning) {
  const auto file = movie("edge.nxs", small(also(with_check, {"instruments.focus.best_m=700e-9"})));
  EXPECT_EQ(read(file, "focus_found"), std::vector<double>{0.0});
  EXPECT_TRUE(std::isnan(read(file, "focus_best")[1]));
  const auto events = data::RecordingReader(file).events();
  EXPECT_TRUE(std::any_of(events.begin(), events.end(), [](const Event& e) {
    return e.level == Level::warning && e.text.starts_with("focus not inside");
  }));
}

TEST_F(PlMovie, WithoutLightOrStructureThereIsNoFocus) {
  const auto refuses = [&](const char* name, const Names& more) {
    try {
      static_cast<void>(movie(name, small(also(with_check, more))));
      ADD_FAILURE() << name;
    } catch (const devices::DeviceError& error) {
      EXPECT_EQ(error.operation(), "focus check") << error.what();
    }
    const auto events = data::RecordingReader((folder() / name).string() + ".part").events();
    EXPECT_TRUE(std::any_of(events.begin(), events.end(), [](const Event& e) {
      return e.text == "safe state reached";
    })) << name;
  };
  refuses("dark.nxs", {"procedure.pl_movie.irradiance_w_per_m2=0"});
  refuses("even.nxs",
          {"specimen.clim.centres.density_per_m2=0",
           "specimen.clim.carriers.loss_sigma_ln=0",
           "specimen.clim.carriers.transfer_sigma_ln=0"});
}

TEST_F(PlMovie, WithAFocusCheckItGivesTheSameBitsAfterAStop) {
  const Scenario scenario = small(with_check);
  const auto whole = movie("whole.nxs", scenario);
  EXPECT_EQ(tests::differences(whole, movie("two.nxs", scenario, 2)), Names{});
  EXPECT_EQ(tests::differences(whole, in_two_parts(scenario, 7)), Names{});
}

TEST_F(PlMovie, NeedsAFilmThatFitsAndACameraThatCan) {
  EXPECT_THROW(static_cast<void>(movie("a.nxs", small({"procedure.pl_movie.columns=30"}))),
               std::exception);
  EXPECT_THROW(static_cast<void>(movie("b.nxs", small({"procedure.pl_movie.exposure_s=1e-4"}))),
               ParameterError);
}

}  // namespace
}  // namespace halotwin::session
