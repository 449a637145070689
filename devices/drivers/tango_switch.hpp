// The commands On and Off of a source, and what its State says of them.
#pragma once

#include <string>

#include "base/clock.hpp"
#include "devices/drivers/tango_link.hpp"
#include "devices/wire/tango.hpp"

namespace halotwin::devices {

/// Its names are behind the keys "on" and "off". A state that says neither is DeviceError.
class TangoSwitch {
 public:
  /// `link` must outlive it.
  TangoSwitch(TangoLink& link, const tango::Address& address)
      : link_(&link), on_(address.names.at("on")), off_(address.names.at("off")) {}

  [[nodiscard]] bool is_on(const char* operation) const;
  void set(const char* operation, bool on) const { link_->command(operation, on ? on_ : off_); }
  /// Switches off and waits until State says so, 10 s at most.
  void make_off(const char* operation, Clock& clock) const;

 private:
  TangoLink* link_;
  std::string on_;
  std::string off_;
};

}  // namespace halotwin::devices
