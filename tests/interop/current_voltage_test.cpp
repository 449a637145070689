// One procedure, three benches: the current-voltage curve of a simulated source, of the served
// source meter through its driver, and of the tape of that run.
#include <algorithm>
#include <cmath>
#include <filesystem>

#include <gtest/gtest.h>
#include <unistd.h>

#include "data/recording_reader.hpp"
#include "devices/device.hpp"
#include "session/run.hpp"
#include "tests/interop/served_twin.hpp"
#include "tests/support/compare_recordings.hpp"

namespace halotwin::tests {
namespace {

using Names = std::vector<std::string>;

constexpr double noise_a = 50e-12;  // of a reading, iv_quick

class CurrentVoltage : public testing::Test {
 protected:
  CurrentVoltage()
      : folder_(std::filesystem::temp_directory_path() /
                ("halotwin_iv_" + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~CurrentVoltage() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::filesystem::path run(const std::string& name,
                                          const Names& devices,
                                          const Names& settings = {},
                                          bool tape = false) const {
    session::RunOptions options;
    options.output = folder_ / (name + ".nxs");
    options.tape = tape ? folder_ / (name + ".tape") : std::filesystem::path();
    return session::run(
               session::load_scenario("iv_quick", {.settings = settings, .devices = devices}),
               options)
        .recording;
  }
  [[nodiscard]] const std::filesystem::path& folder() const { return folder_; }

 private:
  std::filesystem::path folder_;
};

Names addresses(const ServedTwin& twin) {
  return {"bias=" + twin.address("bias"), "clock=" + twin.address("clock")};
}

std::vector<double> values(const std::filesystem::path& file, const char* signal) {
  return data::RecordingReader(file).read<double>(signal);
}

double rms_difference(const std::vector<double>& a, const std::vector<double>& b) {
  double sum = 0.0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    sum += (a[k] - b[k]) * (a[k] - b[k]);
  }
  return std::sqrt(sum / static_cast<double>(a.size()));
}

TEST_F(CurrentVoltage, SimulatedServedAndReplayed) {
  ServedTwin twin({"iv_quick", "--speed", "max"});
  const auto simulated = run("simulated", {});
  const auto served = run("served", addresses(twin), {}, true);
  EXPECT_EQ(twin.stop(), 0);
  const auto replayed = run("replayed", {"all=replay:" + (folder() / "served.tape").string()});
  EXPECT_EQ(measured_differences(served, replayed), Names{}) << "replay: the same bits";

  const data::RecordingReader one(simulated);
  const data::RecordingReader other(served);
  ASSERT_EQ(one.signals(), other.signals());
  for (const std::string& name : one.signals()) {
    EXPECT_EQ(one.spec(name), other.spec(name)) << "axes and units of " << name;
  }
  EXPECT_EQ(one.collection("instrument").keys(), other.collection("instrument").keys());
  EXPECT_TRUE(other.header().devices.front().address.starts_with("scpi://"));

  EXPECT_EQ(values(simulated, "set_voltage"), values(served, "set_voltage"));
  EXPECT_LT(rms_difference(values(simulated, "voltage"), values(served, "voltage")), 1e-6);
  EXPECT_LT(rms_difference(values(simulated, "current"), values(served, "current")),
            1.4 * std::sqrt(2.0) * noise_a);
  // null: another load is beyond the noise
  const auto heavier = run("heavier", {}, {"instruments.bias.load_siemens=2e-9"});
  EXPECT_GT(rms_difference(values(heavier, "current"), values(served, "current")), 4.0 * noise_a);
}

TEST_F(CurrentVoltage, ATangoDeviceServesToo) {
  ServedTwin twin({"iv_quick", "--speed", "max", "--as", "bias=tango"});
  const auto served = run("tango", addresses(twin));
  EXPECT_EQ(twin.stop(), 0);
  EXPECT_TRUE(
      data::RecordingReader(served).header().devices.front().address.starts_with("tango://"));
  EXPECT_LT(rms_difference(values(run("simulated", {}), "current"), values(served, "current")),
            1.4 * std::sqrt(2.0) * noise_a);
}

TEST_F(CurrentVoltage, StopsAtTheCurrentLimitOfTheServedSource) {
  ServedTwin twin({"iv_quick", "--speed", "max", "--set", "instruments.bias.load_siemens=1e-8"});
  const auto limited =
      run("limited", addresses(twin), {"procedure.current_voltage.compliance_a=\"5.2 nA\""});
  EXPECT_EQ(twin.stop(), 0);
  const auto current_a = values(limited, "current");
  const auto first_empty =
      std::find_if(current_a.begin(), current_a.end(), [](double a) { return std::isnan(a); });
  EXPECT_EQ(first_empty - current_a.begin(), 12) << "the step to 0.55 V is the last";
  bool told = false;
  for (const Event& event : data::RecordingReader(limited).events()) {
    told = told || event.text.find("current limit of 5.2e-09 A is reached") != std::string::npos;
  }
  EXPECT_TRUE(told);
}

// Wires that fail while the source ramps: the run goes on, or ends with an error that names the
// source, in the safe state.
class FaultySource : public CurrentVoltage, public testing::WithParamInterface<const char*> {};

TEST_P(FaultySource, EndsInTheSafeState) {
  const std::string kind = GetParam();
  ServedTwin twin(
      {"iv_quick",
       "--speed",
       "max",
       "--set",
       "wire_fault=[{device=\"bias\", kind=\"" + kind + "\", at_count=100, late_s=0.05}]"});
  bool ended = false;
  try {
    static_cast<void>(run("served", addresses(twin)));
  } catch (const devices::DeviceError& error) {
    ended = true;
    EXPECT_EQ(error.device(), "bias") << error.what();
  }
  const data::RecordingReader recording(folder() / (ended ? "served.nxs.part" : "served.nxs"));
  bool safe = !ended;
  for (const Event& event : recording.events()) {
    safe = safe || event.text == "safe state reached";
  }
  EXPECT_TRUE(safe);
  EXPECT_FALSE(ended && (kind == "late" || kind == "disconnected")) << "no reason to end";
  EXPECT_EQ(twin.stop(), 0);
}

INSTANTIATE_TEST_SUITE_P(Kinds,
                         FaultySource,
                         testing::Values("late", "truncated", "garbled", "disconnected"),
                         [](const auto& test) { return std::string(test.param); });

}  // namespace
}  // namespace halotwin::tests
