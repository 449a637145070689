// Over a real socket of this computer; lines: text_lines_test.cpp.
#include "devices/servers/message_server.hpp"

#include <memory>
#include <string>
#include <thread>

#include <gtest/gtest.h>

namespace halotwin::devices {
namespace {

/// Messages begin with their length, one digit.
std::size_t by_digit(std::string_view bytes) {
  if (bytes.empty()) {
    return 0;
  }
  if (bytes[0] < '1' || bytes[0] > '9') {
    throw WireError(WireFault::garbled, "no length");
  }
  return static_cast<std::size_t>(bytes[0] - '0');
}

class Served {
 public:
  explicit Served(MessageServer::Answer answer, const MessageServerLimits& limits = {})
      : port_(server_.listen({"127.0.0.1", 0}, by_digit, std::move(answer), limits)),
        thread_([this](const std::stop_token& stop) { server_.run(stop); }) {}
  [[nodiscard]] std::unique_ptr<ByteStream> connect() { return connect_tcp({"127.0.0.1", port_}); }

 private:
  MessageServer server_;
  std::uint16_t port_;
  std::jthread thread_;
};

std::optional<std::string> echo(std::string_view message, Duration) {
  return std::string(message);
}

TEST(MessageServer, PutsMessagesTogetherAndTakesThemApart) {
  Served served(echo);
  const auto client = served.connect();
  client->send("3a");
  client->send("b");
  EXPECT_EQ(client->receive(3), "3ab");
  client->send("13ab12x2");
  EXPECT_EQ(client->receive(7), "13ab12x");
}

TEST(MessageServer, WhoSendsNonsenseOrTooMuchIsCutOff) {
  Served served(echo, {.longest_message = 5});
  for (const char* bytes : {"x", "6abcde"}) {
    const auto client = served.connect();
    client->send(bytes);
    EXPECT_THROW(static_cast<void>(client->receive(1)), WireError) << bytes;
  }
  const auto client = served.connect();
  client->send("5abcd");
  EXPECT_EQ(client->receive(5), "5abcd");
}

TEST(MessageServer, AnAnswerThatTakesLongHoldsUpNobodyElse) {
  bool first = false;
  bool done = false;
  Duration last{};
  Served served([&](std::string_view message, Duration waited) -> std::optional<std::string> {
    if (message == "2w") {
      first = first || waited == Duration::zero();
      EXPECT_GE(waited, last);
      last = waited;
      return done ? std::optional<std::string>("waited") : std::nullopt;
    }
    done = done || message == "2d";
    return std::string(message);
  });
  const auto slow = served.connect();
  const auto quick = served.connect();
  slow->send("2w2x");
  for (int k = 0; k < 20; ++k) {
    quick->send("2q");
    EXPECT_EQ(quick->receive(2), "2q");
  }
  quick->send("2d");
  EXPECT_EQ(quick->receive(2), "2d");
  EXPECT_EQ(slow->receive(8), "waited2x");
  EXPECT_TRUE(first);
}

TEST(MessageServer, WhoGoesWhileWaitingLeavesNothing) {
  Served served(
      [](std::string_view message, Duration) -> std::optional<std::string> {
        return message == "2w" ? std::nullopt : std::optional(std::string(message));
      },
      {.most_clients = 2});
  for (int k = 0; k < 20; ++k) {
    for (int tries = 0;; ++tries) {
      ASSERT_LT(tries, 1000);
      try {
        const auto client = served.connect();
        client->send("2x2w");
        EXPECT_EQ(client->receive(2), "2x");
        break;
      } catch (const WireError&) {
      }
    }
  }
}

}  // namespace
}  // namespace halotwin::devices
