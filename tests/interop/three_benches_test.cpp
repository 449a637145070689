// One procedure, three benches: simulated, the served twin through the drivers, and the tape of
// that run. Then what else can happen over wires, with the map of PM-DNS and a Nanonis controller,
// an SR830 and an SR865A.
#include "validation/three_benches.hpp"

#include <algorithm>
#include <cmath>
#include <filesystem>
#include <memory>
#include <numeric>
#include <ostream>
#include <stop_token>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/errors.hpp"
#include "data/recording_reader.hpp"
#include "devices/device.hpp"
#include "scenarios/procedure.hpp"
#include "session/run.hpp"
#include "tests/interop/served_twin.hpp"
#include "tests/support/compare_recordings.hpp"
#include "tests/support/gige_twin.hpp"

namespace halotwin::validation {

void PrintTo(const Rehearsal& row, std::ostream* out) {  // for GoogleTest
  *out << row.name;
}

}  // namespace halotwin::validation

namespace halotwin::tests {
namespace {

using Names = std::vector<std::string>;

// The SR830 has no filter faster than 10 us, and its phase leaves it at CH2, 18 degrees per volt.
const Names settings{"procedure.pm_dns_map.columns=6",
                     "procedure.pm_dns_map.rows=4",
                     "procedure.pm_dns_map.frequencies.points=6",
                     "procedure.pm_dns_map.reference_repeats=4",
                     "procedure.pm_dns_map.phase_output=2",
                     "procedure.pm_dns_map.phase_scale_v_per_rad=3.1830988618",
                     "procedure.pm_dns_map.mechanical_time_constant_s=1e-5"};

class ThreeBenches : public testing::Test {
 protected:
  ThreeBenches()
      : folder_(std::filesystem::temp_directory_path() /
                ("halotwin_benches_" + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~ThreeBenches() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path run(const std::string& name,
                            const Names& devices,
                            bool tape = false,
                            const std::string& seed = "1",
                            session::RunOptions options = {}) const {
    options.output = folder_ / (name + ".nxs");
    options.tape = tape ? folder_ / (name + ".tape") : std::filesystem::path();
    return session::run(
               session::load_scenario("pm_dns_quick",
                                      {.settings = settings, .devices = devices, .seed = seed}),
               options)
        .recording;
  }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }
  [[nodiscard]] std::string tape(const std::string& name) const {
    return "all=replay:" + (folder_ / (name + ".tape")).string();
  }

 private:
  std::filesystem::path folder_;
};

/// What serves the twin of `settings`.
Names to_serve(const Names& more = {}) {
  Names arguments{"pm_dns_quick", "--speed", "max", "--as", "lockin_mechanical=sr830"};
  for (const std::string& setting : settings) {
    arguments.insert(arguments.end(), {"--set", setting});
  }
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

Names addresses(const ServedTwin& twin) {
  Names all;
  for (const char* role : {"afm", "lockin_mechanical", "lockin_electrical", "clock"}) {
    all.push_back(std::string(role) + "=" + twin.address(role));
  }
  return all;
}

std::vector<float> topography(const std::filesystem::path& file) {
  return data::RecordingReader(file).read<float>("topography");
}

/// Pearson's r.
double likeness(const std::vector<float>& a, const std::vector<float>& b) {
  double aa = 0.0;
  double bb = 0.0;
  double ab = 0.0;
  const double mean_a = std::accumulate(a.begin(), a.end(), 0.0) / static_cast<double>(a.size());
  const double mean_b = std::accumulate(b.begin(), b.end(), 0.0) / static_cast<double>(b.size());
  for (std::size_t i = 0; i < a.size(); ++i) {
    aa += (a[i] - mean_a) * (a[i] - mean_a);
    bb += (b[i] - mean_b) * (b[i] - mean_b);
    ab += (a[i] - mean_a) * (b[i] - mean_b);
  }
  return ab / std::sqrt(aa * bb);
}

// Every procedure: the same form, values within the stated noise, another sample's are not, and the
// replay has the same bits.
class EveryProcedure : public testing::TestWithParam<validation::Rehearsal> {};

TEST_P(EveryProcedure, IsTheSameOnThreeBenches) {
  const auto alone = GetParam().name == "pl_movie" ? std::make_unique<test::GigePort>() : nullptr;
  const auto folder = std::filesystem::temp_directory_path() /
                      ("halotwin_benches_" + GetParam().name + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  const validation::ThreeBenches three =
      validation::on_three_benches(GetParam(), {.program = HALOTWIN_PROGRAM, .folder = folder});
  std::filesystem::remove_all(folder);
  EXPECT_EQ(three.other_form, Names{}) << "axes, units, keys, roles over wires";
  EXPECT_EQ(three.replay_differs, Names{}) << "the same bits";
  for (const validation::SignalDifference& d : three.differences) {
    EXPECT_LE(d.served, d.limit()) << d.what.signal;
    EXPECT_GT(d.other, d.limit()) << d.what.signal << " of another sample";
  }
  EXPECT_TRUE(three.met());
}

INSTANTIATE_TEST_SUITE_P(Procedures,
                         EveryProcedure,
                         testing::ValuesIn(validation::rehearsals()),
                         [](const auto& test) { return test.param.name; });

TEST(EveryProcedureThatIsListed, HasARow) {
  Names known;
  for (const validation::Rehearsal& row : validation::rehearsals()) {
    known.push_back(session::load_scenario(row.scenario, {}).info.procedure);
  }
  for (const std::string& name : scenarios::procedure_names()) {
    EXPECT_NE(std::find(known.begin(), known.end(), name), known.end()) << name;
  }
}

TEST_F(ThreeBenches, ARunOverWiresGoesOnWhereItStopped) {
  ServedTwin twin(to_serve());
  std::stop_source stop;
  session::RunOptions options;
  options.stop = stop.get_token();
  options.progress = [&](const session::Progress& now) {
    if (now.done == 13) {
      stop.request_stop();
    }
  };
  EXPECT_THROW(run("stopped", addresses(twin), false, "1", options), Interrupted);
  const auto file = session::resume(folder() / "stopped.nxs", {}).recording;
  EXPECT_EQ(twin.stop(), 0);

  const data::RecordingReader recording(file);
  EXPECT_EQ(recording.status(), data::RunStatus::complete);
  EXPECT_GT(likeness(topography(run("simulated", {})), topography(file)), 0.99);
  Duration last{};
  bool again = false;
  for (const Event& event : recording.events()) {
    EXPECT_GE(event.time, last) << event.text << ": time goes on where the run stopped";
    last = event.time;
    again = again || event.text == "taken up again after 13 of 24";
  }
  EXPECT_TRUE(again);
}

TEST_F(ThreeBenches, ARecordOfWiresPlaysTheInstrumentsOfARun) {
  session::RunOptions options;
  options.wire = folder() / "run.wires";
  const auto served = [&] {
    ServedTwin twin(to_serve());
    return run("served", addresses(twin), false, "1", options);
  }();
  {
    ServedTwin played({options.wire.string()});
    EXPECT_EQ(measured_differences(served, run("again", addresses(played))), Names{})
        << "the same bits";
    EXPECT_EQ(played.stop(), 0) << "everything was said as recorded";
  }
  ServedTwin played({options.wire.string()});
  Names other = settings;
  other.emplace_back("procedure.pm_dns_map.drive_peak_v=0.7");
  EXPECT_THROW(session::run(session::load_scenario(
                                "pm_dns_quick", {.settings = other, .devices = addresses(played)}),
                            {.output = folder() / "other.nxs"}),
               devices::DeviceError);
  EXPECT_EQ(played.stop(), 1);
  EXPECT_NE(played.output().find("recorded"), std::string::npos) << played.output();
}

// Wires that fail while a procedure runs: it goes on, or ends with an error that names the device,
// in the safe state.
class FaultyWires : public ThreeBenches,
                    public testing::WithParamInterface<std::pair<const char*, const char*>> {};

TEST_P(FaultyWires, EndInTheSafeState) {
  const auto [device, kind] = GetParam();
  ServedTwin twin(to_serve({"--set",
                            std::string("wire_fault=[{device=\"") + device + "\", kind=\"" + kind +
                                "\", at_count=40, late_s=0.05}]"}));
  bool ended = false;
  try {
    static_cast<void>(run("served", addresses(twin)));
  } catch (const devices::DeviceError& error) {
    ended = true;
    EXPECT_EQ(error.device(), device) << error.what();
  }
  const auto file = folder() / (ended ? "served.nxs.part" : "served.nxs");
  const data::RecordingReader recording(file);
  bool safe = !ended;
  for (const Event& event : recording.events()) {
    safe = safe || event.text == "safe state reached";
  }
  EXPECT_TRUE(safe);
  if (std::string(kind) == "late") {
    EXPECT_FALSE(ended) << "50 ms are no fault";
  }
  EXPECT_EQ(twin.stop(), 0);
}

INSTANTIATE_TEST_SUITE_P(Kinds,
                         FaultyWires,
                         testing::Values(std::pair("lockin_electrical", "late"),
                                         std::pair("lockin_electrical", "truncated"),
                                         std::pair("lockin_electrical", "garbled"),
                                         std::pair("lockin_electrical", "disconnected"),
                                         std::pair("lockin_mechanical", "disconnected"),
                                         std::pair("afm", "late"),
                                         std::pair("afm", "truncated"),
                                         std::pair("afm", "garbled"),
                                         std::pair("afm", "disconnected"),
                                         std::pair("clock", "disconnected")),
                         [](const auto& test) {
                           return std::string(test.param.first) + "_" + test.param.second;
                         });

}  // namespace
}  // namespace halotwin::tests
