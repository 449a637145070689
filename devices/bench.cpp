#include "devices/bench.hpp"

#include "base/errors.hpp"

namespace halotwin::devices {

void Bench::add(std::string role, std::unique_ptr<Device> device) {
  for (const auto& [name, existing] : devices_) {
    if (name == role) {
      throw ParameterError("the bench has two devices of role \"" + role + "\"");
    }
  }
  devices_.emplace_back(std::move(role), std::move(device));
}

Device* Bench::find(const std::string& role, std::string_view interface_name) const {
  std::string known;
  for (const auto& [name, device] : devices_) {
    if (name == role) {
      return device.get();
    }
    known += (known.empty() ? "" : ", ") + name;
  }
  throw ParameterError("bench: no device of role \"" + role + "\" (" + std::string(interface_name) +
                       "); the scenario has: " + (known.empty() ? "none" : known));
}

void Bench::throw_wrong_kind(const std::string& role, std::string_view interface_name) const {
  throw ParameterError("bench: the device of role \"" + role + "\" is no " +
                       std::string(interface_name));
}

std::vector<std::pair<std::string, Identity>> Bench::identities() const {
  std::vector<std::pair<std::string, Identity>> all;
  for (const auto& [role, device] : devices_) {
    all.emplace_back(role, device->identity());
  }
  return all;
}

bool Bench::make_safe() noexcept {
  bool all_safe = true;
  for (const auto& [role, device] : devices_) {
    try {
      device->make_safe();
    } catch (const std::exception& error) {
      all_safe = false;
      try {
        events_->write({clock_->now(),
                        Level::error,
                        role,
                        std::string("safe state not reached: ") + error.what()});
      } catch (...) {  // a full event log must not keep the other devices from their safe state
      }
    }
  }
  return all_safe;
}

}  // namespace halotwin::devices
