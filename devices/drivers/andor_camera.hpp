// Driver of Andor's EMCCD cameras (iXon) through the maker's SDK2: andor://0, the first camera that
// the library finds.
//
// Functions and call order: the maker's header and three open clients of it. Not tried on a camera.
// Unverified are: the direction of rows and columns on the sensor (none is flipped here), that an
// image which was overwritten is refused by its number, what GetReadOutTime counts, that EM gain 0
// is off in real gain mode, that the shutter may stay open during a series, that a cooler in mode 1
// holds its temperature after ShutDown, and what a camera answers that was switched off.
#pragma once

#include <memory>
#include <optional>
#include <string>

#include "base/clock.hpp"
#include "devices/camera.hpp"

namespace halotwin::devices {

struct AndorParams {
  std::string library{};                               // name or path; empty: see andor_api.hpp
  std::string config = "/usr/local/etc/andor";         // the maker's folder, for Initialize
  std::optional<double> temperature_k = std::nullopt;  // of the sensor; unset: left as it is
  std::optional<double> readout_hz = std::nullopt;     // of pixels, the nearest; unset: fastest
  std::optional<double> preamp_gain = std::nullopt;    // the nearest; unset: highest
};

class AndorCamera : public Camera, public CameraCooler {};

/// Loads the library, initialises camera `index` (which takes seconds), asks what it can do and
/// sets it to the defaults of CameraSettings: the library tells no settings, so what was set before
/// by another program is not known. Throws DeviceError if the library, one of its functions or the
/// camera is not there, is open already in this program, or cannot read images in series. Calls of
/// the library are made one at a time in the whole program; a wait for a frame holds the others up
/// by 10 ms at most. A camera that fails is told by DeviceError; it is not opened again by itself,
/// since cooling and settings would be lost silently.
///
/// Mapping:
/// - region: of the sensor in unbinned pixels, width and height rounded down to the binning; square
///   binning up to what the camera allows.
/// - exposure_s, frame_period_s: as the camera rounds them, read back (GetAcquisitionTimings), 32
///   bits wide. With internal trigger frames are shifted under the mask (frame transfer) where the
///   camera can: exposures follow one another without a gap.
/// - gain: real EM gain, whole numbers in the range that the camera gives for its temperature; 1 =
///   EM gain off. A camera without real EM gain has 1. Never SetEMAdvanced.
/// - trigger: a series of N software triggers is ended by this driver, the others by the camera.
/// - readout: EM amplifier, channel 0, fastest recommended vertical shift, baseline clamp on.
/// - exposure_start: arrival less readout and exposure; within a series of internal trigger, the
///   frame period counted from the frame that came soonest, so that a difference of the two clocks
///   adds up over a series.
/// - ring buffer: that of the library. A lost frame is the DeviceError "ran over".
/// - shutter: open from start() to the end of the series, else closed. It cannot be read back.
///
/// Cooler: set_target_k() switches it on, whole degrees Celsius; with a target start() refuses
/// (Retry::yes) until the sensor is stable there. Cooling takes minutes and is not waited for.
/// While a series runs some cameras do not tell the temperature (DeviceError, Retry::yes).
///
/// Safe: series ended, shutter closed; the cooler stays as it is. Destroying it ends a series that
/// it started and closes the shutter; the cooler goes on (SetCoolerMode 1): warm the camera up with
/// the maker's program before it is switched off.
[[nodiscard]] std::unique_ptr<AndorCamera> open_andor_camera(int index,
                                                             Clock& clock,
                                                             const std::string& role,
                                                             const AndorParams& params = {});

}  // namespace halotwin::devices
