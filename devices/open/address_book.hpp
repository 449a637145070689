// The kinds of addresses of real instruments, each with how it is read and opened.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "base/clock.hpp"
#include "devices/bias_source.hpp"
#include "devices/camera.hpp"
#include "devices/light_source.hpp"
#include "devices/lock_in.hpp"
#include "devices/probe_microscope.hpp"
#include "devices/stage.hpp"
#include "devices/temperature_controller.hpp"
#include "devices/wire/byte_stream.hpp"

namespace halotwin::devices {

class WireRecord;

/// A device behind one of the interfaces; null is none of that interface.
using AnyDevice = std::variant<std::unique_ptr<LockIn>,
                               std::unique_ptr<ProbeMicroscope>,
                               std::unique_ptr<LightSource>,
                               std::unique_ptr<Camera>,
                               std::unique_ptr<Stage>,
                               std::unique_ptr<TemperatureController>,
                               std::unique_ptr<BiasSource>>;

/// What a role of a bench asks for: the index in AnyDevice.
enum class Interface {
  lock_in,
  probe_microscope,
  light_source,
  camera,
  stage,
  temperature,
  bias_source
};

/// What a driver is given besides its address.
struct DriverSurroundings {
  Clock& clock;
  std::string role;
  std::shared_ptr<WireRecord> wire;  // hears the connection; may be null
  Interface wanted;
};

struct Driver {
  std::string_view scheme;  // "sr860://"
  std::string_view form;    // what follows: "host:port"
  std::string_view description;
  std::vector<Interface> offers;
  /// Throws ParameterError if the address cannot be one of this kind.
  std::function<void(const std::string& address)> check;
  /// Throws DeviceError for an instrument that does not answer.
  std::function<AnyDevice(const std::string& address, const DriverSurroundings&)> open;
};

[[nodiscard]] const std::vector<Driver>& drivers();
/// The one whose scheme the address has; null if there is none.
[[nodiscard]] const Driver* driver_of(std::string_view address);

/// Where lines of text go: a host, or a serial device of this computer.
using LineAddress = std::variant<Endpoint, SerialLine>;
/// "host:port" or "/dev/ttyUSB0?baud=9600". Throws ParameterError.
[[nodiscard]] LineAddress parse_line_address(std::string_view text, std::uint16_t default_port);

/// A connection to it, heard by the record if there is one.
[[nodiscard]] Connect lines_to(const LineAddress& at,
                               const std::string& role,
                               const std::string& address,
                               const std::shared_ptr<WireRecord>& wire);

/// A connection over TCP to what an address names, heard by the record if there is one.
[[nodiscard]] Connect tcp_to(const Endpoint& endpoint,
                             const std::string& role,
                             const std::string& address,
                             const std::shared_ptr<WireRecord>& wire,
                             const WireLimits& limits = {});

}  // namespace halotwin::devices
