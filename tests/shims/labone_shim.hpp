// A stand-in for the library libziAPI of Zurich Instruments: labone_shim.cpp exports the same C
// functions from a shared library of its own, and the lock-ins behind them are ours.
//
// Its data server is the host "twin": port 8004 has the attached MFLIs, port 8005 the HF2LIs.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

#include "base/clock.hpp"
#include "devices/drivers/labone_api.hpp"
#include "devices/lock_in.hpp"

namespace halotwin::test {

/// An instrument that the shim's server finds. Demodulator 0, oscillator 0, input 0 and output 0
/// are those of `lock_in`; the others are nodes without anything behind.
struct ShimInstrument {
  devices::LockIn* lock_in = nullptr;
  Clock* clock = nullptr;
  std::string serial;   // "dev1234"
  std::string model;    // "MFLI" or "HF2LI"
  std::string options;  // "MD", ...
  /// Called before a function acts on a node (empty: on none). What it returns but `go_on` is
  /// answered at once; 0 is then success without an effect. After 0x800C the connection is dead.
  std::function<std::int32_t(std::string_view function, std::string_view node)> before;
  static constexpr std::int32_t go_on = -1;
  /// Called on every event of samples before it is handed out.
  std::function<void(devices::labone::Event&)> spoil_event;
};

/// The one function that the shim exports besides: attaches an instrument, which must live until it
/// is detached.
using ShimAttach = void (*)(ShimInstrument* instrument, bool attached);
inline constexpr const char* shim_attach_name = "halotwin_labone_attach";
inline constexpr const char* shim_host = "twin";

}  // namespace halotwin::test
