// TCP and serial lines through Boost.Asio: every operation is started, and the context runs until
// it is done or its time is over.
#include <algorithm>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/serial_port.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include "devices/wire/byte_stream.hpp"

namespace halotwin::devices {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Code = boost::system::error_code;

constexpr std::size_t portion_bytes = 65536;
/// An answer from the same computer comes sooner than a sleeping thread wakes up.
constexpr Duration awake = std::chrono::microseconds(100);

/// What both have in common. `Stream` is a socket or a serial port of Asio.
template <class Stream>
class AsioStream : public ByteStream {
 public:
  void send(std::string_view bytes) override {
    Code result = asio::error::would_block;
    asio::async_write(
        stream_, asio::buffer(bytes), [&](const Code& code, std::size_t) { result = code; });
    finish(result, "does not take what is sent");
  }

  std::string receive_until(char end) override {
    std::size_t seen = 0;
    for (;;) {
      const std::size_t at = unread_.find(end, seen);
      if (at != std::string::npos) {
        return take(at, 1);
      }
      seen = unread_.size();
      if (seen > limits_.longest_answer) {
        unread_.clear();
        throw WireError(WireFault::garbled,
                        fmt::format("{}: {} bytes without an end of line", name_, seen));
      }
      receive_some();
    }
  }

  std::string receive(std::size_t count) override {
    if (count > limits_.longest_answer) {
      throw WireError(WireFault::garbled,
                      fmt::format("{}: an answer of {} bytes is announced", name_, count));
    }
    while (unread_.size() < count) {
      receive_some();
    }
    return take(count, 0);
  }

 protected:
  AsioStream(std::string name, const WireLimits& limits)
      : name_(std::move(name)), limits_(limits) {}

  [[nodiscard]] WireError refused(const std::string& why) const {
    return {WireFault::refused, fmt::format("{}: {}", name_, why)};
  }
  [[nodiscard]] const WireLimits& limits() const { return limits_; }
  [[nodiscard]] asio::io_context& context() { return context_; }
  [[nodiscard]] Stream& stream() { return stream_; }

  /// Whatever has come already is forgotten.
  void discard() {
    unread_.clear();
    for (bool more = true; more;) {
      more = false;
      stream_.async_read_some(asio::buffer(portion_),
                              [&](const Code& code, std::size_t) { more = !code; });
      run(Duration::zero());
    }
  }

  /// False if the time was over first; then nothing is under way any more.
  bool run(Duration most) {
    context_.restart();
    const WallClock clock;
    while (!context_.stopped() && clock.now() < std::min(most, awake)) {
      if (context_.poll() == 0) {
        std::this_thread::yield();
      }
    }
    if (!context_.stopped()) {
      context_.run_for(most);
    }
    if (context_.stopped()) {
      return true;
    }
    Code ignored;
    stream_.cancel(ignored);
    context_.run();
    return false;
  }

 private:
  std::string take(std::size_t count, std::size_t end) {
    std::string out = unread_.substr(0, count);
    unread_.erase(0, count + end);
    return out;
  }

  void receive_some() {
    Code result = asio::error::would_block;
    std::size_t received = 0;
    stream_.async_read_some(asio::buffer(portion_), [&](const Code& code, std::size_t count) {
      result = code;
      received = count;
    });
    const bool in_time = run(limits_.answer);
    unread_.append(portion_.data(), received);
    if (!in_time) {
      throw WireError(WireFault::silent, fmt::format("{}: no answer in time", name_));
    }
    check(result);
  }

  void finish(const Code& result, const char* late) {
    if (!run(limits_.answer)) {
      throw WireError(WireFault::silent, fmt::format("{}: {}", name_, late));
    }
    check(result);
  }

  void check(const Code& result) {
    if (result) {
      Code ignored;
      stream_.close(ignored);  // whoever tries again is told at once
      throw WireError(
          WireFault::closed,
          fmt::format("{}: {}",
                      name_,
                      result == asio::error::eof ? "the connection was closed" : result.message()));
    }
  }

  std::string name_;
  WireLimits limits_;
  asio::io_context context_{1};
  Stream stream_{context_};
  std::string unread_;
  std::vector<char> portion_ = std::vector<char>(portion_bytes);
};

class TcpStream final : public AsioStream<tcp::socket> {
 public:
  TcpStream(const Endpoint& to, const WireLimits& limits)
      : AsioStream(fmt::format("{}:{}", to.host, to.port), limits) {
    tcp::resolver resolver(context());
    Code error;
    const auto found = resolver.resolve(to.host, std::to_string(to.port), error);
    if (error) {
      throw refused(error.message());
    }
    Code result = asio::error::would_block;
    asio::async_connect(
        stream(), found, [&](const Code& code, const tcp::endpoint&) { result = code; });
    if (!run(this->limits().connect)) {
      throw refused("no answer");
    }
    if (result) {
      throw refused(result.message());
    }
    stream().set_option(tcp::no_delay(true));
  }
};

/// 8 data bits, no parity, one stop bit, no handshake.
class SerialStream final : public AsioStream<asio::serial_port> {
 public:
  SerialStream(const SerialLine& line, const WireLimits& limits) : AsioStream(line.device, limits) {
    using Port = asio::serial_port_base;
    Code error;
    const auto set = [&](const auto& option) {
      if (!error) {
        stream().set_option(option, error);
      }
    };
    stream().open(line.device, error);
    set(Port::baud_rate(line.baud));
    set(Port::character_size(8));
    set(Port::parity(Port::parity::none));
    set(Port::stop_bits(Port::stop_bits::one));
    set(Port::flow_control(Port::flow_control::none));
    if (error) {
      throw refused(error.message());
    }
    discard();  // what somebody else did not read
  }
};

}  // namespace

std::unique_ptr<ByteStream> connect_tcp(const Endpoint& to, const WireLimits& limits) {
  return std::make_unique<TcpStream>(to, limits);
}

std::unique_ptr<ByteStream> connect_serial(const SerialLine& line, const WireLimits& limits) {
  return std::make_unique<SerialStream>(line, limits);
}

}  // namespace halotwin::devices
