// A PM-DNS map is taped; other maps are measured on its points: replay:FILE?nearest=.
#include <algorithm>
#include <complex>
#include <filesystem>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/errors.hpp"
#include "data/recording_reader.hpp"
#include "devices/device.hpp"
#include "session/run.hpp"
#include "tests/support/compare_recordings.hpp"

namespace halotwin::session {
namespace {

using Names = std::vector<std::string>;

/// What a map of `columns` x `rows` pixels measures, its first pixel at x.
Names map(int columns, int rows, const std::string& x_m) {
  const std::string p = "procedure.pm_dns_map.";
  return {p + "columns=" + std::to_string(columns),
          p + "rows=" + std::to_string(rows),
          p + "first_pixel_m=[" + x_m + ", 0]",
          p + "step_m=12e-9",
          p + "reference_repeats=2",
          p + "drive_check_repeats=2",
          p + "frequencies.points=3"};
}

class NearestPoint : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    std::filesystem::create_directories(folder());
    static_cast<void>(measure("pm_dns_quick", map(4, 3, "0"), {}, "taped"));
  }
  static void TearDownTestSuite() { std::filesystem::remove_all(folder()); }

  static std::filesystem::path folder() {
    return std::filesystem::temp_directory_path() /
           ("halotwin_nearest_" + std::to_string(getpid()));
  }
  static std::filesystem::path at(const std::string& name) { return folder() / name; }
  /// On simulated instruments, with a tape, if no device is given.
  static std::filesystem::path measure(const std::string& scenario,
                                       const Names& settings,
                                       const Names& devices,
                                       const std::string& name) {
    RunOptions options;
    options.output = at(name + ".nxs");
    options.overwrite = data::Overwrite::yes;
    options.tape = devices.empty() ? at(name + ".tape") : std::filesystem::path();
    return run(load_scenario(scenario, {.settings = settings, .devices = devices}), options)
        .recording;
  }
  static std::filesystem::path replay(const Names& settings, const std::string& how) {
    return measure(
        "pm_dns_quick", settings, {"all=replay:" + at("taped.tape").string() + how}, "replayed");
  }
  static std::string refusal(const Names& settings, const std::string& how) {
    try {
      static_cast<void>(replay(settings, how));
    } catch (const devices::DeviceError& error) {
      return error.what();
    }
    return "none";
  }
};

/// Readings of the pixels (1, 0), (2, 0), (1, 1), (2, 1) of the taped map, as a map of 2 x 2.
template <class T>
std::vector<T> of_those_pixels(const std::vector<T>& taped) {
  const std::size_t n = taped.size() / 12;
  std::vector<T> out;
  for (const std::size_t pixel : {1, 2, 5, 6}) {
    const auto begin = taped.begin() + static_cast<std::ptrdiff_t>(pixel * n);
    out.insert(out.end(), begin, begin + static_cast<std::ptrdiff_t>(n));
  }
  return out;
}

void expect_readings_of_those_pixels(const std::filesystem::path& replayed,
                                     const std::filesystem::path& taped) {
  using Complex = std::complex<float>;
  const data::RecordingReader some(replayed);
  const data::RecordingReader all(taped);
  for (const char* name : {"topography", "mechanical_amplitude"}) {
    EXPECT_EQ(some.read<float>(name), of_those_pixels(all.read<float>(name))) << name;
  }
  EXPECT_EQ(some.read<Complex>("demodulated"), of_those_pixels(all.read<Complex>("demodulated")));
  for (const char* name : {"reference", "drive_check"}) {
    EXPECT_EQ(some.read<Complex>(name), all.read<Complex>(name)) << name;
  }
}

TEST_F(NearestPoint, InTheOrderOfTheTapeGivesTheSameBits) {
  const auto replayed = replay(map(4, 3, "0"), "?nearest=1e-9&speed=0");
  EXPECT_EQ(tests::measured_differences(at("taped.nxs"), replayed), Names{});
}

TEST_F(NearestPoint, GivesTheReadingsOfItsPixels) {
  const auto replayed = replay(map(2, 2, "12e-9"), "?nearest=1e-12");
  expect_readings_of_those_pixels(replayed, at("taped.nxs"));
  // the null: the first four pixels of the tape are others
  const auto first = data::RecordingReader(at("taped.nxs")).read<float>("topography");
  const auto some = data::RecordingReader(replayed).read<float>("topography");
  EXPECT_FALSE(std::equal(some.begin(), some.end(), first.begin()));
}

TEST_F(NearestPoint, MayLieBesideThePointThatIsAsked) {
  const Names moved = map(2, 2, "12.5e-9");
  expect_readings_of_those_pixels(replay(moved, "?speed=0&nearest=1e-9"), at("taped.nxs"));
  const std::string refused = refusal(moved, "?nearest=0.2e-9");
  EXPECT_NE(refused.find("5e-10 m from the nearest"), std::string::npos) << refused;
  EXPECT_NE(refused.find("nearest=2e-10"), std::string::npos) << refused;
  EXPECT_NE(refused.find("1.25e-08"), std::string::npos) << refused;
}

