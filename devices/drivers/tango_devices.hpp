// Drivers of TANGO devices: stages, shutters, bias and light sources, temperature controllers.
//
// The address says which attribute or command of the device is what (devices/wire/tango.hpp, keys
// and forms); there is no standard, so nothing is assumed. Tried with the TangoTest server of
// cppTango 9.3.4 and with the served twin, not at a facility. What is assumed of every device, from
// the standard and common practice:
// - units: that of the attribute's configuration ("um", "mm/s"); standard_unit and display_unit are
//   not looked at. For an attribute without a unit the address must give it ("Position[um]").
// - limits: min_value and max_value of the configuration, or the keys low and high.
// - a state is not that of another question: a move that was written may show up in State a little
//   later, so a wait also looks at the position for half a second.
// - State: MOVING and RUNNING are on the way; of a stage FAULT, UNKNOWN, INIT, DISABLE and OFF are
//   a fault, ALARM is one of its ends. Sources are on in ON, MOVING, RUNNING, ALARM and off in OFF,
//   STANDBY, CLOSE; ALARM of a bias source is its compliance. A shutter is open in OPEN and
//   EXTRACT, closed in CLOSE and INSERT.
// Opening changes nothing. A server that is gone, silent or started again is told by DeviceError
// (Retry::yes); the next call connects again.
#pragma once

#include <memory>
#include <string>

#include "base/clock.hpp"
#include "devices/bias_source.hpp"
#include "devices/drivers/tango_link.hpp"
#include "devices/light_source.hpp"
#include "devices/shutter.hpp"
#include "devices/stage.hpp"
#include "devices/temperature_controller.hpp"

namespace halotwin::devices {

/// Each throws ParameterError for an address of another form, DeviceError if the device is not
/// there, does not have what the address names, or if the address does not name all that is needed.

/// One axis for each device of the address, in m or rad as the unit of its position is. make_safe()
/// stops every axis and waits until it stands.
[[nodiscard]] std::unique_ptr<Stage> open_tango_stage(const std::string& address,
                                                      Clock& clock,
                                                      const std::string& role,
                                                      const TangoParams& params = {});

/// make_safe() closes it and waits for it, 60 s at most.
[[nodiscard]] std::unique_ptr<Shutter> open_tango_shutter(const std::string& address,
                                                          Clock& clock,
                                                          const std::string& role,
                                                          const TangoParams& params = {});

/// make_safe() goes to zero at the ramp that is set, waits for it, switches off and makes sure.
/// That a device takes a voltage while it is off is assumed.
[[nodiscard]] std::unique_ptr<BiasSource> open_tango_bias_source(const std::string& address,
                                                                 Clock& clock,
                                                                 const std::string& role,
                                                                 const TangoParams& params = {});

/// make_safe() switches off and makes sure.
[[nodiscard]] std::unique_ptr<LightSource> open_tango_light_source(const std::string& address,
                                                                   Clock& clock,
                                                                   const std::string& role,
                                                                   const TangoParams& params = {});

/// make_safe() switches heater and cooler off and makes sure.
[[nodiscard]] std::unique_ptr<TemperatureController> open_tango_temperature(
    const std::string& address,
    Clock& clock,
    const std::string& role,
    const TangoParams& params = {});

}  // namespace halotwin::devices
