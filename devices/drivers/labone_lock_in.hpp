// Driver of the Zurich Instruments lock-ins HF2LI and MFLI through the maker's library libziAPI:
// labone://host:port/dev1234 (port 8004 of a MFLI, 8005 of the ziServer of a HF2LI).
//
// Functions, layouts and nodes: the maker's header, examples and manuals. Not tried on the
// instruments themselves. What is not certain is marked "unverified" in labone_*.cpp and .hpp.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "devices/lock_in.hpp"

namespace halotwin::devices {

/// Which parts of the instrument make up this lock-in, all counted from 0.
struct LaboneParts {
  int input = 0;
  int demodulator = 0;
  int oscillator = 0;
  int output = 0;
  /// Of the signal output; unset: the one that the maker's examples take: HF2LI 6 + output, MFLI 1,
  /// with the multi-frequency options MF and MD 0.
  std::optional<int> mixer_channel = std::nullopt;
  std::optional<bool> differential = std::nullopt;  // of the input; unset: left as it is
};

/// Loads the library (empty: by the maker's name, see labone_api.hpp), connects, asks which
/// instrument `device` ("dev1234") is and reads its settings. Changes nothing but that the
/// demodulator's samples are sent, which readings need. Every setting is read back after a sync;
/// one that did not arrive is a DeviceError. A broken connection is opened again once per
/// operation: all settings may be repeated. Throws DeviceError if the library, one of its
/// functions, the server or the instrument is not there, or if it is neither HF2LI nor MFLI.
///
/// Mapping: samples are V rms, readings V peak. A reading carries the bench's time at which it was
/// asked for; its age is at most one sample (rate: 10 per time constant, 100 to 10000 per second).
/// Streamed samples are stamped by the instrument's clock, set against the bench's at start().
/// Overload: clipping of the input as the instrument reports it, or a magnitude beyond the range.
/// The output of a HF2LI stays in its range of 1 V, where its amplitude is the same number as a
/// fraction of the range and in volt; a MFLI takes the smallest of 10 mV, 0.1, 1 and 10 V.
/// An external reference is refused. Safe: signal output off, amplitude and offset zero; the
/// auxiliary outputs stay.
[[nodiscard]] std::unique_ptr<LockIn> open_labone_lock_in(const std::string& library,
                                                          const std::string& host,
                                                          std::uint16_t port,
                                                          const std::string& device,
                                                          Clock& clock,
                                                          const std::string& role,
                                                          const LaboneParts& parts = {});

}  // namespace halotwin::devices
