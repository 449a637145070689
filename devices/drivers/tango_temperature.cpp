#include <cmath>
#include <utility>

#include <fmt/format.h>

#include "devices/drivers/poll.hpp"
#include "devices/drivers/tango_devices.hpp"
#include "devices/drivers/tango_quantity.hpp"

namespace halotwin::devices {

namespace {

constexpr Duration period = std::chrono::seconds(1);  // of readings of the sensor while it settles
constexpr Duration patience = std::chrono::seconds(10);  // until the state follows a command

class TangoTemperature final : public TemperatureController {
 public:
  TangoTemperature(const std::string& address,
                   Clock& clock,
                   const std::string& role,
                   const TangoParams& params)
      : clock_(&clock),
        names_(tango::parse_address(address, tango::Kind::temperature_controller)),
        link_(open_tango_link(names_, tango::Kind::temperature_controller, 0, role, params)),
        temperature_(*link_, names_.names.at("temperature"), "K"),
        target_(*link_, names_.names.at("target"), "K"),
        identity_(link_->identity()),
        range_k_(target_.range(names_, "K")),
        target_k_(target_.set_point("open")) {
    identity_.address = address;
    const TangoQuantity rate(*link_, names_.names.at("rate"), "K/s");
    rate_k_per_s_ = rate.read("open");
    target_.require_writable();
    if (!(rate_k_per_s_ > 0.0)) {
      link_->fail("open", "its rate must be > 0", Retry::no);
    }
  }

  [[nodiscard]] Identity identity() const override { return identity_; }
  [[nodiscard]] Range range_k() const override { return range_k_; }
  [[nodiscard]] double max_rate_k_per_s() const override { return rate_k_per_s_; }
  [[nodiscard]] double target_k() const override { return target_k_; }
  [[nodiscard]] double temperature_k() override { return temperature_.read("read"); }

  void set_target_k(double temperature_k) override {
    constexpr const char* operation = "set target";
    if (!range_k_.contains(temperature_k)) {
      link_->fail(
          operation,
          fmt::format("{} K (must be {} to {} K)", temperature_k, range_k_.low, range_k_.high),
          Retry::no);
    }
    target_.write(operation, temperature_k);
    target_k_ = target_.set_point(operation);
    if (names_.has("on")) {
      link_->command(operation, names_.names.at("on"));
    }
  }

  bool wait_stable(double tolerance_k,
                   Duration hold,
                   Duration timeout,
                   const std::stop_token& stop) override {
    if (!(tolerance_k > 0.0)) {
      link_->fail("wait until stable", "the tolerance must be > 0", Retry::no);
    }
    bool within = false;
    Duration since{};
    return poll_until(*clock_, period, timeout, stop, [&] {
      const bool was_within =
          std::exchange(within, std::abs(temperature_k() - target_k_) <= tolerance_k);
      since = was_within ? since : clock_->now();
      return within && clock_->now() - since >= hold;
    });
  }

  void make_safe() override {
    constexpr const char* operation = "make safe";
    link_->command(operation, names_.names.at("off"));
    const bool off = poll_until(*clock_, std::chrono::milliseconds(10), patience, {}, [&] {
      const tango::State now = link_->state(operation);
      return now == tango::State::off || now == tango::State::standby || now == tango::State::close;
    });
    if (!off) {
      link_->fail(operation, "it is not off", Retry::yes);
    }
  }

 private:
  Clock* clock_;
  tango::Address names_;
  std::unique_ptr<TangoLink> link_;
  TangoQuantity temperature_;
  TangoQuantity target_;
  Identity identity_;
  Range range_k_;
  double target_k_;
  double rate_k_per_s_ = 0.0;
};

}  // namespace

std::unique_ptr<TemperatureController> open_tango_temperature(const std::string& address,
                                                              Clock& clock,
                                                              const std::string& role,
                                                              const TangoParams& params) {
  return std::make_unique<TangoTemperature>(address, clock, role, params);
}

}  // namespace halotwin::devices
