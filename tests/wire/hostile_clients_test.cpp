// A thousand clients that send nonsense, half messages, endless lines and announcements of
// gigabytes, say nothing, never read, or vanish by a reset, while others work.
#include <array>
#include <cstdint>
#include <deque>
#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include <gtest/gtest.h>
#include <netinet/in.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/random.hpp"
#include "devices/servers/message_server.hpp"
#include "devices/servers/srs_service.hpp"
#include "devices/servers/text_lines.hpp"
#include "tests/support/nanonis_world.hpp"
#include "tests/wire/lock_in_world.hpp"

namespace halotwin::devices {
namespace {

/// A lock-in and a microscope at two ports of one server, in a thread of its own.
class Served {
 public:
  Served()
      : lock_in_(world_.lock_in, *srs::find_model("SR865A")),
        lines_(server_.listen({"127.0.0.1", 0},
                              cut_line,
                              answer_lines([this](auto line) { return lock_in_.answer(line); }),
                              limits_of_lines())),
        frames_(server_.listen({"127.0.0.1", 0},
                               nanonis_request_bytes,
                               [this](auto request, Duration waited) {
                                 return twin_.service.answer(request, waited);
                               })),
        thread_([this](const std::stop_token& stop) { server_.run(stop); }) {}
  [[nodiscard]] std::uint16_t lines() const { return lines_; }
  [[nodiscard]] std::uint16_t frames() const { return frames_; }

 private:
  test::LockInWorld world_;
  SrsService lock_in_;
  test::NanonisWorld twin_;
  MessageServer server_;
  std::uint16_t lines_;
  std::uint16_t frames_;
  std::jthread thread_;
};

std::unique_ptr<ByteStream> connect_to(std::uint16_t port) {
  WireLimits limits;
  limits.answer = std::chrono::minutes(1);
  return connect_tcp({"127.0.0.1", port}, limits);
}

/// A connection that keeps no rules. What it sends, it sends without waiting.
class Hostile {
 public:
  explicit Hostile(std::uint16_t port) : socket_(::socket(AF_INET, SOCK_STREAM, 0)) {
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    const void* address = &to;
    EXPECT_EQ(::connect(socket_, static_cast<const sockaddr*>(address), sizeof(to)), 0);
  }
  ~Hostile() { ::close(socket_); }
  Hostile(const Hostile&) = delete;
  Hostile& operator=(const Hostile&) = delete;

  /// How much of it went out; nothing once the server has cut the connection.
  std::size_t send(const std::string& bytes) const {
    const auto sent = ::send(socket_, bytes.data(), bytes.size(), MSG_NOSIGNAL | MSG_DONTWAIT);
    return sent < 0 ? 0 : static_cast<std::size_t>(sent);
  }
  /// Sends again and again until the server cuts the connection. False if it does not.
  [[nodiscard]] bool send_until_cut(const std::string& bytes) const {
    constexpr int longest_wait_ms = 60'000;
    constexpr int most_times = 2000;
    for (int k = 0; k < most_times; ++k) {
      pollfd ready{socket_, POLLOUT, 0};
      if (::poll(&ready, 1, longest_wait_ms) != 1) {
        return false;
      }
      if ((ready.revents & (POLLERR | POLLHUP)) != 0 || send(bytes) == 0) {
        return true;
      }
    }
    return false;
  }
  /// Closing resets the connection, whatever is under way.
  void reset_at_end() const {
    const linger at_once{1, 0};
    ::setsockopt(socket_, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once));
  }

