#include "devices/servers/text_server.hpp"

#include <deque>
#include <utility>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

namespace halotwin::devices {

namespace asio = boost::asio;
using asio::ip::tcp;
using Code = boost::system::error_code;

namespace {

/// One client; lives as long as something is under way for it.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket,
          const TextServer::Answer& answer,
          const TextServerLimits& limits,
          std::size_t& clients)
      : socket_(std::move(socket)), answer_(&answer), limits_(limits), clients_(&clients) {
    ++*clients_;
  }
  ~Session() { --*clients_; }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void read() {
    asio::async_read_until(socket_,
                           asio::dynamic_buffer(incoming_, limits_.longest_line),
                           '\n',
                           [self = shared_from_this()](const Code& code, std::size_t count) {
                             if (!code) {
                               self->take(count);
                             }  // else: gone, or a line too long; the session ends
                           });
  }

 private:
  void take(std::size_t count) {
    std::string_view line(incoming_.data(), count - 1);
    if (line.ends_with('\r')) {
      line.remove_suffix(1);
    }
    std::string text = (*answer_)(line);
    incoming_.erase(0, count);
    if (!text.empty()) {
      unsent_bytes_ += text.size();
      unsent_.push_back(std::move(text));
      if (unsent_bytes_ > limits_.most_unsent) {
        Code ignored;
        socket_.close(ignored);
        return;
      }
      if (unsent_.size() == 1) {
        write();
      }
    }
    read();
  }

  void write() {
    asio::async_write(socket_,
                      asio::buffer(unsent_.front()),
                      [self = shared_from_this()](const Code& code, std::size_t) {
                        if (code) {
                          return;
                        }
                        self->unsent_bytes_ -= self->unsent_.front().size();
                        self->unsent_.pop_front();
                        if (!self->unsent_.empty()) {
                          self->write();
                        }
                      });
  }

  tcp::socket socket_;
  const TextServer::Answer* answer_;
  TextServerLimits limits_;
  std::size_t* clients_;
  std::string incoming_;
  std::deque<std::string> unsent_;
  std::size_t unsent_bytes_ = 0;
};

}  // namespace

class TextServer::Impl {
 public:
  Impl(const Endpoint& at, Answer answer, const TextServerLimits& limits)
      : answer_(std::move(answer)), limits_(limits) {
    const std::string name = fmt::format("{}:{}", at.host, at.port);
    Code error;
    const asio::ip::address address =
        asio::ip::make_address(at.host == "localhost" ? std::string("127.0.0.1") : at.host, error);
    if (error) {
      throw WireError(WireFault::refused, fmt::format("{}: not an address to listen at", name));
    }
    const tcp::endpoint here(address, at.port);
    acceptor_.open(here.protocol(), error);
    acceptor_.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) {
      acceptor_.bind(here, error);
    }
    if (!error) {
      acceptor_.listen(tcp::acceptor::max_listen_connections, error);
    }
    if (error) {
      throw WireError(WireFault::refused,
                      fmt::format("cannot listen at {}: {}", name, error.message()));
    }
    port_ = acceptor_.local_endpoint().port();
    accept();
  }

  [[nodiscard]] std::uint16_t port() const { return port_; }

  void run(const std::stop_token& stop) {
    const std::stop_callback wake(stop,
                                  [this] { asio::post(context_, [this] { context_.stop(); }); });
    context_.run();
    context_.restart();
  }

 private:
  void accept() {
    acceptor_.async_accept([this](const Code& code, tcp::socket socket) {
      if (!code && clients_ < limits_.most_clients) {
        Code ignored;
        socket.set_option(tcp::no_delay(true), ignored);
        std::make_shared<Session>(std::move(socket), answer_, limits_, clients_)->read();
      }
      if (code != asio::error::operation_aborted) {
        accept();
      }
    });
  }

  Answer answer_;
  TextServerLimits limits_;
  std::size_t clients_ = 0;
  std::uint16_t port_ = 0;
  asio::io_context context_{1};
  tcp::acceptor acceptor_{context_};
};

TextServer::TextServer(const Endpoint& at, Answer answer, const TextServerLimits& limits)
    : impl_(std::make_unique<Impl>(at, std::move(answer), limits)) {}
TextServer::~TextServer() = default;

std::uint16_t TextServer::port() const {
  return impl_->port();
}

void TextServer::run(const std::stop_token& stop) {
  impl_->run(stop);
}

}  // namespace halotwin::devices
