// One procedure, three benches: a tapping image of the simulated microscope, of the twin behind a
// folder as Asylum's software, and of the tape of that run.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <fstream>
#include <numeric>
#include <stop_token>

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include "base/clock.hpp"
#include "base/errors.hpp"
#include "data/imports/scan_import.hpp"
#include "data/recording_reader.hpp"
#include "devices/device.hpp"
#include "session/run.hpp"
#include "tests/data/programs.hpp"
#include "tests/interop/served_twin.hpp"
#include "tests/support/compare_recordings.hpp"

namespace halotwin::tests {
namespace {

using Names = std::vector<std::string>;

const Names settings{"procedure.topography.columns=16", "procedure.topography.rows=12"};

class TopographyOverFiles : public testing::Test {
 public:
  TopographyOverFiles()
      : folder_(std::filesystem::temp_directory_path() /
                ("halotwin_topography_" + std::to_string(getpid()))) {
    std::filesystem::create_directories(served_in());
  }
  ~TopographyOverFiles() override { std::filesystem::remove_all(folder_); }

 protected:
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  [[nodiscard]] std::filesystem::path served_in() const { return folder_ / "served"; }
  [[nodiscard]] Names to_serve(const std::string& scenario = "topography_quick") const {
    Names arguments{
        scenario, "--speed", "max", "--as", "afm=asylum", "--folder", served_in().string()};
    if (scenario == "topography_quick") {
      for (const std::string& setting : settings) {
        arguments.insert(arguments.end(), {"--set", setting});
      }
    }
    return arguments;
  }
  [[nodiscard]] std::filesystem::path run(const std::string& name,
                                          const Names& devices,
                                          const std::string& seed = "1",
                                          session::RunOptions options = {}) const {
    options.output = folder_ / (name + ".nxs");
    return session::run(
               session::load_scenario("topography_quick",
                                      {.settings = settings, .devices = devices, .seed = seed}),
               options)
        .recording;
  }

