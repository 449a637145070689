#include "devices/open/open_bench.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/errors.hpp"
#include "base/require.hpp"
#include "base/table.hpp"
#include "devices/drivers/genicam_camera.hpp"
#include "devices/drivers/labone_lock_in.hpp"
#include "devices/drivers/nanonis_probe.hpp"
#include "devices/drivers/served_clock.hpp"
#include "devices/drivers/srs_lock_in.hpp"
#include "devices/replay/taped_devices.hpp"
#include "devices/simulated/simulated_bench.hpp"
#include "devices/wire/text_command.hpp"
#include "devices/wire/wire_record.hpp"

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
constexpr std::string_view replay_scheme = "replay:";
constexpr std::string_view speed_option = "?speed=";
constexpr std::string_view labone_scheme = "labone://";
constexpr std::string_view genicam_scheme = "genicam://";
constexpr std::uint16_t labone_port = 8004;  // of a MFLI; the ziServer of a HF2LI: 8005

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
           srs_port},
    Driver{"nanonis://",
           "host:port",
           "AFM behind a Nanonis controller, its TCP interface (port 6501)",
           Kind::probe_microscope,
           nanonis_port},
    Driver{"labone://",
           "host:port/dev1234",
           "Zurich Instruments HF2LI, MFLI, through the maker's libziAPI (port 8004)",
           Kind::lock_in,
           labone_port},
    Driver{"genicam://", "id-or-address", "GigE Vision and USB3 Vision cameras", Kind::camera, 0}};

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

/// "host:port/dev1234" -> endpoint, "dev1234".
std::pair<Endpoint, std::string> labone_of(const std::string& address) {
  const std::string rest = address.substr(labone_scheme.size());
  const auto slash = rest.find('/');
  require(slash != std::string::npos && rest.substr(slash + 1).starts_with("dev"),
          fmt::format("\"{}\" names no instrument (must end in /dev and its number)", address));
  return {parse_endpoint(rest.substr(0, slash), labone_port), rest.substr(slash + 1)};
}

/// Throws ParameterError for an address that cannot be one of this kind.
void check_form(const Driver& driver, const std::string& address) {
  if (driver.scheme == labone_scheme) {
    static_cast<void>(labone_of(address));
  } else if (driver.scheme == genicam_scheme) {
    require(address.size() > genicam_scheme.size(), fmt::format("\"{}\" names no camera", address));
  } else {
    static_cast<void>(endpoint_of(driver, address));
  }
}

Connect tcp_to(const Endpoint& endpoint,
               const std::string& role,
               const std::shared_ptr<WireRecord>& wire,
               const WireLimits& limits = {}) {
  const Connect connect = [endpoint, limits] { return connect_tcp(endpoint, limits); };
  return wire ? recorded(connect, wire, role) : connect;
}

std::unique_ptr<ProbeMicroscope> open_probe(const DeviceRequest& request,
                                            Clock& clock,
                                            const std::shared_ptr<WireRecord>& wire) {
  const Driver& driver = *driver_of(request.address);
  return open_nanonis_probe(
      tcp_to(endpoint_of(driver, request.address), request.role, wire, nanonis_wire_limits()),
      clock,
      request.role,
      request.address);
}

std::unique_ptr<LockIn> open_lock_in(const DeviceRequest& request,
                                     Clock& clock,
                                     const std::shared_ptr<WireRecord>& wire) {
  const Driver& driver = *driver_of(request.address);
  if (driver.scheme == labone_scheme) {
    const auto [server, device] = labone_of(request.address);
    return open_labone_lock_in("", server.host, server.port, device, clock, request.role);
  }
  return open_srs_lock_in(tcp_to(endpoint_of(driver, request.address), request.role, wire),
                          clock,
                          request.role,
                          request.address,
                          driver.scheme == "sr830://" ? srs::Family::sr830 : srs::Family::sr86x);
}

/// The device of a role, from wherever its address says. Each function answers for one interface.
struct Makers {
  const DeviceRequest& request;
  const BenchParts& parts;

  [[nodiscard]] simulated::SimulatedBench* simulated() const {
    if (request.address != simulated_address) {
      return nullptr;
    }
    require(parts.simulated != nullptr, "a simulated instrument needs a simulated world");
    return parts.simulated;
  }
  [[nodiscard]] Clock& clock() const {
    return parts.of_drivers != nullptr ? *parts.of_drivers : parts.clock;
  }
  [[nodiscard]] std::unique_ptr<LockIn> lock_in() const {
    if (auto* world = simulated()) {
      return world->take_lock_in(request.role);
    }
    return driver_of(request.address) != nullptr ? open_lock_in(request, clock(), parts.wire)
                                                 : nullptr;
  }
  [[nodiscard]] std::unique_ptr<ProbeMicroscope> probe() const {
    if (auto* world = simulated()) {
      return world->take_probe(request.role);
    }
    return driver_of(request.address) != nullptr ? open_probe(request, clock(), parts.wire)
                                                 : nullptr;
  }
  [[nodiscard]] std::unique_ptr<LightSource> light() const {
    auto* world = simulated();
    return world != nullptr ? world->take_light(request.role) : nullptr;
  }
  [[nodiscard]] std::unique_ptr<Camera> camera() const {
    if (auto* world = simulated()) {
      return world->take_camera(request.role);
    }
    return driver_of(request.address) != nullptr
               ? open_genicam_camera(
                     request.address.substr(genicam_scheme.size()), clock(), request.role)
               : nullptr;
  }
  [[nodiscard]] std::unique_ptr<Stage> stage() const {
    auto* world = simulated();
    return world != nullptr ? world->take_stage(request.role) : nullptr;
  }
  [[nodiscard]] std::unique_ptr<TemperatureController> temperature() const {
    auto* world = simulated();
    return world != nullptr ? world->take_temperature(request.role) : nullptr;
  }
};

