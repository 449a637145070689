// TCP through Boost.Asio: every operation is started, and the context runs until it is done or its
// time is over.
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/connect.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/read.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

#include "devices/wire/byte_stream.hpp"

namespace halotwin::devices {

namespace {

namespace asio = boost::asio;
using asio::ip::tcp;
using Code = boost::system::error_code;

constexpr std::size_t portion = 65536;

class TcpStream final : public ByteStream {
 public:
  TcpStream(const Endpoint& to, const WireLimits& limits) : name_(to.host), limits_(limits) {
    name_ += fmt::format(":{}", to.port);
    tcp::resolver resolver(context_);
    Code error;
    const auto found = resolver.resolve(to.host, std::to_string(to.port), error);
    if (error) {
      throw WireError(WireFault::refused, fmt::format("{}: {}", name_, error.message()));
    }
    Code result = asio::error::would_block;
    asio::async_connect(
        socket_, found, [&](const Code& code, const tcp::endpoint&) { result = code; });
    if (!run(limits_.connect)) {
      throw WireError(WireFault::refused, fmt::format("{}: no answer", name_));
    }
    if (result) {
      throw WireError(WireFault::refused, fmt::format("{}: {}", name_, result.message()));
    }
    socket_.set_option(tcp::no_delay(true));
  }

  void send(std::string_view bytes) override {
    Code result = asio::error::would_block;
    asio::async_write(
        socket_, asio::buffer(bytes), [&](const Code& code, std::size_t) { result = code; });
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

  void discard() override {
    unread_.clear();
    Code error;
    while (socket_.available(error) > 0 && !error) {
      receive_some();
      unread_.clear();
    }
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
    const std::size_t before = unread_.size();
    unread_.resize(before + portion);
    socket_.async_read_some(asio::buffer(unread_.data() + before, portion),
                            [&](const Code& code, std::size_t count) {
                              result = code;
                              received = count;
                            });
    const bool in_time = run(limits_.answer);
    unread_.resize(before + received);
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
      socket_.close(ignored);  // whoever tries again is told at once
      throw WireError(
          WireFault::closed,
          fmt::format("{}: {}",
                      name_,
                      result == asio::error::eof ? "the connection was closed" : result.message()));
    }
  }

  /// False if the time was over first; then nothing is under way any more.
  bool run(Duration most) {
    context_.restart();
    context_.run_for(most);
    if (context_.stopped()) {
      return true;
    }
    Code ignored;
    socket_.cancel(ignored);
    context_.run();
    return false;
  }

  std::string name_;
  WireLimits limits_;
  asio::io_context context_{1};
  tcp::socket socket_{context_};
  std::string unread_;
};

}  // namespace

std::unique_ptr<ByteStream> connect_tcp(const Endpoint& to, const WireLimits& limits) {
  return std::make_unique<TcpStream>(to, limits);
}

}  // namespace halotwin::devices
