// Over a real socket of this computer.
#include "devices/servers/text_lines.hpp"

#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>

#include "devices/drivers/srs_lock_in.hpp"
#include "devices/servers/srs_service.hpp"
#include "tests/wire/lock_in_world.hpp"

namespace halotwin::devices {
namespace {

/// A server in a thread of its own, on a free port.
class Served {
 public:
  explicit Served(std::function<std::string(std::string_view)> answer,
                  const MessageServerLimits& limits = limits_of_lines())
      : port_(server_.listen({"127.0.0.1", 0}, cut_line, answer_lines(std::move(answer)), limits)),
        thread_([this](const std::stop_token& stop) { server_.run(stop); }) {}
  [[nodiscard]] Endpoint endpoint() const { return {"127.0.0.1", port_}; }
  [[nodiscard]] std::unique_ptr<ByteStream> connect(Duration answer = std::chrono::seconds(10)) {
    WireLimits limits;
    limits.answer = answer;
    return connect_tcp(endpoint(), limits);
  }

 private:
  MessageServer server_;
  std::uint16_t port_;
  std::jthread thread_;
};

std::string echo(std::string_view line) {
  return line.empty() ? "" : std::string(line) + "\n";
}

TEST(TextLines, AnswersLinesInTheirOrder) {
  Served served(echo);
  const auto client = served.connect();
  client->send("one\ntwo\r\nthr");
  client->send("ee\n");
  EXPECT_EQ(client->receive_until('\n'), "one");
  EXPECT_EQ(client->receive_until('\n'), "two");
  EXPECT_EQ(client->receive_until('\n'), "three");
}

TEST(TextLines, ManyClientsAtOnce) {
  Served served(echo);
  std::vector<std::unique_ptr<ByteStream>> clients;
  for (int k = 0; k < 64; ++k) {
    clients.push_back(served.connect());
  }
  for (int k = 0; k < 64; ++k) {
    clients[static_cast<std::size_t>(k)]->send(std::to_string(k) + "\n");
  }
  for (int k = 63; k >= 0; --k) {
    EXPECT_EQ(clients[static_cast<std::size_t>(k)]->receive_until('\n'), std::to_string(k));
  }
}

TEST(TextLines, AConnectionThatWasCutSaysSoAtOnceEveryTime) {
  Served served(
      [](std::string_view) -> std::string { throw WireError(WireFault::closed, "enough"); });
  const auto client = served.connect(std::chrono::minutes(1));
  const WallClock wall;
  for (int k = 0; k < 5; ++k) {
    EXPECT_THROW(
        {
          client->send("hello\n");
          static_cast<void>(client->receive_until('\n'));
        },
        WireError);
  }
  EXPECT_LT(seconds(wall.now()), 30.0) << "no wait for an answer that cannot come";
}

TEST(TextLines, AnEndlessLineEndsOnlyItsClient) {
  Served served(echo, {.longest_message = 100});
  const auto bad = served.connect();
  const auto good = served.connect();
  bad->send(std::string(1000, 'x'));
  EXPECT_THROW(static_cast<void>(bad->receive_until('\n')), WireError);
  good->send("still here\n");
  EXPECT_EQ(good->receive_until('\n'), "still here");
}

TEST(TextLines, ClientsThatComeAndGoLeaveNothing) {
  Served served(echo, {.most_clients = 4});
  for (int k = 0; k < 200; ++k) {
    const auto client = served.connect();
    client->send(k % 2 == 0 ? "hello\nhalf a li" : "");
  }
  // those places are free again as soon as the server has seen them go
  for (int tries = 0;; ++tries) {
    ASSERT_LT(tries, 1000);
    try {
      const auto client = served.connect();
      client->send("ping\n");
      EXPECT_EQ(client->receive_until('\n'), "ping");
      break;
    } catch (const WireError&) {
    }
  }
}

TEST(TcpStream, SaysWhatIsWrong) {
  Endpoint nobody;
  {
    Served served(echo);
    nobody = served.endpoint();
    const auto client = served.connect(std::chrono::milliseconds(50));
    try {
      static_cast<void>(client->receive_until('\n'));
      FAIL() << "an answer to nothing";
    } catch (const WireError& error) {
      EXPECT_EQ(error.fault(), WireFault::silent);
    }
    client->send("after a silence\n");  // it can still be used
    EXPECT_EQ(client->receive_until('\n'), "after a silence");
  }
  try {
    static_cast<void>(connect_tcp(nobody));
    FAIL() << "somebody answers";
  } catch (const WireError& error) {
    EXPECT_EQ(error.fault(), WireFault::refused);
  }
}

TEST(TextLines, DriverAndServedLockInSpeakTcp) {
  test::LockInWorld world;
  SrsService service(world.lock_in, *srs::find_model("SR860"));
  Served served([&](std::string_view line) { return service.answer(line); });
  const auto driver = open_srs_lock_in([&] { return served.connect(); },
                                       world.world.clock(),
                                       "lockin",
                                       "sr860://127.0.0.1",
                                       srs::Family::sr86x);
  const LockInSettings applied = driver->configure({.reference_hz = 1234.5, .harmonic = 2});
  EXPECT_EQ(applied.reference_hz, 1234.5);
  EXPECT_EQ(driver->read().frequency_hz, 2469.0);
}

}  // namespace
}  // namespace halotwin::devices
