#include "devices/servers/text_server.hpp"

#include <utility>

#include "devices/servers/message_server.hpp"

namespace halotwin::devices {

class TextServer::Impl {
 public:
  Impl(const Endpoint& at, Answer answer, const TextServerLimits& limits)
      : answer_(std::move(answer)),
        server_(
            at,
            [](std::string_view bytes) { return bytes.find('\n') + 1; },  // 0 if there is none
            [this](std::string_view line, Duration) -> std::optional<std::string> {
              line.remove_suffix(1);
              if (line.ends_with('\r')) {
                line.remove_suffix(1);
              }
              return answer_(line);
            },
            {.most_clients = limits.most_clients,
             .longest_message = limits.longest_line,
             .most_unsent = limits.most_unsent}) {}

  MessageServer& server() { return server_; }

 private:
  Answer answer_;
  MessageServer server_;
};

TextServer::TextServer(const Endpoint& at, Answer answer, const TextServerLimits& limits)
    : impl_(std::make_unique<Impl>(at, std::move(answer), limits)) {}
TextServer::~TextServer() = default;

std::uint16_t TextServer::port() const {
  return impl_->server().port();
}

void TextServer::run(const std::stop_token& stop) {
  impl_->server().run(stop);
}

}  // namespace halotwin::devices
