// The map of PM-DNS with the lock-in module of the microscope's controller: simulated, over the
// wires of one controller and an SR830, and the tape of that run.
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

constexpr std::size_t frequencies = 5;

/// Phase through the SR830, whose filters and outputs are what they are.
const Names settings{"procedure.pm_dns_map.columns=4",
                     "procedure.pm_dns_map.rows=3",
                     "procedure.pm_dns_map.frequencies.points=5",
                     "procedure.pm_dns_map.reference_repeats=2",
                     "procedure.pm_dns_map.drive_check_repeats=0",
                     "procedure.pm_dns_map.phase_output=2",
                     "procedure.pm_dns_map.phase_scale_v_per_rad=3.1830988618",
                     "procedure.pm_dns_map.mechanical_time_constant_s=1e-5"};

class LockInModule : public testing::Test {
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
    return session::run(
               session::load_scenario("pm_dns_quick",
                                      {.settings = settings, .devices = devices, .seed = seed}),
               options)
        .recording;
  }

 private:
  std::filesystem::path folder_;
};

/// rms of the difference at a frequency, as a part of the rms of `a`.
double difference(const Readings& a, const Readings& b, std::size_t frequency) {
  double sum = 0.0;
  double all = 0.0;
  for (std::size_t i = frequency; i < a.size(); i += frequencies) {
    sum += std::norm(a[i] - b[i]);
    all += std::norm(a[i]);
  }
  return std::sqrt(sum / all);
}

Readings readings(const std::filesystem::path& file) {
  return data::RecordingReader(file).read<std::complex<float>>("demodulated");
}

TEST_F(LockInModule, MeasuresAsTheSimulatedLockIn) {
  Names arguments{"pm_dns_quick",
                  "--speed",
                  "max",
                  "--as",
                  "lockin_mechanical=sr830",
                  "--as",
                  "lockin_electrical=nanonis"};
  for (const std::string& setting : settings) {
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
  const Readings other = readings(run("other", {}, "2"));
  ASSERT_EQ(over_wires.size(), simulated.size());
  for (std::size_t k = 0; k < frequencies; ++k) {
    EXPECT_LT(difference(simulated, over_wires, k), 1e-3) << "frequency " << k;
    EXPECT_GT(difference(simulated, other, k), 1e-2) << "another film, frequency " << k;
  }
  EXPECT_EQ(measured_differences(served, run("replayed", {"all=replay:" + tape().string()})),
            Names{});
}

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
