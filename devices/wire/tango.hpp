// TANGO addresses, and the names in them: which attribute or command of a device is what.
//
//   tango://host:port/dom/fam/mem?position=Position&velocity=Velocity&tolerance=0.1um&stop=Stop
//
// The server is asked directly, without a TANGO database. No name is assumed: there is no standard
// among facilities.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "devices/wire/byte_stream.hpp"

namespace halotwin::devices::tango {

inline constexpr std::string_view scheme = "tango://";

enum class Kind { stage_axis, shutter, bias_source, light_source, temperature_controller };

/// The states of a TANGO device, in the order of the standard (Tango::DevState).
enum class State : std::uint8_t {
  on,
  off,
  close,
  open,
  insert,
  extract,
  moving,
  standby,
  fault,
  init,
  running,
  alarm,
  disable,
  unknown
};
[[nodiscard]] std::string_view name_of(State state);

/// What stands behind a key of an address. A fixed value is a number with its unit ("0.1um", "2
/// K/min", without a unit in SI): it begins with a digit, a sign or a point.
enum class Means { attribute, attribute_or_fixed, fixed, command, text };

struct Key {
  std::string_view key;
  Means means;
  bool needed;
  std::string_view
      served;  // what stands there for "?names=halotwin", the names of served_tango.hpp
  std::string_view description;
};
[[nodiscard]] const std::vector<Key>& keys_of(Kind kind);

struct Address {
  Endpoint server;
  std::vector<std::string> devices;          // "dom/fam/mem"; one, or one for each axis of a stage
  std::map<std::string, std::string> names;  // key -> name
  [[nodiscard]] bool has(const std::string& key) const { return names.contains(key); }
};

/// Server and devices only: the keys depend on what the device is for. Throws ParameterError.
[[nodiscard]] Address parse_place(std::string_view address);

/// Reads "tango://host:port/dom/fam/mem[,dom/fam/mem...][?key=name&...]". Throws ParameterError
/// that says the form, or the known keys. That keys are missing is no error here: missing_keys()
/// tells.
[[nodiscard]] Address parse_address(std::string_view address, Kind kind);

/// One line for each key that is needed and not there: "stop (command: stops a move)".
[[nodiscard]] std::vector<std::string> missing_keys(const Address& address, Kind kind);

[[nodiscard]] bool is_fixed(std::string_view name);

/// An attribute as an address names it: "Position", or "Position[um]" for one that has no unit in
/// its configuration. Throws ParameterError.
struct AttributeName {
  std::string name;
  std::string unit;
};
[[nodiscard]] AttributeName parse_attribute(std::string_view text);

/// SI = offset + factor * number of the attribute.
struct Unit {
  double factor = 1.0;
  double offset = 0.0;
  [[nodiscard]] double to_si(double value) const { return offset + factor * value; }
  [[nodiscard]] double from_si(double value) const { return (value - offset) / factor; }
};

/// The unit of an attribute's configuration ("um", "mW/cm^2", "degC", "°") for a value in `si`
/// ("m", "rad", "W/m^2", "K" ...). Throws ParameterError for an unknown or empty one, or another
/// dimension.
[[nodiscard]] Unit unit_of(std::string_view unit, std::string_view si);

}  // namespace halotwin::devices::tango
