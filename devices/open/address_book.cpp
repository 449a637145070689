#include "devices/open/address_book.hpp"

#include <algorithm>
#include <utility>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/errors.hpp"
#include "base/require.hpp"
#include "base/text.hpp"
#include "devices/drivers/asylum_probe.hpp"
#include "devices/drivers/genicam_camera.hpp"
#include "devices/drivers/labone_lock_in.hpp"
#include "devices/drivers/nanonis_probe.hpp"
#include "devices/drivers/scpi_source.hpp"
#include "devices/drivers/srs_lock_in.hpp"
#include "devices/drivers/tango_devices.hpp"
#include "devices/open/andor_address.hpp"
#include "devices/open/nanonis_address.hpp"
#include "devices/wire/tango.hpp"
#include "devices/wire/wire_record.hpp"

namespace halotwin::devices {

namespace {

/// What follows the "://" of an address.
std::string_view rest_of(std::string_view address) {
  return address.substr(address.find("://") + 3);
}

Driver srs_driver(std::string_view scheme, std::string_view description, srs::Family family) {
  return {scheme,
          "host:port",
          description,
          {Interface::lock_in},
          [](const std::string& address) {
            static_cast<void>(parse_line_address(rest_of(address), srs_port));
          },
          [family](const std::string& address, const DriverSurroundings& around) -> AnyDevice {
            const LineAddress at = parse_line_address(rest_of(address), srs_port);
            return open_srs_lock_in(
                lines_to(at, around.role, address, around.wire),
                around.clock,
                around.role,
                address,
                family,
                std::holds_alternative<SerialLine>(at) ? srs_serial_style(family) : LineStyle{});
          }};
}

/// "scpi://host:port?profile=keithley2400" -> where, what. The profile may stand beside other
/// options: "/dev/ttyUSB0?baud=9600&profile=keithley2400".
std::pair<LineAddress, const source_meter::Model*> scpi_of(const std::string& address) {
  constexpr std::string_view key = "profile=";
  const std::string_view rest = rest_of(address);
  const std::size_t end = std::min(rest.find('?'), rest.size());
  std::string where(rest.substr(0, end));
  std::string profile(source_meter::models().front().profile);
  char joint = '?';
  for (const std::string_view option : split(rest.substr(end), '&')) {
    const std::string_view text = option.substr(option.starts_with('?') ? 1 : 0);
    if (text.starts_with(key)) {
      profile = text.substr(key.size());
    } else if (!text.empty()) {
      where += joint;
      where += text;
      joint = '&';
    }
  }
  const source_meter::Model* model = source_meter::find_model(profile);
  std::vector<std::string_view> known;
  for (const source_meter::Model& one : source_meter::models()) {
    known.push_back(one.profile);
  }
  require(
      model != nullptr,
      fmt::format(
          "\"{}\": unknown profile \"{}\" (known: {})", address, profile, fmt::join(known, ", ")));
  return {parse_line_address(where, scpi_port), model};
}

AnyDevice open_scpi(const std::string& address, const DriverSurroundings& around) {
  const auto [at, model] = scpi_of(address);
  return open_scpi_source(
      lines_to(at, around.role, address, around.wire), around.clock, around.role, address, *model);
}

AnyDevice open_nanonis(const std::string& address, const DriverSurroundings& around) {
  const NanonisAddress there = parse_nanonis_address(rest_of(address));
  const Connect connect =
      tcp_to(there.at, around.role, address, around.wire, nanonis_wire_limits());
  if (around.wanted == Interface::lock_in) {
    return open_nanonis_lock_in(connect, around.clock, around.role, address, there.module);
  }
  require(!there.names_module,
          fmt::format("\"{}\": only the lock-in of a controller has options", address));
  return open_nanonis_probe(connect, around.clock, around.role, address);
}

AnyDevice open_asylum(const std::string& address, const DriverSurroundings& around) {
  return open_asylum_probe(
      parse_asylum_files(rest_of(address)), around.clock, around.role, address);
}

/// "labone://host:port/dev1234" -> endpoint, "dev1234".
std::pair<Endpoint, std::string> labone_of(const std::string& address) {
  constexpr std::uint16_t port = 8004;  // of a MFLI; the ziServer of a HF2LI: 8005
  const std::string_view rest = rest_of(address);
  const auto slash = rest.find('/');
  require(slash != std::string::npos && rest.substr(slash + 1).starts_with("dev"),
          fmt::format("\"{}\" names no instrument (must end in /dev and its number)", address));
  return {parse_endpoint(rest.substr(0, slash), port), std::string(rest.substr(slash + 1))};
}

AnyDevice open_labone(const std::string& address, const DriverSurroundings& around) {
  const auto [server, device] = labone_of(address);
  return open_labone_lock_in("", server.host, server.port, device, around.clock, around.role);
}

void check_genicam(const std::string& address) {
  require(!rest_of(address).empty(), fmt::format("\"{}\" names no camera", address));
}

AnyDevice open_genicam(const std::string& address, const DriverSurroundings& around) {
  return open_genicam_camera(std::string(rest_of(address)), around.clock, around.role);
}

AnyDevice open_andor(const std::string& address, const DriverSurroundings& around) {
  const auto [index, params] = parse_andor_address(rest_of(address));
  return open_andor_camera(index, around.clock, around.role, params);
}

AnyDevice open_tango(const std::string& address, const DriverSurroundings& around) {
  switch (around.wanted) {
    case Interface::light_source:
      return open_tango_light_source(address, around.clock, around.role);
    case Interface::bias_source:
      return open_tango_bias_source(address, around.clock, around.role);
    case Interface::stage:
      return open_tango_stage(address, around.clock, around.role);
    case Interface::temperature:
      return open_tango_temperature(address, around.clock, around.role);
    default:
      throw ParameterError("no such TANGO device");
  }
}

}  // namespace

LineAddress parse_line_address(std::string_view text, std::uint16_t default_port) {
  if (text.starts_with('/')) {
    return parse_serial_line(text);
  }
  return parse_endpoint(text, default_port);
}

Connect lines_to(const LineAddress& at,
                 const std::string& role,
                 const std::string& address,
                 const std::shared_ptr<WireRecord>& wire) {
  if (const auto* endpoint = std::get_if<Endpoint>(&at)) {
    return tcp_to(*endpoint, role, address, wire);
  }
  const Connect connect = [line = std::get<SerialLine>(at)] { return connect_serial(line); };
  return wire ? recorded(connect, wire, role, address) : connect;
}

Connect tcp_to(const Endpoint& endpoint,
               const std::string& role,
               const std::string& address,
               const std::shared_ptr<WireRecord>& wire,
               const WireLimits& limits) {
  const Connect connect = [endpoint, limits] { return connect_tcp(endpoint, limits); };
  return wire ? recorded(connect, wire, role, address) : connect;
}

const std::vector<Driver>& drivers() {
  static const std::vector<Driver> all{
      srs_driver("sr860://",
                 "SRS lock-in SR860 or SR865A, text over TCP (port 23); or /dev/ttyUSB0?baud=9600",
                 srs::Family::sr86x),
      srs_driver(
          "sr830://",
          "SRS lock-in SR830, through a converter to TCP (port 23); or /dev/ttyUSB0?baud=9600",
          srs::Family::sr830),
      {"nanonis://",
       "host:port",
       "AFM behind a Nanonis controller, its TCP interface (port 6501); "
       "?modulator=1&demodulator=1: "
       "its lock-in module",
       {Interface::probe_microscope, Interface::lock_in},
       [](const std::string& address) {
         static_cast<void>(parse_nanonis_address(rest_of(address)));
       },
       open_nanonis},
      {"asylum://",
       "folder?images=folder",
       "AFM of Asylum Research (MFP-3D, Cypher), its files of commands and images; experimental",
       {Interface::probe_microscope},
       [](const std::string& address) { static_cast<void>(parse_asylum_files(rest_of(address))); },
       open_asylum},
      {"labone://",
       "host:port/dev1234",
       "Zurich Instruments HF2LI, MFLI, through the maker's libziAPI (port 8004)",
       {Interface::lock_in},
       [](const std::string& address) { static_cast<void>(labone_of(address)); },
       open_labone},
      {"genicam://",
       "id-or-address",
       "GigE Vision and USB3 Vision cameras",
       {Interface::camera},
       check_genicam,
       open_genicam},
      {"andor://",
       "0?temperature_k=203",
       "Andor iXon and other EMCCD cameras, through the maker's libandor",
       {Interface::camera},
       [](const std::string& address) { static_cast<void>(parse_andor_address(rest_of(address))); },
       open_andor},
      {"scpi://",
       "host:port?profile=keithley2400",
       "source meters Keithley 2400, 2401, 2410 (port 5025); or /dev/ttyUSB0?baud=9600&profile=...",
       {Interface::bias_source},
       [](const std::string& address) { static_cast<void>(scpi_of(address)); },
       open_scpi},
      {tango::scheme,
       "host:port/dom/fam/mem?key=name&...",
       "stages, light and bias sources, temperature controllers of TANGO; keys: "
       "docs/instruments.md",
       {Interface::stage, Interface::light_source, Interface::bias_source, Interface::temperature},
       [](const std::string& address) { static_cast<void>(tango::parse_place(address)); },
       open_tango}};
  return all;
}

const Driver* driver_of(std::string_view address) {
  const auto found = std::find_if(drivers().begin(), drivers().end(), [&](const Driver& driver) {
    return address.starts_with(driver.scheme);
  });
  return found == drivers().end() ? nullptr : &*found;
}

}  // namespace halotwin::devices
