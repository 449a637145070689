// Driver of source meters that speak SCPI: Keithley 2400, 2401, 2410, as a voltage source.
//
// scpi://host:port?profile=keithley2400 (a converter from RS-232 or GPIB to TCP; port 5025 and this
// profile by default), or scpi:///dev/ttyUSB0?baud=9600&profile=keithley2400 for RS-232, with LF
// chosen as TERMINATOR in its menu. Commands: Series 2400 user's manual, chapter 18; pymeasure's
// Keithley2400. Not tried on the instruments themselves. Unverified: that a message may hold a
// measurement and other questions (":READ?;:SYST:ERR?"); how far the level that is read back may be
// from the one that was set.
#pragma once

#include <memory>
#include <string>

#include "base/clock.hpp"
#include "devices/bias_source.hpp"
#include "devices/wire/byte_stream.hpp"
#include "devices/wire/source_meter.hpp"

namespace halotwin::devices {

inline constexpr std::uint16_t scpi_port = 5025;

/// Asks who answers, empties the error queue and reads the present state; changes nothing at the
/// output. The first command makes it a voltage source of fixed level that measures voltage and
/// current in automatic ranges and leaves its output on between readings.
///
/// The instrument has no ramp: configure() begins one, and every call of ramping() and read() sets
/// the level that is due by the clock. A step is thus as large as the rate times the time between
/// two calls: whoever ramps asks often. With ramp_v_per_s = 0 the level is set at once. Switching
/// on begins at 0 V; switching off goes to 0 V first. make_safe() makes the ramp itself, at the
/// rate of the present settings; where a step of it fails, the output is switched off at once.
///
/// After every setting the error queue is asked and what was set is read back: what the instrument
/// refuses, or does otherwise, is a DeviceError that holds its words. So is an output that somebody
/// else (the front panel, an interlock) switched off. With the output off nothing is measured: a
/// reading is 0 V, 0 A. Throws DeviceError if nobody answers, another instrument does than `model`,
/// or it is a current source with its output on.
[[nodiscard]] std::unique_ptr<BiasSource> open_scpi_source(Connect connect,
                                                           Clock& clock,
                                                           const std::string& role,
                                                           const std::string& address,
                                                           const source_meter::Model& model);

}  // namespace halotwin::devices
