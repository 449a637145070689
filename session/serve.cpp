#include "session/serve.hpp"

#include <algorithm>
#include <memory>

#include <fmt/format.h>
#include <fmt/ranges.h>

#include "base/errors.hpp"
#include "base/require.hpp"
#include "devices/servers/asylum_folder.hpp"
#include "devices/servers/nanonis_service.hpp"
#include "session/served_ports.hpp"

namespace halotwin::session {

namespace {

constexpr const char* nanonis = "nanonis";

class Silent final : public EventLog {
 public:
  void write(const Event&) override {}
};

bool has(const Scenario& scenario, std::string_view role) {
  return std::any_of(scenario.devices.begin(), scenario.devices.end(), [&](const auto& device) {
    return device.role == role;
  });
}

/// A lock-in that is a part of the microscope's controller.
bool is_module(const std::string& role, const std::string& as) {
  return as == nanonis && role != "afm";
}

class Twin {
 public:
  Twin(const Scenario& scenario, const ServeOptions& options)
      : options_(options),
        simulated_(unpaced(scenario), scenario.info.seed, options.threads),
        events_(options.listener != nullptr ? options.listener : &silent_),
        bench_(devices::open_bench(scenario.devices,
                                   scenario.limits,
                                   {simulated_.world().clock(), &simulated_},
                                   *events_)),
        time_(make_time(scenario)),
        turn_(world_clock(), options.speed),
        ports_(options_, turn_, world_clock(), scenario.wire_faults) {
    ports_.add_clock();
    for (const devices::DeviceRequest& device : scenario.devices) {
      if (!is_module(device.role, protocol_of(device.role))) {
        offer(device.role);
      }
    }
    for (const devices::DeviceRequest& device : scenario.devices) {
      if (is_module(device.role, protocol_of(device.role))) {
        offer_module(device.role, scenario.simulated.cables);
      }
    }
    if (has(scenario, "camera")) {
      light_on(scenario);
    }
  }

  std::vector<Served> run() {
    if (options_.ready) {
      options_.ready(what());
    }
    ports_.run(options_.stop);
    bench_.make_safe();
    return what();
  }

 private:
  /// Time is brought up to the computer's before each answer; the world itself never waits.
  static devices::simulated::SimulatedBenchParams unpaced(const Scenario& scenario) {
    auto params = scenario.simulated;
    params.surroundings.pace = 0.0;
    params.bias.max_ramp_v_per_s = 0.0;  // what a meter reads, in 20 ms, has settled
    return params;
  }

  std::vector<Served> what() const {
    std::vector<Served> all = ports_.served();
    all.insert(all.end(), portless_.begin(), portless_.end());
    return all;
  }

  [[nodiscard]] std::string protocol_of(const std::string& role) const {
    const auto known = served_protocols(role);
    const auto chosen = options_.as.find(role);
    return chosen != options_.as.end() ? chosen->second : known.empty() ? "" : known.front();
  }

  /// The microscope as a controller, if the scenario has one, and the world's clock, on which its
  /// scans go on.
  std::unique_ptr<Clock> make_time(const Scenario& scenario) {
    if (!has(scenario, "afm")) {
      return nullptr;
    }
    Clock& clock = simulated_.world().clock();
    auto& afm = bench_.get<devices::ProbeMicroscope>("afm", "probe microscope");
    if (protocol_of("afm") == "asylum") {
      asylum_ = std::make_unique<devices::AsylumFolder>(
          afm, options_.folder, [this, &clock](const std::string& text) {
            events_->write({clock.now(), Level::warning, "afm", text});
          });
      return std::make_unique<devices::AsylumTime>(*asylum_, clock);
    }
    nanonis_ = std::make_unique<devices::NanonisService>(afm);
    return std::make_unique<devices::NanonisTime>(*nanonis_, clock);
  }
  [[nodiscard]] Clock& world_clock() { return time_ ? *time_ : simulated_.world().clock(); }

  void offer(const std::string& role) {
    const std::string as = protocol_of(role);
    if (as.empty()) {
      portless_.push_back({role, "simulated", "(no protocol)", 0});
    } else if (as == nanonis) {
      ports_.add_nanonis(role, *nanonis_);
    } else if (as == "asylum") {
      ports_.add_asylum(role, *asylum_);
    } else if (as == "gige") {
      ports_.add_camera(role, bench_.get<devices::Camera>(role, "camera"));
    } else if (as == "tango") {
      offer_tango(role);
    } else if (const auto* meter = devices::source_meter::find_model(as)) {
      ports_.add_source(role, bench_.get<devices::BiasSource>(role, "bias source"), *meter);
    } else {
      ports_.add_lock_in(role,
                         bench_.get<devices::LockIn>(role, "lock-in amplifier"),
                         *devices::srs::find_model(as));
    }
  }

  /// At the controller's port. Its X and Y are scanned where cables bring them to the microscope.
  void offer_module(const std::string& role, const std::vector<sim::Cable>& cables) {
    const auto reached = [&](const char* output) {
      constexpr std::string_view afm = "afm.";
      for (const sim::Cable& cable : cables) {
        if (cable.from == role + output && cable.to.starts_with(afm)) {
          return cable.to.substr(afm.size());
        }
      }
      return std::string();
    };
    nanonis_->add_lock_in(bench_.get<devices::LockIn>(role, "lock-in amplifier"),
                          reached(".aux_1"),
                          reached(".aux_2"));
    for (const Served& one : ports_.served()) {
      if (one.role == "afm") {
        portless_.push_back(
            {role, "its lock-in module", one.address + "?modulator=1&demodulator=1", 0});
      }
    }
  }

