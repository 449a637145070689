// A camera served as a GigE Vision camera (version 1.2), by the device side of the library Aravis.
//
// What clients see: SFNC features Width, Height, OffsetX, OffsetY, BinningHorizontal (both
// directions), PixelFormat, ExposureTime (us), Gain (dB: 20 log10 of the camera's gain),
// AcquisitionFrameRate, triggers off or by software, and 16-bit counts in Mono16.
//
// Limits of Aravis' device side (0.8.26), and what is done about them:
// - It lives in real time: a twin must run at the computer's pace or faster.
// - It answers no command while it waits for a frame: so the camera is worked in a thread of its
// own
//   (camera_feed.hpp), and commands are answered within 20 ms however long a frame takes. Only a
//   frame that was triggered by software is waited for: so exposures end at 1 s.
// - It sends 1000 frames per second at most.
// - It writes whatever a client writes: values are not bounded by it. A region that does not fit
//   the sensor, or whatever else the camera refuses, gives no frames; see last_error().
// - The fastest frame rate told is that of the whole sensor.
// - UDP port 3956 is fixed: one camera for each address of the computer. One client controls it.
// - Packets are not sent again.
// Frames that the camera lost or flags incomplete are not sent: the client sees the gap in the
// frame ids. Timestamps are the camera's exposure_start.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <stop_token>
#include <string>

#include "devices/camera.hpp"

namespace halotwin::devices {

class GenicamServer {
 public:
  /// Runs `work` while nobody else uses the instruments, after bringing their time up to now.
  using Turn = std::function<void(const std::function<void()>& work)>;

  static constexpr std::uint16_t port = 3956;

  /// Answers from now on at `interface_address`, an IPv4 address of this computer ("127.0.0.1").
  /// `serial`: 1 to 15 letters, digits, '-' and '_'. The camera must not wait in next_frame() with
  /// no timeout, and is used in turns only. Throws WireError (refused) if the address is taken or
  /// not ours, ParameterError for a serial that cannot be, DeviceError if the camera fails.
  GenicamServer(Camera& camera,
                const std::string& interface_address,
                const std::string& serial,
                Turn turn = {});
  ~GenicamServer();
  GenicamServer(const GenicamServer&) = delete;
  GenicamServer& operator=(const GenicamServer&) = delete;

  /// "genicam://127.0.0.1"
  [[nodiscard]] std::string address() const;
  /// As GigE Vision lists it: "halotwin-twin camera-SERIAL".
  [[nodiscard]] std::string id() const;
  [[nodiscard]] std::uint64_t frames_sent() const;
  /// Why the last frame was not sent; "" if all were.
  [[nodiscard]] std::string last_error() const;
  /// Serves until a stop is requested; then it no longer answers and the series is stopped.
  void run(const std::stop_token& stop);

 private:
  class Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace halotwin::devices
