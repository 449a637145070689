#include "devices/drivers/andor_cooler.hpp"

#include <cmath>

#include <fmt/format.h>

namespace halotwin::devices::andor {

namespace {

constexpr double zero_celsius_k = 273.15;

}  // namespace

void Cooler::set_target_k(double temperature_k) {
  constexpr const char* operation = "set sensor temperature";
  require_there(operation);
  const Api& api = link_.api();
  int low = 0;
  int high = 0;
  link_.call(operation, api.get_temperature_range, &low, &high);
  const double wanted = std::round(temperature_k - zero_celsius_k);
  if (!(wanted >= low && wanted <= high)) {  // NaN too
    link_.refuse(operation,
                 fmt::format("{} K ({} to {} degrees Celsius)", temperature_k, low, high));
  }
  link_.call(operation, api.set_temperature, static_cast<int>(wanted));
  link_.call(operation, api.cooler_on);
  int on = 0;
  link_.call(operation, api.is_cooler_on, &on);
  if (on != 1) {
    link_.refuse(operation, "the cooler does not switch on", Retry::yes);
  }
  target_k_ = wanted + zero_celsius_k;
}

double Cooler::temperature_k() {
  return read().temperature_k;
}

bool Cooler::stable() {
  return read().state == temperature_stabilized;
}

void Cooler::require_cold(const char* operation) {
  if (!target_k_) {
    return;
  }
  const Reading now = read();
  if (now.state != temperature_stabilized) {
    link_.refuse(operation,
                 fmt::format("the sensor is at {:.1f} K and not yet stable at {:.1f} K: {}",
                             now.temperature_k,
                             *target_k_,
                             text_of(now.state)),
                 Retry::yes);
  }
}

Cooler::Reading Cooler::read() {
  constexpr const char* operation = "read sensor temperature";
  require_there(operation);
  float celsius = 0.0F;
  const Code code = link_.ask(link_.api().get_temperature, &celsius);
  const bool told = code == temperature_off || code == temperature_stabilized ||
                    code == temperature_not_stabilized || code == temperature_not_reached ||
                    code == temperature_drift;
  if (!told || !std::isfinite(celsius)) {
    link_.fail(operation, link_.api().get_temperature.name, code);
  }
  return {static_cast<double>(celsius) + zero_celsius_k, code};
}

void Cooler::require_there(const char* operation) const {
  if (!there_) {
    link_.refuse(operation, "the camera has no cooler");
  }
}

}  // namespace halotwin::devices::andor
