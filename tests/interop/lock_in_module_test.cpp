// Procedures with the lock-in module of the microscope's controller: simulated, over the wires of
// one controller and an SR830, and the tape of that run.
#include <cmath>
#include <complex>
#include <filesystem>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/errors.hpp"
#include "data/recording_reader.hpp"
#include "session/run.hpp"
#include "session/serve.hpp"
#include "tests/interop/served_twin.hpp"
#include "tests/support/compare_recordings.hpp"

namespace halotwin::tests {
namespace {

using Names = std::vector<std::string>;
using Readings = std::vector<std::complex<float>>;

struct Case {
  std::string name;
  std::string scenario;
  std::size_t columns;  // of what is demodulated: frequencies, pixels
  Names settings;
};

/// The phase comes from an SR830, whose filters and outputs are what they are.
Names with_sr830(const std::string& procedure, const Names& more) {
  Names all{
      "phase_output=2", "phase_scale_v_per_rad=3.1830988618", "mechanical_time_constant_s=1e-5"};
  all.insert(all.end(), more.begin(), more.end());
  for (std::string& setting : all) {
    setting = "procedure." + procedure + "." + setting;
  }
  return all;
}

/// Readings of the lock-in; X and Y as images of the controller.
const std::vector<Case> cases{
    {"readings",
     "pm_dns_quick",
     5,
     with_sr830("pm_dns_map",
                {"columns=4",
                 "rows=3",
                 "frequencies.points=5",
                 "reference_repeats=2",
                 "drive_check_repeats=0"})},
    {"images",
     "pm_efm_microcrystal",
     16,
     with_sr830("pm_efm_map",
                {"columns=16", "rows=4", "step_m=96e-9", "line_time_s=0.5", "aux_scale=1"})}};

class LockInModule : public testing::TestWithParam<Case> {
 public:
  LockInModule()
      : folder_(std::filesystem::temp_directory_path() /
                ("halotwin_module_" + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~LockInModule() override { std::filesystem::remove_all(folder_); }

 protected:
  [[nodiscard]] std::filesystem::path tape() const { return folder_ / "served.tape"; }
  std::filesystem::path run(const std::string& name,
                            const Names& devices,
                            const std::string& seed = "1",
                            const std::filesystem::path& tape = {}) const {
    session::RunOptions options;
    options.output = folder_ / (name + ".nxs");
    options.tape = tape;
    return session::run(session::load_scenario(
                            GetParam().scenario,
                            {.settings = GetParam().settings, .devices = devices, .seed = seed}),
                        options)
        .recording;
  }

 private:
  std::filesystem::path folder_;
};

/// rms of the difference, as a part of the rms of `a`, of each `step`-th value from `first` on.
double difference(const Readings& a,
                  const Readings& b,
                  std::size_t first = 0,
                  std::size_t step = 1) {
  double sum = 0.0;
  double all = 0.0;
  for (std::size_t i = first; i < a.size(); i += step) {
    sum += std::norm(a[i] - b[i]);
    all += std::norm(a[i]);
  }
  return std::sqrt(sum / all);
}

Readings readings(const std::filesystem::path& file) {
  return data::RecordingReader(file).read<std::complex<float>>("demodulated");
}

TEST_P(LockInModule, MeasuresAsTheSimulatedLockIn) {
  Names arguments{GetParam().scenario,
                  "--speed",
                  "max",
                  "--as",
                  "lockin_mechanical=sr830",
                  "--as",
                  "lockin_electrical=nanonis"};
  for (const std::string& setting : GetParam().settings) {
    arguments.insert(arguments.end(), {"--set", setting});
  }
  ServedTwin twin(arguments);
  EXPECT_EQ(twin.address("lockin_electrical"), twin.address("afm") + "?modulator=1&demodulator=1")
      << "one controller, one port";
  Names devices;
  for (const char* role : {"afm", "lockin_mechanical", "lockin_electrical", "clock"}) {
    devices.push_back(std::string(role) + "=" + twin.address(role));
  }
  const auto served = run("served", devices, "1", tape());
  EXPECT_EQ(twin.stop(), 0);
  EXPECT_NE(twin.output().find("the instruments are safe"), std::string::npos) << twin.output();

  const Readings over_wires = readings(served);
  const Readings simulated = readings(run("simulated", {}));
  ASSERT_EQ(over_wires.size(), simulated.size());
  for (std::size_t k = 0; k < GetParam().columns; ++k) {
    EXPECT_LT(difference(simulated, over_wires, k, GetParam().columns), 1e-3) << "column " << k;
  }
  EXPECT_GT(difference(simulated, readings(run("other", {}, "2"))), 1e-2) << "of another film";
  EXPECT_EQ(measured_differences(served, run("replayed", {"all=replay:" + tape().string()})),
            Names{});
}

INSTANTIATE_TEST_SUITE_P(As, LockInModule, testing::ValuesIn(cases), [](const auto& test) {
  return test.param.name;
});

TEST(LockInModuleServed, OnlyWhereItCanBe) {
  const session::ServeOptions one{.as = {{"lockin_electrical", "nanonis"}}};
  session::ServeOptions both = one;
  both.as["lockin_mechanical"] = "nanonis";
  session::Scenario scenario = session::load_scenario("pm_dns_quick", {});
  EXPECT_THROW(session::serve(scenario, both), ParameterError) << "the controller has one";
  scenario.wire_faults = {{.device = "lockin_electrical", .at_count = 1}};
  EXPECT_THROW(session::serve(scenario, one), ParameterError) << "its wire is that of the afm";
}

}  // namespace
}  // namespace halotwin::tests
