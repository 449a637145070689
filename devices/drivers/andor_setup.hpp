// What an Andor camera can do, and its settings.
#pragma once

#include <cstddef>
#include <string>

#include "devices/camera.hpp"
#include "devices/drivers/andor_camera.hpp"
#include "devices/drivers/andor_link.hpp"

namespace halotwin::devices::andor {

class Setup {
 public:
  /// Asks what the camera is, chooses amplifier, speeds and gain of the readout. Throws DeviceError
  /// if it cannot be used.
  Setup(Link& link, const AndorParams& params);

  [[nodiscard]] const Identity& identity() const { return identity_; }
  /// As of the last apply().
  [[nodiscard]] const CameraLimits& limits() const { return limits_; }
  [[nodiscard]] double readout_s() const { return readout_s_; }
  [[nodiscard]] bool has_cooler() const {
    return has(capabilities_.set_functions, can::set_temperature);
  }

  /// Sets everything and returns what the camera made of it. If it refuses, settings of both may be
  /// mixed: apply what was set before.
  CameraSettings apply(const CameraSettings& wanted);
  /// Prepares a series of `frames` (0 = until stopped) of these settings.
  void prepare(const CameraSettings& settings, std::uint64_t frames);
  /// Opens or closes the shutter, where there is one; returns how long it takes.
  Duration set_shutter(const char* operation, bool open);

 private:
  struct Timings {
    double exposure_s;
    double period_s;
  };
  static bool has(std::uint32_t of, std::uint32_t bit) { return (of & bit) != 0; }
  void ask_capabilities();
  void identify();
  void choose_speed(const std::optional<double>& wanted_hz);
  void choose_preamp(const std::optional<double>& wanted);
  [[nodiscard]] Timings timings();
  [[nodiscard]] CameraRegion set_region(const CameraRegion& wanted);
  void set_trigger(Trigger trigger);
  [[nodiscard]] double set_gain(double wanted);

  Link& link_;
  Capabilities capabilities_;
  Identity identity_;
  CameraLimits limits_;
  int speed_ = 0;  // index of the horizontal one
  double readout_s_ = 0.0;
};

}  // namespace halotwin::devices::andor
