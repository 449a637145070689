// Driver of the lock-in module of a Nanonis controller over its TCP interface:
// nanonis://host:port?modulator=1&demodulator=1.
//
// Commands and layouts: "Nanonis SPM Control Software TCP Protocol" of 2021 to 2025, see
// devices/wire/nanonis_codec.hpp. Not tried on a controller. Unverified: that amplitudes are peak
// values, and that X of harmonic 1 is in phase with the modulation; that the low-pass is `order`
// equal RC stages of the cutoff that is told (settling_time() says so); the ranges below.
#pragma once

#include <memory>
#include <string>

#include "base/clock.hpp"
#include "devices/lock_in.hpp"
#include "devices/wire/byte_stream.hpp"

namespace halotwin::devices {

/// Which parts of the module make up this lock-in, counted from 1, and what the controller does not
/// tell. Signals by their names at the controller, the unit may be left out: "Input 3 (V)",
/// "input 3".
struct NanonisLockInParams {
  int modulator = 1;
  int demodulator = 1;
  std::string output = "Bias";  // the signal that is modulated
  std::string input{};          // the signal that is demodulated; "": as it is set up
  Range reference_hz{0.01, 40.0e3};
  Range cutoff_hz{0.015625, 16384.0};  // of the low-pass; numbers of 32 bits
  int max_harmonic = 32;
  double ac_cutoff_hz = 0.16;  // of the high-pass, of first order, that makes the input AC-coupled
};

/// Asks who answers, for the signals and for the present settings; changes nothing. A connection
/// that was closed is opened again once per operation: all commands may be repeated. The controller
/// may take one client a port: this one needs another of its ports than the microscope. Throws
/// DeviceError if nobody answers, or a controller without this module or these signals.
///
/// Mapping:
/// - The generator is the phase register of the modulator's number; modulator (harmonic 1, phase 0)
///   and demodulator are bound to it, by the first set_output() and the first configure(). What is
///   set is read back; later calls send what changes. If one of several settings is refused, those
///   before it stay.
/// - output: v(t) = offset + amplitude cos(w t) of the modulated signal, limits from its range. The
///   offset is the bias if that is what is modulated; other outputs have none. Off is modulator off
///   and, with the bias, 0 V.
/// - time_constant_s = 1 / (2 pi cutoff) of the low-pass; AC coupling is the high-pass. The
///   synchronous filter is switched off. Phase: the demodulator's reference phase. input_range_v is
///   that of the demodulated signal. An external reference is refused; overload is not told.
/// - read: the signals "LI Demod <n> X" and "Y", averages over the controller's acquisition period
///   that begin after the question, in volt: divided by the calibration of the demodulated signal
///   where its unit is another.
/// - Auxiliary outputs: none. Channels 0 and 1 set to x and y say at what scale those two signals,
///   which the controller scans like its others, carry them; everything else is refused.
/// make_safe() does what off does, all of it whatever fails.
[[nodiscard]] std::unique_ptr<LockIn> open_nanonis_lock_in(Connect connect,
                                                           Clock& clock,
                                                           const std::string& role,
                                                           const std::string& address,
                                                           const NanonisLockInParams& params = {});

}  // namespace halotwin::devices
