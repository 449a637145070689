// The driver of Asylum's microscopes: what it writes, and what becomes of faults of the other side.
#include "devices/drivers/asylum_probe.hpp"

#include <array>
#include <fstream>
#include <functional>

#include <gtest/gtest.h>

#include "base/igor_image.hpp"
#include "tests/support/asylum_world.hpp"

namespace halotwin::devices {
namespace {

namespace fs = std::filesystem;
using test::contents;

void write(const fs::path& file, const std::string& bytes) {
  std::ofstream(file, std::ios::binary) << bytes;
}

/// The twin's time; while it passes, somebody may meddle with the files.
class MeddledTime final : public Clock {
 public:
  explicit MeddledTime(test::AsylumWorld& world) : world_(&world) {}
  [[nodiscard]] Duration now() const override { return world_->time.now(); }
  void sleep(Duration duration, const std::stop_token& stop) override {
    if (executes) {
      const auto before = world_->service.executed();
      world_->time.sleep(duration, stop);
      if (world_->service.executed() != before) {
        executed_at.push_back(seconds(now()));
      }
    } else {
      world_->world.clock().sleep(duration, stop);
    }
    if (meddle) {
      meddle();
    }
  }
  [[nodiscard]] ClockKind kind() const override { return ClockKind::virtual_time; }

  bool executes = true;
  std::function<void()> meddle;
  std::vector<double> executed_at;

 private:
  test::AsylumWorld* world_;
};

class AsylumDriver : public testing::Test {
 protected:
  std::unique_ptr<ProbeMicroscope> open(const std::string& options = "") {
    const AsylumParams quick{.answer_s = 2.0};
    return open_asylum_probe(
        parse_asylum_files(world_.folder.string() + options), time_, "afm", "asylum://x", quick);
  }
  ScanFrame small_frame() {
    return {.centre = {2e-7, 1.5e-7},
            .width_m = 1e-7,
            .height_m = 0.5e-7,
            .columns = 4,
            .rows = 2,
            .line_time_s = 0.5};
  }
  /// What the error says, of `retry`; "" if there is none.
  template <class Work>
  std::string refused(Retry retry, const Work& work) {
    try {
      work();
    } catch (const DeviceError& error) {
      EXPECT_EQ(error.device(), "afm");
      EXPECT_EQ(error.retry(), retry) << error.what();
      return error.cause();
    }
    return "";
  }
  [[nodiscard]] fs::path readout() const { return world_.folder / "readout.txt"; }

