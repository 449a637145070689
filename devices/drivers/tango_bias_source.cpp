#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "devices/drivers/poll.hpp"
#include "devices/drivers/tango_devices.hpp"
#include "devices/drivers/tango_quantity.hpp"
#include "devices/drivers/tango_switch.hpp"

namespace halotwin::devices {

namespace {

constexpr Duration period = std::chrono::milliseconds(10);
constexpr Duration patience = std::chrono::seconds(10);  // longer than a ramp takes

class TangoBiasSource final : public BiasSource {
 public:
  TangoBiasSource(const std::string& address,
                  Clock& clock,
                  const std::string& role,
                  const TangoParams& params)
      : clock_(&clock),
        names_(tango::parse_address(address, tango::Kind::bias_source)),
        link_(open_tango_link(names_, tango::Kind::bias_source, 0, role, params)),
        voltage_(*link_, names_.names.at("voltage"), "V"),
        current_(*link_, names_.names.at("current"), "A"),
        ramp_(*link_, names_.names.at("ramp"), "V/s"),
        compliance_(*link_, names_.names.at("compliance"), "A"),
        switch_(*link_, names_),
        identity_(link_->identity()) {
    identity_.address = address;
    voltage_.require_writable();
    read_back("open");
    limits_ = {voltage_.range(names_, "V"),
               compliance_.high().value_or(settings_.compliance_a),
               ramp_.writable() ? ramp_.high().value_or(0.0) : settings_.ramp_v_per_s};
  }

  [[nodiscard]] Identity identity() const override { return identity_; }
  [[nodiscard]] BiasLimits limits() const override { return limits_; }
  [[nodiscard]] BiasSettings settings() const override { return settings_; }

  BiasSettings configure(const BiasSettings& wanted) override {
    constexpr const char* operation = "configure";
    if (!limits_.voltage_v.contains(wanted.voltage_v) ||
        !(wanted.compliance_a > 0.0 && wanted.compliance_a <= limits_.max_compliance_a) ||
        !(wanted.ramp_v_per_s >= 0.0) || !std::isfinite(wanted.ramp_v_per_s)) {
      link_->fail(operation,
                  fmt::format("{} V, {} A, {} V/s (must be within {} to {} V, 0 to {} A, >= 0 V/s)",
                              wanted.voltage_v,
                              wanted.compliance_a,
                              wanted.ramp_v_per_s,
                              limits_.voltage_v.low,
                              limits_.voltage_v.high,
                              limits_.max_compliance_a),
                  Retry::no);
    }
    try {
      if (!wanted.on) {
        switch_.set(operation, false);
      }
      compliance_.write(operation, wanted.compliance_a);
      ramp_.write(operation, wanted.ramp_v_per_s);
      voltage_.write(operation, wanted.voltage_v);
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

  [[nodiscard]] bool ramping() override {
    constexpr const char* operation = "ramping";
    return link_->state(operation) == tango::State::moving || voltage_.changing(operation);
  }

  [[nodiscard]] BiasReading read() override {
    constexpr const char* operation = "read";
    constexpr double nearly = 0.999;
    BiasReading reading;
    reading.time = clock_->now();
    reading.voltage_v = voltage_.read(operation);
    reading.current_a = current_.read(operation);
    reading.compliance = link_->state(operation) == tango::State::alarm ||
                         std::abs(reading.current_a) >= nearly * settings_.compliance_a;
    return reading;
  }

  void make_safe() override {
    constexpr const char* operation = "make safe";
    try {
      if (switch_.is_on(operation)) {
        const double ramp = settings_.ramp_v_per_s;
        const double way_v = std::abs(voltage_.read(operation));
        const Duration longest = patience + from_seconds(ramp > 0.0 ? 2.0 * way_v / ramp : 0.0);
        voltage_.write(operation, 0.0);
        static_cast<void>(poll_until(*clock_, period, longest, {}, [this] { return !ramping(); }));
      }
    } catch (const DeviceError&) {  // off, whatever the voltage
    }
    switch_.make_off(operation, *clock_);
    read_back(operation);
  }

 private:
  void read_back(const char* operation) {
    settings_ = {.on = switch_.is_on(operation),
                 .voltage_v = voltage_.set_point(operation),
                 .ramp_v_per_s = ramp_.read(operation),
                 .compliance_a = compliance_.read(operation)};
  }
  /// Some of it may be set.
  void settle_after_failure() {
    try {
      read_back("configure");
    } catch (const DeviceError&) {  // what is told is the first error
    }
  }

  Clock* clock_;
  tango::Address names_;
  std::unique_ptr<TangoLink> link_;
  TangoQuantity voltage_;
  TangoQuantity current_;
  TangoQuantity ramp_;
  TangoQuantity compliance_;
  TangoSwitch switch_;
  Identity identity_;
  BiasLimits limits_;
  BiasSettings settings_;
};

}  // namespace

std::unique_ptr<BiasSource> open_tango_bias_source(const std::string& address,
                                                   Clock& clock,
                                                   const std::string& role,
                                                   const TangoParams& params) {
  return std::make_unique<TangoBiasSource>(address, clock, role, params);
}

}  // namespace halotwin::devices
