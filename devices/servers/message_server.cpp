#include "devices/servers/message_server.hpp"

#include <deque>
#include <thread>
#include <utility>
#include <vector>

#include <boost/asio/buffer.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>

namespace halotwin::devices {

namespace asio = boost::asio;
using asio::ip::tcp;
using Code = boost::system::error_code;

namespace {

constexpr std::size_t portion_bytes = 16384;
/// The next question of a client on this computer comes sooner than a sleeping thread wakes up.
constexpr Duration awake = std::chrono::microseconds(100);

constexpr std::size_t sent_early_bytes = 1024;

/// What all clients of a port share.
struct Service {
  MessageServer::Cut cut;
  MessageServer::Answer answer;
  MessageServerLimits limits;
  WallClock clock{};
  std::size_t clients = 0;
};

/// One client; lives as long as something is under way for it.
class Session : public std::enable_shared_from_this<Session> {
 public:
  Session(tcp::socket socket, Service& service)
      : socket_(std::move(socket)),
        again_(socket_.get_executor()),
        service_(&service),
        portion_(portion_bytes) {
    ++service_->clients;
  }
  ~Session() { --service_->clients; }
  Session(const Session&) = delete;
  Session& operator=(const Session&) = delete;

  void read() {
    if (reading_ || ended_ || closed_ || unread() > service_->limits.longest_message) {
      return;
    }
    reading_ = true;
    socket_.async_read_some(asio::buffer(portion_),
                            [self = shared_from_this()](const Code& code, std::size_t count) {
                              self->reading_ = false;
                              if (code) {
                                self->end(code);
                                return;
                              }
                              self->incoming_.erase(0, std::exchange(self->taken_, 0));
                              self->incoming_.append(self->portion_.data(), count);
                              self->serve();
                              self->read();
                            });
  }

 private:
  [[nodiscard]] std::size_t unread() const { return incoming_.size() - taken_; }

  /// The first message, if it is complete and none is under way; the next ones in their turn.
  void serve() {
    if (busy_ || closed_) {
      return;
    }
    std::size_t size = 0;
    try {
      size = service_->cut(std::string_view(incoming_).substr(taken_));
    } catch (const WireError&) {
      close();
      return;
    }
    const std::size_t longest = service_->limits.longest_message;
    if (size > longest || (size == 0 && unread() >= longest)) {
      close();
    } else if (size > 0 && size <= unread()) {
      busy_ = true;
      ask(size, Duration::zero());
    } else {
      write();
    }
  }

  void ask(std::size_t size, Duration waited) {
    std::optional<std::string> text;
    try {
      text = service_->answer(std::string_view(incoming_).substr(taken_, size), waited);
    } catch (const WireError&) {
      close();
      return;
    }
    if (!text) {
      write();
      if (waited == Duration::zero()) {
        asked_ = service_->clock.now();
      }
      again_.expires_after(service_->limits.ask_again);
      again_.async_wait([self = shared_from_this(), size](const Code& code) {
        if (!code && !self->closed_) {
          self->ask(size, self->service_->clock.now() - self->asked_);
        }
      });
      return;
    }
    busy_ = false;
    taken_ += size;
    queue(*text);
    if (unread() == 0) {
      write();
    }
    asio::post(socket_.get_executor(), [self = shared_from_this()] {
      self->serve();
      self->read();
    });
  }

  /// Answers to messages that came together go together, but the first ones while the client is
  /// still awake.
  void queue(const std::string& text) {
    unsent_ += text;
    if (unsent_.size() + being_sent_.size() > service_->limits.most_unsent) {
      close();
    } else if (unsent_.size() >= sent_early_bytes) {
      write();
    }
  }

  void write() {
    if (unsent_.empty() || !being_sent_.empty() || closed_) {
      return;
    }
    std::swap(unsent_, being_sent_);
    asio::async_write(socket_,
                      asio::buffer(being_sent_),
                      [self = shared_from_this()](const Code& code, std::size_t) {
                        if (code) {
                          self->close();
                          return;
                        }
                        self->being_sent_.clear();
                        self->write();
                      });
  }

  /// Nothing more will come. What came is still answered: the client may have closed one way only.
  void end(const Code& why) {
    ended_ = true;
    if (why != asio::error::eof || busy_) {
      close();
    }
  }

  void close() {
    closed_ = true;
    again_.cancel();
    Code ignored;
    socket_.close(ignored);
  }

  tcp::socket socket_;
  asio::steady_timer again_;
  Service* service_;
  std::vector<char> portion_;
  std::string incoming_;
  std::size_t taken_ = 0;  // of incoming_
  std::string unsent_;
  std::string being_sent_;
  Duration asked_{};
  bool busy_ = false;  // an answer is waited for
  bool reading_ = false;
  bool ended_ = false;
  bool closed_ = false;
};

}  // namespace

class MessageServer::Impl {
 public:
  std::uint16_t listen(const Endpoint& at, Service&& service) {
    const std::string name = fmt::format("{}:{}", at.host, at.port);
    Code error;
    const asio::ip::address address =
        asio::ip::make_address(at.host == "localhost" ? std::string("127.0.0.1") : at.host, error);
    if (error) {
      throw WireError(WireFault::refused, fmt::format("{}: not an address to listen at", name));
    }
    const tcp::endpoint here(address, at.port);
    tcp::acceptor& acceptor = acceptors_.emplace_back(context_);
    acceptor.open(here.protocol(), error);
    acceptor.set_option(tcp::acceptor::reuse_address(true), error);
    if (!error) {
      acceptor.bind(here, error);
    }
    if (!error) {
      acceptor.listen(tcp::acceptor::max_listen_connections, error);
    }
    if (error) {
      throw WireError(WireFault::refused,
                      fmt::format("cannot listen at {}: {}", name, error.message()));
    }
    accept(acceptor, services_.emplace_back(std::move(service)));
    return acceptor.local_endpoint().port();
  }

  void run(const std::stop_token& stop) {
    const std::stop_callback wake(stop,
                                  [this] { asio::post(context_, [this] { context_.stop(); }); });
    const WallClock clock;
    Duration last{};
    while (!context_.stopped()) {
      if (context_.poll() > 0) {
        last = clock.now();
      } else if (clock.now() - last < awake) {
        std::this_thread::yield();
      } else {
        context_.run_one();
        last = clock.now();
      }
    }
    context_.restart();
  }

 private:
  void accept(tcp::acceptor& acceptor, Service& service) {
    acceptor.async_accept([this, &acceptor, &service](const Code& code, tcp::socket socket) {
      if (!code && service.clients < service.limits.most_clients) {
        Code ignored;
        socket.set_option(tcp::no_delay(true), ignored);
        std::make_shared<Session>(std::move(socket), service)->read();
      }
      if (code != asio::error::operation_aborted) {
        accept(acceptor, service);
      }
    });
  }

  std::deque<Service> services_;  // outlive the sessions, which the context holds
  asio::io_context context_{1};
  std::deque<tcp::acceptor> acceptors_;
};

MessageServer::MessageServer() : impl_(std::make_unique<Impl>()) {}
MessageServer::~MessageServer() = default;

std::uint16_t MessageServer::listen(const Endpoint& at,
                                    Cut cut,
                                    Answer answer,
                                    const MessageServerLimits& limits) {
  return impl_->listen(at, {std::move(cut), std::move(answer), limits});
}

void MessageServer::run(const std::stop_token& stop) {
  impl_->run(stop);
}

}  // namespace halotwin::devices
