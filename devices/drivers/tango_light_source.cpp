#include <algorithm>
#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "base/errors.hpp"
#include "base/units.hpp"
#include "devices/drivers/tango_devices.hpp"
#include "devices/drivers/tango_quantity.hpp"
#include "devices/drivers/tango_switch.hpp"

namespace halotwin::devices {

namespace {

class TangoLightSource final : public LightSource {
 public:
  TangoLightSource(const std::string& address,
                   Clock& clock,
                   const std::string& role,
                   const TangoParams& params)
      : clock_(&clock),
        names_(tango::parse_address(address, tango::Kind::light_source)),
        link_(open_tango_link(names_, tango::Kind::light_source, 0, role, params)),
        irradiance_(open_irradiance()),
        wavelength_(*link_, names_.names.at("wavelength"), "m"),
        switch_(*link_, names_),
        identity_(link_->identity()) {
    identity_.address = address;
    irradiance_.require_writable();
    read_back("open");
    limits_ = {irradiance_.range(names_, irradiance_unit),
               {wavelength_.low().value_or(settings_.wavelength_m),
                wavelength_.high().value_or(settings_.wavelength_m)}};
    if (!wavelength_.writable()) {
      limits_.wavelength_m = {settings_.wavelength_m, settings_.wavelength_m};
    }
  }

  [[nodiscard]] Identity identity() const override { return identity_; }
  [[nodiscard]] LightLimits limits() const override { return limits_; }
  [[nodiscard]] LightSettings settings() const override { return settings_; }

  LightSettings configure(const LightSettings& wanted) override {
    constexpr const char* operation = "configure";
    if (!limits_.irradiance_w_per_m2.contains(wanted.irradiance_w_per_m2) ||
        !std::isfinite(wanted.wavelength_m)) {
      link_->fail(operation,
                  fmt::format("{} W/m^2 at {} m (must be {} to {} W/m^2)",
                              wanted.irradiance_w_per_m2,
                              wanted.wavelength_m,
                              limits_.irradiance_w_per_m2.low,
                              limits_.irradiance_w_per_m2.high),
                  Retry::no);
    }
    try {
      if (!wanted.on) {
        switch_.set(operation, false);
      }
      wavelength_.write(
          operation,
          std::clamp(wanted.wavelength_m, limits_.wavelength_m.low, limits_.wavelength_m.high));
      irradiance_.write(operation, wanted.irradiance_w_per_m2);
      if (wanted.on) {
        switch_.set(operation, true);
      }
    } catch (const DeviceError&) {
      settle_after_failure();
      throw;
    }
    read_back(operation);
    settings_.on = wanted.on;  // State may be a little late
    return settings_;
  }

  void make_safe() override {
    switch_.make_off("make safe", *clock_);
    settings_.on = false;
  }

 private:
  static constexpr const char* irradiance_unit = "W/m^2";

  [[nodiscard]] TangoQuantity open_irradiance() {
    const std::string& name = names_.names.at("irradiance");
    if (!names_.has("irradiance_per_unit")) {
      return {*link_, name, irradiance_unit};
    }
    const std::string& factor = names_.names.at("irradiance_per_unit");
    try {
      return {*link_, name, parse_quantity(factor, irradiance_unit)};
    } catch (const ParameterError& error) {
      link_->fail("open", fmt::format("irradiance_per_unit: {}", error.what()), Retry::no);
    }
  }

  void read_back(const char* operation) {
    settings_ = {.on = switch_.is_on(operation),
                 .irradiance_w_per_m2 = irradiance_.set_point(operation),
                 .wavelength_m = wavelength_.set_point(operation)};
  }
  void settle_after_failure() {
    try {
      read_back("configure");
    } catch (const DeviceError&) {  // what is told is the first error
    }
  }

  Clock* clock_;
  tango::Address names_;
  std::unique_ptr<TangoLink> link_;
  TangoQuantity irradiance_;
  TangoQuantity wavelength_;
  TangoSwitch switch_;
  Identity identity_;
  LightLimits limits_;
  LightSettings settings_;
};

}  // namespace

std::unique_ptr<LightSource> open_tango_light_source(const std::string& address,
                                                     Clock& clock,
                                                     const std::string& role,
                                                     const TangoParams& params) {
  return std::make_unique<TangoLightSource>(address, clock, role, params);
}

}  // namespace halotwin::devices
