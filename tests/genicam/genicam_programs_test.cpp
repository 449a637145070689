// Other people's programs use the served camera, and our driver uses theirs.
#include <csignal>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include "devices/drivers/genicam_camera.hpp"
#include "sim/virtual_clock.hpp"
#include "tests/data/programs.hpp"
#include "tests/support/gige_twin.hpp"
#include "tests/support/scripted_camera.hpp"

namespace halotwin::test {
namespace {

using data::testing::has_program;
using data::testing::run;
using devices::Camera;
using devices::CameraSettings;
using devices::DeviceError;
using devices::FrameInfo;
using devices::open_genicam_camera;
using devices::Range;

constexpr const char* here = "127.0.0.1";
constexpr const char* fake_camera = "arv-fake-gv-camera-0.8";

/// Aravis' own camera as a process: an independent judge of the driver.
class FakeCamera {
 public:
  explicit FakeCamera(std::vector<std::string> options = {}) {
    options.insert(options.begin(), {fake_camera, "-i", here, "-s", "GV01"});
    std::vector<char*> argv;
    for (std::string& word : options) {
      argv.push_back(word.data());
    }
    argv.push_back(nullptr);
    process_ = fork();
    if (process_ == 0) {
      execvp(fake_camera, argv.data());
      _exit(127);
    }
  }
  ~FakeCamera() {
    kill(process_, SIGINT);
    waitpid(process_, nullptr, 0);
  }
  FakeCamera(const FakeCamera&) = delete;
  FakeCamera& operator=(const FakeCamera&) = delete;

  [[nodiscard]] std::unique_ptr<Camera> open(Clock& clock) const {
    for (int left = 5;; --left) {
      try {
        return open_genicam_camera(here, clock, "camera");
      } catch (const DeviceError&) {
        if (left == 0) {
          throw;
        }
        clock.sleep(from_seconds(0.1));
      }
    }
  }

 private:
  GigePort port_;
  int process_ = -1;
};

class AravisCamera : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_program(fake_camera)) {
      GTEST_SKIP() << fake_camera << " (aravis-tools) is not installed";
    }
  }
  [[nodiscard]] std::optional<FrameInfo> next(Camera& camera, double timeout_s = 5.0) {
    return camera.next_frame(pixels_, from_seconds(timeout_s), {});
  }
  WallClock wall_;
  std::vector<std::uint16_t> pixels_ = std::vector<std::uint16_t>(std::size_t{256} * 128);
};

TEST_F(AravisCamera, IsConfiguredAndRead) {
  const FakeCamera fake;
  const auto camera = fake.open(wall_);
  EXPECT_EQ(camera->identity().vendor, "Aravis");
  EXPECT_EQ(camera->identity().serial, "GV01");
  EXPECT_EQ(camera->limits().sensor_width, 2048U);
  EXPECT_EQ(camera->limits().gain, (Range{0.0, 10.0}));  // GainRaw
  const CameraSettings wanted{.exposure_s = 0.0123,
                              .frame_period_s = 0.02,
                              .gain = 3.0,
                              .region = {.left = 64, .top = 32, .width = 256, .height = 128}};
  EXPECT_EQ(camera->configure(wanted), wanted);
  const Duration start = wall_.now();
  camera->start(5);
  for (std::uint64_t number = 0; number < 5; ++number) {
    const auto frame = next(*camera);
    ASSERT_TRUE(frame.has_value());
    EXPECT_EQ(frame->number, number);
    EXPECT_EQ(frame->width, 256U);
    EXPECT_FALSE(frame->incomplete);
    EXPECT_GE(frame->exposure_start, start);
  }
  EXPECT_FALSE(next(*camera, 0.1).has_value());
}

TEST_F(AravisCamera, NumbersGoOnWhenItsCounterWraps) {
  const FakeCamera fake;  // begins at 65401
  const auto camera = fake.open(wall_);
  camera->configure({.exposure_s = 0.001, .region = {.width = 16, .height = 16}});
  camera->start(400);
  std::uint64_t frames = 0;
  std::uint64_t last = 0;
  while (const auto frame = next(*camera, 0.5)) {
    EXPECT_TRUE(frames == 0 || frame->number > last);
    last = frame->number;
    ++frames;
  }
  EXPECT_GT(frames, 300U);
  EXPECT_LT(last, 400U);
}

TEST_F(AravisCamera, LostPacketsMakeIncompleteFrames) {
  const FakeCamera fake({"-r", "20"});
  const auto camera = fake.open(wall_);
  camera->configure({.exposure_s = 0.01, .region = {.width = 256, .height = 128}});
  camera->start(0);
  std::uint64_t incomplete = 0;
  for (int i = 0; i < 40; ++i) {
    const auto frame = next(*camera);
    ASSERT_TRUE(frame.has_value());
    incomplete += frame->incomplete ? 1 : 0;
  }
  // 47 packets of data, a leader and a trailer: 63 % of the frames lose one or more
  EXPECT_GT(incomplete, 10U);
  EXPECT_LT(incomplete, 40U);
}

/// Aravis' description of its camera with other pixel formats, as a file.
class OtherFormats : public AravisCamera {
 public:
  ~OtherFormats() override { std::filesystem::remove(file_); }

