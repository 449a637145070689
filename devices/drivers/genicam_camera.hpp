// Driver of GigE Vision and USB3 Vision cameras (GenICam), through the library Aravis.
//
// genicam://name, where the name is an address ("192.168.1.20"; the simplest, and without a search
// beyond it), the id that arv-tool-0.8 lists ("Vendor-Model-Serial") or a serial number. Standard:
// GenICam SFNC 2.7, GigE Vision 2.0. Not tried on a camera of glass and silicon.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "base/clock.hpp"
#include "devices/camera.hpp"

namespace halotwin::devices {

struct GenicamParams {
  std::size_t ring_buffer_frames = 64;
  int packet_bytes = 0;  // of GigE Vision, up to the MTU of the way; 0 = as the camera has it
};

/// Takes control of the camera and reads its settings; changes nothing. `clock` must run by itself
/// (the wall clock). Throws DeviceError if there is no such camera, if it does not answer, if
/// another program controls it, or if it has no pixel format of Mono16, Mono12, Mono10 and Mono8
/// (unpacked; the first one that it has is used). A camera that vanishes is told by DeviceError
/// (Retry::yes) from every operation: next_frame() asks it after a second without frames, which may
/// take 5 s more; else its missing heartbeat tells after 10 s. Destroying it then takes 8 s.
///
/// Mapping:
/// - region: of the sensor in unbinned pixels; Width, Height and offsets are set in binned ones, as
///   SFNC counts them, rounded down to the camera's increments.
/// - exposure_s: ExposureTime or ExposureTimeAbs; automatic exposure and gain are switched off.
/// - gain: if the unit of Gain is dB, the factor 10^(dB/20). Else the number itself, in the
///   camera's own unit (GainRaw): then it is no factor. A camera without Gain has 1.
/// - frame_period_s: 1 / AcquisitionFrameRate, never faster than the exposure allows.
/// - trigger: internal = off; software = TriggerSource Software; external = its first Line.
/// - saturation_counts: PixelDynamicRangeMax where the camera tells it, else of the pixel format.
/// - exposure_start: the camera's own timestamps, shifted so that the earliest frame of the series
///   came at the end of its exposure; so it is late by the readout and the way of that frame, and
///   never before start().
/// - a series of N frames is ended by this driver when number N - 1 or a later one has come.
/// - numbers count from the first frame that came: loss before it is not seen.
/// - incomplete frames: pixels that did not come are 0.
/// Destroying it stops a series that it started, since nobody would take the frames.
[[nodiscard]] std::unique_ptr<Camera> open_genicam_camera(const std::string& id_or_address,
                                                          Clock& clock,
                                                          const std::string& role,
                                                          const GenicamParams& params = {});

}  // namespace halotwin::devices
