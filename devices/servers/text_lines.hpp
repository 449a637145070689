// Lines of text as the messages of a MessageServer.
#pragma once

#include <functional>
#include <string>
#include <string_view>

#include "devices/servers/message_server.hpp"

namespace halotwin::devices {

/// Bytes of the first line with its end; 0 if it is not complete.
[[nodiscard]] std::size_t cut_line(std::string_view bytes);

/// Messages are lines; `answer` gets each without "\n" or "\r\n". Its answer is sent as it is, ""
/// sends nothing.
[[nodiscard]] MessageServer::Answer answer_lines(
    std::function<std::string(std::string_view line)> answer);

/// Lines of at most 4 kB, and a client that leaves 1 MB unread is cut off.
[[nodiscard]] MessageServerLimits limits_of_lines();

}  // namespace halotwin::devices
