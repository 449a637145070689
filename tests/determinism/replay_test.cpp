// Every procedure, unchanged, on the simulated bench and on the tape of that run: the same bits.
#include <filesystem>
#include <fstream>
#include <iterator>

#include <gtest/gtest.h>
#include <unistd.h>

#include "base/errors.hpp"
#include "base/random.hpp"
#include "data/recording_reader.hpp"
#include "devices/device.hpp"
#include "devices/replay/taped_devices.hpp"
#include "session/run.hpp"
#include "tests/support/compare_recordings.hpp"

namespace halotwin::session {
namespace {

using Names = std::vector<std::string>;

struct Case {
  std::string name;
  std::string scenario;
  Names settings;
};

Names image(const std::string& procedure, const std::string& more) {
  const std::string p = "procedure." + procedure;
  return {p + ".columns=11",
          p + ".rows=7",
          p + ".step_m=3.7e-9",
          p + more,
          "specimen.microstructure.width_m=300e-9",
          "specimen.microstructure.height_m=300e-9"};
}

const Names map{"procedure.pm_dns_map.columns=4",
                "procedure.pm_dns_map.rows=3",
                "procedure.pm_dns_map.reference_repeats=2",
                "procedure.pm_dns_map.frequencies.points=5"};

Names also(Names names, const Names& more) {
  names.insert(names.end(), more.begin(), more.end());
  return names;
}

const std::vector<Case> cases{
    {"pm_dns_map", "pm_dns_quick", map},
    {"a_timeout",
     "pm_dns_quick",
     also(
         map,
         {R"(fault=[{device="lockin_mechanical", operation="read", kind="timeout", at_count=7}])"})},
    {"series", "temperature_series", also(map, {"procedure.series.temperature_k=[310, 290]"})},
    {"bias_spectroscopy",
     "bias_spectroscopy_quick",
     {"procedure.bias_spectroscopy.columns=3",
      "procedure.bias_spectroscopy.rows=2",
      "procedure.bias_spectroscopy.points=7"}},
    {"pm_dns_control",
     "control_sweep",
     {"procedure.pm_dns_control.columns=3", "procedure.pm_dns_control.rows=2"}},
    {"kpfm_map", "kpfm_microcrystal", image("kpfm_map", ".reference_readings=3")},
    {"pfm_map", "pfm_microcrystal", image("pfm_map", ".search_points=11")},
    {"pm_efm_map", "pm_efm_microcrystal", image("pm_efm_map", ".reference_readings=3")},
    {"topography", "topography_quick", image("topography", ".tune_points=21")},
    {"current_voltage", "iv_quick", {"procedure.current_voltage.steps=5"}},
    {"pl_movie",
     "clim_quick",
     {"procedure.pl_movie.columns=64",
      "procedure.pl_movie.rows=64",
      "procedure.pl_movie.frames=20",
      "procedure.pl_movie.dark_frames=20",
      "procedure.pl_movie.soak_s=20",
      "procedure.pl_movie.focus_range_m=2e-6",
      "specimen.microstructure.margin_m=800e-9",
      "specimen.microstructure.fit_iterations=0",
      "instruments.camera.sensor_width=64",
      "instruments.camera.sensor_height=64"}}};

class Replay : public testing::TestWithParam<Case> {
 protected:
  Replay()
      : folder_(std::filesystem::temp_directory_path() /
                ("halotwin_replay_" + std::to_string(getpid()))) {
    std::filesystem::create_directories(folder_);
  }
  ~Replay() override { std::filesystem::remove_all(folder_); }

  [[nodiscard]] std::filesystem::path at(const std::string& name) const { return folder_ / name; }
  std::filesystem::path simulate(const Case& what, const std::string& name, int seed = 1) const {
    RunOptions options;
    options.output = at(name + ".nxs");
    options.tape = at(name + ".tape");
    return run(load_scenario(what.scenario,
                             {.settings = what.settings, .seed = std::to_string(seed)}),
               options)
        .recording;
  }
  std::filesystem::path replay(const Case& what,
                               const std::string& tape,
                               const std::string& name) const {
    Names settings;
    for (const std::string& s : what.settings) {
      if (!s.starts_with("fault=")) {  // of simulated instruments only
        settings.push_back(s);
      }
    }
    RunOptions options;
    options.output = at(name + ".nxs");
    options.overwrite = data::Overwrite::yes;
    return run(load_scenario(
                   what.scenario,
                   {.settings = settings, .devices = {"all=replay:" + at(tape).string()}}),
               options)
        .recording;
  }

