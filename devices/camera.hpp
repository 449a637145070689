// A scientific camera: EMCCD (Andor) or machine vision (GenICam).
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <stop_token>

#include "base/clock.hpp"
#include "devices/device.hpp"

namespace halotwin::devices {

struct CameraRegion {
  std::uint32_t left = 0;
  std::uint32_t top = 0;
  std::uint32_t width = 0;  // 0 = full
  std::uint32_t height = 0;
  std::uint32_t binning = 1;
  bool operator==(const CameraRegion&) const = default;
};

enum class Trigger { internal, software, external };

struct CameraSettings {
  double exposure_s = 0.03;
  double frame_period_s = 0.0;  // 0 = as fast as the exposure and readout allow
  double gain = 1.0;            // EM gain (real) of an EMCCD, analogue gain factor otherwise
  CameraRegion region{};
  Trigger trigger = Trigger::internal;
  bool operator==(const CameraSettings&) const = default;
};

struct CameraLimits {
  std::uint32_t sensor_width = 0;
  std::uint32_t sensor_height = 0;
  Range exposure_s;
  Range gain;
  std::uint32_t saturation_counts = 65535;
  std::size_t ring_buffer_frames = 0;
};

struct FrameInfo {
  std::uint64_t number = 0;  // from 0 at start(), unwrapped; a gap means dropped frames
  Duration exposure_start{};
  std::uint32_t width = 0;
  std::uint32_t height = 0;
  bool incomplete = false;  // the link lost a part
};

class Camera : public Device {
 public:
  [[nodiscard]] virtual CameraLimits limits() const = 0;
  virtual CameraSettings configure(const CameraSettings& wanted) = 0;
  [[nodiscard]] virtual CameraSettings settings() const = 0;
  /// Starts a series of `frames` (0 = until stop).
  virtual void start(std::uint64_t frames) = 0;
  virtual void software_trigger() = 0;
  /// Copies the oldest unread frame into `pixels` (width * height values, row by row) and describes
  /// it; nothing if `timeout` came first. Throws DeviceError when the ring buffer ran over.
  virtual std::optional<FrameInfo> next_frame(std::span<std::uint16_t> pixels,
                                              Duration timeout,
                                              const std::stop_token& stop) = 0;
  virtual void stop() = 0;
};

/// Sensor cooling; drivers of cooled cameras offer it beside Camera.
class CameraCooler {
 public:
  virtual ~CameraCooler() = default;
  virtual void set_target_k(double temperature_k) = 0;
  [[nodiscard]] virtual double temperature_k() = 0;
  [[nodiscard]] virtual bool stable() = 0;

 protected:
  CameraCooler() = default;
  CameraCooler(const CameraCooler&) = default;
  CameraCooler& operator=(const CameraCooler&) = default;
};

}  // namespace halotwin::devices
