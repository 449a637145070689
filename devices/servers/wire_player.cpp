#include "devices/servers/wire_player.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace halotwin::devices {

WirePlayer::WirePlayer(std::string file,
                       std::vector<WireEvent> events,
                       std::function<void(const std::string&)> deviated)
    : file_(std::move(file)), events_(std::move(events)), deviated_(std::move(deviated)) {
  to_next_message();
}

void WirePlayer::to_next_message() {
  while (at_ < events_.size() && events_[at_].kind != ">") {
    ++at_;
  }
}

std::size_t WirePlayer::cut(std::string_view bytes) {
  if (bytes.empty()) {
    return 0;
  }
  const std::string_view expected =
      complete() ? std::string_view() : std::string_view(events_[at_].bytes);
  const std::size_t there = std::min(bytes.size(), expected.size());
  if (there == 0 || bytes.substr(0, there) != expected.substr(0, there)) {
    const std::size_t line = complete() ? 0 : events_[at_].line;
    const std::string what =
        fmt::format("{}:{}: sent is \"{}\", recorded {}",
                    file_,
                    line,
                    escaped(bytes.substr(0, 200)),
                    complete() ? "is nothing more" : "\"" + escaped(expected) + "\"");
    deviated_(what);
    throw WireError(WireFault::garbled, what);
  }
  return expected.size();
}

std::string WirePlayer::answer(std::string_view /*message, as cut() found it*/) {
  std::string text;
  for (++at_; at_ < events_.size(); ++at_) {
    const WireEvent& event = events_[at_];
    if (event.kind == ">" || event.kind == "open") {
      break;
    }
    if (event.kind == "<") {
      text += event.bytes;
    } else if (fault_of(event) == WireFault::closed) {
      to_next_message();
      throw WireError(WireFault::closed, event.bytes);
    }
  }
  to_next_message();
  return text;
}

std::string WirePlayer::address() const {
  for (const WireEvent& event : events_) {
    if (event.kind == "open") {
      return event.bytes;
    }
  }
  return "";
}

bool WirePlayer::complete() const {
  return at_ == events_.size();
}

}  // namespace halotwin::devices
