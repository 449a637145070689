// Over a pseudo-terminal of this computer, which is a serial line to whoever opens it.
#include <array>
#include <functional>
#include <string>
#include <thread>

#include <fcntl.h>
#include <gtest/gtest.h>
#include <poll.h>
#include <pty.h>
#include <termios.h>
#include <unistd.h>

#include "base/errors.hpp"
#include "devices/drivers/srs_lock_in.hpp"
#include "devices/servers/srs_service.hpp"
#include "tests/wire/lock_in_world.hpp"

namespace halotwin::devices {
namespace {

/// An instrument at the other end of a serial line: a thread of its own that answers lines.
class SerialInstrument {
 public:
  explicit SerialInstrument(std::function<std::string(const std::string&)> answer)
      : answer_(std::move(answer)) {
    std::array<char, 256> name{};
    if (openpty(&instrument_, &client_, name.data(), nullptr, nullptr) != 0) {
      throw std::runtime_error("no pseudo-terminal");
    }
    device_ = name.data();
    termios raw{};
    tcgetattr(client_, &raw);
    cfmakeraw(&raw);
    tcsetattr(client_, TCSANOW, &raw);
    thread_ = std::jthread([this](const std::stop_token& stop) { run(stop); });
  }
  ~SerialInstrument() { pull_the_plug(); }
  SerialInstrument(const SerialInstrument&) = delete;
  SerialInstrument& operator=(const SerialInstrument&) = delete;

  [[nodiscard]] SerialLine line() const { return {device_, 9600}; }
  [[nodiscard]] Connect connect(Duration answer = std::chrono::seconds(20)) const {
    WireLimits limits;
    limits.answer = answer;
    return [line = line(), limits] { return connect_serial(line, limits); };
  }
  /// Unasked.
  void say(const std::string& text) const {
    ASSERT_EQ(write(instrument_, text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void pull_the_plug() {
    if (instrument_ >= 0) {
      thread_.request_stop();
      thread_.join();
      close(client_);
      close(std::exchange(instrument_, -1));
    }
  }

 private:
  void run(const std::stop_token& stop) const {
    std::string unread;
    std::array<char, 256> bytes{};
    while (!stop.stop_requested()) {
      pollfd wait{instrument_, POLLIN, 0};
      constexpr int look_again_ms = 5;
      if (poll(&wait, 1, look_again_ms) <= 0) {
        continue;
      }
      const ssize_t count = read(instrument_, bytes.data(), bytes.size());
      unread.append(bytes.data(), static_cast<std::size_t>(std::max<ssize_t>(count, 0)));
      for (auto end = unread.find('\n'); end != std::string::npos; end = unread.find('\n')) {
        const std::string text = answer_(unread.substr(0, end));
        unread.erase(0, end + 1);
        static_cast<void>(!write(instrument_, text.data(), text.size()));
      }
    }
  }

  std::function<std::string(const std::string&)> answer_;
  int instrument_ = -1;
  int client_ = -1;
  std::string device_;
  std::jthread thread_;
};

std::string echo(const std::string& line) {
  return line.empty() ? "" : line + "\n";
}

TEST(SerialLine, IsADeviceAndItsSpeed) {
  EXPECT_EQ(parse_serial_line("/dev/ttyUSB0"), (SerialLine{"/dev/ttyUSB0", 9600}));
  EXPECT_EQ(parse_serial_line("/dev/ttyS1?baud=19200"), (SerialLine{"/dev/ttyS1", 19200}));
  for (const char* wrong : {"",
                            "ttyUSB0",
                            "/dev/x?baud=",
                            "/dev/x?baud=0",
                            "/dev/x?baud=1k",
                            "/dev/x?speed=9600",
                            "/dev/x?baud=-1",
                            "/dev/x?"}) {
    EXPECT_THROW(static_cast<void>(parse_serial_line(wrong)), ParameterError) << wrong;
  }
}

TEST(SerialStream, CarriesLinesBothWays) {
  SerialInstrument instrument(echo);
  instrument.say("left over from before\n");
  const auto stream = instrument.connect()();
  stream->send("one\ntwo\nthr");
  stream->send("ee\n");
  EXPECT_EQ(stream->receive_until('\n'), "one") << "and nothing of what lay there";
  EXPECT_EQ(stream->receive(3), "two");
  EXPECT_EQ(stream->receive_until('\n'), "");
  EXPECT_EQ(stream->receive_until('\n'), "three");
}

TEST(SerialStream, SaysWhatIsWrong) {
  const auto fault_of = [](const auto& work) {
    try {
      work();
    } catch (const WireError& error) {
      return error.fault();
    }
    return WireFault::garbled;
  };
  EXPECT_EQ(fault_of([] {
              static_cast<void>(connect_serial({"/dev/no_such_line", 9600}));
            }),
            WireFault::refused);
  EXPECT_EQ(fault_of([] {
              static_cast<void>(connect_serial({"/dev/null", 9600}));
            }),
            WireFault::refused);
  SerialInstrument instrument(echo);
  EXPECT_EQ(fault_of([&] {
              static_cast<void>(connect_serial({instrument.line().device, 12345}));
            }),
            WireFault::refused)
      << "no such speed";
  const auto stream = instrument.connect(std::chrono::milliseconds(50))();
  EXPECT_EQ(fault_of([&] { static_cast<void>(stream->receive_until('\n')); }), WireFault::silent);
}

TEST(SerialStream, APulledPlugIsAClosedConnection) {
  SerialInstrument instrument(echo);
  const auto stream = instrument.connect()();
  stream->send("one\n");
  EXPECT_EQ(stream->receive_until('\n'), "one");
  instrument.pull_the_plug();
  for (int k = 0; k < 3; ++k) {
    try {
      stream->send("two\n");
      static_cast<void>(stream->receive_until('\n'));
      FAIL() << "an answer from nobody";
    } catch (const WireError& error) {
      EXPECT_EQ(error.fault(), WireFault::closed);
    }
  }
}

TEST(SerialStream, DriverAndServedSr830SpeakOverIt) {
  test::LockInWorld world;
  SrsService service(world.lock_in, *srs::find_model("SR830"));
  bool told = false;  // that answers go to RS-232, where they end with CR
  SerialInstrument instrument([&](const std::string& line) {
    told = told || line == "OUTX 0";
    std::string answer = service.answer(line);
    if (!answer.empty()) {
      answer.back() = '\r';
    }
    return told ? answer : "";
  });
  const auto driver = open_srs_lock_in(instrument.connect(),
                                       world.world.clock(),
                                       "lockin",
                                       "sr830://" + instrument.line().device,
                                       srs::Family::sr830,
                                       srs_serial_style(srs::Family::sr830));
  EXPECT_EQ(driver->configure({.reference_hz = 1234.5, .harmonic = 2}).reference_hz, 1234.5);
  EXPECT_EQ(driver->read().frequency_hz, 2469.0);
  instrument.pull_the_plug();
  EXPECT_THROW(static_cast<void>(driver->read()), DeviceError);
}

}  // namespace
}  // namespace halotwin::devices
