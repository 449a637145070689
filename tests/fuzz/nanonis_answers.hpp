// What a Nanonis controller answers to a driver: bodies, each after its length in two bytes,
// whatever is asked. At their end the connection is closed.
#pragma once

#include <string>
#include <string_view>

#include "devices/wire/byte_stream.hpp"
#include "devices/wire/nanonis_codec.hpp"

namespace halotwin::fuzz {

class NanonisAnswers final : public devices::ByteStream {
 public:
  explicit NanonisAnswers(std::string_view& rest) : rest_(&rest) {}
  void send(std::string_view bytes) override {
    if (rest_->size() < 2) {
      throw devices::WireError(devices::WireFault::closed, "the end");
    }
    const std::size_t length =
        static_cast<unsigned char>((*rest_)[0]) * 256U + static_cast<unsigned char>((*rest_)[1]);
    rest_->remove_prefix(2);
    const std::string_view body = rest_->substr(0, length);
    rest_->remove_prefix(body.size());
    unread_ +=
        devices::nanonis::encode_response(devices::nanonis::decode_header(bytes).command, body);
  }
  std::string receive_until(char) override {
    throw devices::WireError(devices::WireFault::garbled, "there are no lines");
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
  std::string_view* rest_;
  std::string unread_;
};

}  // namespace halotwin::fuzz
