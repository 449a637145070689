// The opened devices of one set-up, by role, with the clock, the event log and the way into the
// safe state.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/clock.hpp"
#include "base/event_log.hpp"
#include "devices/device.hpp"

namespace halotwin::devices {

class Bench {
 public:
  Bench(Clock& clock, EventLog& events) : clock_(&clock), events_(&events) {}

  /// Devices are brought to safety in the order in which they were added: sources first.
  void add(std::string role, std::unique_ptr<Device> device);

  /// The device of this role, or ParameterError that names role, wanted interface and the roles
  /// that there are.
  template <class Interface>
  [[nodiscard]] Interface& get(const std::string& role, std::string_view interface_name) const {
    auto* device = dynamic_cast<Interface*>(find(role, interface_name));
    if (device == nullptr) {
      throw_wrong_kind(role, interface_name);
    }
    return *device;
  }

  [[nodiscard]] Clock& clock() const { return *clock_; }
  [[nodiscard]] EventLog& events() const { return *events_; }
  [[nodiscard]] std::vector<std::pair<std::string, Identity>> identities() const;

  /// Every device, whatever the others do; a device that fails is logged and the rest goes on. True
  /// if all are safe.
  bool make_safe() noexcept;

 private:
  [[nodiscard]] Device* find(const std::string& role, std::string_view interface_name) const;
  [[noreturn]] void throw_wrong_kind(const std::string& role,
                                     std::string_view interface_name) const;

  Clock* clock_;
  EventLog* events_;
  std::vector<std::pair<std::string, std::unique_ptr<Device>>> devices_;
};

/// Brings the bench to its safe state when it goes out of scope: normal end, error, stop.
class SafeStateGuard {
 public:
  explicit SafeStateGuard(Bench& bench) : bench_(&bench) {}
  SafeStateGuard(const SafeStateGuard&) = delete;
  SafeStateGuard& operator=(const SafeStateGuard&) = delete;
  ~SafeStateGuard() { bench_->make_safe(); }

 private:
  Bench* bench_;
};

}  // namespace halotwin::devices
