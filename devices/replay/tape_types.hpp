// How the arguments and answers of instruments stand on a tape. Internal to devices/replay.
#pragma once

#include <cstring>
#include <optional>
#include <vector>

#include <nlohmann/json.hpp>

#include "base/grid.hpp"
#include "devices/bias_source.hpp"
#include "devices/camera.hpp"
#include "devices/light_source.hpp"
#include "devices/lock_in.hpp"
#include "devices/probe_microscope.hpp"
#include "devices/stage.hpp"
#include "devices/temperature_controller.hpp"

template <>
struct nlohmann::adl_serializer<halotwin::Duration> {
  static void to_json(json& j, halotwin::Duration d) { j = d.count(); }
  static void from_json(const json& j, halotwin::Duration& d) {
    d = halotwin::Duration(j.get<std::int64_t>());
  }
};

template <class T>
struct nlohmann::adl_serializer<std::optional<T>> {
  static void to_json(json& j, const std::optional<T>& value) {
    j = value ? json(*value) : json(nullptr);
  }
  static void from_json(const json& j, std::optional<T>& value) {
    value = j.is_null() ? std::nullopt : std::optional<T>(j.get<T>());
  }
};

/// The values as bytes, as this computer has them.
template <class T>
struct nlohmann::adl_serializer<halotwin::Image<T>> {
  static void to_json(json& j, const halotwin::Image<T>& image) {
    std::vector<std::uint8_t> bytes(image.values.size() * sizeof(T));
    if (!bytes.empty()) {
      std::memcpy(bytes.data(), image.values.data(), bytes.size());
    }
    j = {{"nx", image.nx}, {"ny", image.ny}, {"values", json::binary(std::move(bytes))}};
  }
  static void from_json(const json& j, halotwin::Image<T>& image) {
    const auto& bytes = j.at("values").get_binary();
    image.nx = j.at("nx").get<std::size_t>();
    image.ny = j.at("ny").get<std::size_t>();
    if (bytes.size() % sizeof(T) != 0 || image.ny > bytes.size() || image.nx > bytes.size() ||
        image.nx * image.ny != bytes.size() / sizeof(T)) {
      throw json::other_error::create(501, "an image of another size", &j);
    }
    image.values.resize(bytes.size() / sizeof(T));
    if (!bytes.empty()) {
      std::memcpy(image.values.data(), bytes.data(), bytes.size());
    }
  }
};

namespace halotwin {

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Point, x_m, y_m)

namespace devices {

/// A frame of a camera with its pixels; no frame: nothing came in time.
struct TapedFrame {
  std::optional<FrameInfo> info;
  Image<std::uint16_t> pixels;
};

NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Identity, vendor, model, serial, firmware, address)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Range, low, high)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(LockInSettings,
                                   reference,
                                   reference_hz,
                                   harmonic,
                                   phase_rad,
                                   time_constant_s,
                                   filter_order,
                                   input_range_v,
                                   coupling)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(LockInOutput, on, amplitude_peak_v, offset_v)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(LockInLimits,
                                   reference_hz,
                                   time_constant_s,
                                   max_harmonic,
                                   max_filter_order,
                                   input_range_v,
                                   max_output_peak_v,
                                   max_output_offset_v)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(LockInReading, time, x_v, y_v, frequency_hz, overload)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SweepStep, reference_hz, time_constant_s, wait)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(AuxOutput, quantity, scale_v_per_unit, offset_v)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(TipPositioner::Limits, x_m, y_m, max_speed_m_per_s)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(FeedbackSettings,
                                   mode,
                                   quantity,
                                   setpoint_fraction,
                                   setpoint_deflection_m,
                                   proportional_gain,
                                   integral_rate_per_s)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(DriveSettings, on, frequency_hz, amplitude_v, phase_rad)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(TuneResult,
                                   resonance_hz,
                                   resonance_sigma_hz,
                                   quality_factor,
                                   quality_factor_sigma,
                                   free_amplitude_m,
                                   frequency_hz,
                                   amplitude_m,
                                   phase_rad)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(Signal, name, unit)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(
    ScanFrame, centre, width_m, height_m, angle_rad, columns, rows, line_time_s)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(SpectroscopySettings,
                                   swept,
                                   from,
                                   to,
                                   points,
                                   backward_too,
                                   initial_settling_s,
                                   settling_s,
                                   integration_s,
                                   z_offset_m,
                                   signal_indices)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(
    SpectroscopyCurve, swept_forward, swept_backward, forward, backward)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(KelvinSettings,
                                   mode,
                                   modulation_hz,
                                   modulation_peak_v,
                                   proportional_gain,
                                   time_constant_s,
                                   bias_v)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(CameraRegion, left, top, width, height, binning)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(
    CameraSettings, exposure_s, frame_period_s, gain, region, trigger)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(CameraLimits,
                                   sensor_width,
                                   sensor_height,
                                   exposure_s,
                                   gain,
                                   saturation_counts,
                                   ring_buffer_frames)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(FrameInfo, number, exposure_start, width, height, incomplete)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(TapedFrame, info, pixels)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(LightLimits, irradiance_w_per_m2, wavelength_m)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(LightSettings, on, irradiance_w_per_m2, wavelength_m)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(BiasLimits, voltage_v, max_compliance_a, max_ramp_v_per_s)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(BiasSettings, on, voltage_v, ramp_v_per_s, compliance_a)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(BiasReading, time, voltage_v, current_a, compliance)
NLOHMANN_DEFINE_TYPE_NON_INTRUSIVE(StageAxis, name, unit, range, max_speed_per_s, tolerance)

}  // namespace devices
}  // namespace halotwin
