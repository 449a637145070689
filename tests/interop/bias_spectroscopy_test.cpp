// One procedure, three benches: bias spectroscopy of the simulated microscope, of the served
// Nanonis controller through its driver, and of the tape of that run.
#include <cmath>
#include <filesystem>

#include <gtest/gtest.h>
#include <unistd.h>

#include "data/recording_reader.hpp"
#include "session/run.hpp"
#include "tests/interop/served_twin.hpp"
#include "tests/support/compare_recordings.hpp"

namespace halotwin::tests {
namespace {

using Names = std::vector<std::string>;

constexpr std::size_t points = 21;
const Names settings{"procedure.bias_spectroscopy.columns=4",
                     "procedure.bias_spectroscopy.rows=3",
                     "procedure.bias_spectroscopy.points=21",
                     "procedure.bias_spectroscopy.reference_repeats=2"};

class BiasSpectroscopy : public testing::Test {
 protected:
  BiasSpectroscopy()
      : folder_(std::filesystem::temp_directory_path() /
                ("halotwin_bias_spectroscopy_" + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~BiasSpectroscopy() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::filesystem::path run(const std::string& name,
                                          const Names& devices,
                                          bool tape = false,
                                          const std::string& seed = "1") const {
    session::RunOptions options;
    options.output = folder_ / (name + ".nxs");
    options.tape = tape ? folder_ / (name + ".tape") : std::filesystem::path();
    return session::run(
               session::load_scenario("bias_spectroscopy_quick",
                                      {.settings = settings, .devices = devices, .seed = seed}),
               options)
        .recording;
  }
  [[nodiscard]] std::string tape(const std::string& name) const {
    return "all=replay:" + (folder_ / (name + ".tape")).string();
  }

 private:
  std::filesystem::path folder_;
};

std::vector<float> phases(const std::filesystem::path& file) {
  return data::RecordingReader(file).read<float>("phase");
}

double rms_difference(const std::vector<float>& a, const std::vector<float>& b) {
  double sum = 0.0;
  for (std::size_t k = 0; k < a.size(); ++k) {
    sum += std::pow(static_cast<double>(a[k]) - static_cast<double>(b[k]), 2.0);
  }
  return std::sqrt(sum / static_cast<double>(a.size()));
}

/// Of a reading, from the two directions: both hold the curve at the same biases.
double noise_of(const std::vector<float>& phase_rad) {
  std::vector<float> rising;
  std::vector<float> falling;
  for (std::size_t k = 0; k < phase_rad.size(); ++k) {
    (k / points % 2 == 0 ? rising : falling).push_back(phase_rad[k]);
  }
  return rms_difference(rising, falling) / std::sqrt(2.0);
}

TEST_F(BiasSpectroscopy, SimulatedServedAndReplayed) {
  Names arguments{"bias_spectroscopy_quick", "--speed", "max"};
  for (const std::string& setting : settings) {
    arguments.insert(arguments.end(), {"--set", setting});
  }
  ServedTwin twin(arguments);
  const auto simulated = run("simulated", {});
  Names addresses;
  for (const char* role : {"afm", "lockin_mechanical", "lockin_electrical", "clock"}) {
    addresses.push_back(std::string(role) + "=" + twin.address(role));
  }
  const auto served = run("served", addresses, true);
  EXPECT_EQ(twin.stop(), 0);
  EXPECT_EQ(measured_differences(served, run("replayed", {tape("served")})), Names{})
      << "the same bits";

  const data::RecordingReader one(simulated);
  const data::RecordingReader other(served);
  ASSERT_EQ(one.signals(), other.signals());
  for (const std::string& name : one.signals()) {
    EXPECT_EQ(one.spec(name), other.spec(name)) << "axes and units of " << name;
  }
  EXPECT_EQ(one.collection("instrument").keys(), other.collection("instrument").keys());
  // within the noise of both; null: another film
  const auto a = phases(simulated);
  const auto b = phases(served);
  ASSERT_EQ(a.size(), b.size());
  const double noise_rad = std::hypot(noise_of(a), noise_of(b));
  const double other_film_rad = rms_difference(a, phases(run("other", {}, false, "2")));
  EXPECT_LT(rms_difference(a, b), 1.3 * noise_rad);
  EXPECT_GT(other_film_rad, 1.5 * noise_rad);
}

}  // namespace
}  // namespace halotwin::tests
