// The served microscope and its driver over a real socket of this computer.
#include <array>
#include <cmath>
#include <memory>
#include <string>
#include <thread>

#include <gtest/gtest.h>

#include "devices/servers/message_server.hpp"
#include "tests/support/nanonis_world.hpp"

namespace halotwin::devices {
namespace {

using nanonis::Writer;

constexpr Duration patience = std::chrono::minutes(10);

/// A served controller in a thread of its own; its world's time is that of the computer.
class Served {
 public:
  Served()
      : port_(server_.listen({"127.0.0.1", 0},
                             nanonis_request_bytes,
                             [this](std::string_view request, Duration waited) {
                               twin_.time.sleep(wall_.now() - twin_.time.now());
                               return twin_.service.answer(request, waited);
                             })),
        thread_([this](const std::stop_token& stop) { server_.run(stop); }) {}
  [[nodiscard]] std::unique_ptr<ByteStream> connect() {
    return connect_tcp({"127.0.0.1", port_}, nanonis_wire_limits());
  }

 private:
  test::NanonisWorld twin_;
  WallClock wall_;
  MessageServer server_;
  std::uint16_t port_;
  std::jthread thread_;
};

TEST(NanonisTcp, DriverAndServedMicroscopeSpeakTcp) {
  Served served;
  WallClock clock;
  const auto driver =
      open_nanonis_probe([&] { return served.connect(); }, clock, "afm", "nanonis://127.0.0.1");
  driver->height().approach(patience, {});
  const ScanFrame frame{
      .width_m = 100e-9, .height_m = 60e-9, .columns = 5, .rows = 3, .line_time_s = 0.01};
  const ScanFrame applied = driver->scanner()->configure(frame, std::array<std::size_t, 1>{0});
  driver->scanner()->start();
  while (driver->scanner()->wait_line(patience, {}) < applied.rows) {
  }
  const Image<float> image = driver->scanner()->data(0, ScanDirection::forward);
  EXPECT_EQ(image.nx, 5U);
  EXPECT_TRUE(std::isfinite(image(4, 2)));
  driver->make_safe();
  EXPECT_FALSE(driver->height().engaged());
}

TEST(NanonisTcp, WhoWaitsForAScanHoldsUpNobody) {
  Served served;
  const auto tell = [](ByteStream& to, const char* command, const Writer& arguments) {
    to.send(nanonis::encode_request(command, arguments.body()));
  };
  const auto answer = [](ByteStream& from) {
    const nanonis::Header header = nanonis::decode_header(from.receive(nanonis::header_bytes));
    static_cast<void>(from.receive(header.body_bytes));
    return header.command;
  };
  const auto one = served.connect();
  const auto other = served.connect();
  tell(*one, "ZCtrl.OnOffSet", Writer().u32(1));
  tell(*one, "Scan.FrameSet", Writer().f32(0).f32(0).f32(100e-9).f32(60e-9).f32(0));
  tell(*one, "Scan.Action", Writer().u16(0).u32(1));
  tell(*one, "Scan.WaitEndOfScan", Writer().i32(-1));
  for (const char* command : {"ZCtrl.OnOffSet", "Scan.FrameSet", "Scan.Action"}) {
    EXPECT_EQ(answer(*one), command);
  }
  for (int k = 0; k < 10; ++k) {
    tell(*other, "Bias.Get", {});
    EXPECT_EQ(answer(*other), "Bias.Get");
  }
  tell(*other, "Scan.Action", Writer().u16(1).u32(1));
  EXPECT_EQ(answer(*other), "Scan.Action");
  EXPECT_EQ(answer(*one), "Scan.WaitEndOfScan");
}

TEST(NanonisTcp, BytesThatAreNoFrameEndTheConnection) {
  Served served;
  for (std::string bytes : {std::string(40, '\0'),
                            nanonis::encode_request("Bias.Get", "").replace(32, 1, "\xff"),
                            std::string("GET /some/where HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")}) {
    const auto client = served.connect();
    client->send(bytes);
    try {
      static_cast<void>(client->receive(1));
      ADD_FAILURE() << "an answer to " << bytes;
    } catch (const WireError& error) {
      EXPECT_EQ(error.fault(), WireFault::closed) << bytes;
    }
  }
  const auto client = served.connect();
  for (const char c : nanonis::encode_request("Bias.Get", "")) {  // byte by byte
    client->send(std::string(1, c));
  }
  EXPECT_EQ(nanonis::decode_header(client->receive(nanonis::header_bytes)).body_bytes, 12U);
}

}  // namespace
}  // namespace halotwin::devices
