// The apex of the parabola at a place is the potential that a Kelvin loop nulls there.
#include <algorithm>
#include <cmath>
#include <filesystem>

#include <gtest/gtest.h>
#include <unistd.h>

#include "analysis/pipelines/pipeline.hpp"
#include "base/errors.hpp"
#include "data/recording_reader.hpp"
#include "session/run.hpp"

namespace halotwin::session {
namespace {

using Names = std::vector<std::string>;

class BiasSpectroscopy : public testing::Test {
 protected:
  BiasSpectroscopy()
      : folder_(std::filesystem::temp_directory_path() /
                ("halotwin_spectroscopy_" + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~BiasSpectroscopy() override { std::filesystem::remove_all(folder_); }

  /// 6 x 6 places on one film, with noise but without drift; analysed.
  [[nodiscard]] std::filesystem::path measure(const std::string& scenario,
                                              const std::string& procedure,
                                              const Names& more) const {
    Names settings{"procedure." + procedure + ".columns=6",
                   "procedure." + procedure + ".rows=6",
                   "procedure." + procedure + ".step_m=30e-9",
                   "procedure." + procedure + ".first_pixel_m=[30e-9, 30e-9]",
                   "specimen.microstructure.width_m=300e-9",
                   "specimen.microstructure.height_m=300e-9",
                   "surroundings.lateral_drift=false",
                   "surroundings.piezo_creep=false"};
    settings.insert(settings.end(), more.begin(), more.end());
    RunOptions options;
    options.output = folder_ / (procedure + ".nxs");
    options.overwrite = data::Overwrite::yes;
    const auto file = run(load_scenario(scenario, {.settings = settings}), options).recording;
    static_cast<void>(analysis::find_pipeline("", procedure).analyse({.recording = file}));
    return file;
  }

 private:
  std::filesystem::path folder_;
};

double correlation(const std::vector<double>& a, const std::vector<double>& b) {
  const auto n = static_cast<double>(a.size());
  double sums[5] = {};
  for (std::size_t k = 0; k < a.size(); ++k) {
    sums[0] += a[k] / n;
    sums[1] += b[k] / n;
    sums[2] += a[k] * a[k] / n;
    sums[3] += b[k] * b[k] / n;
    sums[4] += a[k] * b[k] / n;
  }
  return (sums[4] - sums[0] * sums[1]) /
         std::sqrt((sums[2] - sums[0] * sums[0]) * (sums[3] - sums[1] * sums[1]));
}

TEST_F(BiasSpectroscopy, AgreesWithTheKelvinLoopAtTheSamePlaces) {
  const data::RecordingReader curves(
      measure("bias_spectroscopy_quick", "bias_spectroscopy", {"specimen.response=\"physical\""}));
  const data::RecordingReader loop(measure("kpfm_fresh_film",
                                           "kpfm_map",
                                           {"procedure.kpfm_map.line_time_s=1.2",
                                            "specimen.microstructure.mean_grain_diameter_m=1e-7",
                                            "specimen.microstructure.grid_step_m=6e-9"}));
  const auto apex = curves.read<double>("analysis_bias_spectroscopy/contact_potential");
  const auto sigma = curves.read<double>("analysis_bias_spectroscopy/contact_potential_sigma");
  const auto nulled = loop.read<double>("analysis_kpfm/contact_potential");
  const auto there = loop.read<float>("contact_potential");
  const auto back = loop.read<float>("contact_potential_backward");
  ASSERT_EQ(apex.size(), 36U);
  EXPECT_NEAR(curves.read<double>("tune").at(2), -0.5 * std::acos(-1.0), 5e-3) << "on resonance";
  ASSERT_EQ(nulled.size(), 36U);
  double loop_noise2 = 0.0;  // of the mean of both ways
  for (std::size_t k = 0; k < 36; ++k) {
    loop_noise2 += std::pow(0.5 * (there[k] - back[k]), 2.0) / 36.0;
  }
  double pulls = 0.0;
  for (std::size_t k = 0; k < 36; ++k) {
    pulls += std::pow(apex[k] - nulled[k], 2.0) / (sigma[k] * sigma[k] + loop_noise2) / 36.0;
  }
  EXPECT_LT(std::sqrt(pulls), 1.6);
  EXPECT_GT(correlation(apex, nulled), 0.9);
  // null: the places of one of them turned round
  std::vector<double> turned(nulled.rbegin(), nulled.rend());
  EXPECT_LT(correlation(apex, turned), 0.6);
}

TEST_F(BiasSpectroscopy, BeyondTheLimitsOfTheBenchIsRefusedBeforeTheStart) {
  try {
    static_cast<void>(load_scenario("bias_spectroscopy_quick",
                                    {.settings = {"procedure.bias_spectroscopy.to_v=3.5"}}));
    FAIL() << "not refused";
  } catch (const ParameterError& error) {
    EXPECT_NE(std::string(error.what()).find("to_v = 3.5"), std::string::npos) << error.what();
  }
}

}  // namespace
}  // namespace halotwin::session