  void offer_tango(const std::string& role) {
    if (role == "light") {
      ports_.add_tango(
          role,
          devices::tango_devices_of(bench_.get<devices::LightSource>(role, "light source"), role));
    } else if (role == "focus") {
      ports_.add_tango(role,
                       devices::tango_devices_of(bench_.get<devices::Stage>(role, "stage"), role));
    } else if (role == "bias") {
      ports_.add_tango(
          role,
          devices::tango_devices_of(bench_.get<devices::BiasSource>(role, "bias source"), role));
    } else {
      ports_.add_tango(
          role,
          devices::tango_devices_of(
              bench_.get<devices::TemperatureController>(role, "temperature controller"), role));
    }
  }

  /// A light source without a protocol of its own is switched on as the procedure would.
  void light_on(const Scenario& scenario) {
    const auto of_procedure = [&](const char* key) {
      const Value* value = scenario.procedure.find(key);
      const auto* number = value == nullptr ? nullptr : std::get_if<double>(&value->data);
      return number == nullptr ? 0.0 : *number;
    };
    const devices::LightSettings on =
        bench_.get<devices::LightSource>("light", "light source")
            .configure({.on = true,
                        .irradiance_w_per_m2 = of_procedure("irradiance_w_per_m2"),
                        .wavelength_m = of_procedure("wavelength_m")});
    for (Served& one : portless_) {
      if (one.role == "light") {
        one.as = fmt::format(
            "on: {:.4g} W/m2, {:.0f} nm", on.irradiance_w_per_m2, 1e9 * on.wavelength_m);
      }
    }
  }

  ServeOptions options_;
  Silent silent_;
  devices::simulated::SimulatedBench simulated_;
  EventLog* events_;
  devices::Bench bench_;
  std::unique_ptr<devices::NanonisService> nanonis_;
  std::unique_ptr<devices::AsylumFolder> asylum_;
  std::unique_ptr<Clock> time_;
  Turn turn_;
  Ports ports_;
  std::vector<Served> portless_;  // no protocol, or the port of another role
};

void check_module(const Scenario& scenario, const ServeOptions& options, const std::string& role) {
  require(has(scenario, "afm"),
          fmt::format("--as {}={}: the scenario has no microscope", role, nanonis));
  const auto afm = options.as.find("afm");
  require(afm == options.as.end() || afm->second == nanonis,
          fmt::format("--as {}={}: the microscope is served as something else", role, nanonis));
  for (const auto& other : options.as) {
    require(other.first == role || !is_module(other.first, other.second),
            fmt::format("--as {}={}: the controller has one lock-in module", role, nanonis));
  }
  for (const devices::WireFaultPlan& fault : scenario.wire_faults) {
    require(fault.device != role,
            fmt::format("wire_fault.device = \"{}\": its wire is that of \"afm\"", role));
  }
}

void check(const Scenario& scenario, const ServeOptions& options) {
  require(scenario.is_simulated(), "only simulated instruments can be served (bench: \"sim:\")");
  require(options.speed >= 0.0, "speed", options.speed, ">= 0");
  require(!has(scenario, "camera") || options.speed > 0.0,
          "--speed max: a GigE Vision camera lives in real time (--speed 1 or a larger number)");
  for (const auto& choice : options.as) {
    const std::string& role = choice.first;
    const std::string& as = choice.second;
    require(has(scenario, role),
            fmt::format("--as {}={}: the scenario has no such instrument", role, as));
    require(as != "asylum" || !options.folder.empty(),
            fmt::format("--as {}={}: is served through files (--folder says where)", role, as));
    require(as != "asylum" || std::none_of(scenario.wire_faults.begin(),
                                           scenario.wire_faults.end(),
                                           [&](const auto& fault) { return fault.device == role; }),
            fmt::format("wire_fault.device = \"{}\": {} has no wire", role, as));
    const auto known = served_protocols(role);
    require(
        std::find(known.begin(), known.end(), as) != known.end(),
        known.empty()
            ? fmt::format("--as {}={}: no protocol for it", role, as)
            : fmt::format(
                  "--as {}={}: unknown protocol (known: {})", role, as, fmt::join(known, ", ")));
    if (is_module(role, as)) {
      check_module(scenario, options, role);
    }
  }
}

}  // namespace

std::vector<std::string> served_protocols(const std::string& role) {
  if (role == "afm") {
    return {"nanonis", "asylum"};
  }
  if (role == "camera") {
    return {"gige"};
  }
  if (role == "lockin_electrical" || role == "lockin_mechanical") {
    return {"sr865a", "sr860", "sr830", nanonis};
  }
  if (role == "bias") {
    std::vector<std::string> profiles;
    for (const auto& model : devices::source_meter::models()) {
      profiles.emplace_back(model.profile);
    }
    profiles.emplace_back("tango");
    return profiles;
  }
  if (role == "light" || role == "focus" || role == "temperature") {
    return {"tango"};
  }
  return {};
}

std::vector<Served> serve(const Scenario& scenario, const ServeOptions& options) {
  check(scenario, options);
  try {
    return Twin(scenario, options).run();
  } catch (const devices::WireError& error) {
    throw ParameterError(error.what());
  }
}

}  // namespace halotwin::session
