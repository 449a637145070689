// What else can happen to a current-voltage curve over wires.
#include <algorithm>
#include <cmath>
#include <filesystem>

#include <gtest/gtest.h>
#include <unistd.h>

#include "data/recording_reader.hpp"
#include "devices/device.hpp"
#include "session/run.hpp"
#include "tests/interop/served_twin.hpp"

namespace halotwin::tests {
namespace {

using Names = std::vector<std::string>;

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