 protected:
  void SetUp() override {
    AravisCamera::SetUp();
    if (!has_program("arv-tool-0.8")) {
      GTEST_SKIP() << "arv-tool-0.8 (aravis-tools-cli) is not installed";
    }
    WallClock wall;
    const FakeCamera fake;
    static_cast<void>(fake.open(wall));
    text_ = run("arv-tool-0.8 -a 127.0.0.1 genicam").output;
    file_ = std::filesystem::temp_directory_path() /
            ("halotwin_formats_" + std::to_string(getpid()) + ".xml");
  }
  void replace(const std::string& old, const std::string& with) {
    const std::size_t at = text_.find(old);
    ASSERT_NE(at, std::string::npos) << old;
    text_.replace(at, old.size(), with);
  }
  [[nodiscard]] std::vector<std::string> options() {
    std::ofstream(file_) << text_;
    return {"-g", file_.string()};
  }

 private:
  std::string text_;
  std::filesystem::path file_;
};

TEST_F(OtherFormats, EightBits) {
  replace("\"Mono16\"", "\"None\"");
  const FakeCamera fake(options());
  const auto camera = fake.open(wall_);
  EXPECT_EQ(camera->limits().saturation_counts, 255U);
  const CameraSettings wanted{
      .exposure_s = 0.01, .gain = 0.0, .region = {.width = 64, .height = 8}};
  camera->configure(wanted);
  camera->start(2);
  for (int i = 0; i < 2; ++i) {
    const auto frame = next(*camera);
    ASSERT_TRUE(frame.has_value());
    ASSERT_FALSE(frame->incomplete);
    for (std::size_t at = 1; at < 64; ++at) {  // a diagonal ramp modulo 255
      EXPECT_EQ(pixels_[at], (pixels_[at - 1] + 1) % 255) << at;
    }
  }
}

TEST_F(OtherFormats, TwelveBits) {
  replace("\"Mono16\"", "\"Mono12\"");
  replace("17825799", "17825797");
  const FakeCamera fake(options());
  const auto camera = fake.open(wall_);
  EXPECT_EQ(camera->limits().saturation_counts, 4095U);
  camera->configure({.exposure_s = 0.01, .region = {.width = 64, .height = 8}});
  camera->start(1);
  const auto frame = next(*camera);
  ASSERT_TRUE(frame.has_value());
  EXPECT_FALSE(frame->incomplete);
}

TEST_F(OtherFormats, NoneThatIsReadIsRefused) {
  replace("\"Mono16\"", "\"Mono12Packed\"");
  replace("\"Mono8\"", "\"None\"");
  const FakeCamera fake(options());
  try {
    static_cast<void>(fake.open(wall_));
    ADD_FAILURE() << "no error";
  } catch (const DeviceError& error) {
    EXPECT_NE(error.cause().find("pixel formats"), std::string::npos) << error.what();
  }
}

class AravisTool : public testing::Test {
 protected:
  void SetUp() override {
    if (!has_program("arv-tool-0.8") || !has_program("arv-camera-test-0.8")) {
      GTEST_SKIP() << "arv-tool-0.8 and arv-camera-test-0.8 (aravis-tools-cli) are not installed";
    }
  }
  static CameraScript script() {
    CameraScript out;
    out.sensor_width = 64;
    out.sensor_height = 48;
    out.ring_buffer_frames = 100;
    return out;
  }
  sim::VirtualClock world_{[](Duration) {}};
  ScriptedCamera camera_{world_, script()};
};

TEST_F(AravisTool, ListsAndControlsTheServedCamera) {
  const GigeTwin twin(world_, camera_);
  EXPECT_NE(run("arv-tool-0.8 2>&1").output.find(twin.server().id() + " (127.0.0.1)"),
            std::string::npos);
  const auto answer =
      run("arv-tool-0.8 -a 127.0.0.1 control Width=32 Height ExposureTime=20000 PixelFormat "
          "PayloadSize 2>&1");
  EXPECT_EQ(answer.status, 0);
  for (const char* part : {"Width = 32 min:1 max:64",
                           "Height = 48 min:1 max:48",
                           "ExposureTime = 20000 us",
                           "PixelFormat = Mono16",
                           "PayloadSize = 3072"}) {
    EXPECT_NE(answer.output.find(part), std::string::npos) << part << " in\n" << answer.output;
  }
}

TEST_F(AravisTool, StreamsFromTheServedCamera) {
  const GigeTwin twin(world_, camera_);
  const auto answer = run(
      "timeout 10 arv-camera-test-0.8 -n 127.0.0.1 -w 32 -h 24 -e 5000 -f 50 --duration=2 2>&1");
  EXPECT_EQ(answer.status, 0);
  const auto value = [&](const std::string& name) {
    const std::size_t at = answer.output.find(name + " ");
    const std::size_t is = answer.output.find('=', at);
    return at == std::string::npos ? -1 : std::stoi(answer.output.substr(is + 1));
  };
  EXPECT_GT(value("n_completed_buffers"), 50) << answer.output;
  EXPECT_EQ(value("n_failures"), 0);
  EXPECT_EQ(value("n_missing_packets"), 0);
  EXPECT_EQ(value("n_size_mismatch_errors"), 0);
  EXPECT_EQ(twin.server().last_error(), "");
}

TEST_F(AravisTool, SettingsThatCannotBeGiveNoFramesAndAReason) {
  const GigeTwin twin(world_, camera_);
  const auto answer =
      run("timeout 10 arv-camera-test-0.8 -n 127.0.0.1 -w 64 -h 48 --h-binning=2 --v-binning=2 "
          "--duration=2 2>&1");
  EXPECT_EQ(twin.server().frames_sent(), 0U) << answer.output;
  EXPECT_NE(twin.server().last_error(), "");
}

}  // namespace
}  // namespace halotwin::test
