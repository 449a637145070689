#include "devices/drivers/andor_setup.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <limits>
#include <vector>

#include <fmt/format.h>

namespace halotwin::devices::andor {

namespace {

constexpr int channel = 0;
constexpr int most_of_a_kind = 64;  // speeds, gains
constexpr int widest_sensor = 65536;
constexpr int most_bits = 16;
constexpr double hz_per_mhz = 1e6;

/// Index of the value nearest to the wanted one; of the largest if none is wanted.
int nearest(const std::vector<double>& values, const std::optional<double>& wanted) {
  const auto best = std::min_element(values.begin(), values.end(), [&](double a, double b) {
    return wanted ? std::abs(a - *wanted) < std::abs(b - *wanted) : a > b;
  });
  return static_cast<int>(best - values.begin());
}

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

Setup::Setup(Link& link, const AndorParams& params) : link_(link) {
  constexpr const char* operation = "open";
  const Api& api = link_.api();
  link_.call(operation, api.get_capabilities, &capabilities_);
  if (!has(capabilities_.acquisition_modes, can::run_till_abort) ||
      !has(capabilities_.acquisition_modes, can::kinetic) ||
      !has(capabilities_.read_modes, can::full_image)) {
    link_.refuse(operation, "the camera cannot read images in series");
  }
  link_.call(operation, api.set_cooler_mode, stay_cooled);
  identify();
  link_.call(operation, api.set_read_mode, read_mode_image);
  link_.call(operation, api.set_ad_channel, channel);
  link_.call(operation, api.set_output_amplifier, amplifier_em);
  choose_speed(params.readout_hz);
  int shift = 0;
  float shift_us = 0.0F;
  link_.call(operation, api.get_fastest_recommended_vs_speed, &shift, &shift_us);
  link_.call(operation, api.set_vs_speed, shift);
  if (has(capabilities_.set_functions, can::preamp_gain)) {
    choose_preamp(params.preamp_gain);
  }
  if (has(capabilities_.set_functions, can::baseline_clamp)) {
    link_.call(operation, api.set_baseline_clamp, 1);
  }
}

void Setup::identify() {
  constexpr const char* operation = "identify";
  const Api& api = link_.api();
  constexpr std::size_t longest = 260;
  std::array<char, longest + 1> model{};
  link_.call(operation, api.get_head_model, model.data());
  model.back() = '\0';
  int serial = 0;
  link_.call(operation, api.get_camera_serial_number, &serial);
  unsigned int firmware = 0;
  unsigned int build = 0;
  std::array<unsigned int, 4> boards{};
  link_.call(operation,
             api.get_hardware_version,
             &boards[0],
             &boards[1],
             &boards[2],
             &boards[3],
             &firmware,
             &build);
  identity_ = {"Andor",
               model[0] == '\0' ? "unknown" : model.data(),
               std::to_string(serial),
               fmt::format("{}.{}", firmware, build),
               ""};

  int width = 0;
  int height = 0;
  int bits = 0;
  link_.call(operation, api.get_detector, &width, &height);
  link_.call(operation, api.get_bit_depth, channel, &bits);
  if (width < 1 || height < 1 || width > widest_sensor || height > widest_sensor || bits < 1) {
    link_.refuse(operation, fmt::format("{} x {} pixels of {} bits", width, height, bits));
  }
  limits_.sensor_width = static_cast<std::uint32_t>(width);
  limits_.sensor_height = static_cast<std::uint32_t>(height);
  limits_.saturation_counts = (1U << static_cast<unsigned int>(std::min(bits, most_bits))) - 1U;
  limits_.gain = {1.0, 1.0};
  float longest_s = 0.0F;
  link_.call(operation, api.get_maximum_exposure, &longest_s);
  limits_.exposure_s = {0.0, static_cast<double>(longest_s)};
  if (!(limits_.exposure_s.high > 0.0)) {  // NaN too
    link_.refuse(operation, fmt::format("a longest exposure of {} s", longest_s));
  }
}

void Setup::choose_speed(const std::optional<double>& wanted_hz) {
  constexpr const char* operation = "choose readout speed";
  const Api& api = link_.api();
  int count = 0;
  link_.call(operation, api.get_number_hs_speeds, channel, amplifier_em, &count);
  if (count < 1 || count > most_of_a_kind) {
    link_.refuse(operation, fmt::format("{} speeds", count));
  }
  std::vector<double> speeds_hz;
  for (int i = 0; i < count; ++i) {
    float mhz = 0.0F;
    link_.call(operation, api.get_hs_speed, channel, amplifier_em, i, &mhz);
    speeds_hz.push_back(static_cast<double>(mhz) * hz_per_mhz);
  }
  speed_ = nearest(speeds_hz, wanted_hz);
  link_.call(operation, api.set_hs_speed, amplifier_em, speed_);
}

void Setup::choose_preamp(const std::optional<double>& wanted) {
  constexpr const char* operation = "choose preamplifier gain";
  const Api& api = link_.api();
  int count = 0;
  link_.call(operation, api.get_number_pre_amp_gains, &count);
  if (count < 0 || count > most_of_a_kind) {
    link_.refuse(operation, fmt::format("{} preamplifier gains", count));
  }
  std::vector<double> gains;
  std::vector<int> indices;
  for (int i = 0; i < count; ++i) {
    int available = 0;
    link_.call(
        operation, api.is_pre_amp_gain_available, channel, amplifier_em, speed_, i, &available);
    if (available != 0) {
      float gain = 0.0F;
      link_.call(operation, api.get_pre_amp_gain, i, &gain);
      gains.push_back(static_cast<double>(gain));
      indices.push_back(i);
    }
  }
  if (!gains.empty()) {
    const int chosen = indices[static_cast<std::size_t>(nearest(gains, wanted))];
    link_.call(operation, api.set_pre_amp_gain, chosen);
  }
}

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
  const bool transfer =
      trigger == Trigger::internal && has(capabilities_.acquisition_modes, can::frame_transfer);
  link_.call(operation, api.set_frame_transfer_mode, transfer ? 1 : 0);
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
