#include "devices/servers/served_tango.hpp"

#include <algorithm>
#include <memory>

#include <fmt/format.h>

#include "base/units.hpp"

namespace halotwin::devices {

namespace {

std::string first_of(const std::string& role) {
  return fmt::format("twin/{}/1", role);
}

tango::State state_of(AxisState state) {
  switch (state) {
    case AxisState::standing:
      return tango::State::on;
    case AxisState::moving:
      return tango::State::moving;
    case AxisState::limit:
      return tango::State::alarm;
    case AxisState::fault:
      break;
  }
  return tango::State::fault;
}

tango::State state_of(ShutterState state) {
  switch (state) {
    case ShutterState::open:
      return tango::State::open;
    case ShutterState::closed:
      return tango::State::close;
    case ShutterState::moving:
      return tango::State::moving;
    case ShutterState::fault:
      break;
  }
  return tango::State::fault;
}

ServedTangoDevice axis_of(Stage& stage, std::size_t index, const std::string& role) {
  const StageAxis axis = stage.axes().at(index);
  const bool angle = axis.unit == "rad";
  const double per_si = angle ? 1.0 / units::deg : 1.0 / units::um;
  const std::string unit = angle ? "deg" : "um";
  return {.name = fmt::format("twin/{}/{}", role, axis.name),
          .kind = angle ? "TwinRotaryAxis" : "TwinLinearAxis",
          .attributes = {{.name = "Position",
                          .unit = unit,
                          .per_si = per_si,
                          .limits = axis.range,
                          .read = [&stage, index] { return stage.position(index); },
                          .write = [&stage, index](double to) { stage.start_move(index, to); },
                          .event_step = axis.tolerance},
                         {.name = "Velocity",
                          .unit = unit + "/s",
                          .per_si = per_si,
                          .limits = Range{0.0, axis.max_speed_per_s},
                          .read = [&stage, index] { return stage.speed(index); },
                          .write = [&stage, index](double to) { stage.set_speed(index, to); },
                          .set_point = [&stage, index] { return stage.speed(index); }},
                         {.name = "Tolerance",
                          .unit = unit,
                          .per_si = per_si,
                          .read = [axis] { return axis.tolerance; }}},
          .commands = {{"Stop", [&stage, index] { stage.stop_move(index); }}},
          .state = [&stage, index] { return state_of(stage.state(index)); }};
}

}  // namespace

std::vector<ServedTangoDevice> tango_devices_of(Stage& stage, const std::string& role) {
  std::vector<ServedTangoDevice> all;
  for (std::size_t i = 0; i < stage.axes().size(); ++i) {
    all.push_back(axis_of(stage, i, role));
  }
  return all;
}

std::vector<ServedTangoDevice> tango_devices_of(Shutter& shutter, const std::string& role) {
  return {{.name = first_of(role),
           .kind = "TwinShutter",
           .attributes = {},
           .commands = {{"Open", [&shutter] { shutter.start_open(); }},
                        {"Close", [&shutter] { shutter.start_close(); }}},
           .state = [&shutter] { return state_of(shutter.state()); }}};
}

std::vector<ServedTangoDevice> tango_devices_of(BiasSource& source, const std::string& role) {
  const BiasLimits limits = source.limits();
  // before the first command, a source may stand above the bench's limit of the current
  const auto within = [&source, most = limits.max_compliance_a] {
    BiasSettings settings = source.settings();
    settings.compliance_a = std::min(settings.compliance_a, most);
    return settings;
  };
  const auto change = [&source, within](auto edit) {
    BiasSettings wanted = within();
    edit(wanted);
    source.configure(wanted);
  };
  return {
      {.name = first_of(role),
       .kind = "TwinBiasSource",
       .attributes =
           {{.name = "Voltage",
             .unit = "V",
             .limits = limits.voltage_v,
             .read = [&source] { return source.read().voltage_v; },
             .write = [change](double to) { change([to](BiasSettings& s) { s.voltage_v = to; }); },
             .set_point = [&source] { return source.settings().voltage_v; }},
            {.name = "Current", .unit = "A", .read = [&source] { return source.read().current_a; }},
            {.name = "Ramp",
             .unit = "V/s",
             .limits = limits.max_ramp_v_per_s > 0.0
                           ? std::optional(Range{0.0, limits.max_ramp_v_per_s})
                           : std::nullopt,
             .read = [&source] { return source.settings().ramp_v_per_s; },
             .write =
                 [change](double to) { change([to](BiasSettings& s) { s.ramp_v_per_s = to; }); },
             .set_point = [&source] { return source.settings().ramp_v_per_s; }},
            {.name = "Compliance",
             .unit = "A",
             .limits = Range{0.0, limits.max_compliance_a},
             .read = [&source] { return source.settings().compliance_a; },
             .write =
                 [change](double to) { change([to](BiasSettings& s) { s.compliance_a = to; }); },
             .set_point = [within] { return within().compliance_a; }}},
       .commands = {{"On", [change] { change([](BiasSettings& s) { s.on = true; }); }},
                    {"Off", [change] { change([](BiasSettings& s) { s.on = false; }); }}},
       .state = [&source] {
         if (source.ramping()) {
           return tango::State::moving;
         }
         if (!source.settings().on) {
           return tango::State::off;
         }
         return source.read().compliance ? tango::State::alarm : tango::State::on;
       }}};
}

std::vector<ServedTangoDevice> tango_devices_of(LightSource& source, const std::string& role) {
  const LightLimits limits = source.limits();
  const auto change = [&source](auto edit) {
    LightSettings wanted = source.settings();
    edit(wanted);
    source.configure(wanted);
  };
  ServedTangoAttribute wavelength{
      .name = "Wavelength", .unit = "nm", .per_si = 1.0 / units::nm, .read = [&source] {
        return source.settings().wavelength_m;
      }};
  if (limits.wavelength_m.low < limits.wavelength_m.high) {
    wavelength.limits = limits.wavelength_m;
    wavelength.write = [change](double to) {
      change([to](LightSettings& s) { s.wavelength_m = to; });
    };
    wavelength.set_point = wavelength.read;
  }
  return {
      {.name = first_of(role),
       .kind = "TwinLightSource",
       .attributes = {{.name = "Irradiance",
                       .unit = "W/m^2",
                       .limits = limits.irradiance_w_per_m2,
                       .read =
                           [&source] {
                             const LightSettings now = source.settings();
                             return now.on ? now.irradiance_w_per_m2 : 0.0;
                           },
                       .write =
                           [change](double to) {
                             change([to](LightSettings& s) { s.irradiance_w_per_m2 = to; });
                           },
                       .set_point = [&source] { return source.settings().irradiance_w_per_m2; }},
                      wavelength},
       .commands = {{"On", [change] { change([](LightSettings& s) { s.on = true; }); }},
                    {"Off", [change] { change([](LightSettings& s) { s.on = false; }); }}},
       .state = [&source] { return source.settings().on ? tango::State::on : tango::State::off; }}};
}

std::vector<ServedTangoDevice> tango_devices_of(TemperatureController& controller,
                                                const std::string& role) {
  const auto on = std::make_shared<bool>(false);  // the interface does not tell
  return {{.name = first_of(role),
           .kind = "TwinTemperature",
           .attributes = {{.name = "Temperature",
                           .unit = "K",
                           .read = [&controller] { return controller.temperature_k(); }},
                          {.name = "TargetTemperature",
                           .unit = "K",
                           .limits = controller.range_k(),
                           .read = [&controller] { return controller.target_k(); },
                           .write =
                               [&controller, on](double to) {
                                 controller.set_target_k(to);
                                 *on = true;
                               },
                           .set_point = [&controller] { return controller.target_k(); }},
                          {.name = "Rate",
                           .unit = "K/s",
                           .read = [&controller] { return controller.max_rate_k_per_s(); }}},
           .commands = {{"Off",
                         [&controller, on] {
                           controller.make_safe();
                           *on = false;
                         }}},
           .state = [on] { return *on ? tango::State::on : tango::State::off; }}};
}

}  // namespace halotwin::devices
