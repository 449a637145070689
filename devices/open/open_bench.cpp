#include "devices/open/open_bench.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/errors.hpp"
#include "base/require.hpp"
#include "base/table.hpp"
#include "devices/drivers/served_clock.hpp"
#include "devices/drivers/srs_lock_in.hpp"
#include "devices/simulated/simulated_bench.hpp"

namespace halotwin::devices {

namespace {

enum class Kind { lock_in, probe_microscope, temperature_controller, light_source, camera, stage };

struct Role {
  std::string_view name;
  Kind kind;
};

// In the order in which they are brought to safety.
constexpr std::array roles{Role{"light", Kind::light_source},
                           Role{"lockin_electrical", Kind::lock_in},
                           Role{"lockin_mechanical", Kind::lock_in},
                           Role{"afm", Kind::probe_microscope},
                           Role{"camera", Kind::camera},
                           Role{"focus", Kind::stage},
                           Role{"temperature", Kind::temperature_controller}};

const Role& role_of(const std::string& name) {
  std::vector<std::string> known;
  for (const Role& role : roles) {
    if (role.name == name) {
      return role;
    }
    known.emplace_back(role.name);
  }
  const std::string near = nearest(name, known);
  throw ParameterError(fmt::format("bench.{}: unknown role ({})",
                                   name,
                                   near.empty() ? fmt::format("known: {}", fmt::join(known, ", "))
                                                : fmt::format("did you mean \"{}\"?", near)));
}

constexpr std::string_view simulated_address = "sim:";
constexpr std::string_view clock_scheme = "twin://";

/// A kind of instrument that answers over a wire.
struct Driver {
  std::string_view scheme;  // "sr860://"
  std::string_view form;    // behind it
  std::string_view description;
  Kind kind;
  std::uint16_t default_port;
};
constexpr std::array drivers{
    Driver{"sr860://",
           "host:port",
           "SRS lock-in SR860 or SR865A, text over TCP (port 23)",
           Kind::lock_in,
           srs_port},
    Driver{"sr830://",
           "host:port",
           "SRS lock-in SR830, text over TCP through a converter (port 23)",
           Kind::lock_in,
           srs_port}};

const Driver* driver_of(const std::string& address) {
  const auto* found = std::find_if(drivers.begin(), drivers.end(), [&](const Driver& d) {
    return address.starts_with(d.scheme);
  });
  return found == drivers.end() ? nullptr : found;
}

Endpoint endpoint_of(const Driver& driver, const std::string& address) {
  return parse_endpoint(std::string_view(address).substr(driver.scheme.size()),
                        driver.default_port);
}

Connect tcp_to(const Endpoint& endpoint, const WireLimits& limits = {}) {
  return [endpoint, limits] { return connect_tcp(endpoint, limits); };
}

std::unique_ptr<LockIn> open_lock_in(const DeviceRequest& request, Clock& clock) {
  const Driver& driver = *driver_of(request.address);
  return open_srs_lock_in(tcp_to(endpoint_of(driver, request.address)),
                          clock,
                          request.role,
                          request.address,
                          driver.scheme == "sr830://" ? srs::Family::sr830 : srs::Family::sr86x);
}

void add_simulated(Bench& bench,
                   const Role& role,
                   const BenchLimits& limits,
                   simulated::SimulatedBench& simulated) {
  const std::string name(role.name);
  switch (role.kind) {
    case Kind::lock_in:
      return bench.add(name, guard(simulated.take_lock_in(name), limits, name));
    case Kind::probe_microscope:
      return bench.add(name, guard(simulated.take_probe(name), limits, name));
    case Kind::light_source:
      return bench.add(name, guard(simulated.take_light(name), limits, name));
    case Kind::camera:
      return bench.add(name, guard(simulated.take_camera(name), limits, name));
    case Kind::stage:
      return bench.add(name, guard(simulated.take_stage(name), limits, name));
    case Kind::temperature_controller:
      return bench.add(name, guard(simulated.take_temperature(name), limits, name));
  }
}

}  // namespace

std::vector<AddressKind> address_kinds() {
  std::vector<AddressKind> kinds{
      {std::string(simulated_address), "the simulated instrument of the scenario"}};
  for (const Driver& driver : drivers) {
    kinds.push_back(
        {fmt::format("{}{}", driver.scheme, driver.form), std::string(driver.description)});
  }
  kinds.push_back({"twin://host:port", "the clock of a served twin (role clock)"});
  return kinds;
}

void check(const DeviceRequest& request) {
  const Role& role = role_of(request.role);
  if (request.address == simulated_address) {
    return;
  }
  const Driver* driver = driver_of(request.address);
  if (driver == nullptr) {
    std::vector<std::string> forms;
    for (const AddressKind& kind : address_kinds()) {
      forms.push_back("\"" + kind.form + "\"");
    }
    throw ParameterError(
        fmt::format("bench.{} = \"{}\": no such kind of device address (known: {})",
                    request.role,
                    request.address,
                    fmt::join(forms, ", ")));
  }
  require(driver->kind == role.kind,
          fmt::format("bench.{} = \"{}\": this is no instrument for it ({})",
                      request.role,
                      request.address,
                      driver->description));
  try {
    static_cast<void>(endpoint_of(*driver, request.address));
  } catch (const ParameterError& error) {
    throw ParameterError(fmt::format("bench.{}: {}", request.role, error.what()));
  }
}

bool is_simulated(const std::vector<DeviceRequest>& requests) {
  const auto simulated = [](const DeviceRequest& r) { return r.address == simulated_address; };
  const auto one = std::find_if(requests.begin(), requests.end(), simulated);
  const auto other = std::find_if_not(requests.begin(), requests.end(), simulated);
  if (one != requests.end() && other != requests.end()) {
    throw ParameterError(
        fmt::format("bench.{} is simulated and bench.{} = \"{}\" is not (all or "
                    "none: they would stand in different worlds)",
                    one->role,
                    other->role,
                    other->address));
  }
  return other == requests.end();
}

void check_clock(const std::string& address) {
  if (address.empty() || address == "wall:") {
    return;
  }
  require(address.starts_with(clock_scheme),
          fmt::format("bench.clock = \"{}\" (must be \"wall:\" or \"twin://host:port\")", address));
  static_cast<void>(parse_endpoint(std::string_view(address).substr(clock_scheme.size())));
}

std::unique_ptr<Clock> open_clock(const std::string& address) {
  check_clock(address);
  if (!address.starts_with(clock_scheme)) {
    return std::make_unique<WallClock>();
  }
  WireLimits patient;  // the twin computes what happens while its time passes
  patient.answer = std::chrono::minutes(5);
  return open_served_clock(
      tcp_to(parse_endpoint(std::string_view(address).substr(clock_scheme.size())), patient),
      address);
}

Bench open_bench(const std::vector<DeviceRequest>& requests,
                 const BenchLimits& limits,
                 simulated::SimulatedBench* simulated,
                 Clock& clock,
                 EventLog& events) {
  validate(limits);
  std::for_each(requests.begin(), requests.end(), check);
  Bench bench(clock, events);
  for (const Role& role : roles) {
    for (const DeviceRequest& request : requests) {
      if (request.role != role.name) {
        continue;
      }
      if (request.address != simulated_address) {
        bench.add(request.role, guard(open_lock_in(request, clock), limits, request.role));
      } else {
        require(simulated != nullptr, "a simulated instrument needs a simulated world");
        add_simulated(bench, role, limits, *simulated);
      }
    }
  }
  return bench;
}

}  // namespace halotwin::devices
