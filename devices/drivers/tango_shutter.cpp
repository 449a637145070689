#include <utility>

#include <fmt/format.h>

#include "devices/drivers/poll.hpp"
#include "devices/drivers/tango_devices.hpp"
#include "devices/drivers/tango_quantity.hpp"

namespace halotwin::devices {

namespace {

constexpr Duration period = std::chrono::milliseconds(5);
constexpr Duration late_state = std::chrono::milliseconds(500);  // after the command
constexpr Duration longest_travel = std::chrono::seconds(60);

class TangoShutter final : public Shutter {
 public:
  TangoShutter(const std::string& address,
               Clock& clock,
               const std::string& role,
               const TangoParams& params)
      : clock_(&clock),
        names_(tango::parse_address(address, tango::Kind::shutter)),
        link_(open_tango_link(names_, tango::Kind::shutter, 0, role, params)),
        identity_(link_->identity()) {
    identity_.address = address;
    static_cast<void>(state());
  }

  [[nodiscard]] Identity identity() const override { return identity_; }

  void make_safe() override {
    start_close();
    static_cast<void>(wait(longest_travel, {}));
    if (state() != ShutterState::closed) {
      link_->fail("make safe", "it is not closed", Retry::yes);
    }
  }

  void start_open() override { start("open", ShutterState::open); }
  void start_close() override { start("close", ShutterState::closed); }

  [[nodiscard]] ShutterState state() override {
    constexpr const char* operation = "state";
    const tango::State now = link_->state(operation);
    switch (now) {
      case tango::State::open:
      case tango::State::extract:
        return ShutterState::open;
      case tango::State::close:
      case tango::State::insert:
        return ShutterState::closed;
      case tango::State::moving:
      case tango::State::running:
        return ShutterState::moving;
      case tango::State::fault:
      case tango::State::alarm:
      case tango::State::disable:
        return ShutterState::fault;
      default:
        link_->fail(operation,
                    fmt::format("{} says neither open nor closed", tango::name_of(now)),
                    Retry::yes);
    }
  }

  bool wait(Duration timeout, const std::stop_token& stop) override {
    return poll_until(*clock_, period, timeout, stop, [&] {
      const ShutterState now = state();
      return now == ShutterState::fault ||
             (now != ShutterState::moving &&
              (!wanted_ || now == *wanted_ || clock_->now() - started_ > late_state));
    });
  }

 private:
  void start(const char* key, ShutterState wanted) {
    link_->command(key, names_.names.at(key));
    wanted_ = wanted;
    started_ = clock_->now();
  }

  Clock* clock_;
  tango::Address names_;
  std::unique_ptr<TangoLink> link_;
  Identity identity_;
  std::optional<ShutterState> wanted_;
  Duration started_{};
};

}  // namespace

std::unique_ptr<Shutter> open_tango_shutter(const std::string& address,
                                            Clock& clock,
                                            const std::string& role,
                                            const TangoParams& params) {
  return std::make_unique<TangoShutter>(address, clock, role, params);
}

}  // namespace halotwin::devices
