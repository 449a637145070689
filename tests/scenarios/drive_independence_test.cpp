// The film is linear: the calibrated response must not depend on the drive. The whole chain without
// noise, harmonic engine.
#include <algorithm>
#include <cmath>
#include <filesystem>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <unistd.h>

#include "analysis/pipelines/pm_dns_file.hpp"
#include "data/recording_reader.hpp"
#include "session/run.hpp"

namespace halotwin::session {
namespace {

struct Chain {
  double drive_v = 1.0;
  int check_repeats = 1;
  bool height_dynamics = true;
};

class DriveIndependence : public testing::Test {
 protected:
  DriveIndependence()
      : folder_(std::filesystem::temp_directory_path() /
                ("halotwin_drive_" + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~DriveIndependence() override { std::filesystem::remove_all(folder_); }

  std::filesystem::path record(const Chain& chain) const {
    const std::string map = "procedure.pm_dns_map.";
    std::vector<std::string> settings{
        map + "columns=3",
        map + "rows=3",
        map + "reference_repeats=1",
        map + "drive_peak_v=" + std::to_string(chain.drive_v),
        map + "drive_check_repeats=" + std::to_string(chain.check_repeats),
        "specimen.effects.transient=false",
        std::string("surroundings.height_dynamics=") + (chain.height_dynamics ? "true" : "false")};
    for (const char* what : {"thermal_noise",
                             "detection_noise",
                             "flicker_noise",
                             "height_noise",
                             "resonance_drift",
                             "lateral_drift"}) {
      settings.push_back(std::string("surroundings.") + what + "=false");
    }
    RunOptions options;
    options.output = folder_ / "map.nxs";
    options.overwrite = data::Overwrite::yes;
    return run(load_scenario("pm_dns_quick", {.settings = settings}), options).recording;
  }

  // Mean response of the map, calibrated.
  std::vector<std::complex<double>> response(const Chain& chain) const {
    const data::RecordingReader reader(record(chain));
    const analysis::PmDnsMap map = analysis::read_pm_dns_map(reader);
    analysis::PmDnsOptions options;
    options.exclude_lines = 0;
    options.replicates = 2;
    options.null_repeats = 0;
    options.max_rank_scanned = 0;
    return analysis::analyse_pm_dns(map.input(), options).response.mean_response;
  }

  std::filesystem::path folder_;
};

double largest_change(const std::vector<std::complex<double>>& a,
                      const std::vector<std::complex<double>>& b) {
  double largest = 0.0;
  for (std::size_t i = 0; i < a.size(); ++i) {
    largest = std::max(largest, std::abs(a[i].imag() - b[i].imag()));
  }
  return largest;
}

TEST_F(DriveIndependence, TheLossStaysWithTheCheck) {
  const auto weak = response({.drive_v = 0.1, .check_repeats = 0});
  EXPECT_LT(largest_change(response({.drive_v = 0.5}), weak), 0.001);
  EXPECT_LT(largest_change(response({.drive_v = 0.7}), weak), 0.001);
  EXPECT_LT(largest_change(response({.drive_v = 1.0}), weak), 0.004);
}

// The null: the same without the check, where the lever's answer remains. It goes with the fourth
// power of the drive, and the height feedback is a part of it only.
TEST_F(DriveIndependence, WithoutTheCheckItGrowsWithTheFourthPower) {
  const auto weak = response({.drive_v = 0.1, .check_repeats = 0});
  const double half = largest_change(response({.drive_v = 0.5, .check_repeats = 0}), weak);
  const double full = largest_change(response({.drive_v = 1.0, .check_repeats = 0}), weak);
  EXPECT_GT(full, 0.05);
  EXPECT_NEAR(full / half, 16.0, 2.0);
  const double held =
      largest_change(response({.drive_v = 1.0, .check_repeats = 0, .height_dynamics = false}),
                     response({.drive_v = 0.1, .check_repeats = 0, .height_dynamics = false}));
  EXPECT_GT(held, 0.7 * full);
  EXPECT_LT(held, 0.95 * full);
}

}  // namespace
}  // namespace halotwin::session
