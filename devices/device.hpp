// What every instrument has: a name, a safe state, and one kind of error.
#pragma once

#include <stdexcept>
#include <string>

namespace halotwin::devices {

enum class Retry { no, yes };

/// The one error of all devices: which device, doing what, why, and whether trying again makes
/// sense.
class DeviceError : public std::runtime_error {
 public:
  DeviceError(std::string device, std::string operation, std::string cause, Retry retry)
      : std::runtime_error(device + ": " + operation + ": " + cause),
        device_(std::move(device)),
        operation_(std::move(operation)),
        cause_(std::move(cause)),
        retry_(retry) {}

  [[nodiscard]] const std::string& device() const { return device_; }
  [[nodiscard]] const std::string& operation() const { return operation_; }
  [[nodiscard]] const std::string& cause() const { return cause_; }
  [[nodiscard]] Retry retry() const { return retry_; }

 private:
  std::string device_;
  std::string operation_;
  std::string cause_;
  Retry retry_;
};

/// Who answers at an address, as the instrument says it.
struct Identity {
  std::string vendor;
  std::string model;
  std::string serial;
  std::string firmware;
  std::string address;  // as opened, e.g. "sim:" or "sr860://host:23"
  bool operator==(const Identity&) const = default;
};

/// Base of the interfaces. Objects are made ready by devices/open; destroying one closes the
/// connection but changes nothing at the instrument.
class Device {
 public:
  virtual ~Device() = default;
  [[nodiscard]] virtual Identity identity() const = 0;
  /// Brings the instrument into its safe state (source at zero, tip withdrawn, shutter closed,
  /// light off, acquisition stopped). May be called at any time and more than once; returns when
  /// the state is reached or throws DeviceError.
  virtual void make_safe() = 0;

 protected:
  Device() = default;
  Device(const Device&) = default;
  Device& operator=(const Device&) = default;
};

/// A closed interval that an instrument accepts.
struct Range {
  double low = 0.0;
  double high = 0.0;
  [[nodiscard]] bool contains(double value) const { return value >= low && value <= high; }
  bool operator==(const Range&) const = default;
};

}  // namespace halotwin::devices
