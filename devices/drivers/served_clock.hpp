// The clock of a served twin (clock_service.hpp), for a bench of its instruments: twin://host:port.
#pragma once

#include <memory>
#include <string>

#include "base/clock.hpp"
#include "devices/wire/byte_stream.hpp"

namespace halotwin::devices {

/// Time is the twin's. Where it stands still until somebody sleeps (speed 0), sleeping lets it pass
/// and the kind is virtual_time; where it runs by itself, sleeping waits and the kind is paced.
/// Throws DeviceError if nobody answers, or no clock of a twin does; so do now() and sleep().
[[nodiscard]] std::unique_ptr<Clock> open_served_clock(const Connect& connect,
                                                       const std::string& address);

}  // namespace halotwin::devices
