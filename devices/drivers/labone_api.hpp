// The C interface of Zurich Instruments' data server, from the maker's library libziAPI, which is
// opened at run time: it may not be passed on, and a build never needs it.
//
// Names, arguments and layouts (x86-64, gcc) are those of the maker's header ziAPI.h, declared here
// as far as they are used.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

namespace halotwin::devices::labone {

inline constexpr std::uint16_t hf2_port = 8005;  // ziServer, API level 1
inline constexpr std::uint16_t mf_port = 8004;   // data server of the newer instruments, level 6

/// Results of all functions: 0, a warning 0x4..., an error 0x8... or 0x9....
using Result = std::int32_t;
inline constexpr Result success = 0;
inline constexpr Result warning = 0x4000;
inline constexpr Result warning_overflow = 0x4002;  // samples were lost
inline constexpr Result warning_not_found = 0x4003;
inline constexpr Result error = 0x8000;
inline constexpr Result error_socket_connect = 0x800A;
inline constexpr Result error_host_name = 0x800B;
inline constexpr Result error_connection = 0x800C;
inline constexpr Result error_timeout = 0x800D;
inline constexpr Result error_read_only = 0x8013;
inline constexpr Result error_connection_timeout = 0x8017;
inline constexpr Result error_type_mismatch = 0x801A;
inline constexpr Result error_device_not_found = 0x801B;
inline constexpr Result error_not_supported = 0x801C;
inline constexpr Result error_invalid_argument = 0x801F;
inline constexpr Result refused = 0x9000;  // by the instrument

using Connection = void*;

/// ZIDemodSample: x and y in V rms, frequency in Hz, phase of the oscillator in rad.
struct DemodSample {
  std::uint64_t time_stamp = 0;  // ticks of the instrument's clockbase
  double x = 0.0;
  double y = 0.0;
  double frequency = 0.0;
  double phase = 0.0;
  std::uint32_t dio_bits = 0;
  std::uint32_t trigger = 0;
  double aux_in_0 = 0.0;
  double aux_in_1 = 0.0;
};
static_assert(sizeof(DemodSample) == 64 && offsetof(DemodSample, aux_in_0) == 48);

inline constexpr std::size_t event_bytes = 0x400000;
inline constexpr std::uint32_t event_none = 0;
inline constexpr std::uint32_t event_demod_samples = 3;

/// ZIEvent: `count` values of `value_type` from `values` on, which points into `data`.
struct Event {
  std::uint32_t value_type;
  std::uint32_t count;
  char path[256];
  const void* values;
  unsigned char data[event_bytes];
};
static_assert(offsetof(Event, values) == 264 && offsetof(Event, data) == 272 &&
              sizeof(Event) == 4194576);

/// The functions that are used.
struct Api {
  Result (*init)(Connection*) = nullptr;
  Result (*destroy)(Connection) = nullptr;
  Result (*connect_ex)(Connection, const char* host, std::uint16_t, std::int32_t, const char*) =
      nullptr;
  Result (*disconnect)(Connection) = nullptr;
  Result (*connect_device)(Connection, const char*, const char*, const char*) = nullptr;
  Result (*get_value_d)(Connection, const char* path, double*) = nullptr;
  Result (*set_value_d)(Connection, const char* path, double) = nullptr;
  Result (*get_value_i)(Connection, const char* path, std::int64_t*) = nullptr;
  Result (*set_value_i)(Connection, const char* path, std::int64_t) = nullptr;
  Result (*get_value_string)(Connection, const char*, char*, std::uint32_t*, std::uint32_t) =
      nullptr;
  Result (*get_value_b)(Connection, const char*, unsigned char*, std::uint32_t*, std::uint32_t) =
      nullptr;
  Result (*get_demod_sample)(Connection, const char* path, DemodSample*) = nullptr;
  Result (*sync)(Connection) = nullptr;
  Event* (*allocate_event_ex)() = nullptr;
  void (*deallocate_event_ex)(Event*) = nullptr;
  Result (*subscribe)(Connection, const char* path) = nullptr;
  Result (*unsubscribe)(Connection, const char* path) = nullptr;
  Result (*poll_data_ex)(Connection, Event*, std::uint32_t timeout_ms) = nullptr;
  Result (*get_error)(Result, char** text, std::int32_t* base) = nullptr;
};

/// Opens the maker's library and finds its functions. `library` is a name that the loader finds or
/// a path; empty: libziAPI-linux64.so, then libziAPI.so. The library stays loaded until the program
/// ends. Throws DeviceError, for `role`, if there is no such library or functions are missing in
/// it, with their names.
[[nodiscard]] std::shared_ptr<const Api> load(const std::string& library, const std::string& role);

}  // namespace halotwin::devices::labone
