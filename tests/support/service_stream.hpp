// A connection without a network: what a driver sends is answered at once by a function, e.g. that
// of a served instrument.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <utility>

#include "devices/wire/byte_stream.hpp"

namespace halotwin::test {

/// Answers to a line without its end, as it goes over the wire.
using LineAnswer = std::function<std::string(std::string_view line)>;

class ServiceStream final : public devices::ByteStream {
 public:
  explicit ServiceStream(LineAnswer answer) : answer_(std::move(answer)) {}

  void send(std::string_view bytes) override {
    sent_ += bytes;
    for (;;) {
      const std::size_t end = sent_.find('\n');
      if (end == std::string::npos) {
        return;
      }
      const std::string line = sent_.substr(0, end);
      sent_.erase(0, end + 1);
      unread_ += answer_(line);
    }
  }
  std::string receive_until(char end) override {
    const std::size_t at = unread_.find(end);
    if (at == std::string::npos) {
      throw devices::WireError(devices::WireFault::silent, "no answer in time");
    }
    std::string out = unread_.substr(0, at);
    unread_.erase(0, at + 1);
    return out;
  }
  std::string receive(std::size_t count) override {
    if (unread_.size() < count) {
      throw devices::WireError(devices::WireFault::silent, "no answer in time");
    }
    std::string out = unread_.substr(0, count);
    unread_.erase(0, count);
    return out;
  }

 private:
  LineAnswer answer_;
  std::string sent_;
  std::string unread_;
};

}  // namespace halotwin::test
