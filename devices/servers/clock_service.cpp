#include "devices/servers/clock_service.hpp"

#include <cmath>

#include <fmt/format.h>

#include "base/require.hpp"
#include "devices/wire/text_command.hpp"

namespace halotwin::devices {

ClockService::ClockService(Clock& clock, double speed) : clock_(&clock), speed_(speed) {
  require(speed >= 0.0, "speed", speed, ">= 0 (0 = time moves only when a client sleeps)");
}

std::string ClockService::answer(std::string_view line) {
  const auto commands = parse_commands(line);
  if (commands.empty()) {
    return "";
  }
  if (commands.size() > 1 || !commands.front()) {
    return "?\n";
  }
  const TextCommand& c = *commands.front();
  if (c.query && c.arguments.empty()) {
    if (c.name == "*IDN") {
      return "halotwin,clock,0,0\n";
    }
    if (c.name == "SPEED") {
      return fmt::format("{}\n", speed_);
    }
    if (c.name == "TIME") {
      return fmt::format("{}\n", clock_->now().count());
    }
  }
  if (c.name == "SLEEP" && !c.query && c.arguments.size() == 1 && speed_ == 0.0) {
    const auto time_ns = parse_number(c.arguments.front());
    if (time_ns && *time_ns >= 0.0 &&
        *time_ns <= static_cast<double>(longest_served_sleep.count())) {
      clock_->sleep(Duration(std::llround(*time_ns)));
      return fmt::format("{}\n", clock_->now().count());
    }
  }
  return "?\n";
}

}  // namespace halotwin::devices
