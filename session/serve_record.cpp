#include <algorithm>
#include <memory>
#include <utility>

#include <fmt/format.h>

#include "base/errors.hpp"
#include "base/require.hpp"
#include "devices/servers/message_server.hpp"
#include "devices/servers/wire_player.hpp"
#include "session/serve.hpp"

namespace halotwin::session {

namespace {

/// "sr860://host:23?x=1", "127.0.0.1:7001" -> "sr860://127.0.0.1:7001?x=1"
std::string moved(const std::string& address, const std::string& here) {
  const auto scheme = address.find("://");
  const auto option = address.find('?');
  return (scheme == std::string::npos ? std::string() : address.substr(0, scheme + 3)) + here +
         (option == std::string::npos ? std::string() : address.substr(option));
}

}  // namespace

bool serve_record(const std::filesystem::path& file, const ServeOptions& options) {
  devices::MessageServer server;
  std::vector<std::unique_ptr<devices::WirePlayer>> players;
  std::vector<Served> served;
  bool as_recorded = true;
  try {
    for (auto& [role, events] : devices::read_wire_record(file)) {
      const auto deviated = [&, role = role](const std::string& what) {
        as_recorded = false;
        if (options.listener != nullptr) {
          options.listener->write({Duration::zero(), Level::warning, role, what});
        }
      };
      players.push_back(
          std::make_unique<devices::WirePlayer>(file.string(), std::move(events), deviated));
      devices::WirePlayer& player = *players.back();
      const auto number = options.first_port == 0
                              ? 0
                              : options.first_port + static_cast<std::uint32_t>(players.size()) - 1;
      require(number < 65536, "--port: so low that all ports are < 65536");
      const std::uint16_t port = server.listen(
          {options.listen, static_cast<std::uint16_t>(number)},
          [&player](std::string_view bytes) { return player.cut(bytes); },
          [&player](std::string_view message, Duration) -> std::optional<std::string> {
            return player.answer(message);
          });
      served.push_back(
          {role, "played", moved(player.address(), fmt::format("{}:{}", options.listen, port)), 0});
    }
  } catch (const devices::WireError& error) {
    throw ParameterError(error.what());
  }
  if (options.ready) {
    options.ready(served);
  }
  server.run(options.stop);
  return as_recorded &&
         std::all_of(players.begin(), players.end(), [](const auto& p) { return p->complete(); });
}

}  // namespace halotwin::session
