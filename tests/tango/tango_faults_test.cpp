// Servers that are not there, not TANGO, dead, silent, or started again.
#include <csignal>
#include <string>

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/errors.hpp"
#include "devices/drivers/tango_devices.hpp"
#include "tests/tango/server_process.hpp"

namespace halotwin::test {
namespace {

using namespace devices;

constexpr TangoParams quick{.answer = std::chrono::milliseconds(500)};

std::string at(const std::string& port, const std::string& device) {
  return "tango://127.0.0.1:" + port + "/" + device + "?names=halotwin";
}

template <class Call>
void expect_error(Call call, Retry retry) {
  try {
    call();
    ADD_FAILURE() << "no error";
  } catch (const DeviceError& error) {
    EXPECT_EQ(error.retry(), retry) << error.what();
    EXPECT_EQ(error.device(), "stage");
    EXPECT_EQ(std::string(error.what()).find('\n'), std::string::npos) << error.what();
  }
}

class TangoFaults : public testing::Test {
 protected:
  void start(const std::string& port) {
    server_ = std::make_unique<ServerProcess>(std::vector<std::string>{HALOTWIN_TANGO_TWIN, port});
    port_ = server_->line();
  }
  [[nodiscard]] std::unique_ptr<Stage> stage(
      const std::string& device = "twin/stage/x,twin/stage/y", const TangoParams& params = {}) {
    return open_tango_stage(at(port_, device), wall_, "stage", params);
  }

  WallClock wall_;
  std::unique_ptr<ServerProcess> server_;
  std::string port_;
};

TEST_F(TangoFaults, NobodyThere) {
  port_ = std::to_string(free_port());
  expect_error([&] { static_cast<void>(stage()); }, Retry::yes);
}

TEST_F(TangoFaults, NoSuchDevice) {
  start("0");
  expect_error([&] { static_cast<void>(stage("twin/stage/none")); }, Retry::yes);
}

TEST_F(TangoFaults, ADeviceOfAnotherKind) {
  start("0");
  expect_error([&] { static_cast<void>(stage("twin/shutter/1")); }, Retry::no);
}

/// Accepts connections and says nothing.
TEST_F(TangoFaults, APeerThatIsNoTangoServer) {
  const int socket_id = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in here{};
  here.sin_family = AF_INET;
  here.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  socklen_t size = sizeof here;
  ASSERT_EQ(bind(socket_id, reinterpret_cast<const sockaddr*>(&here), size), 0);
  ASSERT_EQ(listen(socket_id, 8), 0);
  getsockname(socket_id, reinterpret_cast<sockaddr*>(&here), &size);
  port_ = std::to_string(ntohs(here.sin_port));
  expect_error([&] { static_cast<void>(stage("a/b/c", quick)); }, Retry::yes);
  close(socket_id);
}

TEST_F(TangoFaults, AddressesThatCannotBe) {
  const std::string form = "tango://127.0.0.1:1/a/b/c";
  for (const std::string& address : {std::string("tango://127.0.0.1:1"),
                                     std::string("tango://127.0.0.1/a/b/c"),
                                     std::string("tango://127.0.0.1:1/a/b"),
                                     std::string("tango://127.0.0.1:1/a//c"),
                                     std::string("tango://127.0.0.1:1/a/b/c#dbase=no"),
                                     form + "?names=other",
                                     form + "?positoin=Position",
                                     form + "?position",
                                     form + "?position=",
                                     form + "?position=A&position=B",
                                     form + "?position=3um",
                                     form + "?low=Least",
                                     form + "?stop=1"}) {
    EXPECT_THROW(static_cast<void>(open_tango_stage(address, wall_, "stage")), ParameterError)
        << address;
  }
  EXPECT_THROW(static_cast<void>(open_tango_shutter(form + ",a/b/d", wall_, "shutter")),
               ParameterError);
}

TEST_F(TangoFaults, TheServerDiesInMidMoveAndComesAgain) {
  start("0");
  const auto device = stage();
  ASSERT_EQ(device->axes().size(), 2U);
  EXPECT_EQ(device->axes()[1].name, "y");
  device->start_move(1, 10e-3);
  EXPECT_EQ(device->state(1), AxisState::moving);
  server_->kill_at_once();
  expect_error([&] { static_cast<void>(device->wait(1, std::chrono::minutes(1), {})); },
               Retry::yes);
  expect_error([&] { static_cast<void>(device->position(1)); }, Retry::yes);
  expect_error([&] { device->make_safe(); }, Retry::yes);
  start(port_);
  EXPECT_EQ(device->state(1), AxisState::standing);
  EXPECT_EQ(device->position(1), 0.0) << "a fresh one";
  device->start_move(1, 0.1e-3);
  EXPECT_TRUE(device->wait(1, std::chrono::minutes(1), {}));
  EXPECT_NEAR(device->position(1), 0.1e-3, device->axes()[1].tolerance);
}

TEST_F(TangoFaults, ASilentServerIsGivenUpAndWorksAfterwards) {
  start("0");
  const auto device = stage("twin/stage/x", quick);
  server_->signal(SIGSTOP);
  expect_error([&] { static_cast<void>(device->position(0)); }, Retry::yes);
  expect_error([&] { device->start_move(0, 1e-3); }, Retry::yes);
  server_->signal(SIGCONT);
  for (int tries = 0; tries < 20; ++tries) {  // a busy computer may wake it late
    try {
      device->make_safe();
      break;
    } catch (const DeviceError&) {
    }
  }
  EXPECT_NEAR(device->position(0), 0.0, 1e-3);
}

TEST_F(TangoFaults, OpeningAndClosingChangesNothing) {
  start("0");
  const auto keeper = stage();
  keeper->set_speed(0, 1e-3);
  keeper->start_move(0, 12e-3);
  static_cast<void>(stage());
  EXPECT_EQ(keeper->state(0), AxisState::moving);
  EXPECT_NEAR(keeper->speed(0), 1e-3, 1e-12);
  keeper->make_safe();
  EXPECT_EQ(keeper->state(0), AxisState::standing);
}

/// Random bytes, and heads of GIOP messages with lengths that lie.
TEST_F(TangoFaults, TheServedTwinSurvivesNonsense) {
  start("0");
  const auto device = stage();
  sockaddr_in there{};
  there.sin_family = AF_INET;
  there.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  there.sin_port = htons(static_cast<std::uint16_t>(std::stoi(port_)));
  std::uint32_t random = 1;
  for (int i = 0; i < 200; ++i) {
    std::string bytes = i % 2 == 0 ? std::string("GIOP\x01\x02\x01", 7) : std::string();
    for (int k = 0; k < 40 + i; ++k) {
      random = random * 1664525U + 1013904223U;
      bytes += static_cast<char>(random >> 24U);
    }
    const int socket_id = socket(AF_INET, SOCK_STREAM, 0);
    ASSERT_EQ(connect(socket_id, reinterpret_cast<const sockaddr*>(&there), sizeof there), 0);
    static_cast<void>(send(socket_id, bytes.data(), bytes.size(), MSG_NOSIGNAL));
    close(socket_id);
  }
  EXPECT_EQ(device->position(0), 0.0);
  EXPECT_EQ(server_->end(), 0);
}

}  // namespace
}  // namespace halotwin::test
