// The description of our GigE Vision camera for its clients (GenICam 1.0), over the registers of
// Aravis' device side.
#pragma once

#include <cstdint>
#include <string>

#include "devices/camera.hpp"

namespace halotwin::devices {

/// Addresses of 4 bytes each, big-endian.
enum class GenicamRegister : std::uint32_t {
  width = 0x100,
  height = 0x104,
  binning = 0x108,
  sensor_height = 0x118,
  sensor_width = 0x11c,
  exposure_us = 0x120,
  acquisition = 0x124,
  pixel_format = 0x128,
  acquisition_mode = 0x12c,
  left = 0x130,
  top = 0x134,
  aravis_period_us = 0x138,  // how often it asks for a frame; not in the description
  gain_db = 0x140,           // IEEE 754, 32 bits
  frame_period_us = 0x144,
  trigger_mode = 0x300,
  trigger_source = 0x304,
  trigger_software = 0x30c,
};

inline constexpr std::uint32_t genicam_mono16 = 0x01100007;
inline constexpr std::uint32_t genicam_most_binning = 16;

struct GenicamRanges {
  Range exposure_us;
  Range gain_db;
  double fastest_hz = 1000.0;
  std::uint32_t saturation_counts = 65535;
};

/// As an XML text.
[[nodiscard]] std::string genicam_description(const GenicamRanges& ranges);

}  // namespace halotwin::devices
