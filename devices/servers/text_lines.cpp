#include "devices/servers/text_lines.hpp"

#include <utility>

namespace halotwin::devices {

std::size_t cut_line(std::string_view bytes) {
  return bytes.find('\n') + 1;  // npos + 1 = 0
}

MessageServer::Answer answer_lines(std::function<std::string(std::string_view line)> answer) {
  return
      [answer = std::move(answer)](std::string_view line, Duration) -> std::optional<std::string> {
        line.remove_suffix(line.ends_with('\n') ? 1 : 0);
        line.remove_suffix(line.ends_with('\r') ? 1 : 0);
        return answer(line);
      };
}

MessageServerLimits limits_of_lines() {
  return {.longest_message = 4096, .most_unsent = 1U << 20U};
}

}  // namespace halotwin::devices