void add(Bench& bench,
         Kind kind,
         const DeviceRequest& request,
         const BenchLimits& limits,
         const BenchParts& parts) {
  const auto add_guarded = [&](auto device) {
    if (parts.tape != nullptr) {
      device = taped(std::move(device), *parts.tape, request.role);
    }
    bench.add(request.role, guard(std::move(device), limits, request.role));
  };
  const Makers makers{request, parts};
  switch (kind) {
    case Kind::lock_in:
      return add_guarded(makers.lock_in());
    case Kind::probe_microscope:
      return add_guarded(makers.probe());
    case Kind::light_source:
      return add_guarded(makers.light());
    case Kind::camera:
      return add_guarded(makers.camera());
    case Kind::stage:
      return add_guarded(makers.stage());
    case Kind::temperature_controller:
      return add_guarded(makers.temperature());
  }
}

BenchKind kind_of(const std::string& address) {
  return address == simulated_address         ? BenchKind::simulated
         : address.starts_with(replay_scheme) ? BenchKind::replay
                                              : BenchKind::instruments;
}

/// "FILE?speed=1" -> FILE, 1.
std::pair<std::string, double> tape_of(const std::string& address) {
  std::string file = address.substr(replay_scheme.size());
  double speed = 0.0;
  if (const auto at = file.rfind(speed_option); at != std::string::npos) {
    const auto number = parse_number(std::string_view(file).substr(at + speed_option.size()));
    require(number.has_value() && *number >= 0.0,
            fmt::format("\"{}\": the speed of a replay must be a number (0: as fast as possible)",
                        address));
    speed = *number;
    file.resize(at);
  }
  require(!file.empty(), fmt::format("\"{}\" names no file", address));
  return {file, speed};
}

}  // namespace

std::vector<AddressKind> address_kinds() {
  std::vector<AddressKind> kinds{
      {std::string(simulated_address), "the simulated instrument of the scenario"}};
  for (const Driver& driver : drivers) {
    kinds.push_back(
        {fmt::format("{}{}", driver.scheme, driver.form), std::string(driver.description)});
  }
  kinds.push_back({"replay:FILE", "a tape of a run (halotwin run --tape FILE); ?speed=1: timed"});
  kinds.push_back({"twin://host:port", "the clock of a served twin (role clock)"});
  return kinds;
}

void check(const DeviceRequest& request) {
  const Role& role = role_of(request.role);
  if (request.address == simulated_address) {
    return;
  }
  if (kind_of(request.address) == BenchKind::replay) {
    static_cast<void>(tape_of(request.address));
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
    check_form(*driver, request.address);
  } catch (const ParameterError& error) {
    throw ParameterError(fmt::format("bench.{}: {}", request.role, error.what()));
  }
}

BenchKind kind_of(const std::vector<DeviceRequest>& requests) {
  for (const DeviceRequest& request : requests) {
    const DeviceRequest& first = requests.front();
    const BenchKind kind = kind_of(first.address);
    if (kind_of(request.address) != kind ||
        (kind == BenchKind::replay && request.address != first.address)) {
      throw ParameterError(
          fmt::format("bench.{} = \"{}\" and bench.{} = \"{}\" (simulated, "
                      "instruments, or one tape, for all roles: they would stand "
                      "in different worlds)",
                      first.role,
                      first.address,
                      request.role,
                      request.address));
    }
  }
  return requests.empty() ? BenchKind::simulated : kind_of(requests.front().address);
}

std::unique_ptr<Tape> open_replay(const std::vector<DeviceRequest>& requests) {
  if (kind_of(requests) != BenchKind::replay) {
    return nullptr;
  }
  const auto [file, speed] = tape_of(requests.front().address);
  return Tape::replay(file, speed);
}

void check_clock(const std::string& address) {
  if (address.empty() || address == "wall:") {
    return;
  }
  require(address.starts_with(clock_scheme),
          fmt::format("bench.clock = \"{}\" (must be \"wall:\" or \"twin://host:port\")", address));
  static_cast<void>(parse_endpoint(std::string_view(address).substr(clock_scheme.size())));
}

std::unique_ptr<Clock> open_clock(const std::string& address,
                                  const std::shared_ptr<WireRecord>& wire) {
  check_clock(address);
  if (!address.starts_with(clock_scheme)) {
    return std::make_unique<WallClock>();
  }
  WireLimits patient;  // the twin computes what happens while its time passes
  patient.answer = std::chrono::seconds(60);
  return open_served_clock(
      tcp_to(parse_endpoint(std::string_view(address).substr(clock_scheme.size())),
             "clock",
             wire,
             patient),
      address);
}

Bench open_bench(const std::vector<DeviceRequest>& requests,
                 const BenchLimits& limits,
                 const BenchParts& parts,
                 EventLog& events) {
  validate(limits);
  std::for_each(requests.begin(), requests.end(), check);
  Bench bench(parts.clock, events);
  for (const Role& role : roles) {
    for (const DeviceRequest& request : requests) {
      if (request.role == role.name) {
        add(bench, role.kind, request, limits, parts);
      }
    }
  }
  return bench;
}

}  // namespace halotwin::devices
