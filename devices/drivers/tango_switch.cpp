#include "devices/drivers/tango_switch.hpp"

#include <fmt/format.h>

#include "devices/drivers/poll.hpp"

namespace halotwin::devices {

bool TangoSwitch::is_on(const char* operation) const {
  const tango::State now = link_->state(operation);
  switch (now) {
    case tango::State::on:
    case tango::State::moving:
    case tango::State::running:
    case tango::State::alarm:
      return true;
    case tango::State::off:
    case tango::State::standby:
    case tango::State::close:
      return false;
    default:
      link_->fail(
          operation, fmt::format("{} says neither on nor off", tango::name_of(now)), Retry::yes);
  }
}

void TangoSwitch::make_off(const char* operation, Clock& clock) const {
  constexpr Duration period = std::chrono::milliseconds(10);
  constexpr Duration patience = std::chrono::seconds(10);
  set(operation, false);
  if (!poll_until(clock, period, patience, {}, [&] { return !is_on(operation); })) {
    link_->fail(operation, "it is still on", Retry::yes);
  }
}

}  // namespace halotwin::devices
