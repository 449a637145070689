#include "devices/open/open_bench.hpp"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>
#include <variant>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/errors.hpp"
#include "base/require.hpp"
#include "base/table.hpp"
#include "base/text.hpp"
#include "devices/drivers/served_clock.hpp"
#include "devices/open/address_book.hpp"
#include "devices/replay/taped_devices.hpp"
#include "devices/simulated/simulated_bench.hpp"
#include "devices/wire/text_command.hpp"

namespace halotwin::devices {

namespace {

struct Role {
  std::string_view name;
  Interface wanted;
};

// In the order in which they are brought to safety.
constexpr std::array roles{Role{"bias", Interface::bias_source},
                           Role{"light", Interface::light_source},
                           Role{"lockin_electrical", Interface::lock_in},
                           Role{"lockin_mechanical", Interface::lock_in},
                           Role{"afm", Interface::probe_microscope},
                           Role{"camera", Interface::camera},
                           Role{"focus", Interface::stage},
                           Role{"temperature", Interface::temperature}};

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

AnyDevice simulated_device(simulated::SimulatedBench& world,
                           Interface wanted,
                           const std::string& role) {
  switch (wanted) {
    case Interface::lock_in:
      return world.take_lock_in(role);
    case Interface::probe_microscope:
      return world.take_probe(role);
    case Interface::light_source:
      return world.take_light(role);
    case Interface::camera:
      return world.take_camera(role);
    case Interface::stage:
      return world.take_stage(role);
    case Interface::temperature:
      return world.take_temperature(role);
    case Interface::bias_source:
      return world.take_bias(role);
  }
  throw ParameterError("no such interface");
}

template <std::size_t... I>
AnyDevice none_of(Interface wanted, std::index_sequence<I...> /*all*/) {
  AnyDevice none;
  static_cast<void>(((static_cast<std::size_t>(wanted) == I && (none.emplace<I>(), true)) || ...));
  return none;
}

/// From wherever the address says; null if a tape plays it.
AnyDevice open_device(const DeviceRequest& request, Interface wanted, const BenchParts& parts) {
  if (request.address == simulated_address) {
    require(parts.simulated != nullptr, "a simulated instrument needs a simulated world");
    return simulated_device(*parts.simulated, wanted, request.role);
  }
  if (const Driver* driver = driver_of(request.address)) {
    Clock& clock = parts.of_drivers != nullptr ? *parts.of_drivers : parts.clock;
    return driver->open(request.address, {clock, request.role, parts.wire, wanted});
  }
  return none_of(wanted, std::make_index_sequence<std::variant_size_v<AnyDevice>>());
}

void add(
    Bench& bench, AnyDevice any, const std::string& role, const BenchLimits& limits, Tape* tape) {
  std::visit(
      [&](auto device) {
        if (tape != nullptr) {
          device = taped(std::move(device), *tape, role);
        }
        bench.add(role, guard(std::move(device), limits, role));
      },
      std::move(any));
}

BenchKind kind_of(const std::string& address) {
  return address == simulated_address         ? BenchKind::simulated
         : address.starts_with(replay_scheme) ? BenchKind::replay
                                              : BenchKind::instruments;
}

/// "FILE?speed=1&nearest=2e-9" -> FILE, {1, 2e-9}.
std::pair<std::string, Playing> tape_of(const std::string& address) {
  const std::string_view text = std::string_view(address).substr(replay_scheme.size());
  const std::size_t mark = text.find('?');
  Playing playing;
  if (mark != std::string_view::npos) {
    for (const std::string_view option : split(text.substr(mark + 1), '&')) {
      const std::size_t equals = std::min(option.find('='), option.size());
      const std::string_view name = option.substr(0, equals);
      const auto number = parse_number(option.substr(std::min(equals + 1, option.size())));
      require((name == "speed" || name == "nearest") && number.has_value() && *number >= 0.0,
              fmt::format("\"{}\": a tape is played with ?speed=1 (0: as fast as possible), "
                          "?nearest=2e-9 (m; 0: in order), or both with & between",
                          address));
      (name == "speed" ? playing.speed : playing.nearest_m) = *number;
    }
  }
  require(mark != 0 && !text.empty(), fmt::format("\"{}\" names no file", address));
  return {std::string(text.substr(0, mark)), playing};
}

}  // namespace

std::vector<AddressKind> address_kinds() {
  std::vector<AddressKind> kinds{
      {std::string(simulated_address), "the simulated instrument of the scenario"}};
  for (const Driver& driver : drivers()) {
    kinds.push_back(
        {fmt::format("{}{}", driver.scheme, driver.form), std::string(driver.description)});
  }
  kinds.push_back(
      {"replay:FILE",
       "a tape of a run (halotwin run --tape FILE); ?speed=1: timed; ?nearest=2e-9: its "
       "points in any order, each up to 2 nm off"});
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
  require(
      std::find(driver->offers.begin(), driver->offers.end(), role.wanted) != driver->offers.end(),
      fmt::format("bench.{} = \"{}\": this is no instrument for it ({})",
                  request.role,
                  request.address,
                  driver->description));
  try {
    driver->check(request.address);
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
  const auto [file, playing] = tape_of(requests.front().address);
  return Tape::replay(file, playing);
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
             address,
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
        add(bench, open_device(request, role.wanted, parts), request.role, limits, parts.tape);
      }
    }
  }
  return bench;
}

}  // namespace halotwin::devices
