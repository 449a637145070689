#include "devices/open/open_bench.hpp"

#include <algorithm>
#include <array>
#include <string_view>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/errors.hpp"
#include "base/table.hpp"
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

}  // namespace

std::vector<AddressKind> address_kinds() {
  return {{"sim:", "the simulated instrument of the scenario"}};
}

void check(const DeviceRequest& request) {
  role_of(request.role);
  std::vector<std::string> forms;
  for (const AddressKind& kind : address_kinds()) {
    if (request.address == kind.form) {
      return;
    }
    forms.push_back("\"" + kind.form + "\"");
  }
  throw ParameterError(fmt::format("bench.{} = \"{}\": no such kind of device address (known: {})",
                                   request.role,
                                   request.address,
                                   fmt::join(forms, ", ")));
}

Bench open_bench(const std::vector<DeviceRequest>& requests,
                 const BenchLimits& limits,
                 simulated::SimulatedBench& simulated,
                 EventLog& events) {
  validate(limits);
  std::for_each(requests.begin(), requests.end(), check);
  Bench bench(simulated.world().clock(), events);
  for (const Role& role : roles) {
    for (const DeviceRequest& request : requests) {
      if (request.role != role.name) {
        continue;
      }
      if (role.kind == Kind::lock_in) {
        bench.add(request.role, guard(simulated.take_lock_in(request.role), limits, request.role));
      } else if (role.kind == Kind::probe_microscope) {
        bench.add(request.role, guard(simulated.take_probe(request.role), limits, request.role));
      } else if (role.kind == Kind::light_source) {
        bench.add(request.role, guard(simulated.take_light(request.role), limits, request.role));
      } else if (role.kind == Kind::camera) {
        bench.add(request.role, guard(simulated.take_camera(request.role), limits, request.role));
      } else if (role.kind == Kind::stage) {
        bench.add(request.role, guard(simulated.take_stage(request.role), limits, request.role));
      } else {
        bench.add(request.role,
                  guard(simulated.take_temperature(request.role), limits, request.role));
      }
    }
  }
  return bench;
}

}  // namespace halotwin::devices
