// The driver of GenICam cameras and the served camera, over GigE Vision on the loopback interface.
#include "devices/drivers/genicam_camera.hpp"

#include <array>
#include <mutex>
#include <optional>
#include <vector>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>

#include "base/errors.hpp"
#include "devices/wire/byte_stream.hpp"
#include "sim/virtual_clock.hpp"
#include "tests/support/gige_twin.hpp"
#include "tests/support/scripted_camera.hpp"

namespace halotwin::test {
namespace {

using devices::CameraSettings;
using devices::DeviceError;
using devices::GenicamServer;
using devices::open_genicam_camera;
using devices::Range;
using devices::Retry;
using devices::WireError;

constexpr const char* here = "127.0.0.1";

struct Scripted {
  explicit Scripted(CameraScript script = {})
      : camera(world, roomy(std::move(script))), twin(world, camera) {}
  static CameraScript roomy(CameraScript script) {
    script.ring_buffer_frames = 100;
    return script;
  }
  std::mutex computing;  // held by a test: the world does not come to an end of it
  sim::VirtualClock world{[this](Duration) { const std::scoped_lock lock(computing); }};
  ScriptedCamera camera;
  GigeTwin twin;
  WallClock wall;
};

TEST(GenicamTwin, PixelsArriveAsTheyAre) {
  Scripted served;
  const auto camera = open_genicam_camera(here, served.wall, "camera");
  const CameraSettings applied = camera->configure(
      {.exposure_s = 0.01, .region = {.left = 3, .top = 2, .width = 9, .height = 7}});
  ScriptedCamera same(served.world, {});
  EXPECT_EQ(same.configure(applied).region, applied.region);
  std::vector<std::uint16_t> pixels(63);
  camera->start(3);
  for (std::uint64_t number = 0; number < 3; ++number) {
    const auto frame = camera->next_frame(pixels, from_seconds(5.0), {});
    ASSERT_TRUE(frame.has_value());
    EXPECT_EQ(frame->number, number);
    for (std::uint16_t y = 0; y < 7; ++y) {
      for (std::uint16_t x = 0; x < 9; ++x) {
        EXPECT_EQ(pixels[std::size_t{9} * y + x],
                  100U * number + std::uint64_t{10} * (y + 2U) + x + 3U);
      }
    }
  }
}

TEST(GenicamTwin, LostAndIncompleteFramesAreGaps) {
  CameraScript script;
  script.dropped = {2, 3};
  script.incomplete = {6};
  Scripted served(script);
  const auto camera = open_genicam_camera(here, served.wall, "camera");
  camera->configure({.exposure_s = 0.01});
  std::vector<std::uint16_t> pixels(std::size_t{16} * 12);
  std::vector<std::uint64_t> numbers;
  camera->start(9);
  for (int i = 0; i < 6; ++i) {
    const auto frame = camera->next_frame(pixels, from_seconds(5.0), {});
    ASSERT_TRUE(frame.has_value());
    EXPECT_FALSE(frame->incomplete);
    EXPECT_EQ(pixels[0], 100 * frame->number);
    numbers.push_back(frame->number);
  }
  EXPECT_EQ(numbers, (std::vector<std::uint64_t>{0, 1, 4, 5, 7, 8}));
}

TEST(GenicamTwin, ExposuresAreAPeriodApart) {
  Scripted served;
  const auto camera = open_genicam_camera(here, served.wall, "camera");
  const double period_s = camera->configure({.frame_period_s = 0.05}).frame_period_s;
  EXPECT_DOUBLE_EQ(period_s, 0.05);
  std::vector<std::uint16_t> pixels(std::size_t{16} * 12);
  std::vector<double> starts_s;
  camera->start(8);
  for (int i = 0; i < 8; ++i) {
    const auto frame = camera->next_frame(pixels, from_seconds(5.0), {});
    ASSERT_TRUE(frame.has_value());
    starts_s.push_back(seconds(frame->exposure_start));
  }
  // the way of a frame may be slow, but the camera's own clock is exact
  EXPECT_NEAR((starts_s[7] - starts_s[1]) / 6.0, period_s, 0.2 * period_s);
}

/// Whether the camera answers a question of anybody (READREG of its version, GigE Vision 2.0).
bool answers() {
  const int asking = socket(AF_INET, SOCK_DGRAM, 0);
  const timeval patience{.tv_sec = 10, .tv_usec = 0};
  setsockopt(asking, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(GenicamServer::port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  constexpr std::array<std::uint8_t, 12> question{0x42, 1, 0, 0x80, 0, 4, 0, 7, 0, 0, 0, 0};
  sendto(asking,
         question.data(),
         question.size(),
         0,
         reinterpret_cast<const sockaddr*>(&at),
         sizeof at);
  std::array<std::uint8_t, 64> answer{};
  const auto bytes = recv(asking, answer.data(), answer.size(), 0);
  close(asking);
  return bytes == 12 && answer[3] == 0x81 && answer[7] == 7;
}

TEST(GenicamTwin, AnswersWhileTheWorldComputes) {
  Scripted served;
  const auto camera = open_genicam_camera(here, served.wall, "camera");
  camera->configure({.exposure_s = 0.01});
  std::vector<std::uint16_t> pixels(std::size_t{16} * 12);
  camera->start(0);
  ASSERT_TRUE(camera->next_frame(pixels, from_seconds(5.0), {}).has_value());
  {
    const std::scoped_lock lock(served.computing);
    served.wall.sleep(std::chrono::milliseconds(200), {});  // the next frame is awaited
    EXPECT_TRUE(answers());
  }
  EXPECT_TRUE(camera->next_frame(pixels, from_seconds(5.0), {}).has_value());
}

TEST(GenicamTwin, GainIsAFactor) {
  Scripted served;
  const auto camera = open_genicam_camera(here, served.wall, "camera");
  const Range gain = camera->limits().gain;
  const double wanted = 0.5 * (gain.low + gain.high);
  EXPECT_NEAR(camera->configure({.gain = wanted}).gain, wanted, 1e-6 * wanted);
}

TEST(GenicamTwin, IsKnownByItsSerialToo) {
  Scripted served;
  const auto camera = open_genicam_camera("TWIN01", served.wall, "camera");
  EXPECT_EQ(camera->identity().serial, "TWIN01");
  EXPECT_EQ(camera->identity().vendor, "halotwin");
  std::vector<std::uint16_t> pixels(std::size_t{16} * 12);
  camera->configure({.exposure_s = 0.01});
  camera->start(1);
  EXPECT_TRUE(camera->next_frame(pixels, from_seconds(5.0), {}).has_value());
}

TEST(GenicamTwin, HasOneControllerAtATime) {
  Scripted served;
  auto first = open_genicam_camera(here, served.wall, "first");
  EXPECT_THROW(static_cast<void>(open_genicam_camera(here, served.wall, "second")), DeviceError);
  first.reset();
  EXPECT_NO_THROW(static_cast<void>(open_genicam_camera(here, served.wall, "second")));
}

TEST(GenicamTwin, AddressesAndSerialsAreChecked) {
  Scripted served;
  sim::VirtualClock world([](Duration) {});
  ScriptedCamera other(world, {});
  EXPECT_THROW(GenicamServer(other, here, "TWIN02"), WireError) << "taken";
  EXPECT_THROW(GenicamServer(other, "192.0.2.1", "TWIN02"), WireError) << "not ours";
  EXPECT_THROW(GenicamServer(other, "localhost", "TWIN02"), WireError);
  for (const char* serial : {"", "a b", "sixteen-letters-", "\xc3\xa4"}) {
    EXPECT_THROW(GenicamServer(other, here, serial), ParameterError) << serial;
  }
}

// Slow: Aravis waits for answers until it gives a camera up.
TEST(GenicamDriver, ACameraThatVanishesIsAnError) {
  Scripted served;
  const auto camera = open_genicam_camera(here, served.wall, "camera");
  camera->configure({.exposure_s = 0.01});
  std::vector<std::uint16_t> pixels(std::size_t{16} * 12);
  camera->start(0);
  ASSERT_TRUE(camera->next_frame(pixels, from_seconds(5.0), {}).has_value());
  served.twin.vanish();
  try {
    while (camera->next_frame(pixels, from_seconds(20.0), {})) {
    }
    ADD_FAILURE() << "no error";
  } catch (const DeviceError& error) {
    EXPECT_EQ(error.retry(), Retry::yes);
  }
  EXPECT_THROW(camera->make_safe(), DeviceError);
  EXPECT_THROW(camera->configure({}), DeviceError);
}

TEST(GenicamDriver, NobodyThereIsAnError) {
  const GigePort port;
  WallClock wall;
  EXPECT_THROW(static_cast<void>(open_genicam_camera(here, wall, "camera")), DeviceError);
}

TEST(GenicamDriver, ASilentCameraIsAnError) {
  const GigePort port;
  const int silent = socket(AF_INET, SOCK_DGRAM, 0);
  sockaddr_in at{};
  at.sin_family = AF_INET;
  at.sin_port = htons(GenicamServer::port);
  at.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  ASSERT_EQ(bind(silent, reinterpret_cast<const sockaddr*>(&at), sizeof at), 0);
  WallClock wall;
  EXPECT_THROW(static_cast<void>(open_genicam_camera(here, wall, "camera")), DeviceError);
  close(silent);
}

TEST(GenicamDriver, NothingIsReadBeforeAStart) {
  Scripted served;
  const auto camera = open_genicam_camera(here, served.wall, "camera");
  std::vector<std::uint16_t> pixels(std::size_t{16} * 12);
  EXPECT_EQ(camera->next_frame(pixels, from_seconds(0.05), {}), std::nullopt);
  EXPECT_THROW(
      static_cast<void>(camera->next_frame(std::span(pixels).first(3), Duration::zero(), {})),
      DeviceError);
}

}  // namespace
}  // namespace halotwin::test