 private:
  std::filesystem::path folder_;
};

TEST_P(Replay, OfItsTapeGivesTheSameBits) {
  const auto simulated = simulate(GetParam(), "simulated");
  const auto replayed = replay(GetParam(), "simulated.tape", "replayed");
  EXPECT_EQ(tests::measured_differences(simulated, replayed), Names{});
  const data::RecordingReader first(simulated);
  const data::RecordingReader second(replayed);
  EXPECT_EQ(first.header().start_since_epoch, second.header().start_since_epoch);
  const auto texts = [](const data::RecordingReader& r) {
    Names all;
    for (const Event& e : r.events()) {
      if (e.source != "simulation") {  // what befell the instruments is not theirs to tell
        all.push_back(std::to_string(e.time.count()) + e.text);
      }
    }
    return all;
  };
  EXPECT_EQ(texts(first), texts(second));
  for (const auto& device : second.header().devices) {
    EXPECT_TRUE(device.address.starts_with("replay:")) << device.role;
  }
  // null: the noise of another seed
  EXPECT_NE(tests::measured_differences(simulate(GetParam(), "other", 2), replayed), Names{});
}

INSTANTIATE_TEST_SUITE_P(Procedures, Replay, testing::ValuesIn(cases), [](const auto& test) {
  return test.param.name;
});

class TapeFile : public Replay {
 protected:
  /// What the replay of pm_dns_map says.
  std::string message(const Case& what, const std::string& tape) const {
    try {
      static_cast<void>(replay(what, tape, "replayed"));
    } catch (const devices::DeviceError& error) {
      return error.what();
    } catch (const ParameterError& error) {
      return error.what();
    }
    return "no error";
  }
  [[nodiscard]] std::string bytes(const std::string& name) const {
    std::ifstream in(at(name), std::ios::binary);
    return {std::istreambuf_iterator<char>(in), {}};
  }
  void put(const std::string& name, const std::string& content) const {
    std::ofstream(at(name), std::ios::binary) << content;
  }
};

TEST_F(TapeFile, IsPlayedFromItsBeginningOnly) {
  static_cast<void>(simulate(cases[0], "simulated"));
  const std::string whole = bytes("simulated.tape");
  put("short.tape", whole.substr(0, whole.size() * 4 / 5));
  EXPECT_NE(message(cases[0], "short.tape"), "no error");
  ASSERT_TRUE(std::filesystem::exists(at("replayed.nxs.part")));
  try {
    static_cast<void>(resume(at("replayed.nxs"), {}));
    FAIL() << "a tape went on in its middle";
  } catch (const ParameterError& error) {
    EXPECT_NE(std::string(error.what()).find("from its beginning"), std::string::npos);
  }
}

TEST_F(TapeFile, SaysWhatItDoesNotHold) {
  static_cast<void>(simulate(cases[0], "simulated"));
  Case other = cases[0];
  other.settings.emplace_back("procedure.pm_dns_map.drive_peak_v=0.7");
  const std::string changed = message(other, "simulated.tape");
  EXPECT_NE(changed.find("amplitude_peak_v is 0.7, on the tape"), std::string::npos) << changed;
  other.settings = also(cases[0].settings, {"procedure.pm_dns_map.rows=4"});
  EXPECT_NE(message(other, "simulated.tape").find("operation"), std::string::npos);

  const std::string whole = bytes("simulated.tape");
  put("short.tape", whole.substr(0, whole.size() / 2));
  const std::string ended = message(cases[0], "short.tape");
  EXPECT_TRUE(ended.find("ends before this") != std::string::npos ||
              ended.find("damaged here") != std::string::npos)
      << ended;
  put("no.tape", "columns = 3\n");
  EXPECT_NE(message(cases[0], "no.tape").find("is no tape"), std::string::npos);
  EXPECT_NE(message(cases[0], "nothing.tape").find("cannot be read"), std::string::npos);
  std::filesystem::remove(at("simulated.nxs"));
  EXPECT_THROW(static_cast<void>(simulate(cases[0], "simulated")), ParameterError);
  EXPECT_EQ(bytes("simulated.tape"), whole) << "an existing tape is not replaced";
}

TEST_F(TapeFile, IsForAllRolesOrNone) {
  EXPECT_THROW(static_cast<void>(load_scenario("pm_dns_quick", {.devices = {"afm=replay:a.tape"}})),
               ParameterError);
  EXPECT_THROW(static_cast<void>(load_scenario("pm_dns_quick", {.devices = {"all=replay:"}})),
               ParameterError);
  EXPECT_THROW(
      static_cast<void>(load_scenario("pm_dns_quick", {.devices = {"all=replay:a?speed=x"}})),
      ParameterError);
}

TEST_F(TapeFile, DamageNeverDoesMoreThanEndTheRun) {
  Case small = cases[0];
  small.settings = {"procedure.pm_dns_map.columns=2",
                    "procedure.pm_dns_map.rows=1",
                    "procedure.pm_dns_map.reference_repeats=1",
                    "procedure.pm_dns_map.frequencies.points=3"};
  static_cast<void>(simulate(small, "simulated"));
  const std::string whole = bytes("simulated.tape");
  RandomStream draw(1, Purpose::test_data);
  int ended = 0;
  for (int repeat = 0; repeat < 15; ++repeat) {
    std::string damaged = whole;
    for (int k = 0; k < 3; ++k) {
      damaged[draw.index(static_cast<std::uint32_t>(damaged.size()))] =
          static_cast<char>(draw.index(256));
    }
    put("damaged.tape", damaged);
    ended += message(small, "damaged.tape") != "no error" ? 1 : 0;  // else a value is not true
  }
  EXPECT_GT(ended, 0);
}

TEST_F(TapeFile, KeepsTheOriginalTimingOnRequest) {
  sim::VirtualClock clock([](Duration) {});
  {
    const auto tape = devices::Tape::record(at("slow.tape"), {}, clock);
    devices::taped_clock(&clock, *tape)->sleep(from_seconds(0.06), {});
  }
  const auto timed = [&](double speed) {
    const auto tape = devices::Tape::replay(at("slow.tape"), {.speed = speed});
    const WallClock wall;
    devices::taped_clock(nullptr, *tape)->sleep(from_seconds(0.06), {});
    return seconds(wall.now());
  };
  EXPECT_GE(timed(1.0), 0.06);
  EXPECT_LT(timed(0.0), timed(0.5));
}

}  // namespace
}  // namespace halotwin::session
