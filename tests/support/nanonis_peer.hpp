// A served Nanonis controller that can misbehave.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "tests/support/nanonis_world.hpp"

namespace halotwin::test {

/// `World` answers to whoever connects; its answers can be spoilt.
template <class World>
class NanonisPeer {
 public:
  /// Called with every command before it is answered.
  std::function<void(const std::string& command)> before = [](const std::string&) {};
  /// Changes the body of an answer.
  std::function<std::string(const std::string& command, std::string body)> spoil =
      [](const std::string&, std::string body) { return body; };
  bool silent = false;
  int connections = 0;
  std::vector<std::string> commands;
  std::vector<std::string> requests;  // whole, with their headers

  [[nodiscard]] devices::Connect connect() {
    return [this] {
      ++connections;
      return std::make_unique<FrameStream>(
          [this](std::string_view request) { return answer(request); });
    };
  }
  /// Spoils the answers to one command by another body.
  void replace(const std::string& command, const std::string& body) {
    spoil = [=](const std::string& to, std::string good) { return to == command ? body : good; };
  }
  void mend() {
    spoil = [](const std::string&, std::string body) { return body; };
  }

  World twin;

 private:
  std::optional<std::string> answer(std::string_view request) {
    const std::string command = devices::nanonis::decode_header(request).command;
    commands.push_back(command);
    requests.emplace_back(request);
    before(command);
    if (silent) {
      return std::nullopt;
    }
    const std::string good = twin.answer(request);
    return devices::nanonis::encode_response(
        command, spoil(command, good.substr(devices::nanonis::header_bytes)));
  }
};

}  // namespace halotwin::test