 private:
  int socket_;
};

std::string noise(RandomStream& random, std::uint32_t most) {
  std::string out(1 + random.index(most), '\0');
  for (char& c : out) {
    c = static_cast<char>(random.index(256));
  }
  return out;
}

std::string many(const std::string& message, std::size_t times) {
  std::string out;
  for (std::size_t k = 0; k < times; ++k) {
    out += message;
  }
  return out;
}

/// What a hostile client does at a port where `question` is a message.
void attack(const Hostile& client, RandomStream& random, const std::string& question) {
  constexpr std::uint32_t ways = 8;
  switch (random.index(ways)) {
    case 0:
      client.send(noise(random, 2000));
      break;
    case 1:  // half a message
      client.send(
          question.substr(0, 1 + random.index(static_cast<std::uint32_t>(question.size()) - 1)));
      break;
    case 2:  // an endless line, a body that never ends
      client.send(std::string(10'000, 'x'));
      break;
    case 3: {  // a length of some gigabytes, or of 100 MB, which a frame may have
      std::string frame = nanonis::encode_request("Bias.Get", "");
      frame.replace(32, 4, random.index(2) == 0 ? "\x7f\xff\xff\xff" : "\x05\xf5\xe1\x01");
      client.send(frame);
      break;
    }
    case 4:  // a question, and away without its answer
      client.send(question);
      break;
    case 5:  // many questions, and nobody reads
      client.send(many(question, 200));
      break;
    case 6:  // right, then wrong
      client.send(question + noise(random, 200) + question);
      break;
    default:  // nothing
      break;
  }
  if (random.index(2) == 0) {
    client.reset_at_end();
  }
}

std::size_t open_files() {
  std::size_t count = 0;
  for ([[maybe_unused]] const auto& file : std::filesystem::directory_iterator("/proc/self/fd")) {
    ++count;
  }
  return count;
}

/// Client `k` of a port: asks something of which nobody else has the answer, and hears it.
using Ask = std::function<void(ByteStream& stream, std::size_t k)>;
using Hear = std::function<void(ByteStream& stream, std::size_t k)>;

struct Port {
  std::uint16_t number = 0;
  std::string question;
  Ask ask;
  Hear hear;
};

Port lock_in_port(const Served& served) {
  const std::string name = "Stanford_Research_Systems,SR865A,halotwin,v1.00";
  return {served.lines(),
          "*IDN?\n",
          [](ByteStream& stream, std::size_t k) { stream.send(many("*IDN?;", k + 1) + "\n"); },
          [name](ByteStream& stream, std::size_t k) {
            EXPECT_EQ(stream.receive_until('\n'), many(name + ";", k) + name);
          }};
}

Port microscope_port(const Served& served) {
  return {served.frames(),
          nanonis::encode_request("Bias.Get", ""),
          [](ByteStream& stream, std::size_t k) {
            const std::vector<std::int32_t> signals(k + 1, 100);
            stream.send(nanonis::encode_request("Signals.ValsGet",
                                                nanonis::Writer().i32s(signals).u32(0).body()));
          },
          [](ByteStream& stream, std::size_t k) {
            const auto header = nanonis::decode_header(stream.receive(nanonis::header_bytes));
            EXPECT_EQ(header.command, "Signals.ValsGet");
            const std::string body = stream.receive(header.body_bytes);
            nanonis::Reader in(body);
            EXPECT_EQ(in.f32s(), std::vector<float>(k + 1, 0.0F));
            EXPECT_EQ(in.error(), std::nullopt);
          }};
}

/// As many clients as a port takes, the given one among them, ask and then hear. Whether there was
/// room for all; there is, as soon as the server has seen those before go.
bool all_are_served(const Port& port, ByteStream& first) {
  constexpr std::size_t most_clients = 64;
  std::vector<std::unique_ptr<ByteStream>> others;
  const auto client = [&](std::size_t k) -> ByteStream& { return k == 0 ? first : *others[k - 1]; };
  for (std::size_t k = 1; k < most_clients; ++k) {
    others.push_back(connect_to(port.number));
    try {  // is it turned away?
      port.ask(*others.back(), k);
      port.hear(*others.back(), k);
    } catch (const WireError&) {
      return false;
    }
  }
  for (int round = 0; round < 3; ++round) {
    for (std::size_t k = 0; k < most_clients; ++k) {
      port.ask(client(k), k);
    }
    for (std::size_t k = most_clients; k-- > 0;) {
      port.hear(client(k), k);
    }
  }
  return true;
}

void survive(const Port& port) {
  constexpr std::size_t attacks = 1000;
  constexpr std::size_t at_once = 20;
  const auto good = connect_to(port.number);
  port.ask(*good, 0);
  port.hear(*good, 0);
  const std::size_t files = open_files();
  std::deque<Hostile> clients;
  for (std::uint32_t k = 0; k < attacks; ++k) {
    RandomStream random(1, Purpose::test_data, k);
    attack(clients.emplace_back(port.number), random, port.question);
    if (clients.size() > at_once) {
      clients.pop_front();
    }
    port.ask(*good, k % 7);
    if (k % 2 == 1) {  // two questions under way
      port.hear(*good, (k - 1) % 7);
      port.hear(*good, k % 7);
    }
  }
  clients.clear();
  WallClock clock;
  constexpr int most_tries = 1000;
  int tries = 0;
  while (!all_are_served(port, *good) && ++tries < most_tries) {
    clock.sleep(std::chrono::milliseconds(10));
  }
  EXPECT_LT(tries, most_tries) << "some are not seen to be gone";
  while (open_files() != files && ++tries < most_tries) {
    clock.sleep(std::chrono::milliseconds(10));
  }
  EXPECT_EQ(open_files(), files);
}

TEST(HostileClients, DoNotTouchTheOthersOfALockIn) {
  const Served served;
  survive(lock_in_port(served));
}

TEST(HostileClients, DoNotTouchTheOthersOfAMicroscope) {
  const Served served;
  survive(microscope_port(served));
}

TEST(HostileClients, WhoAsksForEverAndNeverReadsIsCutOff) {
  const Served served;
  const Port port = lock_in_port(served);
  const auto good = connect_to(port.number);
  const Hostile client(port.number);
  EXPECT_TRUE(client.send_until_cut(many("*IDN?;", 600) + "\n"));
  port.ask(*good, 5);
  port.hear(*good, 5);
}

}  // namespace
}  // namespace halotwin::devices
