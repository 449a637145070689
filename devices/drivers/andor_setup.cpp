#include "devices/drivers/andor_setup.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
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

}  // namespace

Setup::Setup(Link& link, const AndorParams& params) : link_(link) {
  constexpr const char* operation = "open";
  const Api& api = link_.api();
  ask_capabilities();
  if (!has(capabilities_.acquisition_modes, can::run_till_abort) ||
      !has(capabilities_.acquisition_modes, can::kinetic) ||
      !has(capabilities_.read_modes, can::full_image)) {
    link_.refuse(operation, "the camera cannot read images in series");
  }
  if (has_cooler()) {
    if (const Code code = link_.ask(api.set_cooler_mode, stay_cooled);
        code != success && code != not_supported && code != not_available) {
      link_.fail(operation, api.set_cooler_mode.name, code);
    }
  }
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

void Setup::ask_capabilities() {
  const Api& api = link_.api();
  Code code = link_.ask(api.get_capabilities, &capabilities_);
  if (code == p1_invalid) {  // an older library, of which the structure has no features_2
    capabilities_ = {.size = offsetof(Capabilities, features_2)};
    code = link_.ask(api.get_capabilities, &capabilities_);
  }
  if (code != success) {
    link_.fail("open", api.get_capabilities.name, code);
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
  const bool numbered = link_.ask(api.get_camera_serial_number, &serial) == success;
  unsigned int firmware = 0;
  unsigned int build = 0;
  std::array<unsigned int, 4> boards{};
  const Code told = link_.ask(
      api.get_hardware_version, &boards[0], &boards[1], &boards[2], &boards[3], &firmware, &build);
  identity_ = {"Andor",
               model[0] == '\0' ? "unknown" : model.data(),
               numbered ? std::to_string(serial) : "",
               told == success ? fmt::format("{}.{}", firmware, build) : "",
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

}  // namespace halotwin::devices::andor