TEST_F(NearestPoint, IsLookedUpOnRequestOnly) {
  for (const char* how : {"", "?nearest=0"}) {
    EXPECT_NE(refusal(map(2, 2, "12e-9"), how).find("/0/x_m is 1.2"), std::string::npos);
    EXPECT_NE(refusal(map(2, 2, "12.5e-9"), how).find("/0/x_m is 1.25"), std::string::npos);
  }
}

TEST_F(NearestPoint, NeedsTheSameSettings) {
  Names other = map(2, 2, "12e-9");
  other.emplace_back("procedure.pm_dns_map.frequencies.to_hz=5000");
  EXPECT_NE(refusal(other, "?nearest=1e-9").find("reference_hz is"), std::string::npos);
}

TEST_F(NearestPoint, TimeGoesOn) {
  const data::RecordingReader replayed(replay(map(2, 2, "12e-9"), "?nearest=1e-9"));
  const auto pixel_time = replayed.read<double>("pixel_time");
  EXPECT_TRUE(std::is_sorted(pixel_time.begin(), pixel_time.end()));
  const auto events = replayed.events();
  EXPECT_TRUE(std::is_sorted(events.begin(), events.end(), [](const Event& a, const Event& b) {
    return a.time < b.time;
  }));
  // as long as these pixels took, and no longer
  const auto taped =
      of_those_pixels(data::RecordingReader(at("taped.nxs")).read<double>("pixel_time"));
  EXPECT_NEAR(pixel_time[1] - pixel_time[0], taped[1] - taped[0], 1e-9);
  EXPECT_LT(pixel_time[3] - pixel_time[0], taped[3] - taped[0]);
}

TEST_F(NearestPoint, DoesNotMatterToImages) {
  const std::string p = "procedure.kpfm_map";
  const Names settings{p + ".columns=8",
                       p + ".rows=4",
                       p + ".step_m=3.7e-9",
                       p + ".reference_readings=3",
                       "specimen.microstructure.width_m=300e-9",
                       "specimen.microstructure.height_m=300e-9"};
  const auto taped = measure("kpfm_microcrystal", settings, {}, "image");
  const auto replayed = measure("kpfm_microcrystal",
                                settings,
                                {"all=replay:" + at("image.tape").string() + "?nearest=1e-9"},
                                "replayed");
  EXPECT_EQ(tests::measured_differences(taped, replayed), Names{});
}

TEST_F(NearestPoint, HasTheCurvesOfItsPlaces) {
  const auto grid = [](int columns, int rows, const std::string& x_m) {
    const std::string p = "procedure.bias_spectroscopy.";
    return Names{p + "columns=" + std::to_string(columns),
                 p + "rows=" + std::to_string(rows),
                 p + "first_pixel_m=[" + x_m + ", 0]",
                 p + "step_m=12e-9",
                 p + "reference_repeats=2",
                 p + "points=7"};
  };
  const auto taped = measure("bias_spectroscopy_quick", grid(4, 3, "0"), {}, "curves");
  const std::string tape = "all=replay:" + at("curves.tape").string() + "?nearest=1e-9";
  const auto replayed =
      measure("bias_spectroscopy_quick", grid(2, 2, "12.5e-9"), {tape}, "replayed");
  const data::RecordingReader some(replayed);
  const data::RecordingReader all(taped);
  for (const char* name : {"phase", "amplitude", "topography"}) {
    EXPECT_EQ(some.read<float>(name), of_those_pixels(all.read<float>(name))) << name;
  }
  EXPECT_EQ(some.read<float>("reference"), all.read<float>("reference"));
  Names other = grid(2, 2, "12e-9");
  other.emplace_back("procedure.bias_spectroscopy.to_v=2");
  EXPECT_THROW(static_cast<void>(measure("bias_spectroscopy_quick", other, {tape}, "replayed")),
               devices::DeviceError)
      << "swept otherwise";
}

TEST_F(NearestPoint, HasOptionsThatAreNumbers) {
  for (const char* wrong :
       {"?nearest=x", "?nearest=-1e-9", "?nearest", "?nearest=", "?near=1e-9", "?speed=1&", "?"}) {
    EXPECT_THROW(static_cast<void>(load_scenario(
                     "pm_dns_quick", {.devices = {std::string("all=replay:a.tape") + wrong}})),
                 ParameterError)
        << wrong;
  }
  EXPECT_NO_THROW(static_cast<void>(
      load_scenario("pm_dns_quick", {.devices = {"all=replay:a.tape?nearest=1e-9&speed=2"}})));
}

}  // namespace
}  // namespace halotwin::session