  test::AsylumWorld world_;
  MeddledTime time_{world_};
  const std::array<std::size_t, 1> z_{0};
};

void expect_says(const std::string& text, const std::string& part) {
  EXPECT_NE(text.find(part), std::string::npos) << text;
}

TEST_F(AsylumDriver, WritesTheLinesOfTheSheet) {
  const auto afm = open();
  EXPECT_EQ(afm->scanner()->configure(small_frame(), z_).rows, 2U);
  const std::string sent = contents(world_.folder / "ToIgor.arcmd");
  for (const char* line : {"ARExecuteControl(\"ScanSizeSetVar_0\",\"MasterPanel\",7.5e-08,\"\")\n",
                           "ARExecuteControl(\"PointsLinesSetVar_0\",\"MasterPanel\",4,\"\")\n",
                           "PV(\"ScanLines\",2)\n",
                           "PV(\"SlowRatio\",0.33333333333333",
                           "PV(\"XOffset\",2e-07)\n",
                           "PV(\"ScanAngle\",0)\n",
                           "ARExecuteControl(\"ScanRateSetVar_0\",\"MasterPanel\",1,\"\")\n",
                           "Make/O/D/N=(10) ReadOut // file 3, ",
                           "ReadOut[0] = 3\nReadOut[1] = GV(\"ScanSize\")\n",
                           "Save/O/G/J ReadOut as \""}) {
    expect_says(sent, line);
  }
  EXPECT_TRUE(world_.heard.empty()) << world_.heard.front();
}

TEST_F(AsylumDriver, NamesItsFolderAsIgorKnowsIt) {
  open(R"(?igor=C:\Users\Asylum User\buffer)");
  expect_says(contents(world_.folder / "ToIgor.arcmd"),
              R"(ReadOut as "C:\\Users\\Asylum User\\buffer\\readout.txt")");
}

TEST_F(AsylumDriver, GivesTheSoftwareTimeBetweenFiles) {
  const auto afm = open();
  for (int i = 0; i < 4; ++i) {
    static_cast<void>(afm->scanner()->frame());
  }
  ASSERT_EQ(time_.executed_at.size(), 5U);
  for (std::size_t i = 1; i < 5; ++i) {
    EXPECT_GE(time_.executed_at[i] - time_.executed_at[i - 1], 0.35 - 1e-9);
  }
}

TEST_F(AsylumDriver, ScansWhatTheMicroscopeScans) {
  const auto afm = open();
  const std::array<std::size_t, 2> both{0, 2};
  afm->scanner()->configure(small_frame(), both);
  afm->scanner()->start();
  EXPECT_EQ(afm->scanner()->wait_line(std::chrono::minutes(1), {}), 2U);
  for (const ScanDirection way : {ScanDirection::forward, ScanDirection::backward}) {
    const Image<float> z = world_.probe.scanner()->data(0, way);
    EXPECT_EQ(afm->scanner()->data(0, way).values, z.values);
    const Image<float> phase = afm->scanner()->data(2, way);
    const Image<float> truth = world_.probe.scanner()->data(2, way);
    for (std::size_t i = 0; i < truth.size(); ++i) {
      EXPECT_NEAR(phase.values[i], truth.values[i], 1e-6) << "radians";
    }
  }
  EXPECT_EQ(world_.probe.scanner()->frame().centre.x_m, 2e-7);
  EXPECT_NEAR(world_.probe.scanner()->frame().height_m, 0.5e-7, 1e-15);
}

TEST_F(AsylumDriver, ReadsSignals) {
  const auto afm = open();
  world_.probe.height().approach(std::chrono::minutes(1), {});
  const std::array<std::size_t, 4> all{0, 1, 2, 3};
  std::array<double, 4> values{};
  afm->signals().read(all, values);
  const std::array<std::size_t, 4> of_twin{0, 1, 2, 7};
  std::array<double, 4> truth{};
  world_.probe.signals().read(of_twin, truth);
  for (std::size_t k = 0; k < 4; ++k) {
    EXPECT_NEAR(values[k], truth[k], 0.05 * std::abs(truth[k])) << k;
  }
  EXPECT_GT(std::abs(truth[1]), 1e-9);
}

TEST_F(AsylumDriver, TellsThatTheFolderIsMissingOrNobodyExecutes) {
  expect_says(refused(Retry::no, [&] { open("/none"); }), "there is no folder");
  time_.executes = false;
  expect_says(refused(Retry::yes, [&] { open(); }), "nobody executes the commands in");
}

TEST_F(AsylumDriver, TakesNoOtherNumbersForItsAnswer) {
  const auto afm = open();
  const auto ask = [&] { static_cast<void>(afm->scanner()->frame()); };
  time_.meddle = [&] { write(readout(), "no numbers\r"); };
  expect_says(refused(Retry::yes, ask), "something else than numbers");
  time_.meddle = [&] {
    const std::string text = contents(readout());
    write(readout(), text + (text.ends_with(" 1\r") ? "" : " 1\r"));
  };
  expect_says(refused(Retry::yes, ask), "holds 11 numbers of file 3, not 10 of file 3");
  const std::string late = "2\r1e-6\r1\r1\r4\r4\r0\r0\r0\r1\r";
  time_.meddle = [&] { write(readout(), late); };
  expect_says(refused(Retry::yes, ask), "10 numbers of file 2, not 10 of file 4");
  time_.meddle = [&] { write(readout(), "5\r1e-6\r1\r1\rNaN\r4\r0\r0\r0\r1\r"); };
  expect_says(refused(Retry::yes, ask), "makes no sense");
  time_.meddle = nullptr;
  EXPECT_EQ(refused(Retry::yes, ask), "") << "it goes on";
}

TEST_F(AsylumDriver, IsNotFooledByTheAnswersToWhoWasHereBefore) {
  write(readout(), "41\r1\r");
  const auto afm = open();
  expect_says(contents(readout()), "42\r");
}

TEST_F(AsylumDriver, RefusesWhatTheControllerDoesNotTake) {
  const auto afm = open();
  const ScanFrame before = afm->scanner()->configure(small_frame(), z_);
  ScanFrame far = small_frame();
  far.centre.x_m = 1e-4;
  far.columns = 8;
  expect_says(refused(Retry::no, [&] { afm->scanner()->configure(far, z_); }), "does not take");
  EXPECT_EQ(afm->scanner()->frame(), before);
}

TEST_F(AsylumDriver, TellsThatAScanDoesNotRunOrIsNotSaved) {
  const auto afm = open();
  afm->scanner()->configure(small_frame(), z_);
  world_.service.execute("PV(\"SaveImage\",0)");
  expect_says(refused(Retry::no, [&] { afm->scanner()->start(); }), "SaveImage");
  world_.service.execute("PV(\"SaveImage\",2)\nPV(\"DriveAmplitude\",0)");
  DriveSettings off = world_.probe.drive().settings();
  off.on = false;
  world_.probe.drive().configure(off);
  expect_says(refused(Retry::yes, [&] { afm->scanner()->start(); }), "does not run");
}

TEST_F(AsylumDriver, TellsThatAScanEndedWithoutAnImage) {
  const auto afm = open();
  afm->scanner()->configure(small_frame(), z_);
  afm->scanner()->start();
  world_.service.execute("PV(\"SaveImage\",0)");
  expect_says(refused(Retry::yes, [&] { afm->scanner()->wait_line(std::chrono::minutes(10), {}); }),
              "no image came");
}

// What is saved meanwhile: by somebody else, of another frame, half of it.
class AsylumImages : public AsylumDriver {
 protected:
  /// Scans; once the image is there, `change` makes another of its bytes.
  std::string scan_with(Retry retry, const std::function<std::string(std::string)>& change) {
    const auto afm = open();
    afm->scanner()->configure(small_frame(), z_);
    afm->scanner()->start();
    time_.meddle = [&] {
      const fs::path file = world_.folder / "Image0000.ibw";
      if (fs::exists(file)) {
        write(file, change(contents(file)));
        time_.meddle = nullptr;
      }
    };
    return refused(retry,
                   [&] { EXPECT_EQ(afm->scanner()->wait_line(std::chrono::minutes(1), {}), 2U); });
  }
  static std::string changed(const std::string& bytes,
                             const std::function<void(IgorImage&)>& change) {
    IgorImage image = read_igor_image("x", bytes);
    change(image);
    return write_igor_image(image, 0);
  }
};

TEST_F(AsylumImages, AreTakenAsTheyAre) {
  EXPECT_EQ(scan_with(Retry::no, [](const std::string& bytes) { return bytes; }), "");
}

TEST_F(AsylumImages, ThatAreCutOffAreRefused) {
  expect_says(scan_with(Retry::yes,
                        [](const std::string& bytes) { return bytes.substr(0, bytes.size() / 2); }),
              "is cut off");
}

TEST_F(AsylumImages, OfOtherSizeAreRefused) {
  expect_says(scan_with(Retry::no,
                        [](const std::string& bytes) {
                          return changed(bytes, [](IgorImage& image) {
                            for (IgorLayer& layer : image.layers) {
                              layer.image = Image<float>(3, 2);
                            }
                          });
                        }),
              "3 x 2 pixels instead of 4 x 2");
}

TEST_F(AsylumImages, OfAnotherPlaceAreRefused) {
  expect_says(scan_with(Retry::no,
                        [](const std::string& bytes) {
                          return changed(bytes, [](IgorImage& image) {
                            for (auto& [key, value] : image.note) {
                              value = key == "XOffset" ? "1e-06" : value;
                            }
                          });
                        }),
              "XOffset is 1e-06 instead of 2e-07");
}

TEST_F(AsylumImages, ThatAreOldAreNotTaken) {
  {
    const auto afm = open();
    afm->scanner()->configure(small_frame(), z_);
    afm->scanner()->start();
    ASSERT_EQ(afm->scanner()->wait_line(std::chrono::minutes(1), {}), 2U);
  }
  ASSERT_TRUE(fs::exists(world_.folder / "Image0000.ibw"));
  const auto afm = open();
  ScanFrame slow = small_frame();
  slow.line_time_s = 5.0;
  afm->scanner()->configure(slow, z_);
  afm->scanner()->start();
  for (int i = 0; i < 3; ++i) {
    EXPECT_EQ(afm->scanner()->wait_line(from_seconds(1.5), {}), 0U) << "there is one, of before";
  }
  ASSERT_EQ(afm->scanner()->wait_line(std::chrono::minutes(1), {}), 2U);
  EXPECT_EQ(afm->scanner()->data(0, ScanDirection::forward).values,
            world_.probe.scanner()->data(0, ScanDirection::forward).values);
}

TEST_F(AsylumImages, ThatStillGrowAreWaitedFor) {
  const auto afm = open();
  afm->scanner()->configure(small_frame(), z_);
  afm->scanner()->start();
  std::string whole;
  int looks = 0;
  time_.meddle = [&] {
    const fs::path file = world_.folder / "Image0000.ibw";
    if (whole.empty() && fs::exists(file)) {
      whole = contents(file);
    }
    if (!whole.empty() && looks <= 10) {
      write(file, whole.substr(0, whole.size() * static_cast<std::size_t>(looks++) / 10));
    }
  };
  EXPECT_EQ(afm->scanner()->wait_line(std::chrono::minutes(1), {}), 2U);
  EXPECT_EQ(looks, 11);
}

TEST_F(AsylumImages, WithoutTheChannelAreTold) {
  const auto afm = open();
  afm->scanner()->configure(small_frame(), z_);
  afm->scanner()->start();
  time_.meddle = [&] {
    const fs::path file = world_.folder / "Image0000.ibw";
    if (fs::exists(file)) {
      write(file, changed(contents(file), [](IgorImage& image) {
              image.layers.erase(image.layers.begin() + 1);
            }));
      time_.meddle = nullptr;
    }
  };
  ASSERT_EQ(afm->scanner()->wait_line(std::chrono::minutes(1), {}), 2U);
  EXPECT_NO_THROW(static_cast<void>(afm->scanner()->data(0, ScanDirection::forward)));
  expect_says(refused(Retry::no,
                      [&] { static_cast<void>(afm->scanner()->data(0, ScanDirection::backward)); }),
              "no HeightRetrace (it has: HeightTrace, AmplitudeTrace");
}

TEST_F(AsylumDriver, StopsAndWithdrawsWhenMadeSafe) {
  const auto afm = open();
  afm->scanner()->configure(small_frame(), z_);
  afm->scanner()->start();
  EXPECT_TRUE(world_.probe.height().engaged());
  afm->make_safe();
  EXPECT_FALSE(world_.probe.height().engaged());
  const std::string sent = contents(world_.folder / "ToIgor.arcmd");
  expect_says(sent, "ARExecuteControl(\"StopScan_0\",\"MasterPanel\",0,\"\")\n");
  expect_says(sent, "DoScanFunc(\"StopEngageButton\")\n");
  const Duration now = time_.now();
  EXPECT_EQ(afm->scanner()->wait_line(std::chrono::minutes(1), {}), 0U);
  EXPECT_EQ(time_.now(), now) << "there is nothing to wait for";
}

TEST_F(AsylumDriver, ClaimsNoSafeStateThatIsNotThere) {
  const auto afm = open();
  time_.meddle = [&] {  // the height feedback goes on, then nobody tells
    std::string text = contents(readout());
    if (text.ends_with("\r0\r0\r")) {
      text.replace(text.size() - 2, 1, "1");
      write(readout(), text);
    }
  };
  expect_says(refused(Retry::no, [&] { afm->make_safe(); }), "withdraw the tip by hand: stopped");
  time_.meddle = nullptr;
  time_.executes = false;
  expect_says(refused(Retry::yes, [&] { afm->make_safe(); }),
              "withdraw the tip by hand: nobody executes");
}

TEST_F(AsylumDriver, StartsTheProgramOfItsAddressAfterEachFile) {
  EXPECT_NO_THROW(open("?send=/bin/true"));
  // the program gets the command file: removed, it cannot be executed
  expect_says(refused(Retry::yes, [&] { open("?send=/bin/rm"); }), "nobody executes");
  expect_says(refused(Retry::no, [&] { open("?send=/no/such/program"); }), "cannot be started");
}

TEST_F(AsylumDriver, ChangesNothingWhenOpenedAndClosed) {
  world_.service.execute("PV(\"XOffset\",3e-7)");
  const ScanFrame before = open()->scanner()->frame();
  open();
  EXPECT_EQ(before.centre.x_m, 3e-7);
  EXPECT_EQ(open()->scanner()->frame(), before);
  EXPECT_FALSE(world_.probe.height().engaged());
}

}  // namespace
}  // namespace halotwin::devices