 private:
  std::filesystem::path folder_;
};

Names addresses(const ServedTwin& twin) {
  return {"afm=" + twin.address("afm"), "clock=" + twin.address("clock")};
}

std::vector<double> values(const std::filesystem::path& file, const std::string& signal) {
  return data::RecordingReader(file).read<double>(signal);
}

/// Pearson's r.
double likeness(const std::vector<double>& a, const std::vector<double>& b) {
  const auto count = static_cast<double>(a.size());
  const double mean_a = std::accumulate(a.begin(), a.end(), 0.0) / count;
  const double mean_b = std::accumulate(b.begin(), b.end(), 0.0) / count;
  double aa = 0.0;
  double bb = 0.0;
  double ab = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    aa += (a[i] - mean_a) * (a[i] - mean_a);
    bb += (b[i] - mean_b) * (b[i] - mean_b);
    ab += (a[i] - mean_a) * (b[i] - mean_b);
  }
  return ab / std::sqrt(aa * bb);
}

TEST_F(TopographyOverFiles, SimulatedServedAndReplayed) {
  ServedTwin twin(to_serve());
  EXPECT_EQ(twin.address("afm"), "asylum://" + served_in().string());
  const auto simulated = run("simulated", {});
  const auto served =
      run("served", addresses(twin), "1", {.output = {}, .tape = folder() / "served.tape"});
  EXPECT_EQ(twin.stop(), 0);
  const auto replayed = run("replayed", {"all=replay:" + (folder() / "served.tape").string()});
  EXPECT_EQ(measured_differences(served, replayed), Names{}) << "replay: the same bits";

  const data::RecordingReader one(simulated);
  const data::RecordingReader other(served);
  ASSERT_EQ(one.signals(), other.signals());
  for (const std::string& name : one.signals()) {
    EXPECT_EQ(one.spec(name), other.spec(name)) << "axes and units of " << name;
  }
  EXPECT_TRUE(other.header().devices.front().address.starts_with("asylum://"));
  // the same grains in the same places; nulls: another film, the same one row further
  for (const char* name : {"topography", "topography_backward"}) {
    EXPECT_GT(likeness(values(simulated, name), values(served, name)), 0.99) << name;
  }
  const auto there = values(served, "topography");
  EXPECT_LT(likeness(values(run("other", {}, "2"), "topography"), there), 0.7);
  auto moved = values(simulated, "topography");
  std::rotate(moved.begin(), moved.begin() + 16, moved.end());
  EXPECT_LT(likeness(moved, there), 0.95);
  for (const double rad : values(served, "phase")) {
    EXPECT_NEAR(rad, values(simulated, "phase").front(), 0.1) << "not in degrees";
  }
  // lines of a frame that came as a whole have their own times
  const auto times = values(served, "line_time");
  EXPECT_NEAR(times[5] - times[4], 4.0, 1e-6);
}

TEST_F(TopographyOverFiles, ARunGoesOnWhereItStopped) {
  ServedTwin twin(to_serve());
  std::stop_source stop;
  session::RunOptions options;
  options.stop = stop.get_token();
  options.progress = [&](const session::Progress& now) {
    if (now.done == 5) {
      stop.request_stop();
    }
  };
  EXPECT_THROW(static_cast<void>(run("stopped", addresses(twin), "1", options)), Interrupted);
  const auto file = session::resume(folder() / "stopped.nxs", {}).recording;
  EXPECT_EQ(twin.stop(), 0);
  EXPECT_EQ(data::RecordingReader(file).status(), data::RunStatus::complete);
  EXPECT_GT(likeness(values(run("simulated", {}), "topography"), values(file, "topography")), 0.99);
}

TEST_F(TopographyOverFiles, WhatNeedsMoreThanAScannerNamesWhatIsMissing) {
  ServedTwin twin(to_serve("kpfm_fresh_film"));
  try {
    Names devices = addresses(twin);
    for (const std::string role : {"lockin_mechanical", "lockin_electrical"}) {
      devices.push_back(role + "=" + twin.address(role));
    }
    static_cast<void>(session::run(session::load_scenario("kpfm_fresh_film", {.devices = devices}),
                                   {.output = folder() / "kpfm.nxs"}));
    ADD_FAILURE() << "a Kelvin probe image without control of the height";
  } catch (const devices::DeviceError& error) {
    EXPECT_NE(std::string(error.what()).find("control of the height: needed here"),
              std::string::npos)
        << error.what();
  }
  EXPECT_EQ(twin.stop(), 0);
}

TEST_F(TopographyOverFiles, TheTwinTellsWhatItDoesNotExecute) {
  ServedTwin twin(to_serve());
  std::ofstream(served_in() / "ToIgor.arcmd") << "GetTune()\n";
  WallClock clock;
  while (twin.output().find("not executed: GetTune()") == std::string::npos) {
    ASSERT_LT(seconds(clock.now()), 60.0) << twin.output();
    clock.sleep(from_seconds(0.01));
  }
  EXPECT_EQ(twin.stop(), 0);
}

TEST_F(TopographyOverFiles, OtherProgramsReadTheImages) {
  ServedTwin twin(to_serve());
  const auto served = run("served", addresses(twin));
  EXPECT_EQ(twin.stop(), 0);
  const std::string image = (served_in() / "Image0000.ibw").string();
  // our own import: the same numbers as the driver's
  data::ImportedScan imported =
      data::import_scan({.source = image, .output = folder() / "imported.nxs"});
  EXPECT_EQ(values(folder() / "imported.nxs", "height"), values(served, "topography"));
  EXPECT_EQ(values(folder() / "imported.nxs", "height_backward"),
            values(served, "topography_backward"));
  const std::string python =
      "/usr/bin/python3 -c 'import igor.binarywave as b; w = b.load(\"" + image +
      "\")[\"wave\"]; print(w[\"wData\"].shape, w[\"labels\"][2][1].decode(), "
      "w[\"note\"][:8].decode(), \"%.3e\" % w[\"wData\"][3, 2, 0])' 2>&1";
  if (data::testing::run("/usr/bin/python3 -c 'import igor.binarywave'").status == 0) {
    EXPECT_EQ(data::testing::run(python).output,
              fmt::format("(16, 12, 8) HeightTrace ScanSize {:.3e}\n",
                          values(served, "topography")[2 * 16 + 3]));
  }
  if (data::testing::has_program("gwyddion")) {
    EXPECT_NE(data::testing::run("gwyddion --identify " + image).output.find("igorfile, 100"),
              std::string::npos);
  }
}

}  // namespace
}  // namespace halotwin::tests
