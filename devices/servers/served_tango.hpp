// Instruments as TANGO devices: which attributes and commands they have. The names are ours (a
// convention, no standard): "?names=halotwin" in the address of a driver.
//
//   stage axis   Position (um or deg, RW: writing it starts a move), Velocity (RW), Tolerance;
//   Stop;
//                ON stands, MOVING, ALARM at an end, FAULT
//   shutter      Open, Close; OPEN, CLOSE, MOVING, FAULT
//   bias source  Voltage (V, RW: read what is, set point what is wanted), Current (A), Ramp (V/s,
//   RW),
//                Compliance (A, RW); On, Off; ON, OFF, MOVING on a ramp, ALARM in compliance
//   light        Irradiance (W/m^2, RW), Wavelength (nm; RW if tunable); On, Off; ON, OFF
//   temperature  Temperature (K), TargetTemperature (K, RW), Rate (K/s); Off; ON, OFF
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "devices/bias_source.hpp"
#include "devices/light_source.hpp"
#include "devices/shutter.hpp"
#include "devices/stage.hpp"
#include "devices/temperature_controller.hpp"
#include "devices/wire/tango.hpp"

namespace halotwin::devices {

/// A number; the functions are in SI.
struct ServedTangoAttribute {
  std::string name;
  std::string unit;
  double per_si = 1.0;            // number served for 1 in SI
  std::optional<Range> limits{};  // of what can be written
  std::function<double()> read;
  std::function<void(double)> write{};  // none: read only
  std::function<double()> set_point{};  // none: what was written last
  std::optional<double> event_step{};   // a change that makes an event; none: no events
};

struct ServedTangoCommand {
  std::string name;
  std::function<void()> run;
};

struct ServedTangoDevice {
  std::string name;  // "twin/focus/z"
  std::string kind;  // TANGO class, of which all devices have the same attributes and units
  std::vector<ServedTangoAttribute> attributes;
  std::vector<ServedTangoCommand> commands;
  std::function<tango::State()> state;
};

/// The instruments must outlive the devices; nothing is asked of them here but their limits and
/// settings. Names: "twin/ROLE/AXIS" for each axis of a stage, else "twin/ROLE/1".
[[nodiscard]] std::vector<ServedTangoDevice> tango_devices_of(Stage& stage,
                                                              const std::string& role);
[[nodiscard]] std::vector<ServedTangoDevice> tango_devices_of(Shutter& shutter,
                                                              const std::string& role);
[[nodiscard]] std::vector<ServedTangoDevice> tango_devices_of(BiasSource& source,
                                                              const std::string& role);
[[nodiscard]] std::vector<ServedTangoDevice> tango_devices_of(LightSource& source,
                                                              const std::string& role);
[[nodiscard]] std::vector<ServedTangoDevice> tango_devices_of(TemperatureController& controller,
                                                              const std::string& role);

}  // namespace halotwin::devices
