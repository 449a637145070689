// The microscope's clock for others in its world.
#pragma once

#include "base/clock.hpp"

namespace halotwin::devices {

/// Whoever sleeps on it lets what a client has started go on: service.let_pass(clock, duration,
/// stop).
template <class Service>
class ServiceTime final : public Clock {
 public:
  /// Both must outlive it.
  ServiceTime(Service& service, Clock& clock) : service_(&service), clock_(&clock) {}
  [[nodiscard]] Duration now() const override { return clock_->now(); }
  void sleep(Duration duration, const std::stop_token& stop = {}) override {
    service_->let_pass(*clock_, duration, stop);
  }
  [[nodiscard]] ClockKind kind() const override { return clock_->kind(); }

 private:
  Service* service_;
  Clock* clock_;
};

}  // namespace halotwin::devices
