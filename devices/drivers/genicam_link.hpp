// What the driver of GenICam cameras asks of Aravis; nothing else includes that library.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "base/clock.hpp"
#include "devices/camera.hpp"

namespace halotwin::devices {

/// A camera under our control, and its stream of frames. Everything throws DeviceError, named after
/// `role`; lengths are in binned pixels nowhere but in what a frame has.
class GenicamLink {
 public:
  GenicamLink(const std::string& name, std::string role);
  ~GenicamLink();
  GenicamLink(const GenicamLink&) = delete;
  GenicamLink& operator=(const GenicamLink&) = delete;

  [[nodiscard]] Identity identity() const;
  /// Without ring_buffer_frames.
  [[nodiscard]] CameraLimits limits() const;
  /// Sets everything; a width or height of 0 is refused.
  void apply(const CameraSettings& wanted, int packet_bytes);
  [[nodiscard]] CameraSettings read() const;
  void software_trigger();
  /// 16-bit frame ids: those of GigE Vision.
  [[nodiscard]] bool counter_wraps() const;

  /// Begins to stream into buffers, of which `buffers` wait at a time and `all` are used in total
  /// (0 = as many as come).
  void begin(std::size_t buffers, std::uint64_t all);
  void end();

  struct Frame {
    std::uint64_t id = 0;
    std::uint64_t camera_ns = 0;  // its own clock; 0 = not told
    Duration age{};               // since the first of it came here
    bool incomplete = false;
  };
  /// The oldest frame, waiting at most `timeout` of the computer's time. Frames of another size
  /// than was set are passed over.
  std::optional<Frame> take(std::span<std::uint16_t> pixels, Duration timeout);
  /// A frame came when no buffer was free, although one was due.
  [[nodiscard]] bool overrun() const;
  /// Frames that came since begin().
  [[nodiscard]] std::uint64_t arrived() const;
  [[nodiscard]] std::uint32_t frame_width() const;
  [[nodiscard]] std::uint32_t frame_height() const;
  /// Throws if the heartbeat was missed or a call().
  void check(const char* operation) const;
  /// Throws if it does not answer now; that takes 2.5 to 5 s.
  void call(const char* operation) const;

 private:
  struct Parts;
  std::unique_ptr<Parts> parts_;
};

}  // namespace halotwin::devices
