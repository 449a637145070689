#include "devices/servers/text_server.hpp"

#include <utility>

#include "devices/servers/message_server.hpp"

namespace halotwin::devices {

std::size_t cut_line(std::string_view bytes) {
  return bytes.find('\n') + 1;  // npos + 1 = 0
}

std::string_view without_end(std::string_view line) {
  line.remove_suffix(line.ends_with('\n') ? 1 : 0);
  line.remove_suffix(line.ends_with('\r') ? 1 : 0);
  return line;
}

class TextServer::Impl {
 public:
  Impl(const Endpoint& at, Answer answer, const TextServerLimits& limits)
      : answer_(std::move(answer)),
        server_(at,
                cut_line,
                [this](std::string_view line, Duration) -> std::optional<std::string> {
                  return answer_(without_end(line));
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
