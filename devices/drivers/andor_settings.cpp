// What an Andor camera is set to.
#include <algorithm>
#include <cmath>
#include <limits>

#include <fmt/format.h>

#include "devices/drivers/andor_setup.hpp"

namespace halotwin::devices::andor {

namespace {

int trigger_mode(Trigger trigger) {
  switch (trigger) {
    case Trigger::software:
      return trigger_software;
    case Trigger::external:
      return trigger_external;
    case Trigger::internal:
      break;
  }
  return trigger_internal;
}

}  // namespace

CameraSettings Setup::apply(const CameraSettings& wanted) {
  constexpr const char* operation = "configure";
  const Api& api = link_.api();
  CameraSettings out = wanted;
  link_.call(operation, api.free_internal_memory);
  link_.call(operation, api.set_acquisition_mode, acquire_till_abort);
  link_.call(operation, api.set_read_mode, read_mode_image);
  out.region = set_region(wanted.region);
  set_trigger(wanted.trigger);
  out.gain = set_gain(wanted.gain);
  link_.call(operation, api.set_kinetic_cycle_time, 0.0F);
  link_.call(operation, api.set_exposure_time, 0.0F);
  limits_.exposure_s.low = timings().exposure_s;
  const double exposure_s = std::clamp(wanted.exposure_s, 0.0, limits_.exposure_s.high);
  link_.call(operation, api.set_exposure_time, static_cast<float>(exposure_s));
  link_.call(operation,
             api.set_kinetic_cycle_time,
             static_cast<float>(std::max(wanted.frame_period_s, 0.0)));
  const Timings applied = timings();
  out.exposure_s = applied.exposure_s;
  out.frame_period_s = applied.period_s;
  float readout_s = 0.0F;
  if (const Code code = link_.ask(api.get_read_out_time, &readout_s);
      code == success && readout_s > 0.0F && readout_s < 1e3F) {
    readout_s_ = static_cast<double>(readout_s);
  } else {
    readout_s_ = 0.0;
  }
  std::int32_t ring = 0;
  link_.call(operation, api.get_size_of_circular_buffer, &ring);
  if (ring < 1) {
    link_.refuse(operation, fmt::format("a ring buffer of {} frames", ring));
  }
  limits_.ring_buffer_frames = static_cast<std::size_t>(ring);
  return out;
}

Setup::Timings Setup::timings() {
  constexpr const char* operation = "read timings";
  float exposure_s = 0.0F;
  float accumulate_s = 0.0F;
  float period_s = 0.0F;
  link_.call(operation, link_.api().get_acquisition_timings, &exposure_s, &accumulate_s, &period_s);
  const Timings got{static_cast<double>(exposure_s), static_cast<double>(period_s)};
  if (!(got.exposure_s > 0.0 && got.period_s >= got.exposure_s && std::isfinite(got.period_s))) {
    link_.refuse(
        operation, fmt::format("exposures of {} s, {} s apart", exposure_s, period_s), Retry::yes);
  }
  return got;
}

CameraRegion Setup::set_region(const CameraRegion& wanted) {
  constexpr const char* operation = "configure";
  const Api& api = link_.api();
  CameraRegion r = wanted;
  r.width -= r.width % r.binning;
  r.height -= r.height % r.binning;
  for (const int direction : {0, 1}) {
    int most = 0;
    link_.call(operation, api.get_maximum_binning, read_mode_image, direction, &most);
    if (r.binning > static_cast<std::uint32_t>(std::max(most, 1))) {
      link_.refuse(operation, fmt::format("binning {} (at most {})", r.binning, most));
    }
  }
  const bool whole = r.width == limits_.sensor_width && r.height == limits_.sensor_height;
  if (!whole && !has(capabilities_.read_modes, can::sub_image)) {
    link_.refuse(operation, "the camera reads its whole sensor only");
  }
  link_.call(operation,
             api.set_image,
             static_cast<int>(r.binning),
             static_cast<int>(r.binning),
             static_cast<int>(r.left + 1),
             static_cast<int>(r.left + r.width),
             static_cast<int>(r.top + 1),
             static_cast<int>(r.top + r.height));
  return r;
}

void Setup::set_trigger(Trigger trigger) {
  constexpr const char* operation = "configure";
  const Api& api = link_.api();
  // A trigger ends no exposure: only free-running ones follow one another under the mask.
  if (has(capabilities_.acquisition_modes, can::frame_transfer)) {
    const bool transfer = trigger == Trigger::internal;
    link_.call(operation, api.set_frame_transfer_mode, transfer ? 1 : 0);
  }
  const int mode = trigger_mode(trigger);
  if (const Code code = link_.ask(api.is_trigger_mode_available, mode); code == invalid_mode) {
    link_.refuse(operation, "the camera has no such trigger");
  } else if (code != success) {
    link_.fail(operation, api.is_trigger_mode_available.name, code);
  }
  link_.call(operation, api.set_trigger_mode, mode);
}

double Setup::set_gain(double wanted) {
  constexpr const char* operation = "configure";
  const Api& api = link_.api();
  if (!has(capabilities_.set_functions, can::set_em_gain)) {
    return 1.0;
  }
  const bool real = has(capabilities_.em_gain, can::real_em_gain);
  int low = 0;
  int high = 1;
  if (real) {
    link_.call(operation, api.set_em_gain_mode, gain_mode_real);
    link_.call(operation, api.get_em_gain_range, &low, &high);
    if (low < 0 || high < low) {
      link_.refuse(operation, fmt::format("EM gains {} to {}", low, high), Retry::yes);
    }
    limits_.gain.high = std::max(1, high);
  }
  const int least = std::max(low, 2);
  const double nearest_gain = std::clamp(std::round(wanted), 1.0, limits_.gain.high);
  const bool off = !real || nearest_gain < 0.5 * (1.0 + least) || high < 2;
  const int gain = off ? (low == 1 ? 1 : 0) : std::max(static_cast<int>(nearest_gain), least);
  link_.call(operation, api.set_em_ccd_gain, gain);
  int got = 0;
  link_.call(operation, api.get_em_ccd_gain, &got);
  if (got != gain && !(off && (got == 0 || got == 1))) {
    link_.refuse(operation, fmt::format("the EM gain was set to {} but reads {}", gain, got));
  }
  return off ? 1.0 : gain;
}

void Setup::prepare(const CameraSettings& settings, std::uint64_t frames) {
  constexpr const char* operation = "start";
  const Api& api = link_.api();
  // Software triggers are for series without an end.
  const bool counted = frames > 0 && settings.trigger != Trigger::software;
  if (frames > static_cast<std::uint64_t>(std::numeric_limits<int>::max())) {
    link_.refuse(operation, fmt::format("{} frames", frames));
  }
  link_.call(operation, api.free_internal_memory);
  link_.call(operation, api.set_acquisition_mode, counted ? acquire_kinetic : acquire_till_abort);
  if (counted) {
    link_.call(operation, api.set_number_kinetics, static_cast<int>(frames));
  }
  link_.call(operation, api.prepare_acquisition);
}

Duration Setup::set_shutter(const char* operation, bool open) {
  const Api& api = link_.api();
  if (!has(capabilities_.features, can::shutter)) {
    return Duration::zero();
  }
  int closing_ms = 0;
  int opening_ms = 0;
  const Code code = link_.ask(api.get_shutter_min_times, &closing_ms, &opening_ms);
  constexpr int longest_ms = 10000;
  const bool told = code == success && closing_ms >= 0 && closing_ms <= longest_ms &&
                    opening_ms >= 0 && opening_ms <= longest_ms;
  closing_ms = told ? closing_ms : 0;
  opening_ms = told ? opening_ms : 0;
  link_.call(operation,
             api.set_shutter,
             shutter_ttl_high,
             open ? shutter_open : shutter_closed,
             closing_ms,
             opening_ms);
  return std::chrono::milliseconds(open ? opening_ms : closing_ms);
}

}  // namespace halotwin::devices::andor
