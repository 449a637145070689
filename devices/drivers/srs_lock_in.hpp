// Driver of the Stanford Research lock-ins SR860, SR865A and SR830 over a line of text.
//
// sr860://host:port and sr830://host:port (port 23, telnet, by default: what a SR860 offers; a
// SR830 needs a converter from GPIB to TCP), or sr830:///dev/ttyUSB0?baud=9600 for its RS-232.
// Commands: programming chapters of the manuals. Not tried on the instruments themselves; whether a
// SR860 ends its answers on RS-232 with LF, as assumed, is not known, nor whether its outputs CH1
// and CH2 have the volts of a SR830's.
#pragma once

#include <memory>
#include <string>

#include "base/clock.hpp"
#include "devices/drivers/text_link.hpp"
#include "devices/lock_in.hpp"
#include "devices/wire/byte_stream.hpp"
#include "devices/wire/srs.hpp"

namespace halotwin::devices {

inline constexpr std::uint16_t srs_port = 23;

/// Over RS-232 a SR830 must be told that answers go there, and ends them with CR.
[[nodiscard]] LineStyle srs_serial_style(srs::Family family);

/// Asks who answers, and reads the present settings; changes nothing. Every command is followed by
/// a question, so that what the instrument refuses is noticed, and settings are read back. A broken
/// connection is opened again once per operation: all commands may be repeated. Throws DeviceError
/// if nobody answers, or another instrument does than one of `family`.
///
/// Mapping: reference = RSRC or FMOD; input_range_v = IRNG (SR86x) or sensitivity x sqrt 2 (SENS,
/// SR830), the next one that covers what is asked for; filter orders 1 to 4. The sine output cannot
/// be switched off: off is its smallest amplitude, 1 nV (SR86x) or 4 mV rms (SR830), and no offset.
/// Auxiliary outputs: CH1 (channel 0: x or magnitude) and CH2 (channel 1: y or phase), at 18
/// degrees per volt and 10 V for the sensitivity, without offset: the input range of the SR830;
/// SCAL of the SR86x, one for all, the last output that is set has the largest scale not above the
/// wanted one. Others: only "off". Streaming is not used. A sweep is made step by step; in a served
/// twin whose time stands still the instrument sleeps by itself (SLEEP,
/// devices/servers/srs_service.hpp), and the steps are sent together.
[[nodiscard]] std::unique_ptr<LockIn> open_srs_lock_in(Connect connect,
                                                       Clock& clock,
                                                       const std::string& role,
                                                       const std::string& address,
                                                       srs::Family family,
                                                       const LineStyle& style = {});

}  // namespace halotwin::devices
